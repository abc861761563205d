import { createSigningKey, type SigningKey } from "../../sandbox/cloud/tokens/signing-key";

let made: Promise<SigningKey> | undefined;

/** One key for all clouds of a test file: making it takes longer than most tests. */
export function sharedSigningKey(): Promise<SigningKey> {
  made ??= createSigningKey();
  return made;
}
