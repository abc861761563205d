import { compactVerify, importJWK, type JWK } from "jose";
import type { Cloud } from "../../cloud/cloud";
import type { JwtFailure } from "./failures";
import type { ParsedJwt } from "./parse";

/** Where the keys of an issuer come from: an address, or the document itself. */
export type KeySource = { uri: string } | { document: string };

/** The one address of keys that can be reached from inside the sandbox, which serves its own there. */
export const GOOGLE_KEYS = "https://www.googleapis.com/oauth2/v3/certs";

export type FetchedKeys = { keys: readonly JWK[] } | { failure: JwtFailure; reason: string };

export async function fetchKeys({ tokens }: Pick<Cloud, "tokens">, source: KeySource): Promise<FetchedKeys> {
  if ("document" in source) return readKeys(source.document);
  if (source.uri === GOOGLE_KEYS) return tokens.jwks();
  return {
    failure: "keys not fetched",
    reason: `The sandbox reaches no keys but Google's at ${GOOGLE_KEYS}, and these are to come from "${source.uri}"`,
  };
}

function readKeys(document: string): FetchedKeys {
  try {
    const { keys } = JSON.parse(document) as { keys?: unknown };
    if (Array.isArray(keys) && keys.length > 0) return { keys: keys as JWK[] };
  } catch {
    // Said below: a document that is no JSON has no key either.
  }
  return { failure: "no valid key", reason: "The key document holds no keys" };
}

/**
 * Every key that fits by id and algorithm is tried.
 * https://github.com/google/jwt_verify_lib/blob/master/src/verify.cc
 */
export async function verifySignature(
  token: string,
  { alg, kid }: ParsedJwt,
  keys: readonly JWK[],
): Promise<JwtFailure | undefined> {
  const fitting = keys.filter(
    (key) => (!kid || !key.kid || key.kid === kid) && (key.alg === undefined || key.alg === alg),
  );
  if (fitting.length === 0) return "no matching key";
  const verified = await Promise.all(fitting.map(async (key) => signedWith(token, alg, key)));
  return verified.includes(true) ? undefined : "bad signature";
}

async function signedWith(token: string, alg: string, key: JWK): Promise<boolean> {
  try {
    await compactVerify(token, await importJWK(key, alg), { algorithms: [alg] });
    return true;
  } catch {
    return false;
  }
}
