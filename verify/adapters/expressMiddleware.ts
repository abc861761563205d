import type { IncomingMessage, ServerResponse } from "node:http";
import type { Verifier } from "../Verifier";
import type { AdapterOptions } from "./AdapterOptions";
import { admit } from "./admit";

/**
 * Middleware for Express and everything else that speaks Connect's `(request, response, next)`. Put it before the body
 * parser, so that the body of a stranger is not read.
 *
 * ```ts
 * import express from "express";
 * import { callerOf, createVerifier } from "@automatic-oidc/verify";
 * import { expressMiddleware } from "@automatic-oidc/verify/express";
 *
 * const verifier = createVerifier({
 *   audience: "https://orders.example.com",
 *   callers: ["nightly@my-project.iam.gserviceaccount.com"],
 * });
 * const app = express();
 * app.use(expressMiddleware(verifier, { onRefused: (error) => console.warn(error.message) }));
 * app.use(express.json());
 * app.post("/", (request, response) => {
 *   response.send(`hello, ${callerOf(request).email}`);
 * });
 * app.listen(8080);
 * ```
 */
export function expressMiddleware(
  verifier: Verifier,
  options: AdapterOptions = {},
): (request: IncomingMessage, response: ServerResponse, next: (error?: unknown) => void) => void {
  return (request, response, next) => {
    admit(verifier, options, request, response).then((caller) => {
      // Outside of this promise: what the rest of the chain throws is not this middleware's.
      if (caller !== undefined) queueMicrotask(next);
    }, next);
  };
}
