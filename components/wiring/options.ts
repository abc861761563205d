import type * as pulumi from "@pulumi/pulumi";

/**
 * What a component tells the SDK of its arguments: nothing. The SDK registers a component once all that it is told is
 * known, and a child only after its parent; so a child would wait for every argument of the component, such as a
 * random suffix for the APIs, or a grant for the minting grants, although it needs none of them.
 */
export const NO_INPUTS: pulumi.Inputs = {};

/**
 * The options of a child that a constructor makes. Providers, protection and aliases come down from the parent by
 * themselves; `dependsOn` does not (measured), so it is passed on here.
 */
export function childOf(
  parent: pulumi.ComponentResource,
  options: pulumi.ComponentResourceOptions | undefined,
): pulumi.CustomResourceOptions {
  return options?.dependsOn === undefined ? { parent } : { parent, dependsOn: options.dependsOn };
}

/**
 * The options of a grant. Whoever revokes access must succeed: a protected target would make taking a caller out
 * fail, and a retained one would leave the binding behind while the state forgets it.
 */
export function grantOf(options: pulumi.CustomResourceOptions): pulumi.CustomResourceOptions {
  return { ...options, protect: false, retainOnDelete: false };
}
