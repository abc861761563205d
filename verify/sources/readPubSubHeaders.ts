import { HeaderReader } from "./HeaderReader";
import type { SourceHeaders } from "./SourceHeaders";

/** What Pub/Sub tells about a message that it delivers without its envelope. */
export interface PubSubMetadata {
  /** `projects/PROJECT/subscriptions/SUBSCRIPTION` */
  readonly subscription: string;
  /** The same at each delivery. */
  readonly messageId: string;
  /** Milliseconds since 1970. */
  readonly publishTime: number | undefined;
}

/**
 * Reads the headers of a push subscription that takes the envelope off and writes the metadata into headers
 * (`noWrapper.writeMetadata`); undefined if there are none. The publisher's attributes are headers too there, so whoever may
 * publish can set any header: trust none but the token's.
 *
 * ```ts
 * import { readPubSubHeaders } from "@automatic-oidc/verify";
 *
 * const metadata = readPubSubHeaders({
 *   "x-goog-pubsub-subscription-name": "projects/my-project/subscriptions/orders",
 *   "x-goog-pubsub-message-id": "1",
 *   "x-goog-pubsub-publish-time": "2026-01-01T00:00:00Z",
 * });
 * console.log(metadata?.messageId); // 1
 * ```
 *
 * @throws RequestRefused `ERR_HEADER_MALFORMED`
 */
export function readPubSubHeaders(headers: SourceHeaders): PubSubMetadata | undefined {
  // https://docs.cloud.google.com/pubsub/docs/payload-unwrapping
  const reader = new HeaderReader(headers, "x-goog-pubsub-");
  const subscription = reader.text("subscription-name");
  if (subscription === undefined) return undefined;
  return {
    subscription,
    messageId: reader.requiredText("message-id"),
    publishTime: reader.optionalTime("publish-time"),
  };
}
