import { RequestRefused } from "../RequestRefused";

/** A token taken apart; nothing in it is proven yet. */
export interface ParsedToken {
  readonly keyId: string;
  readonly claims: Readonly<Record<string, unknown>>;
}

/** Characters. Google's are below 2 KiB; whatever is much longer is not worth parsing. */
export const LONGEST_TOKEN = 16_384;

/** What Cloud Run puts in the place of the signature. https://docs.cloud.google.com/run/docs/troubleshooting */
const REMOVED = "SIGNATURE_REMOVED_BY_GOOGLE";

/** Takes a token apart that must carry its signature. */
export function parseToken(token: string): ParsedToken {
  const [header, payload, signature] = partsOf(token);
  if (signature === REMOVED) {
    throw new RequestRefused(
      "ERR_TOKEN_SIGNATURE_REMOVED",
      "use createVerifierBehindCloudRun for a private service",
    );
  }
  if (!isCanonical(signature)) throw malformed("its signature is not base64url");
  return parse(header, payload);
}

/** Takes a token apart whose signature somebody else has checked, and may have taken away. */
export function parseCheckedToken(token: string): ParsedToken {
  const [header, payload, signature] = partsOf(token);
  if (signature !== REMOVED && !isCanonical(signature)) throw malformed("its signature is not base64url");
  return parse(header, payload);
}

/** Not everybody has a compiler that refuses what the types do, and a header that is missing is undefined. */
function partsOf(token: unknown): [string, string, string] {
  if (typeof token !== "string") throw malformed("it is not a text");
  if (token.length > LONGEST_TOKEN) throw tooLong();
  const [header, payload, signature, ...more] = token.split(".");
  if (!header || !payload || !signature || more.length > 0) throw malformed("it has not three parts");
  return [header, payload, signature];
}

function parse(header: string, payload: string): ParsedToken {
  const { alg, kid, crit, b64 } = readObject(header, "header");
  if (alg !== "RS256") throw new RequestRefused("ERR_TOKEN_ALGORITHM");
  // RFC 7515, section 4.1.11: whoever does not understand an extension must refuse the token; here none is understood.
  if (crit !== undefined || b64 !== undefined) throw malformed("its header asks for an extension");
  if (typeof kid !== "string" || kid === "") throw malformed("its header names no key");
  return { keyId: kid, claims: readObject(payload, "payload") };
}

function readObject(part: string, name: string): Record<string, unknown> {
  const value = isCanonical(part) ? readJson(Buffer.from(part, "base64url")) : undefined;
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    // Without a prototype: what somebody has put on Object's is in no token.
    return Object.assign(Object.create(null), value) as Record<string, unknown>;
  }
  throw malformed(`its ${name} is not a JSON object in base64url`);
}

/** Node.js reads padding, other alphabets and loose bits too; a token has one spelling only. */
function isCanonical(part: string): boolean {
  return Buffer.from(part, "base64url").toString("base64url") === part;
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

function readJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(utf8.decode(bytes));
  } catch {
    // JSON.parse quotes what it could not read, which is a piece of the token.
    return undefined;
  }
}

/** What is refused before anything else is done with it. */
export function tooLong(): RequestRefused {
  return malformed(`it is longer than ${LONGEST_TOKEN} characters`);
}

function malformed(detail: string): RequestRefused {
  return new RequestRefused("ERR_TOKEN_MALFORMED", detail);
}
