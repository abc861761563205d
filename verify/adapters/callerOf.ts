import type { Caller } from "../Caller";

/** By the request itself: a property of it could be set by a body parser, and so by a client. */
const callers = new WeakMap<object, Caller>();

/** @internal Notes who sends a request, under each of the objects that stand for it. */
export function setCaller(caller: Caller, ...requests: object[]): void {
  for (const request of requests) callers.set(request, caller);
}

/**
 * Who sends this request, once an adapter has let it in. Takes the request of Node.js, Express, Fastify and the Fetch API,
 * and the context of Hono.
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
 * app.use(expressMiddleware(verifier));
 * app.post("/", (request, response) => {
 *   response.send(`hello, ${callerOf(request).email}`);
 * });
 * ```
 *
 * @throws TypeError if no adapter has let this request in: the route is open, or the adapter comes after it.
 */
export function callerOf(request: object): Caller {
  const caller = callers.get(request);
  if (caller !== undefined) return caller;
  throw new TypeError(
    "callerOf: no adapter of @automatic-oidc/verify has let this request in; put it before this route.",
  );
}
