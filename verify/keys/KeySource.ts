import type { KeyObject } from "node:crypto";

/**
 * Knows Google's public keys. `remoteKeys` fetches them, `fixedKeys` is told them.
 *
 * ```ts
 * import { createVerifier, fixedKeys, type KeySource } from "@automatic-oidc/verify";
 * import { readFileSync } from "node:fs";
 *
 * const keys: KeySource = fixedKeys(JSON.parse(readFileSync("certs.json", "utf8")));
 * createVerifier({
 *   audience: "https://orders.example.com",
 *   callers: ["nightly@my-project.iam.gserviceaccount.com"],
 *   keys,
 * });
 * ```
 */
export interface KeySource {
  /**
   * The RSA public key of this id, or undefined if Google has none of that id. Rejects when that cannot be told. Answer the
   * same object for as long as the key stands: a remembered token is checked again when its key is another one.
   */
  find(keyId: string): Promise<KeyObject | undefined>;
}
