import { CallerIdentity, EnvoyFront, PushSubscription, TokenAgent } from "@automatic-oidc/automatic-oidc";

const caller = new CallerIdentity("events", { agents: [TokenAgent.PubSub] });
const front = new EnvoyFront("inventory", {
  url: "https://inventory.example.com",
  callers: { events: caller },
  upstream: { address: "127.0.0.1", port: 3000 },
});
new PushSubscription("stock", { path: "/events", target: front.authorize(caller) });

/** The whole configuration: `pulumi stack output envoy > envoy.yaml`, then `envoy -c envoy.yaml`. */
export const envoy = front.yaml;
