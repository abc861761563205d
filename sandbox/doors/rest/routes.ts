import { CloudError } from "../../cloud/errors";
import type { Api, Handler } from "./api";

interface Route {
  readonly method: string;
  readonly path: RegExp;
  readonly names: readonly string[];
  readonly api: Api;
  readonly handler: Handler;
}

export interface Match {
  readonly api: Api;
  readonly handler: Handler;
  readonly params: Readonly<Record<string, string>>;
}

/** Finds who answers. Paths of different services do not meet, as each begins with another collection. */
export class Routes {
  readonly #routes: readonly Route[];

  constructor(apis: readonly Api[]) {
    this.#routes = apis.flatMap((api) =>
      Object.entries(api.routes).map(([route, handler]) => parse(route, api, handler)),
    );
  }

  /** Throws UNIMPLEMENTED, with what there is instead, when nobody does. */
  find(method: string, pathname: string): Match {
    const atPath = this.#routes.filter(({ path }) => path.test(pathname));
    const route = atPath.find((each) => each.method === method);
    if (route === undefined) throw unmodelled(method, pathname, atPath);
    const values = route.path.exec(pathname)?.slice(1) ?? [];
    const params = Object.fromEntries(route.names.map((name, i) => [name, decoded(values[i] ?? "")]));
    return { api: route.api, handler: route.handler, params };
  }
}

function parse(route: string, api: Api, handler: Handler): Route {
  const [method = "", template = ""] = route.split(" ");
  const names = [...template.matchAll(/\{(\w+)\}/g)].map(([, name = ""]) => name);
  const parts = template.split(/\{\w+\}/).map((part) => part.replace(/[.*+?^$()|[\]\\]/g, "\\$&"));
  // A colon begins the name of a method.
  return { method, path: new RegExp(`^${parts.join("([^/:]+)")}$`), names, api, handler };
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw new CloudError("INVALID_ARGUMENT", `"${segment}" in the path is not percent-encoded text.`);
  }
}

function unmodelled(method: string, pathname: string, atPath: readonly Route[]): CloudError {
  const other = [...new Set(atPath.map((route) => `${route.method} (${route.api.name})`))].join(", ");
  const instead = other === "" ? "Nothing is modelled at this path" : `Modelled at this path: ${other}`;
  return new CloudError(
    "UNIMPLEMENTED",
    `The sandbox does not model ${method} ${pathname}. ${instead}; what Google would answer is not known here.`,
  );
}
