import * as pulumi from "@pulumi/pulumi";

/**
 * A target that lets one caller in, as plain data: what a source needs and nothing else. Its outputs depend on the
 * grant, so a source that is wired to it cannot be created before the grant is written.
 */
export interface AuthorizedTarget {
  /** The https address to call, without path and query of the call. */
  url: pulumi.Input<string>;
  /** The account that is let in, and as which the source calls. */
  serviceAccountEmail: pulumi.Input<string>;
  /** The exact audience that the target accepts: the source then sends an OIDC token. Exactly one of `audience` and `scope`. */
  audience?: pulumi.Input<string>;
  /** The OAuth scope that the call needs: the source then sends an access token. Exactly one of `audience` and `scope`. */
  scope?: pulumi.Input<string>;
}

/** The leaves of a target. They are kept apart when it is a plain object, so that one unknown leaf hides no other. */
export function targetLeaves(target: pulumi.Input<AuthorizedTarget>): {
  url: pulumi.Input<string>;
  serviceAccountEmail: pulumi.Input<string>;
  audience: pulumi.Input<string | undefined>;
  scope: pulumi.Input<string | undefined>;
} {
  if (!pulumi.Output.isInstance(target) && !(target instanceof Promise)) {
    const { url, serviceAccountEmail, audience, scope } = target;
    return { url, serviceAccountEmail, audience, scope };
  }
  const known = pulumi.output(target);
  return {
    url: known.apply((t) => t.url),
    serviceAccountEmail: known.apply((t) => t.serviceAccountEmail),
    audience: known.apply((t) => t.audience),
    scope: known.apply((t) => t.scope),
  };
}
