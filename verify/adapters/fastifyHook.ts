import type { IncomingMessage } from "node:http";
import type { Verifier } from "../Verifier";
import type { AdapterOptions } from "./AdapterOptions";
import { setCaller } from "./callerOf";
import { refusalOf } from "./refusalOf";

/** The part of Fastify's reply that is used. */
interface Reply {
  code(status: number): unknown;
  headers(headers: Record<string, string>): unknown;
  send(body: string): unknown;
}

/**
 * A hook for Fastify. As `onRequest` it comes before the body is read.
 *
 * ```ts
 * import fastify from "fastify";
 * import { callerOf, createVerifier } from "@automatic-oidc/verify";
 * import { fastifyHook } from "@automatic-oidc/verify/fastify";
 *
 * const verifier = createVerifier({
 *   audience: "https://orders.example.com",
 *   callers: ["nightly@my-project.iam.gserviceaccount.com"],
 * });
 * const app = fastify();
 * app.addHook("onRequest", fastifyHook(verifier));
 * app.post("/", (request) => `hello, ${callerOf(request).email}`);
 * await app.listen({ port: 8080 });
 * ```
 */
export function fastifyHook(
  verifier: Verifier,
  options: AdapterOptions = {},
): (request: { readonly raw: IncomingMessage }, reply: Reply) => Promise<unknown> {
  return async (request, reply) => {
    try {
      setCaller(await verifier.verifyHeaders(request.raw.rawHeaders), request, request.raw);
      return undefined;
    } catch (error) {
      const { status, headers, body } = refusalOf(error, options);
      reply.code(status);
      reply.headers(headers);
      reply.send(body);
      // Tells Fastify that the request has been answered.
      return reply;
    }
  };
}
