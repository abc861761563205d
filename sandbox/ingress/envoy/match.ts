import { own } from "../../cloud/own";
import type {
  HeaderMatcher,
  MetadataMatcher,
  RouteMatch,
  StringMatcher,
  ValueMatcher,
} from "./matchers-schema";

/** A request as the filters of one chain see it, one after the other. */
export interface Exchange {
  method: string;
  host: string;
  /** Without its query. */
  path: string;
  /** With its question mark; empty if there is none. */
  query: string;
  headers: readonly (readonly [string, string])[];
  /** What filters leave for those behind them, by filter. */
  metadata: Record<string, Record<string, unknown>>;
}

export function matchesString(matcher: StringMatcher, text: string): boolean {
  const fold = (value: string): string => (matcher.ignore_case === true ? value.toLowerCase() : value);
  const value = fold(text);
  const { exact, prefix, suffix, contains, safe_regex: pattern } = matcher;
  if (exact !== undefined) return value === fold(exact);
  if (prefix !== undefined) return value.startsWith(fold(prefix));
  if (suffix !== undefined) return value.endsWith(fold(suffix));
  if (contains !== undefined) return value.includes(fold(contains));
  // Case is no matter of a pattern.
  return pattern !== undefined && isWhole(pattern.regex, text);
}

function isWhole(regex: string, text: string): boolean {
  return new RegExp(`^(?:${regex})$`, "u").test(text);
}

/** `undefined`: nothing is there, which no matcher but that for absence takes. */
function matchesValue(matcher: ValueMatcher, value: unknown): boolean {
  const {
    string_match: text,
    bool_match: flag,
    present_match: present,
    list_match: list,
    or_match: or,
  } = matcher;
  if (text !== undefined) return typeof value === "string" && matchesString(text, value);
  if (flag !== undefined) return value === flag;
  if (present !== undefined) return (value !== undefined) === present;
  if (list?.one_of !== undefined) {
    const one = list.one_of;
    return Array.isArray(value) && value.some((each) => matchesValue(one, each));
  }
  return or?.value_matchers.some((each) => matchesValue(each, value)) ?? false;
}

export function matchesMetadata(
  { filter, path, value, invert }: MetadataMatcher,
  { metadata }: Exchange,
): boolean {
  const found = path.reduce<unknown>((inner, { key }) => propertyOf(inner, key), metadata[filter]);
  return matchesValue(value, found) !== (invert === true);
}

function propertyOf(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null ? own(value as Record<string, unknown>, key) : undefined;
}

export function matchesHeader(
  { name = "", string_match: text, present_match: present }: HeaderMatcher,
  exchange: Exchange,
): boolean {
  const value = headerOf(exchange, name.toLowerCase());
  return text === undefined
    ? (value !== undefined) === present
    : value !== undefined && matchesString(text, value);
}

/** `:path` has the query too. https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/rbac/v3/rbac.proto, `header` */
function headerOf({ method, host, path, query, headers }: Exchange, name: string): string | undefined {
  if (name === ":method") return method;
  if (name === ":authority") return host;
  if (name === ":path") return `${path}${query}`;
  const values = headers.filter(([key]) => key.toLowerCase() === name).map(([, value]) => value);
  return values.length > 0 ? values.join(",") : undefined;
}

/** https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/route/v3/route_components.proto#config-route-v3-routematch */
export function matchesRoute(match: RouteMatch, { path: asked }: Exchange): boolean {
  const fold = (value: string): string => (match.case_sensitive === false ? value.toLowerCase() : value);
  const path = fold(asked);
  const { prefix, path: whole, path_separated_prefix: part, safe_regex: pattern } = match;
  if (prefix !== undefined) return path.startsWith(fold(prefix));
  if (whole !== undefined) return path === fold(whole);
  if (part !== undefined) return path === fold(part) || path.startsWith(`${fold(part)}/`);
  return pattern !== undefined && isWhole(pattern.regex, asked);
}
