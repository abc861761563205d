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

/** In base64url, or a dot. */
const FIRST_OF_A_TOKEN = /[A-Za-z0-9_.-]/;

/**
 * All tokens of a request, wherever the filter looks. Each of them must be good: otherwise what stands behind could take
 * the bad one for the one that was checked.
 * https://github.com/envoyproxy/envoy/blob/main/source/extensions/filters/http/jwt_authn/extractor.cc
 */
export function findTokens(
  { headers, url }: HttpRequest,
  { headers: wanted, params }: Locations,
): FoundToken[] {
  const inHeaders = wanted.flatMap(({ name, prefix }) =>
    headers
      .filter(([key]) => key.toLowerCase() === name.toLowerCase())
      .map(([, value]) => behind(prefix, value.replace(/^[ \t]+|[ \t]+$/g, "")))
      .filter((token) => token !== undefined)
      .map((token) => ({ token, header: name.toLowerCase() })),
  );
  const query = new URL(url).searchParams;
  const inQuery = params.flatMap((name) => {
    const token = query.get(name);
    return token === null ? [] : [{ token, header: undefined }];
  });
  return [...inHeaders, ...inQuery];
}

/** The prefix may stand anywhere, and what cannot begin a token is passed over: Envoy is that generous. */
function behind(prefix: string, value: string): string | undefined {
  if (prefix === "") return value;
  const at = value.indexOf(prefix);
  if (at < 0) return undefined;
  const rest = value.slice(at + prefix.length);
  const start = rest.search(FIRST_OF_A_TOKEN);
  return start < 0 ? value : rest.slice(start);
}
