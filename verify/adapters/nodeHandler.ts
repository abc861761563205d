import type { IncomingMessage, ServerResponse } from "node:http";
import type { Caller } from "../Caller";
import type { Verifier } from "../Verifier";
import type { AdapterOptions } from "./AdapterOptions";
import { handleAdmitted } from "./handleAdmitted";

/** What `nodeHandler` may be told. */
export interface NodeHandlerOptions extends AdapterOptions {
  /**
   * Told what the handler throws beside a `RequestRefused`: the request is answered with 500, or broken off if its answer has
   * begun. Default: it is written to the standard error, without any token that its text holds.
   */
  onError?: (error: unknown) => void;
}

/**
 * A handler for `node:http` that is only called for requests which may come in. The others are answered, and so are those
 * for which the handler throws a `RequestRefused`, as `readPubSubPush` does. Any other error is answered with 500, as
 * nobody else would: what is returned never rejects for one, which would end the process.
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
  options: NodeHandlerOptions = {},
): (request: Request, response: Response) => Promise<void> {
  const { onError = log } = options;
  return async (request, response) => {
    try {
      await handleAdmitted(verifier, handler, options, request, response);
    } catch (error) {
      if (response.headersSent) response.destroy();
      else {
        // What they say is of the answer that was to be, such as its length.
        for (const name of response.getHeaderNames()) response.removeHeader(name);
        response
          .writeHead(500, { "Content-Type": "text/plain; charset=utf-8" })
          .end("Internal Server Error\n");
      }
      onError(error);
    }
  };
}

/** A JSON Web Token as it is written: https://www.rfc-editor.org/rfc/rfc7519#section-3 */
const TOKEN = /eyJ[\w-]*\.[\w-]+\.[\w-]*/g;

function log(error: unknown): void {
  const text = error instanceof Error ? (error.stack ?? String(error)) : String(error);
  console.error(text.replace(TOKEN, "(a token)"));
}
