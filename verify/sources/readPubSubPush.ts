import { RequestRefused } from "../RequestRefused";
import { isRecord } from "./isRecord";
import { PubSubMessage } from "./PubSubMessage";
import { timeOf } from "./timeOf";

/** A delivery of a push subscription. */
export interface PubSubPush {
  readonly message: PubSubMessage;
  /** `projects/PROJECT/subscriptions/SUBSCRIPTION` */
  readonly subscription: string;
  /** From 1, and only if the subscription has a dead-letter topic. */
  readonly deliveryAttempt: number | undefined;
}

/**
 * Reads the body that Pub/Sub pushes (with its envelope, which is the default): parsed already, or as text or bytes. A message
 * may come more than once, and `message.messageId` tells.
 *
 * ```ts
 * import { readPubSubPush } from "@automatic-oidc/verify";
 *
 * const body = {
 *   message: { data: "eyJpZCI6N30=", messageId: "1", publishTime: "2026-01-01T00:00:00Z" },
 *   subscription: "projects/my-project/subscriptions/orders",
 * };
 * const { message } = readPubSubPush(body);
 * console.log(message.messageId, message.json()); // 1 { id: 7 }
 * ```
 *
 * @throws RequestRefused `ERR_PUSH_MALFORMED`. Answered with 400, Pub/Sub sends the message again.
 */
export function readPubSubPush(body: unknown): PubSubPush {
  const push = typeof body === "string" || body instanceof Uint8Array ? parsed(body) : body;
  if (!isRecord(push) || !isRecord(push.message)) throw malformed("no message");
  const { subscription, deliveryAttempt } = push;
  if (typeof subscription !== "string") throw malformed("no subscription");
  if (deliveryAttempt !== undefined && typeof deliveryAttempt !== "number") {
    throw malformed("deliveryAttempt is no number");
  }
  return { message: readMessage(push.message), subscription, deliveryAttempt };
}

/** Node.js reads around whatever else there is, and the message would be another one than was sent. */
function isBase64(data: string): boolean {
  const digits = data.replace(/={1,2}$/, "");
  // Looks for what must not be there: an expression for the whole may run out of stack on ten megabytes.
  return data.length % 4 === 0 && !/[^A-Za-z0-9+/]/.test(digits);
}

/** Google writes some names in two spellings; the ones in snake case may be alone in what others send. */
function readMessage(message: Record<string, unknown>): PubSubMessage {
  const { data = "", attributes = {}, orderingKey = "" } = message;
  const id = message.messageId ?? message.message_id;
  const publishTime = timeOf(message.publishTime ?? message.publish_time);
  if (typeof id !== "string") throw malformed("no messageId");
  if (publishTime === undefined) throw malformed("no publishTime");
  if (typeof data !== "string") throw malformed("data is no text");
  if (!isBase64(data)) throw malformed("data is not base64");
  if (typeof orderingKey !== "string") throw malformed("orderingKey is no text");
  if (!isRecord(attributes)) throw malformed("attributes are no object");
  return new PubSubMessage(id, publishTime, Buffer.from(data, "base64"), texts(attributes), orderingKey);
}

function texts(attributes: Record<string, unknown>): Map<string, string> {
  return new Map(
    Object.entries(attributes).map(([name, value]) => {
      if (typeof value !== "string") throw malformed("an attribute is no text");
      return [name, value];
    }),
  );
}

function parsed(body: string | Uint8Array): unknown {
  try {
    return JSON.parse(typeof body === "string" ? body : Buffer.from(body).toString("utf8"));
  } catch {
    throw malformed("not JSON");
  }
}

function malformed(detail: string): RequestRefused {
  return new RequestRefused("ERR_PUSH_MALFORMED", detail);
}
