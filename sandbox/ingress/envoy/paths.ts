import type { Manager } from "./bootstrap-schema";

type PathSettings = Pick<Manager, "normalize_path" | "merge_slashes" | "path_with_escaped_slashes_action">;

/**
 * The path as filters, routes and the application see it, without its query; undefined: the request is rejected. Normal is
 * what RFC 3986 calls so, but for the case of what stays escaped: `/%61/../b` is `/b`, and `/%61` is `/a`.
 * https://www.envoyproxy.io/docs/envoy/latest/api-v3/extensions/filters/network/http_connection_manager/v3/http_connection_manager.proto,
 * normalize_path; https://www.envoyproxy.io/docs/envoy/latest/configuration/best_practices/edge
 */
export function pathOf(url: string, settings: PathSettings): string | undefined {
  const raw = rawPath(url);
  if (settings.path_with_escaped_slashes_action === "REJECT_REQUEST" && /%2f|%5c/i.test(raw))
    return undefined;
  const normal =
    settings.normalize_path === true ? new URL(`https://host.invalid${unescaped(raw)}`).pathname : raw;
  return settings.merge_slashes === true ? normal.replace(/\/{2,}/g, "/") : normal;
}

/** The address with another path, its query as it was sent. */
export function withPath(url: string, path: string): string {
  return url.replace(/^([a-z]+:\/\/[^/?#]*)[^?#]*/i, (_, origin: string) => `${origin}${path}`);
}

/** The query with its question mark, as it was sent. */
export function queryOf(url: string): string {
  return /^[^?#]*(\?[^#]*)?/.exec(url)?.[1] ?? "";
}

/** As it was sent: parsing an address normalizes it already. */
function rawPath(url: string): string {
  const path = /^[a-z]+:\/\/[^/?#]*([^?#]*)/i.exec(url)?.[1] ?? "";
  return path === "" ? "/" : path;
}

/** A browser's parser leaves escaped letters as they are. https://www.rfc-editor.org/rfc/rfc3986#section-2.3 */
function unescaped(path: string): string {
  return path.replace(/%([0-9a-f]{2})/gi, (escape, hex: string) => {
    const letter = String.fromCharCode(Number.parseInt(hex, 16));
    return /[A-Za-z0-9._~-]/.test(letter) ? letter : escape;
  });
}
