import * as pulumi from "@pulumi/pulumi";
import type { Subject } from "./checks";
import { checked, isPlain } from "./checks";

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
  const check = (most: T) =>
    checked(subject, property, value, (known) =>
      sizeOf(known) <= sizeOf(most)
        ? undefined
        : { problem: `is above ${limit.property}`, remedy: `Lower it, or raise ${limit.property}` },
    );
  if (isPlain(limit.value)) return check(limit.value);
  return pulumi.output(limit.value).apply((most) => pulumi.output(check(most as T))) as pulumi.Output<T>;
}
