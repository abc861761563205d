import type { HttpRequest } from "./http";

/** The header with which a caller leaves Authorization to the application. */
const OWN_HEADER = "X-Serverless-Authorization";

export type Credentials =
  /** `empty`: a header is there, and there is nothing in it. */
  | { kind: "none"; empty: boolean }
  | { kind: "bearer"; header: string; token: string }
  | { kind: "several"; header: string }
  | { kind: "other scheme"; header: string; scheme: string };

/**
 * What a request brings along for the gate. X-Serverless-Authorization is looked at instead of Authorization when both
 * are there. https://docs.cloud.google.com/run/docs/authenticating/service-to-service
 */
export function credentials(headers: HttpRequest["headers"]): Credentials {
  const own = valuesOf(headers, OWN_HEADER);
  return own.length > 0 ? read(OWN_HEADER, own) : read("Authorization", valuesOf(headers, "Authorization"));
}

function read(header: string, values: readonly string[]): Credentials {
  const [value, ...more] = values;
  if (value === undefined) return { kind: "none", empty: false };
  // Several headers, or several tokens in one: 401. https://docs.cloud.google.com/run/docs/troubleshooting
  if (more.length > 0) return { kind: "several", header };
  const [scheme, ...tokens] = value.split(/[\s,]+/).filter((word) => word !== "");
  if (scheme === undefined) return { kind: "none", empty: true };
  if (scheme.toLowerCase() !== "bearer") return { kind: "other scheme", header, scheme };
  const [token, ...moreTokens] = tokens;
  if (token === undefined) return { kind: "none", empty: true };
  return moreTokens.length > 0 ? { kind: "several", header } : { kind: "bearer", header, token };
}

export function valuesOf(headers: HttpRequest["headers"], name: string): string[] {
  return headers.filter(([key]) => key.toLowerCase() === name.toLowerCase()).map(([, value]) => value.trim());
}
