import type { JwtFailure } from "./failures";

/** A token's claims as they stand in it: nobody has said yet that they are an id_token's. */
export type JwtClaims = Readonly<Record<string, unknown>>;

export interface ParsedJwt {
  alg: string;
  kid: string | undefined;
  claims: JwtClaims;
  /** Empty: it names none. */
  issuer: string;
  audiences: readonly string[];
  /** Seconds; undefined: not said, so not checked. */
  notBefore: number | undefined;
  expiry: number | undefined;
}

export type Parsed = { jwt: ParsedJwt } | { failure: JwtFailure };

const ALGORITHMS: ReadonlySet<string> = new Set(
  ["ES", "HS", "RS", "PS"]
    .flatMap((family) => ["256", "384", "512"].map((size) => family + size))
    .concat("EdDSA"),
);

/**
 * Takes a token apart as Envoy does, with its order of complaints. It is stricter about what nothing of Google's writes:
 * Envoy reads base64url with padding, white space or stray last bits too, and lets some versions pass a negative time.
 * https://github.com/google/jwt_verify_lib/blob/master/src/jwt.cc
 */
export function parseJwt(token: string): Parsed {
  const [header, payload, signature, ...more] = token.split(".");
  if (!header || !payload || !signature || more.length > 0) return { failure: "bad format" };

  const headerText = decode(header);
  if (headerText === undefined) return { failure: "header not base64url" };
  const head = object(headerText);
  if (head === undefined) return { failure: "header not JSON" };
  const { alg, kid } = head;
  if (typeof alg !== "string") return { failure: "no algorithm" };
  if (!ALGORITHMS.has(alg)) return { failure: "algorithm not supported" };
  if (kid !== undefined && typeof kid !== "string") return { failure: "key id not a string" };

  const payloadText = decode(payload);
  if (payloadText === undefined) return { failure: "payload not base64url" };
  const claims = object(payloadText);
  if (claims === undefined) return { failure: "payload not JSON" };
  const failure = CLAIM_CHECKS.map((check) => check(claims)).find((found) => found !== undefined);
  if (failure !== undefined) return { failure };
  if (decode(signature) === undefined) return { failure: "signature not base64url" };
  return { jwt: { alg, kid: kid === "" ? undefined : kid, claims, ...known(claims) } };
}

type ClaimCheck = (claims: JwtClaims) => JwtFailure | undefined;

const CLAIM_CHECKS: readonly ClaimCheck[] = [
  text("iss", "issuer not a string"),
  text("sub", "subject not a string"),
  time("iat", "issue time not an integer", "issue time not positive"),
  time("nbf", "start not an integer", "start not positive"),
  time("exp", "expiry not an integer", "expiry not positive"),
  text("jti", "id not a string"),
  ({ aud }) =>
    aud === undefined || typeof aud === "string" || isTexts(aud) ? undefined : "audience not a string",
];

function text(name: string, failure: JwtFailure): ClaimCheck {
  return (claims) => (claims[name] === undefined || typeof claims[name] === "string" ? undefined : failure);
}

function time(name: string, notInteger: JwtFailure, notPositive: JwtFailure): ClaimCheck {
  return ({ [name]: value }) => {
    if (value === undefined) return undefined;
    if (typeof value !== "number") return notInteger;
    return value >= 0 && value < 2 ** 63 ? undefined : notPositive;
  };
}

/** The claims that the filter itself reads, once they have the types that it wants. */
function known({
  iss,
  aud,
  nbf,
  exp,
}: JwtClaims): Pick<ParsedJwt, "issuer" | "audiences" | "notBefore" | "expiry"> {
  return {
    issuer: typeof iss === "string" ? iss : "",
    audiences: typeof aud === "string" ? [aud] : isTexts(aud) ? aud : [],
    notBefore: seconds(nbf),
    expiry: seconds(exp),
  };
}

/** Envoy cannot tell zero from nothing. */
function seconds(value: unknown): number | undefined {
  return typeof value === "number" && Math.trunc(value) !== 0 ? Math.trunc(value) : undefined;
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((each) => typeof each === "string");
}

function decode(part: string): Buffer | undefined {
  const bytes = Buffer.from(part, "base64url");
  return bytes.toString("base64url") === part ? bytes : undefined;
}

function object(bytes: Buffer): JwtClaims | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as JwtClaims)
      : undefined;
  } catch {
    return undefined;
  }
}
