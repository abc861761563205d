import { CallerIdentity, EnvoyFront, SchedulerJob, TokenAgent } from "@automatic-oidc/automatic-oidc";

const caller = new CallerIdentity("sync", { agents: [TokenAgent.Scheduler] });
const front = new EnvoyFront("inventory", {
  url: "https://inventory.example.com",
  callers: { sync: caller },
  upstream: { address: "127.0.0.1", port: 3000 },
});
new SchedulerJob("sync", { schedule: "*/15 * * * *", target: front.authorize(caller) });

/** For `pulumi stack output envoy > envoy.yaml`, and `envoy -c envoy.yaml` where the application runs. */
export const envoy = front.yaml;
