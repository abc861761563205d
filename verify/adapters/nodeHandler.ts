import type { IncomingMessage, ServerResponse } from "node:http";
import type { Caller } from "../Caller";
import type { Verifier } from "../Verifier";
import type { AdapterOptions } from "./AdapterOptions";
import { admit, refuse } from "./admit";

/**
 * A handler for `node:http` that is only called for requests which may come in. The others are answered, and so are those
 * for which the handler throws a `RequestRefused`, as `readPubSubPush` does.
 *
 * ```ts
 * import { createServer } from "node:http";
 * import { createVerifier } from "@automatic-oidc/verify";
 * import { nodeHandler } from "@automatic-oidc/verify/node";
 *
 * const verifier = createVerifier({
 *   audience: "https://orders.example.com",
 *   callers: ["nightly@my-project.iam.gserviceaccount.com"],
 * });
 * const handler = nodeHandler(verifier, (request, response, caller) => {
 *   response.end(`hello, ${caller.email}`);
 * });
 * createServer((request, response) => void handler(request, response)).listen(8080);
 * ```
 */
export function nodeHandler<Request extends IncomingMessage, Response extends ServerResponse>(
  verifier: Verifier,
  handler: (request: Request, response: Response, caller: Caller) => unknown,
  options: AdapterOptions = {},
): (request: Request, response: Response) => Promise<void> {
  return async (request, response) => {
    const caller = await admit(verifier, options, request, response);
    if (caller === undefined) return;
    try {
      await handler(request, response, caller);
    } catch (error) {
      refuse(error, options, response);
    }
  };
}
