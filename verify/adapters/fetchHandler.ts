import type { Caller } from "../Caller";
import type { Verifier } from "../Verifier";
import type { AdapterOptions } from "./AdapterOptions";
import { admitFetch, refusedFetch } from "./admitFetch";

/**
 * A handler of the Fetch API, such as a route handler of Next.js, that is only called for requests which may come in.
 *
 * ```ts
 * import { createVerifier } from "@automatic-oidc/verify";
 * import { fetchHandler } from "@automatic-oidc/verify/fetch";
 *
 * const verifier = createVerifier({
 *   audience: "https://orders.example.com",
 *   callers: ["nightly@my-project.iam.gserviceaccount.com"],
 * });
 * // app/orders/route.ts of Next.js
 * export const POST = fetchHandler(
 *   verifier,
 *   async (request: Request, caller) => new Response(`hello, ${caller.email}: ${await request.text()}`),
 * );
 * ```
 *
 * Whatever the framework passes beside the request comes after the caller. A `RequestRefused` that the handler throws, as
 * `readPubSubPush` does, is answered too.
 */
export function fetchHandler<
  Request extends { readonly headers: Iterable<[string, string]> },
  More extends unknown[],
>(
  verifier: Verifier,
  handler: (request: Request, caller: Caller, ...more: More) => Response | Promise<Response>,
  options: AdapterOptions = {},
): (request: Request, ...more: More) => Promise<Response> {
  return async (request, ...more) => {
    const admitted = await admitFetch(verifier, options, request);
    if ("answer" in admitted) return admitted.answer;
    try {
      return await handler(request, admitted.caller, ...more);
    } catch (error) {
      return refusedFetch(error, options);
    }
  };
}
