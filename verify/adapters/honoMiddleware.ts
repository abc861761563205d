import type { Verifier } from "../Verifier";
import type { AdapterOptions } from "./AdapterOptions";
import { RequestRefused } from "../RequestRefused";
import { admitFetch, refusedFetch } from "./admitFetch";
import { setCaller } from "./callerOf";

/** The part of Hono's context that is used. */
interface Context {
  readonly req: { readonly raw: { readonly headers: Iterable<[string, string]> } };
  /** What a handler has thrown; Hono has answered it by then. */
  readonly error: Error | undefined;
  res: Response;
}

/**
 * Middleware for Hono. A `RequestRefused` that a handler throws, as `readPubSubPush` does, is answered too.
 *
 * ```ts
 * import { Hono } from "hono";
 * import { callerOf, createVerifier } from "@automatic-oidc/verify";
 * import { honoMiddleware } from "@automatic-oidc/verify/hono";
 *
 * const verifier = createVerifier({
 *   audience: "https://orders.example.com",
 *   callers: ["nightly@my-project.iam.gserviceaccount.com"],
 * });
 * const app = new Hono();
 * app.use(honoMiddleware(verifier));
 * app.post("/", (c) => c.text(`hello, ${callerOf(c).email}`));
 * export default app;
 * ```
 */
export function honoMiddleware(
  verifier: Verifier,
  options: AdapterOptions = {},
): (context: Context, next: () => Promise<void>) => Promise<Response | undefined> {
  return async (context, next) => {
    const admitted = await admitFetch(verifier, options, context.req.raw);
    if ("answer" in admitted) return admitted.answer;
    // The context too: other middleware may put another request into it.
    setCaller(admitted.caller, context);
    await next();
    if (context.error instanceof RequestRefused) context.res = refusedFetch(context.error, options);
    return undefined;
  };
}
