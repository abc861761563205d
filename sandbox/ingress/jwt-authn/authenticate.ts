import type { Cloud } from "../../cloud/cloud";
import { type JwtFailure, MESSAGES, statusOf } from "./failures";
import { fetchKeys, type KeySource, verifySignature } from "./keys";
import { type JwtClaims, type ParsedJwt, parseJwt } from "./parse";

/** What a filter was told of the tokens that it takes. */
export interface JwtProvider {
  /** Empty: any. */
  issuer: string;
  /** Empty: any, as in Envoy; whoever fills it in from a document decides what an empty list there means. */
  audiences: readonly string[];
  keys: KeySource;
  /** Default: 60. */
  clockSkewSeconds?: number;
}

export type Authentication =
  | { ok: true; claims: JwtClaims }
  | {
      ok: false;
      failure: JwtFailure;
      status: 401 | 403;
      /** What the client is told. */
      message: string;
      /** What the sandbox's user is told. */
      reason: string;
    };

/** https://github.com/google/jwt_verify_lib/blob/master/jwt_verify_lib/verify.h */
const CLOCK_SKEW = 60;

/**
 * Envoy's check of one token, on which ESPv2 and Istio are built: its form, then its issuer, its times, its audience, and
 * its signature last. So a forged token for another audience is answered 403, and a forged one that is expired 401.
 * https://github.com/envoyproxy/envoy/blob/main/source/extensions/filters/http/jwt_authn/authenticator.cc
 */
export async function authenticate(
  cloud: Pick<Cloud, "clock" | "tokens">,
  provider: JwtProvider,
  token: string | undefined,
): Promise<Authentication> {
  if (token === undefined) return refused("missing", "The request carries no token");
  const parsed = parseJwt(token);
  if ("failure" in parsed) {
    return refused(parsed.failure, `The token is none: ${MESSAGES[parsed.failure]}${hint(token)}`);
  }
  const { jwt } = parsed;
  const early = beforeTheSignature(jwt, provider, Math.floor(cloud.clock.now() / 1000));
  if (early !== undefined) return early;
  return cloud.clock.real(withSignature(cloud, provider, token, jwt));
}

/** All tokens of a request: each must be good, and without any the answer is that it is missing. */
export async function authenticateAll(
  cloud: Pick<Cloud, "clock" | "tokens">,
  provider: JwtProvider,
  tokens: readonly string[],
): Promise<Authentication> {
  // From the last to the first, as Envoy does: the last claims are those of the first token.
  let answer: Authentication | undefined;
  for (const token of [...tokens].reverse()) {
    answer = await authenticate(cloud, provider, token);
    if (!answer.ok) return answer;
  }
  return answer ?? authenticate(cloud, provider, undefined);
}

function beforeTheSignature(
  jwt: ParsedJwt,
  { issuer, audiences, clockSkewSeconds }: JwtProvider,
  now: number,
): Authentication | undefined {
  const skew = clockSkewSeconds ?? CLOCK_SKEW;
  if (issuer !== "" && jwt.issuer !== issuer) {
    return refused(
      "unknown issuer",
      `The token is from the issuer "${jwt.issuer}", and only "${issuer}" is known`,
    );
  }
  if (now + skew < (jwt.notBefore ?? 0)) {
    return refused("not yet valid", `The token is not valid yet, give or take ${skew} s`);
  }
  if (now > (jwt.expiry ?? Infinity) + skew) {
    return refused("expired", `The token has expired, give or take ${skew} s`);
  }
  if (!areAllowed(jwt.audiences, audiences)) {
    return refused(
      "audience not allowed",
      `The token is for the audience ${inWords(jwt.audiences, "nobody")}, and allowed is ${inWords(audiences, "any")}`,
    );
  }
  return undefined;
}

async function withSignature(
  cloud: Pick<Cloud, "tokens">,
  provider: JwtProvider,
  token: string,
  jwt: ParsedJwt,
): Promise<Authentication> {
  const fetched = await fetchKeys(cloud, provider.keys);
  if ("failure" in fetched) return refused(fetched.failure, fetched.reason);
  const failure = await verifySignature(token, jwt, fetched.keys);
  return failure === undefined
    ? { ok: true, claims: jwt.claims }
    : refused(failure, `The token is not signed by its issuer: ${MESSAGES[failure]}`);
}

/**
 * Scheme and last slash count on neither side: a token for http://a.example/ is one for https://a.example.
 * https://github.com/google/jwt_verify_lib/blob/master/src/check_audience.cc
 */
function areAllowed(named: readonly string[], allowed: readonly string[]): boolean {
  const bare = new Set(allowed.map(withoutSchemeAndSlash));
  return bare.size === 0 || named.some((audience) => bare.has(withoutSchemeAndSlash(audience)));
}

function withoutSchemeAndSlash(audience: string): string {
  return audience.replace(/^https?:\/\//, "").replace(/\/$/, "");
}

function inWords(audiences: readonly string[], none: string): string {
  return audiences.length === 0 ? none : audiences.map((audience) => `"${audience}"`).join(" or ");
}

function hint(token: string): string {
  return token.startsWith("ya29.") ? "; it is an OAuth access token, and an id_token is needed" : "";
}

function refused(failure: JwtFailure, reason: string): Authentication {
  return { ok: false, failure, status: statusOf(failure), message: MESSAGES[failure], reason };
}
