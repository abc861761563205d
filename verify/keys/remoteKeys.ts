import type { Clock } from "../Clock";
import type { Fetch } from "./downloadKeys";
import type { KeySource } from "./KeySource";
import { RemoteKeySet } from "./RemoteKeySet";

/** Where the keys come from, and how. */
export interface RemoteKeysOptions {
  /** Address of the JSON Web Key Set: https, or http on this machine. Default: Google's. */
  url?: string;
  /** Fetches it. Default: the `fetch` of Node.js. */
  fetch?: Fetch;
  /** Tells the time. Default: the machine's. */
  clock?: Clock;
  /** Milliseconds after which a server that does not answer counts as out of order. Default 5000. */
  timeout?: number;
  /** Told about each failed attempt; the error never holds a token. Default: nobody is told. */
  onFailure?: (error: Error) => void;
}

/** https://accounts.google.com/.well-known/openid-configuration names it as `jwks_uri`. */
const GOOGLE = "https://www.googleapis.com/oauth2/v3/certs";

/**
 * Google's keys, fetched when the first token comes and again when they are no longer fresh (`Cache-Control`, five minutes
 * to a day, one hour if nothing is said) or when a token names a key that is not among them. At most one attempt in 30
 * seconds, whatever the tokens name. While the key server is out of order the keys stay in use, until a day after they were
 * last fetched; then, or if there never were any, tokens are refused as `ERR_KEYS_UNAVAILABLE`, with status 503.
 *
 * `createVerifier` makes one for itself. Share one between several verifiers:
 *
 * ```ts
 * import { createVerifier, remoteKeys } from "@automatic-oidc/verify";
 *
 * const keys = remoteKeys({ onFailure: (error) => console.warn(error.message) });
 * const callers = ["nightly@my-project.iam.gserviceaccount.com"];
 * const orders = createVerifier({ audience: "https://orders.example.com", callers, keys });
 * const reports = createVerifier({ audience: "https://reports.example.com", callers, keys });
 * ```
 */
export function remoteKeys(options: RemoteKeysOptions = {}): KeySource {
  const { timeout = 5000 } = options;
  if (!(timeout > 0)) throw new TypeError(`remoteKeys: timeout is ${timeout}; give milliseconds, 1 or more.`);
  return new RemoteKeySet({
    url: checkedUrl(options.url ?? GOOGLE),
    // Looked up at each call, so that whatever instruments or replaces the global one later is heeded.
    fetch: options.fetch ?? ((url, init) => fetch(url, init)),
    clock: options.clock ?? Date,
    timeout,
    onFailure: options.onFailure ?? (() => undefined),
  });
}

function checkedUrl(url: string): string {
  const { protocol, hostname } = parsed(url);
  const local = ["localhost", "127.0.0.1", "[::1]"].includes(hostname);
  if (protocol === "https:" || (protocol === "http:" && local)) return url;
  throw new TypeError(
    `remoteKeys: url ${JSON.stringify(url)} is not https; whoever is on the way could replace the keys.`,
  );
}

function parsed(url: string): URL {
  try {
    return new URL(url);
  } catch {
    throw new TypeError(`remoteKeys: url ${JSON.stringify(url)} is no address.`);
  }
}
