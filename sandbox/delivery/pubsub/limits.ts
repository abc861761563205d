import { CloudError } from "../../cloud/errors";
import type { Publication } from "./message";

/** https://cloud.google.com/pubsub/quotas#resource_limits; the last one: https://docs.cloud.google.com/pubsub/docs/ordering */
const MOST_ATTRIBUTES = 100;
const LONGEST_KEY = 256;
const LONGEST_VALUE = 1024;
const LONGEST_ORDERING_KEY = 1024;

/** Of the data of all messages that are published at once, in bytes. */
export const LARGEST_PUBLICATION = 10_000_000;

/** Which of Google's limits a message is over, if any. */
export function overLimit({
  attributes = {},
  orderingKey = "",
}: Omit<Publication, "data">): string | undefined {
  const entries = Object.entries(attributes);
  if (entries.length > MOST_ATTRIBUTES)
    return `it may have ${MOST_ATTRIBUTES} attributes, and has ${entries.length}`;
  if (entries.some(([key]) => bytes(key) > LONGEST_KEY))
    return `an attribute's key may have ${LONGEST_KEY} bytes`;
  if (entries.some(([, value]) => bytes(value) > LONGEST_VALUE))
    return `an attribute's value may have ${LONGEST_VALUE} bytes`;
  return bytes(orderingKey) > LONGEST_ORDERING_KEY
    ? `its ordering key may have ${LONGEST_ORDERING_KEY} bytes`
    : undefined;
}

/** Throws unless the message can be published by itself. What Pub/Sub forwards by itself, as a dead letter, is not asked. */
export function requireWithinLimits({ data = "", ...rest }: Publication): void {
  const why =
    bytes(data) > LARGEST_PUBLICATION ? `it may have ${LARGEST_PUBLICATION} bytes of data` : overLimit(rest);
  if (why !== undefined) throw new CloudError("INVALID_ARGUMENT", `The message is too large: ${why}.`);
}

function bytes(text: string): number {
  return Buffer.byteLength(text);
}
