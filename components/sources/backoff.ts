import type * as pulumi from "@pulumi/pulumi";
import type { Subject } from "../wiring/checks";
import { checked } from "../wiring/checks";
import { durationWithin, seconds } from "../wiring/durations";
import { notAbove } from "../wiring/order";

/** A wait before a retry, and the argument that it came in. */
interface Wait {
  readonly property: string;
  readonly value: pulumi.Input<string>;
}

/** The shortest and the longest wait before a retry, checked: neither is above `most` seconds, nor the first above the second. */
export function backoffs(
  subject: Subject,
  shortest: Wait,
  longest: Wait,
  most = Number.MAX_SAFE_INTEGER,
): { min: pulumi.Input<string>; max: pulumi.Input<string> } {
  const within = ({ property, value }: Wait) => checked(subject, property, value, durationWithin(0, most));
  const max = within(longest);
  const limit = { property: longest.property, value: max };
  return { min: notAbove(subject, shortest.property, within(shortest), limit, seconds), max };
}
