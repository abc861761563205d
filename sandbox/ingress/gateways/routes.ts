import type { ApiBackend, ServiceConfig } from "../../cloud/openapi/service-config";
import { bySpecificity, matches } from "../../cloud/openapi/templates";

/** What becomes of a request by its path and method alone. */
export type Route =
  | { kind: "method"; providers: readonly string[]; backend: ApiBackend; name: string }
  | { kind: "wrong method"; template: string }
  | { kind: "none" };

/**
 * The most exact template decides; its methods are all that it has.
 * github.com/GoogleCloudPlatform/esp-v2, src/go/util/httppattern/sort.go; what `x-google-allow: all` lets through:
 * https://docs.cloud.google.com/endpoints/docs/openapi/openapi-extensions#x-google-allow
 */
export function routeOf({ methods, everythingElse }: ServiceConfig, method: string, path: string): Route {
  const fitting = methods
    .filter(({ template }) => matches(template, path))
    .sort((a, b) => bySpecificity(a.template, b.template));
  const found = fitting.find((each) => each.method === method);
  if (found !== undefined) {
    const { providers, backend, template } = found;
    return { kind: "method", providers, backend, name: `${method} ${template.text}` };
  }
  if (everythingElse !== undefined) {
    return { kind: "method", providers: [], backend: everythingElse, name: "x-google-allow: all" };
  }
  const [first] = fitting;
  return first === undefined ? { kind: "none" } : { kind: "wrong method", template: first.template.text };
}
