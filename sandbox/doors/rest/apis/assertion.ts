import { compactVerify, decodeProtectedHeader } from "jose";
import { z } from "zod/mini";
import type { Cloud } from "../../../cloud/cloud";
import type { Account } from "../../../cloud/iam/accounts";
import { OAuthError } from "./oauth-errors";

const CLAIMS = z.object({
  iss: z.string(),
  aud: z.string(),
  iat: z.int(),
  exp: z.int(),
  sub: z.optional(z.string()),
  scope: z.optional(z.string()),
  target_audience: z.optional(z.string()),
});

type Claims = z.infer<typeof CLAIMS>;

/** The older address is still taken: https://developers.google.com/identity/protocols/oauth2/service-account */
const AUDIENCES = ["https://oauth2.googleapis.com/token", "https://www.googleapis.com/oauth2/v4/token"];

const HOUR = 3600;
/** In seconds; assumed, as Google documents "a reasonable timeframe" only. */
const SKEW = 300;

/** What a service account asks for, signed with a key of its own. `own` is the address at which it was asked. */
export async function readAssertion(
  { iam, keys, clock }: Cloud,
  assertion: string,
  own: string,
): Promise<{ account: Account; claims: Claims }> {
  const claims = CLAIMS.safeParse(payloadOf(assertion)).data;
  if (claims === undefined) throw invalid("Invalid JWT: it is no JSON Web Token with iss, aud, iat and exp.");
  const account = iam.account(claims.iss);
  if (account === undefined) throw invalid("Invalid grant: account not found");
  const candidates = keys
    .of(account.email)
    .filter(({ kid }) => [undefined, kid].includes(keyIdIn(assertion)));
  const signed = await clock.real(
    Promise.all(candidates.map(({ publicKey }) => isSignedBy(assertion, publicKey))),
  );
  if (!signed.includes(true)) throw invalid("Invalid JWT Signature.");
  if (![...AUDIENCES, own].includes(claims.aud)) throw invalid("Invalid JWT: Failed audience check.");
  checkTime(claims, Math.floor(clock.now() / 1000));
  if (claims.sub !== undefined && claims.sub !== claims.iss) {
    throw new OAuthError(
      "unauthorized_client",
      "Client is unauthorized to retrieve access tokens using this method, or client not authorized for any of the scopes requested.",
    );
  }
  return { account, claims };
}

function checkTime({ iat, exp }: Claims, now: number): void {
  const isShort = exp > iat && exp - iat <= HOUR;
  if (isShort && iat <= now + SKEW && exp > now - SKEW) return;
  throw invalid(
    "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your iat and exp values in the JWT claim.",
  );
}

async function isSignedBy(assertion: string, key: Parameters<typeof compactVerify>[1]): Promise<boolean> {
  try {
    await compactVerify(assertion, key, { algorithms: ["RS256"] });
    return true;
  } catch {
    return false;
  }
}

function keyIdIn(assertion: string): string | undefined {
  try {
    return decodeProtectedHeader(assertion).kid;
  } catch {
    return undefined;
  }
}

function payloadOf(assertion: string): unknown {
  try {
    return JSON.parse(Buffer.from(assertion.split(".")[1] ?? "", "base64url").toString("utf8"));
  } catch {
    return undefined;
  }
}

function invalid(description: string): OAuthError {
  return new OAuthError("invalid_grant", description);
}
