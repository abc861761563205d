/** What a target takes for its own name in a token's `aud`. */
export interface Audiences {
  /** Origins: accepted bare, and with the one slash that Google's own samples write behind them. */
  readonly origins: readonly string[];
  /** Accepted as they stand, down to the last character. */
  readonly exact: readonly string[];
}

/**
 * Strict on purpose: a path behind an origin has been seen to pass at some time, but only the bare form is documented.
 * https://docs.cloud.google.com/run/docs/troubleshooting, https://cloud.google.com/run/docs/configuring/custom-audiences
 */
export function accepts({ origins, exact }: Audiences, audience: string): boolean {
  return (
    exact.includes(audience) || origins.some((origin) => audience === origin || audience === `${origin}/`)
  );
}

export function inWords({ origins, exact }: Audiences): string {
  const all = [...origins, ...exact].map((audience) => `"${audience}"`);
  return all.length > 0 ? all.join(" or ") : "none";
}
