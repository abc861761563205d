import { createHash } from "node:crypto";
import { type CryptoKey, exportJWK, exportSPKI, generateKeyPair, type JWK } from "jose";

export interface SigningKey {
  kid: string;
  privateKey: CryptoKey;
  publicKey: CryptoKey;
  /** As in https://www.googleapis.com/oauth2/v3/certs */
  jwk: JWK;
  pem: string;
}

/** `extractable`: the private half may leave the process, as in the key file of a service account. */
export async function createSigningKey({ extractable = false } = {}): Promise<SigningKey> {
  const { privateKey, publicKey } = await generateKeyPair("RS256", { modulusLength: 2048, extractable });
  const [{ n, e }, pem] = await Promise.all([exportJWK(publicKey), exportSPKI(publicKey)]);
  // Google's key ids are 40 hexadecimal digits.
  const kid = createHash("sha1").update(pem).digest("hex");
  return { kid, privateKey, publicKey, jwk: { kid, e, kty: "RSA", alg: "RS256", use: "sig", n }, pem };
}
