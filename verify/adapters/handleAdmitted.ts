import type { IncomingMessage, ServerResponse } from "node:http";
import type { Caller } from "../Caller";
import type { Verifier } from "../Verifier";
import type { AdapterOptions } from "./AdapterOptions";
import { admit, refuse } from "./admit";

/** Calls the handler for a request that may come in, and answers refusals. Whatever else goes wrong is thrown on. */
export async function handleAdmitted<Request extends IncomingMessage, Response extends ServerResponse>(
  verifier: Verifier,
  handler: (request: Request, response: Response, caller: Caller) => unknown,
  options: AdapterOptions,
  request: Request,
  response: Response,
): Promise<void> {
  const caller = await admit(verifier, options, request, response);
  if (caller === undefined) return;
  try {
    await handler(request, response, caller);
  } catch (error) {
    refuse(error, options, response);
  }
}
