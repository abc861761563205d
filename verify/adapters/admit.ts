import type { IncomingMessage, ServerResponse } from "node:http";
import type { Caller } from "../Caller";
import type { Verifier } from "../Verifier";
import type { AdapterOptions } from "./AdapterOptions";
import { setCaller } from "./callerOf";
import { refusalOf } from "./refusalOf";

/** Lets a request of Node.js in, or answers it and is undefined. */
export async function admit(
  verifier: Verifier,
  options: AdapterOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<Caller | undefined> {
  try {
    const caller = await verifier.verifyHeaders(request.rawHeaders);
    setCaller(caller, request);
    return caller;
  } catch (error) {
    refuse(error, options, response);
    return undefined;
  }
}

/** Answers a request that was turned away. Whatever else went wrong is thrown on, and what comes after an answer. */
export function refuse(error: unknown, options: AdapterOptions, response: ServerResponse): void {
  if (response.headersSent) throw error;
  const { status, headers, body } = refusalOf(error, options);
  response.writeHead(status, headers).end(body);
}
