/**
 * Who calls, as Google has signed it and a verifier has found it to be allowed.
 *
 * ```ts
 * import { createVerifier } from "@automatic-oidc/verify";
 * import type { Caller } from "@automatic-oidc/verify";
 *
 * const verifier = createVerifier({
 *   audience: "https://orders.example.com",
 *   callers: ["nightly@my-project.iam.gserviceaccount.com"],
 * });
 * const caller: Caller = await verifier.verify(process.argv[2] ?? "");
 * console.log(`called by ${caller.email}`);
 * ```
 */
export interface Caller {
  /** Verified e-mail of the service account, or of the person. */
  readonly email: string;
  /** Google's unique id of the account. A new account of the same e-mail has another one. */
  readonly subject: string;
  /** The one of the accepted audiences that the token was made for. */
  readonly audience: string;
  /** When the token was made, in milliseconds since 1970. */
  readonly issuedAt: number;
  /** When the token ends, in milliseconds since 1970. */
  readonly expiresAt: number;
}
