import * as pulumi from "@pulumi/pulumi";

/**
 * The same value, for whoever must wait until some resources exist.
 *
 * Wait for a literal that the resource echoes (a grant's `role`, a service's name), not for its id, etag or member:
 * a literal is known in a preview even when the resource is new, so the value stays known too and shows in the
 * pull request; an id would hide it.
 */
export function after<T>(value: pulumi.Input<T>, echoes: readonly pulumi.Input<unknown>[]): pulumi.Output<T> {
  return pulumi.all([value, ...echoes]).apply((values) => values[0] as pulumi.Unwrap<T>) as pulumi.Output<T>;
}
