/** What is said to whom is turned away. The words after `error=` are those of RFC 6750, section 3.1. */
export interface Refusal {
  readonly status: number;
  /** `error` of `WWW-Authenticate`; none where the request carries no token at all. */
  readonly error?: "invalid_request" | "invalid_token" | "insufficient_scope";
  /** For the sender: says nothing about this service that a token in hand does not tell. */
  readonly description: string;
}

const invalidToken = (description: string) => ({ status: 401, error: "invalid_token", description }) as const;

export const REFUSALS = {
  ERR_TOKEN_MISSING: { status: 401, description: "the request carries no bearer token" },
  ERR_TOKEN_SEVERAL: {
    status: 400,
    error: "invalid_request",
    description: "the request carries several tokens",
  },
  ERR_TOKEN_MALFORMED: invalidToken("the token is not a signed JWT"),
  ERR_TOKEN_ALGORITHM: invalidToken("the token is not signed with RS256"),
  ERR_TOKEN_KEY_UNKNOWN: invalidToken("the token names a key that is none of Google's"),
  ERR_TOKEN_SIGNATURE: invalidToken("the token's signature does not fit"),
  ERR_TOKEN_SIGNATURE_REMOVED: invalidToken("the token's signature was removed on the way"),
  ERR_TOKEN_CLAIMS: invalidToken("the token is not an id_token"),
  ERR_TOKEN_ISSUER: invalidToken("the token is not issued by Google"),
  ERR_TOKEN_AUDIENCE: invalidToken("the token is meant for another audience"),
  ERR_TOKEN_EARLY: invalidToken("the token is issued in the future"),
  ERR_TOKEN_EXPIRED: invalidToken("the token has expired"),
  ERR_TOKEN_LIFETIME: invalidToken("the token is valid for too long"),
  ERR_TOKEN_EMAIL: invalidToken("the token carries no verified e-mail"),
  ERR_CALLER_NOT_ALLOWED: {
    status: 403,
    error: "insufficient_scope",
    description: "the caller is not allowed",
  },
  ERR_KEYS_UNAVAILABLE: { status: 503, description: "Google's keys cannot be had at the moment" },
  ERR_PUSH_MALFORMED: { status: 400, description: "the body is not a Pub/Sub push message" },
  ERR_HEADER_MALFORMED: { status: 400, description: "a header of the source has an unexpected form" },
} as const satisfies Record<string, Refusal>;
