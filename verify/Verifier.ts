import type { Caller } from "./Caller";

/**
 * Headers of a request, with nothing lost: a `Headers` object of the Fetch API, any other list of pairs, or
 * `rawHeaders` of Node.js. `headers` of Node.js is not taken, because it hides a second `Authorization`.
 */
export type HeaderList = Iterable<readonly [string, string]> | readonly string[];

/**
 * Tells whether a request may come in, and who sends it. Made by `createVerifier`, or by
 * `createVerifierBehindCloudRun`. Whatever is wrong with a token is thrown as a `RequestRefused`.
 *
 * ```ts
 * import { createVerifier, type Verifier } from "@automatic-oidc/verify";
 *
 * const verifier: Verifier = createVerifier({
 *   audience: "https://orders.example.com",
 *   callers: ["nightly@my-project.iam.gserviceaccount.com"],
 * });
 * const headers = new Headers({ authorization: `Bearer ${process.argv[2] ?? ""}` });
 * console.log((await verifier.verifyHeaders(headers)).email);
 * ```
 */
export interface Verifier {
  /** Checks a token that stands for itself, without `Bearer` before it. */
  verify(token: string): Promise<Caller>;
  /** Finds the one token in a request's headers and checks it. */
  verifyHeaders(headers: HeaderList): Promise<Caller>;
}
