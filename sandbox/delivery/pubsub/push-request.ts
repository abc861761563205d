import type { HttpRequest } from "../../ingress/http";
import type { Message } from "./message";
import type { Subscription } from "./subscription";

// https://docs.cloud.google.com/pubsub/docs/payload-unwrapping shows this one; other names have been seen.
const USER_AGENT = "CloudPubSub-Google";

/** The request of one delivery. `deliveryAttempt` is given with dead lettering only. */
export function pushRequest(
  subscription: Subscription,
  endpoint: string,
  message: Message,
  token: string | undefined,
  deliveryAttempt: number | undefined,
): HttpRequest {
  const { noWrapper } = subscription.state.pushConfig ?? {};
  const { headers, body } =
    noWrapper === undefined
      ? wrapped(subscription, message, deliveryAttempt)
      : { body: message.data ?? "", headers: noWrapper.writeMetadata ? metadata(subscription, message) : [] };
  return {
    method: "POST",
    url: endpoint,
    headers: [
      ...headers,
      ["User-Agent", USER_AGENT],
      ...(token === undefined ? [] : [["Authorization", `Bearer ${token}`] as const]),
    ],
    body,
  };
}

/** Some names come twice, in both spellings. https://docs.cloud.google.com/pubsub/docs/push */
function wrapped(
  subscription: Subscription,
  { data, attributes, id, publishTime, orderingKey }: Message,
  deliveryAttempt: number | undefined,
): Pick<HttpRequest, "headers" | "body"> {
  const time = new Date(publishTime).toISOString();
  const envelope = {
    message: {
      ...(Object.keys(attributes).length > 0 && { attributes }),
      ...(data !== undefined && { data: Buffer.from(data, "utf8").toString("base64") }),
      messageId: id,
      message_id: id,
      ...(orderingKey !== undefined && { orderingKey }),
      publishTime: time,
      publish_time: time,
    },
    subscription: subscription.id,
    ...(deliveryAttempt !== undefined && { deliveryAttempt }),
  };
  return { headers: [["Content-Type", "application/json"]], body: JSON.stringify(envelope) };
}

/**
 * Every attribute becomes a header of its own, so a publisher can write headers into the application's requests.
 * https://docs.cloud.google.com/pubsub/docs/payload-unwrapping
 */
function metadata(
  subscription: Subscription,
  { attributes, id, publishTime, orderingKey }: Message,
): HttpRequest["headers"] {
  return [
    ["x-goog-pubsub-subscription-name", subscription.id],
    ["x-goog-pubsub-message-id", id],
    ["x-goog-pubsub-publish-time", new Date(publishTime).toISOString()],
    ...(orderingKey === undefined ? [] : [["x-goog-pubsub-ordering-key", orderingKey] as const]),
    ...Object.entries(attributes),
  ];
}
