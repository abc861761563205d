import type { IncomingMessage, ServerResponse } from "node:http";
import type { Caller } from "../Caller";
import type { Verifier } from "../Verifier";
import type { AdapterOptions } from "./AdapterOptions";
import { handleAdmitted } from "./handleAdmitted";

/**
 * An HTTP function for Google's Functions Framework that is only called for requests which may come in.
 *
 * ```ts
 * import * as functions from "@google-cloud/functions-framework";
 * import { createVerifier } from "@automatic-oidc/verify";
 * import { cloudFunction } from "@automatic-oidc/verify/functions-framework";
 *
 * const verifier = createVerifier({
 *   audience: "https://orders.example.com",
 *   callers: ["nightly@my-project.iam.gserviceaccount.com"],
 * });
 * functions.http(
 *   "orders",
 *   cloudFunction(verifier, (request: functions.Request, response: functions.Response, caller) => {
 *     response.send(`hello, ${caller.email}`);
 *   }),
 * );
 * ```
 */
export function cloudFunction<Request extends IncomingMessage, Response extends ServerResponse>(
  verifier: Verifier,
  handler: (request: Request, response: Response, caller: Caller) => unknown,
  options: AdapterOptions = {},
): (request: Request, response: Response) => Promise<void> {
  // The framework hands over the requests of Express, which are those of Node.js, and waits for what is returned.
  return (request, response) => handleAdmitted(verifier, handler, options, request, response);
}
