import type * as pulumi from "@pulumi/pulumi";
import type { Subject } from "./checks";
import { checkedAgainst } from "./checks";

/** An argument that is a limit for another one, with the value that it has. */
export interface Limit<T> {
  readonly property: string;
  readonly value: pulumi.Input<T>;
}

/**
 * A value, once it is known not to be above another argument's. `sizeOf` makes numbers of both; each of them has been
 * checked for itself. Checked at once when both are plain, else as soon as both are known.
 */
export function notAbove<T>(
  subject: Subject,
  property: string,
  value: pulumi.Input<T>,
  limit: Limit<T>,
  sizeOf: (value: T) => number,
): pulumi.Input<T> {
  return checkedAgainst(
    subject,
    property,
    value,
    limit.value,
    (most) => (known) =>
      sizeOf(known) <= sizeOf(most)
        ? undefined
        : { problem: `is above ${limit.property}`, remedy: `Lower it, or raise ${limit.property}` },
  );
}
