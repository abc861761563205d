import { RequestRefused } from "../RequestRefused";

/** A message as `readPubSubPush` reads it. */
export class PubSubMessage {
  constructor(
    /** The same at each delivery. */
    readonly messageId: string,
    /** Milliseconds since 1970. */
    readonly publishTime: number,
    /** The bytes that were published. */
    readonly data: Uint8Array,
    /** Written by the publisher. A map, so that no name of theirs means anything else. */
    readonly attributes: ReadonlyMap<string, string>,
    /** Empty if there is none. */
    readonly orderingKey: string,
  ) {}

  /** The data as text in UTF-8. */
  text(): string {
    return Buffer.from(this.data).toString("utf8");
  }

  /**
   * The data as JSON. What is in it is up to the publisher.
   *
   * @throws RequestRefused `ERR_PUSH_MALFORMED`
   */
  json(): unknown {
    try {
      return JSON.parse(this.text());
    } catch {
      throw new RequestRefused("ERR_PUSH_MALFORMED", "the data is not JSON");
    }
  }
}
