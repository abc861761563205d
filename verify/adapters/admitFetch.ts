import type { Caller } from "../Caller";
import type { Verifier } from "../Verifier";
import type { AdapterOptions } from "./AdapterOptions";
import { setCaller } from "./callerOf";
import { refusalOf } from "./refusalOf";

/** Lets a request of the Fetch API in, or makes the answer to it. */
export async function admitFetch(
  verifier: Verifier,
  options: AdapterOptions,
  request: { readonly headers: Iterable<[string, string]> },
): Promise<{ caller: Caller } | { answer: Response }> {
  try {
    const caller = await verifier.verifyHeaders(request.headers);
    setCaller(caller, request);
    return { caller };
  } catch (error) {
    return { answer: refusedFetch(error, options) };
  }
}

/** The answer to a request that was turned away. Whatever else went wrong is thrown on. */
export function refusedFetch(error: unknown, options: AdapterOptions): Response {
  const { body, ...init } = refusalOf(error, options);
  return new Response(body, init);
}
