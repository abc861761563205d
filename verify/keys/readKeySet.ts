import { createPublicKey, type JsonWebKey, type KeyObject } from "node:crypto";

/** RFC 7518, section 3.3: RS256 asks for 2048 bits at least. */
const LEAST_BITS = 2048;

/** The keys of a JSON Web Key Set that can sign id_tokens, by their ids. Other keys in it are left alone. */
export function readKeySet(keySet: unknown): ReadonlyMap<string, KeyObject> {
  const list = isObject(keySet) ? keySet.keys : undefined;
  if (!Array.isArray(list)) throw new Error("it is not a JSON Web Key Set");
  const keys = new Map<string, KeyObject>();
  for (const each of list as unknown[]) {
    const key = isObject(each) ? readKey(each) : undefined;
    if (key !== undefined) keys.set(...key);
  }
  if (keys.size === 0) throw new Error("it holds no RSA key for signatures with an id");
  return keys;
}

function readKey({ kid, kty, use, alg, n, e }: Record<string, unknown>): [string, KeyObject] | undefined {
  if (typeof kid !== "string" || kid === "") return undefined;
  if (kty !== "RSA" || (use ?? "sig") !== "sig" || (alg ?? "RS256") !== "RS256") return undefined;
  const key = publicKey({ kty, n, e } as JsonWebKey);
  const bits = key?.asymmetricKeyDetails?.modulusLength ?? 0;
  return key !== undefined && bits >= LEAST_BITS ? [kid, key] : undefined;
}

function publicKey(key: JsonWebKey): KeyObject | undefined {
  try {
    return createPublicKey({ key, format: "jwk" });
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
