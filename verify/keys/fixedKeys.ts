import type { KeySource } from "./KeySource";
import { readKeySet } from "./readKeySet";

/**
 * Keys that never change: for tests, and for places without a way to Google. Google changes its keys every few days, so a
 * service that runs longer needs `remoteKeys`.
 *
 * ```ts
 * import { createVerifier, fixedKeys } from "@automatic-oidc/verify";
 * import { generateKeyPairSync } from "node:crypto";
 *
 * const { publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
 * const key = { ...publicKey.export({ format: "jwk" }), kid: "test" };
 * createVerifier({
 *   audience: "https://orders.example.com",
 *   callers: ["nightly@my-project.iam.gserviceaccount.com"],
 *   keys: fixedKeys({ keys: [key] }),
 * });
 * ```
 */
export function fixedKeys(keySet: { readonly keys: readonly object[] }): KeySource {
  const keys = known(keySet);
  return { find: (keyId) => Promise.resolve(keys.get(keyId)) };
}

function known(keySet: unknown): ReturnType<typeof readKeySet> {
  try {
    return readKeySet(keySet);
  } catch (error) {
    throw new TypeError(
      `fixedKeys: the key set is of no use: ${error instanceof Error ? error.message : ""}.`,
    );
  }
}
