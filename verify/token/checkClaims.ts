import type { Caller } from "../Caller";
import { RequestRefused } from "../RequestRefused";
import type { Rules } from "../options/readRules";
import { quoted } from "./quoted";

/** Google writes its name in both forms. https://docs.cloud.google.com/pubsub/docs/authenticate-push-subscriptions */
const ISSUERS: ReadonlySet<unknown> = new Set(["https://accounts.google.com", "accounts.google.com"]);

/** Seconds, as in google-auth-library's oauth2client.js, Google's own verifier. */
const LONGEST_LIFE = 86_400;

type Claims = Readonly<Record<string, unknown>>;

/** Everything that a token says, against what is wanted; its signature is somebody else's business. */
export function checkClaims(claims: Claims, rules: Rules): Caller {
  const times = { issuedAt: time(claims, "iat"), expiresAt: time(claims, "exp") };
  if (!ISSUERS.has(claims.iss)) throw new RequestRefused("ERR_TOKEN_ISSUER");
  const caller: Caller = Object.freeze({
    email: verifiedEmail(claims),
    subject: text(claims, "sub"),
    audience: audienceOf(claims, rules),
    issuedAt: times.issuedAt * 1000,
    expiresAt: times.expiresAt * 1000,
  });
  checkTimes(caller, rules);
  checkNotBefore(claims, rules);
  if (rules.callers !== "any" && !rules.callers.has(caller.email)) {
    throw new RequestRefused("ERR_CALLER_NOT_ALLOWED", `${quoted(caller.email)} is not among the callers`);
  }
  return caller;
}

/**
 * The one thing that changes while a token is remembered. Each is asked for what must be true: a clock that answers no
 * number lets nobody in.
 */
export function checkTimes({ issuedAt, expiresAt }: Caller, { clock, skew }: Rules): void {
  const now = clock.now();
  if (!(now >= issuedAt - skew)) {
    throw new RequestRefused(
      "ERR_TOKEN_EARLY",
      `by ${seconds(issuedAt - now)}; is this machine's clock right?`,
    );
  }
  if (!(now < expiresAt + skew))
    throw new RequestRefused("ERR_TOKEN_EXPIRED", `${seconds(now - expiresAt)} ago`);
  if (!(expiresAt < now + LONGEST_LIFE * 1000)) throw new RequestRefused("ERR_TOKEN_LIFETIME");
}

/** Google's tokens have none, and one that has is bound by it. */
function checkNotBefore(claims: Claims, { clock, skew }: Rules): void {
  if (claims.nbf === undefined) return;
  if (!(clock.now() >= time(claims, "nbf") * 1000 - skew)) throw new RequestRefused("ERR_TOKEN_EARLY");
}

function audienceOf(claims: Claims, { audiences }: Rules): string {
  const audience = text(claims, "aud");
  if (audiences.has(audience)) return audience;
  const accepted = [...audiences].map(quoted).join(" or ");
  throw new RequestRefused("ERR_TOKEN_AUDIENCE", `${quoted(audience)} instead of ${accepted}`);
}

function verifiedEmail({ email, email_verified: verified }: Claims): string {
  if (typeof email === "string" && email !== "" && verified === true) return email;
  throw new RequestRefused("ERR_TOKEN_EMAIL");
}

function text(claims: Claims, name: string): string {
  const value = claims[name];
  if (typeof value === "string" && value !== "") return value;
  throw new RequestRefused("ERR_TOKEN_CLAIMS", `"${name}" is missing, or not a text`);
}

function time(claims: Claims, name: string): number {
  const value = claims[name];
  if (typeof value === "number" && Number.isFinite(value) && value > 0) return value;
  throw new RequestRefused("ERR_TOKEN_CLAIMS", `"${name}" is missing, or not a time`);
}

function seconds(milliseconds: number): string {
  return `${Math.ceil(milliseconds / 1000)} s`;
}
