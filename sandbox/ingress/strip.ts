import type { HttpRequest } from "./http";

/** What stands in place of a signature. https://docs.cloud.google.com/run/docs/troubleshooting */
const NO_SIGNATURE = "SIGNATURE_REMOVED_BY_GOOGLE";

/**
 * The headers as the application sees them once the gate has used up the token in `header`: claims stay readable, but
 * nobody can send the token on.
 */
export function withoutSignature(headers: HttpRequest["headers"], header: string): HttpRequest["headers"] {
  return headers.map(([name, value]) =>
    name.toLowerCase() === header.toLowerCase() ? [name, strip(value)] : [name, value],
  );
}

function strip(value: string): string {
  return value.replace(/(\.)[^.\s]*\s*$/, `$1${NO_SIGNATURE}`);
}
