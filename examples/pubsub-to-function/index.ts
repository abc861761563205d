import { CallerIdentity, CloudFunction, PushSubscription, TokenAgent } from "@automatic-oidc/automatic-oidc";
import * as pubsub from "@pulumi/gcp/pubsub";

const caller = new CallerIdentity("orders", { agents: [TokenAgent.PubSub] });
const handler = new CloudFunction("handler", {
  region: "us-central1",
  source: "function",
  entryPoint: "handleOrder",
});

const orders = new pubsub.Topic("orders");
const deliveries = new PushSubscription("orders", {
  topic: orders.id,
  target: handler.authorize(caller),
  deadLetters: { maxDeliveryAttempts: 5 },
});

export const topic = orders.name;
/** Keeps what failed five times. */
export const undelivered = deliveries.nodes.deadLetterSubscription?.name;
