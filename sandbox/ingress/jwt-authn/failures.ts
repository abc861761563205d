/** Why Envoy's jwt_authn filter, or what is built on it (ESPv2, Istio), does not take a token. */
export type JwtFailure =
  | "missing"
  | "bad format"
  | "header not base64url"
  | "header not JSON"
  | "no algorithm"
  | "algorithm not supported"
  | "key id not a string"
  | "payload not base64url"
  | "payload not JSON"
  | "issuer not a string"
  | "subject not a string"
  | "issue time not an integer"
  | "issue time not positive"
  | "start not an integer"
  | "start not positive"
  | "expiry not an integer"
  | "expiry not positive"
  | "id not a string"
  | "audience not a string"
  | "signature not base64url"
  | "unknown issuer"
  | "not yet valid"
  | "expired"
  | "audience not allowed"
  | "keys not fetched"
  | "no valid key"
  | "no matching key"
  | "bad signature";

/**
 * The body of the answer to each.
 * https://github.com/google/jwt_verify_lib/blob/master/src/status.cc
 */
export const MESSAGES: Readonly<Record<JwtFailure, string>> = {
  missing: "Jwt is missing",
  "bad format": "Jwt is not in the form of Header.Payload.Signature with two dots and 3 sections",
  "header not base64url": "Jwt header is an invalid Base64url encoded",
  "header not JSON": "Jwt header is an invalid JSON",
  "no algorithm": "Jwt header [alg] field is required and must be a string",
  "algorithm not supported": "Jwt header [alg] is not supported",
  "key id not a string": "Jwt header [kid] field is not a string",
  "payload not base64url": "Jwt payload is an invalid Base64url encoded",
  "payload not JSON": "Jwt payload is an invalid JSON",
  "issuer not a string": "Jwt payload [iss] field is not a string",
  "subject not a string": "Jwt payload [sub] field is not a string",
  "issue time not an integer": "Jwt payload [iat] field is not an integer",
  "issue time not positive": "Jwt payload [iat] field is not a positive integer",
  "start not an integer": "Jwt payload [nbf] field is not an integer",
  "start not positive": "Jwt payload [nbf] field is not a positive integer",
  "expiry not an integer": "Jwt payload [exp] field is not an integer",
  "expiry not positive": "Jwt payload [exp] field is not a positive integer",
  "id not a string": "Jwt payload [jti] field is not a string",
  "audience not a string": "Jwt payload [aud] field is not a string or string list",
  "signature not base64url": "Jwt signature is an invalid Base64url encoded",
  "unknown issuer": "Jwt issuer is not configured",
  "not yet valid": "Jwt not yet valid",
  expired: "Jwt is expired",
  "audience not allowed": "Audiences in Jwt are not allowed",
  "keys not fetched": "Jwks remote fetch is failed",
  "no valid key": "Jwks doesn't have any valid public key",
  "no matching key": "Jwks doesn't have key to match kid or alg from Jwt",
  "bad signature": "Jwt verification fails",
};

/**
 * The audience alone is a matter of permission.
 * https://github.com/envoyproxy/envoy/blob/main/source/extensions/filters/http/jwt_authn/filter.cc
 */
export function statusOf(failure: JwtFailure): 401 | 403 {
  return failure === "audience not allowed" ? 403 : 401;
}

/** Envoy shows no more than so much of the path. */
const LONGEST_PATH = 256;

/** The WWW-Authenticate header of a refusal, as in the same file. `url` is the address as the client asked for it. */
export function challenge(url: string, failure: JwtFailure): string {
  const { protocol, host, pathname, search } = new URL(url);
  const realm = `${protocol}//${host}${`${pathname}${search}`.slice(0, LONGEST_PATH)}`;
  return `Bearer realm="${realm}"${failure === "missing" ? "" : ', error="invalid_token"'}`;
}
