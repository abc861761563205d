import * as pulumi from "@pulumi/pulumi";

/** The kinds of target, by what they accept as a token's audience. */
export type TargetKind = "run" | "functionV2" | "functionV1" | "gateway" | "iap" | "external";

/** What a target says of itself, as far as its audience depends on it. */
export interface TargetAddress {
  /** The address that the deployed resource reports. */
  readonly url: string;
  /** An audience that the target was told to accept. */
  readonly declared?: string;
}

/**
 * The audience that each kind of target accepts, one rule a kind.
 *
 * A source that is left to its default sends the whole address, path and query included, which most targets refuse
 * with 401: so no component ever leaves it out.
 */
const RULES: Readonly<Record<TargetKind, (target: TargetAddress) => string>> = {
  // The bare service address, or a custom audience. https://cloud.google.com/run/docs/configuring/custom-audiences
  run: ({ url, declared }) => declared ?? new URL(url).origin,
  // The gate is the Run service underneath. https://docs.cloud.google.com/functions/docs/securing/authenticating
  functionV2: ({ url }) => new URL(url).origin,
  // The function's exact address with its name in it; host alone is refused.
  // https://cloud.google.com/functions/1stgendocs/securing/authenticating
  functionV1: ({ url }) => url.replace(/\/$/, ""),
  // Whatever its document names; without that, what a proxy takes by itself: the managed service, as an address.
  // https://github.com/GoogleCloudPlatform/esp-v2/blob/master/src/go/configgenerator/filterconfig/filter_gen_jwt_authn.go
  gateway: ({ url, declared }) => declared ?? url,
  // The OAuth client that was allow-listed for programs: no address. https://docs.cloud.google.com/iap/docs/authentication-howto
  iap: ({ url, declared }) => declared ?? url,
  // Whatever its verifier was told; without that, its address.
  external: ({ url, declared }) => declared ?? url,
};

/** The same while it may not be known yet. An address that is not hides no declared audience, in previews above all. */
export function audienceLater(
  kind: TargetKind,
  url: pulumi.Input<string>,
  declared?: pulumi.Input<string>,
): pulumi.Output<string> {
  return declared === undefined
    ? pulumi.output(url).apply((known) => audienceOf(kind, { url: known }))
    : pulumi.output(declared).apply((known) => audienceOf(kind, { url: "", declared: known }));
}

/** The exact `aud` that a target of this kind accepts. */
export function audienceOf(kind: TargetKind, target: TargetAddress): string {
  return RULES[kind](target);
}
