/**
 * Tells the time. Only tests need another one than the machine's.
 *
 * ```ts
 * import { createVerifier, type Clock } from "@automatic-oidc/verify";
 *
 * const clock: Clock = { now: () => Date.UTC(2030, 0, 1) };
 * createVerifier({
 *   audience: "https://orders.example.com",
 *   callers: ["nightly@my-project.iam.gserviceaccount.com"],
 *   clock,
 * });
 * ```
 */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
}
