import type * as pulumi from "@pulumi/pulumi";
import type { Subject } from "../wiring/checks";
import { checked, within } from "../wiring/checks";
import { notAbove } from "../wiring/order";

/** How many instances something may have. */
export interface InstanceArgs {
  readonly minInstances?: pulumi.Input<number>;
  readonly maxInstances?: pulumi.Input<number>;
}

/** Both limits, checked; no more can be kept ready than there may be. */
export function instanceLimits(
  subject: Subject,
  { minInstances = 0, maxInstances = 100 }: InstanceArgs,
  most: number,
): { min: pulumi.Input<number>; max: pulumi.Input<number> } {
  const max = checked(subject, "maxInstances", maxInstances, within(1, most, "instances"));
  const min = checked(subject, "minInstances", minInstances, within(0, 1000, "instances"));
  return {
    min: notAbove(subject, "minInstances", min, { property: "maxInstances", value: max }, Number),
    max,
  };
}
