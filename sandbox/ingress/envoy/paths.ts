import type { Manager } from "./bootstrap-schema";

type PathSettings = Pick<Manager, "normalize_path" | "merge_slashes" | "path_with_escaped_slashes_action">;

/**
 * The path as filters and routes see it, without its query; undefined: the request is rejected. Envoy normalizes with the
 * URL parser of a browser. https://www.envoyproxy.io/docs/envoy/latest/configuration/best_practices/edge
 */
export function pathOf(url: string, settings: PathSettings): string | undefined {
  const raw = rawPath(url);
  if (settings.path_with_escaped_slashes_action === "REJECT_REQUEST" && /%2f|%5c/i.test(raw))
    return undefined;
  const normal = settings.normalize_path === true ? new URL(`https://host.invalid${raw}`).pathname : raw;
  return settings.merge_slashes === true ? normal.replace(/\/{2,}/g, "/") : normal;
}

/** As it was sent: parsing an address normalizes it already. */
function rawPath(url: string): string {
  const path = /^[a-z]+:\/\/[^/?#]*([^?#]*)/i.exec(url)?.[1] ?? "";
  return path === "" ? "/" : path;
}
