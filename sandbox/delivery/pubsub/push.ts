import type { Cloud } from "../../cloud/cloud";
import type { Ingress } from "../../ingress/ingress";
import type { Attempt } from "../attempt";
import { send, type Planned } from "../send";
import type { Waits } from "../waits";
import type { Message } from "./message";
import { pushRequest } from "./push-request";
import { ackDeadline, deadLetterPolicy, type Subscription } from "./subscription";
import type { TokenCache } from "./token-cache";

/** Everything else is a negative acknowledgement, other 2xx included. https://docs.cloud.google.com/pubsub/docs/push */
const ACKNOWLEDGED = new Set([102, 200, 201, 202, 204]);

export interface PushTools {
  cloud: Cloud;
  ingress: Ingress;
  waits: Waits;
  tokens: TokenCache;
}

/** One delivery of one message; undefined when called off meanwhile. */
export async function push(
  { cloud, ingress, waits, tokens }: PushTools,
  subscription: Subscription,
  endpoint: string,
  message: Message,
  number: number,
): Promise<Attempt | undefined> {
  const { id, project, state } = subscription;
  const oidc = state.pushConfig?.oidcToken;
  const audience = oidc && (oidc.audience === undefined || oidc.audience === "" ? endpoint : oidc.audience);
  const planned: Planned = {
    at: cloud.clock.now(),
    source: { kind: "push-subscription", name: state.name, id },
    number,
    url: endpoint,
    caller: oidc?.serviceAccountEmail ?? "",
    audience,
  };
  const deliveryAttempt = deadLetterPolicy(subscription) === undefined ? undefined : number;
  // Not documented: a delivery for which no token can be had counts like one that was refused.
  return send(waits, planned, {
    mint: async () =>
      oidc && audience !== undefined
        ? tokens.token(id, { project, caller: oidc.serviceAccountEmail, audience })
        : undefined,
    send: (token) =>
      ingress.handle(pushRequest(subscription, endpoint, message, token, deliveryAttempt), {
        network: "google",
        project,
      }),
    deadline: ackDeadline(subscription),
    isSuccess: (status) => ACKNOWLEDGED.has(status),
  });
}
