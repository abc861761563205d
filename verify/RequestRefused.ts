import { REFUSALS, type Refusal } from "./refusals";

/** Stable names of all that can be wrong with a request. */
export type RefusalCode = keyof typeof REFUSALS;

/** Seconds. Long enough for the next attempt at the key server, see `remoteKeys`. */
const RETRY_AFTER = 30;

/**
 * Why a request may not come in. The message is for the operator's log; neither it nor anything else here holds the
 * token. Sent to the caller are `status`, `headers` and `description` only. Express and Fastify answer with
 * `status` and `headers` when they are handed this error.
 *
 * ```ts
 * import { createVerifier, RequestRefused } from "@automatic-oidc/verify";
 *
 * const verifier = createVerifier({
 *   audience: "https://orders.example.com",
 *   callers: ["nightly@my-project.iam.gserviceaccount.com"],
 * });
 * try {
 *   await verifier.verify("eyJ…");
 * } catch (error) {
 *   if (!(error instanceof RequestRefused)) throw error;
 *   console.warn(error.code, error.status, error.message); // ERR_TOKEN_MALFORMED 401 …
 * }
 * ```
 */
export class RequestRefused extends Error {
  override readonly name = "RequestRefused";
  readonly code: RefusalCode;
  /** The HTTP status to answer with. */
  readonly status: number;
  /** The same, under the name that Fastify and Connect look for. */
  readonly statusCode: number;
  /** `WWW-Authenticate` for what is wrong with a token or a caller, `Retry-After` for 503. */
  readonly headers: Readonly<Record<string, string>>;
  /** What the caller may read. */
  readonly description: string;

  constructor(code: RefusalCode, detail?: string, options?: ErrorOptions) {
    const refusal: Refusal = REFUSALS[code];
    super(detail === undefined ? refusal.description : `${refusal.description}: ${detail}`, options);
    this.code = code;
    this.status = this.statusCode = refusal.status;
    this.headers = headersOf(code, refusal);
    this.description = refusal.description;
  }
}

function headersOf(code: RefusalCode, { error, description }: Refusal): Record<string, string> {
  if (code === "ERR_TOKEN_MISSING") return { "WWW-Authenticate": "Bearer" };
  if (code === "ERR_KEYS_UNAVAILABLE") return { "Retry-After": String(RETRY_AFTER) };
  return error === undefined
    ? {}
    : { "WWW-Authenticate": `Bearer error="${error}", error_description="${description}"` };
}
