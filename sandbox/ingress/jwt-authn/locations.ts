import type { HttpRequest } from "../http";

/** Where a filter looks for tokens. */
export interface Locations {
  headers: readonly HeaderLocation[];
  /** Names of query parameters. */
  params: readonly string[];
}

interface HeaderLocation {
  name: string;
  /** What stands before the token, such as "Bearer "; empty: nothing. */
  prefix: string;
}

/** Where Envoy looks if it is told nothing. */
export const DEFAULT_LOCATIONS: Locations = {
  headers: [{ name: "authorization", prefix: "Bearer " }],
  params: ["access_token"],
};

export interface FoundToken {
  token: string;
  /** The header that it stands in, in small letters; undefined: it stands in the query. */
  header: string | undefined;
}

/** One letter of base64url or a dot, and one of anything else: whole runs of millions have left a regular expression without stack. */
const OF_A_TOKEN = /[A-Za-z0-9_.-]/;
const OF_NO_TOKEN = /[^A-Za-z0-9_.-]/;

/**
 * All tokens of a request, wherever the filter looks. Each of them must be good: otherwise what stands behind could take
 * the bad one for the one that was checked.
 * https://github.com/envoyproxy/envoy/blob/main/source/extensions/filters/http/jwt_authn/extractor.cc
 */
export function findTokens(
  { headers, url }: HttpRequest,
  { headers: wanted, params }: Locations,
): FoundToken[] {
  const inHeaders = wanted.flatMap(({ name, prefix }) => {
    const values = headers
      .filter(([key]) => key.toLowerCase() === name.toLowerCase())
      .map(([, value]) => value.replace(/^[ \t]+|[ \t]+$/g, ""));
    // A header that comes several times is one, with commas in it.
    const token = values.length === 0 ? undefined : behind(prefix, values.join(","));
    return token === undefined ? [] : [{ token, header: name.toLowerCase() }];
  });
  const query = new URL(url).searchParams;
  const inQuery = params.flatMap((name) => {
    const token = query.get(name);
    return token === null ? [] : [{ token, header: undefined }];
  });
  return [...inHeaders, ...inQuery];
}

/**
 * The prefix may stand anywhere, what cannot begin a token is passed over, and whatever comes behind one is not looked at, a
 * second token too: Envoy is that generous.
 */
function behind(prefix: string, value: string): string | undefined {
  if (prefix === "") return value;
  const at = value.indexOf(prefix);
  if (at < 0) return undefined;
  const rest = value.slice(at + prefix.length);
  const start = rest.search(OF_A_TOKEN);
  if (start < 0) return value;
  const token = rest.slice(start);
  const end = token.search(OF_NO_TOKEN);
  return end < 0 ? token : token.slice(0, end);
}
