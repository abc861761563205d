import { pathOf, withPath } from "../envoy/paths";
import type { HttpRequest } from "../http";
import type { Proxy } from "./proxy";

/** https://github.com/GoogleCloudPlatform/esp-v2/blob/master/src/envoy/utils/http_header_utils.cc */
const OVERRIDE = "x-http-method-override";

/**
 * The request as a proxy routes it and hands it on: with its path made normal, and with the method that the override names,
 * which the first filter puts in place of the other before a route is looked for.
 * https://github.com/GoogleCloudPlatform/esp-v2/blob/master/src/envoy/http/header_sanitizer/filter.cc; what a path is made
 * into by default: https://github.com/GoogleCloudPlatform/esp-v2/blob/master/docker/generic/start_proxy.py, below
 * --disable_normalize_path and --disable_merge_slashes_in_path
 */
export function sanitized(request: HttpRequest, { mergesSlashes }: Proxy): HttpRequest {
  const { url, headers } = request;
  const path = pathOf(url, { normalize_path: true, merge_slashes: mergesSlashes }) ?? "/";
  return {
    ...request,
    method: headers.find(([name]) => isOverride(name))?.[1] ?? request.method,
    url: withPath(url, path),
    headers: headers.filter(([name]) => !isOverride(name)),
  };
}

function isOverride(name: string): boolean {
  return name.toLowerCase() === OVERRIDE;
}
