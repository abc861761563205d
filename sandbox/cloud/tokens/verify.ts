import { compactVerify } from "jose";
import { type IdTokenClaims, ISSUERS, readClaims } from "./claims";
import type { SigningKey } from "./signing-key";

type Fault =
  | "malformed"
  | "wrong algorithm"
  | "unknown key"
  | "bad signature"
  | "not an id_token"
  | "wrong issuer"
  | "issued in the future"
  | "expired"
  | "valid for too long"
  | "no verified email";

export type Verification =
  /** `assumed`: what of it rests on no documented fact. */
  { ok: true; claims: IdTokenClaims; assumed?: string } | { ok: false; why: Fault };

/** Seconds, as in google-auth-library's oauth2client.js, Google's own verifier. */
const SKEW = 300;
const LONGEST_LIFE = 86_400;

const OUTSIDE =
  "that Google's services take a token up to five minutes before it is issued and after it expires, as Google's own libraries do";

/** No token of Google's comes near; whatever is longer is not worth parsing. */
const LONGEST_TOKEN = 16_384;

/** Everything but the audience, which is the receiver's matter. Never throws for a bad token. */
export async function verifyIdToken(
  token: string,
  keys: readonly SigningKey[],
  nowMs: number,
  { withoutEmail = false } = {},
): Promise<Verification> {
  const header = readHeader(token);
  if (header === undefined) return fault("malformed");
  if (header.alg !== "RS256") return fault("wrong algorithm");
  const key = keys.find((each) => each.kid === header.kid);
  if (key === undefined) return fault("unknown key");
  const payload = await signedPayload(token, key);
  if (payload === undefined) return fault("bad signature");
  const claims = readClaims(readJson(payload));
  if (claims === undefined) return fault("not an id_token");
  const why = faultOf(claims, Math.floor(nowMs / 1000)) ?? (withoutEmail ? undefined : anonymity(claims));
  if (why !== undefined) return fault(why);
  const now = nowMs / 1000;
  return now < claims.iat || now > claims.exp ? { ok: true, claims, assumed: OUTSIDE } : { ok: true, claims };
}

function faultOf(claims: IdTokenClaims, now: number): Fault | undefined {
  if (!ISSUERS.includes(claims.iss)) return "wrong issuer";
  if (claims.exp >= now + LONGEST_LIFE) return "valid for too long";
  if (now < claims.iat - SKEW) return "issued in the future";
  if (now > claims.exp + SKEW) return "expired";
  return undefined;
}

/** The sources always ask for the e-mail; no documentation says that a Google service admits a token without one. */
function anonymity({ email, email_verified: verified }: IdTokenClaims): Fault | undefined {
  return email === undefined || verified !== true ? "no verified email" : undefined;
}

function readHeader(token: string): { alg?: unknown; kid?: unknown } | undefined {
  if (token.length > LONGEST_TOKEN) return undefined;
  const parts = token.split(".");
  if (parts.length !== 3 || !parts.slice(0, 2).every(isBase64url)) return undefined;
  // An empty signature is well-formed: it is how "alg none" looks. Any other must be the only spelling of its bytes.
  if (parts[2] !== "" && !isBase64url(parts[2] ?? "")) return undefined;
  const header = readJson(Buffer.from(parts[0] ?? "", "base64url"));
  const isObject = typeof header === "object" && header !== null && !Array.isArray(header);
  // RFC 7515: a critical extension that is not understood (here: any) makes the token invalid.
  return isObject && !("crit" in header) && !("b64" in header) ? header : undefined;
}

async function signedPayload(token: string, key: SigningKey): Promise<Uint8Array | undefined> {
  try {
    const { payload } = await compactVerify(token, key.publicKey, { algorithms: ["RS256"] });
    return payload;
  } catch {
    return undefined;
  }
}

function isBase64url(text: string): boolean {
  return text !== "" && Buffer.from(text, "base64url").toString("base64url") === text;
}

function readJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    return undefined;
  }
}

function fault(why: Fault): Verification {
  return { ok: false, why };
}
