import type { HttpRequest } from "./http";

/** The header with which a caller leaves Authorization to the application. */
const OWN_HEADER = "X-Serverless-Authorization";

export type Credentials =
  /** `empty`: a header is there, and there is nothing in it. */
  | { kind: "none"; empty: boolean }
  | { kind: "bearer"; header: string; token: string }
  | { kind: "several"; header: string }
  /** `scheme`: empty if none that could be shown stands before something else. */
  | { kind: "other scheme"; header: string; scheme: string };

/** What a scheme looks like. A token or a password that stands there by itself does not, and must not be shown. */
const SCHEME = /^[A-Za-z-]{1,16}$/;

/**
 * What a request brings along for the gate. X-Serverless-Authorization is looked at instead of Authorization when both
 * are there, and one Authorization more is too many all the same.
 * https://docs.cloud.google.com/run/docs/authenticating/service-to-service, https://docs.cloud.google.com/run/docs/troubleshooting
 */
export function credentials(headers: HttpRequest["headers"]): Credentials {
  const [own, usual] = [valuesOf(headers, OWN_HEADER), valuesOf(headers, "Authorization")];
  return own.length > 0 && usual.length <= 1 ? read(OWN_HEADER, own) : read("Authorization", usual);
}

/**
 * The same for IAP: Proxy-Authorization leaves Authorization to the application.
 * https://docs.cloud.google.com/iap/docs/authentication-howto
 */
export function iapCredentials(headers: HttpRequest["headers"]): Credentials {
  const proxy = valuesOf(headers, "Proxy-Authorization");
  return proxy.length > 0
    ? read("Proxy-Authorization", proxy)
    : read("Authorization", valuesOf(headers, "Authorization"));
}

function read(header: string, values: readonly string[]): Credentials {
  const [value, ...others] = values;
  if (value === undefined) return { kind: "none", empty: false };
  // Several headers, or several tokens in one: 401. https://docs.cloud.google.com/run/docs/troubleshooting
  if (others.length > 0) return { kind: "several", header };
  const [scheme = "", token, ...more] = value.split(/[ \t]+/);
  if (scheme === "") return { kind: "none", empty: true };
  if (scheme.toLowerCase() !== "bearer") {
    const shown = token !== undefined && SCHEME.test(scheme);
    return { kind: "other scheme", header, scheme: shown ? scheme : "" };
  }
  if (token === undefined) return { kind: "none", empty: true };
  return more.length > 0 || token.includes(",")
    ? { kind: "several", header }
    : { kind: "bearer", header, token };
}

function valuesOf(headers: HttpRequest["headers"], name: string): string[] {
  return (
    headers
      .filter(([key]) => key.toLowerCase() === name.toLowerCase())
      // Blanks around a value are no part of it; any other white space is, and makes it invalid.
      .map(([, value]) => value.replace(/^[ \t]+|[ \t]+$/g, ""))
  );
}
