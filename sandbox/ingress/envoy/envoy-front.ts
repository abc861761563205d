import type { Cloud } from "../../cloud/cloud";
import type { Front, FrontAnswer } from "../front";
import { localReply } from "../front";
import type { HttpRequest } from "../http";
import { documentsIn, notModelled, readStrictly } from "../read-document";
import { bootstrap, type Bootstrap, type Manager, type VirtualHost } from "./bootstrap-schema";
import { FilterChain } from "./filter-chain";
import { keysFrom } from "./keys";
import type { Exchange } from "./match";
import { pathOf, queryOf, withPath } from "./paths";
import { routeFor } from "./routes";

const WHAT = "Envoy's bootstrap";

/** An Envoy, as its configuration says. What of that is not modelled is refused by name when it is read. */
export class EnvoyFront implements Front {
  readonly kind = "envoy";
  readonly #manager: Manager;
  readonly #chain: FilterChain;

  /** `document`: a bootstrap, as data or as YAML or JSON text. */
  constructor(document: unknown) {
    const { listeners, clusters } = read(document).static_resources;
    const manager = listeners[0]?.filter_chains[0]?.filters[0]?.typed_config;
    if (manager === undefined) throw notModelled(WHAT, "has no HTTP connection manager");
    this.#manager = manager;
    this.#chain = new FilterChain(
      WHAT,
      manager.http_filters.map(({ typed_config: config }) => config),
      keysFrom(clusters),
    );
    requireClusters(
      manager,
      clusters.map(({ name }) => name),
    );
    requireOneHost(manager.route_config.virtual_hosts);
  }

  async decide(cloud: Cloud, request: HttpRequest): Promise<FrontAnswer> {
    const tooLarge = headersTooLarge(request, this.#manager.max_request_headers_kb ?? 60);
    if (tooLarge) return no(431, "", "The headers are larger than Envoy takes");
    const path = pathOf(request.url, this.#manager);
    if (path === undefined)
      return no(400, "", "The path has an escaped slash, which Envoy is told to reject");
    const exchange: Exchange = {
      method: request.method,
      host: new URL(request.url).host,
      path,
      query: queryOf(request.url),
      headers: request.headers,
      metadata: {},
    };
    const asked = { ...request, url: withPath(request.url, path) };
    const answer = await this.#chain.decide(cloud, asked, exchange);
    if (!answer.letIn) return answer;
    const route = routeFor(this.#manager.route_config.virtual_hosts, exchange);
    if (route === undefined) return no(404, "", `No route of Envoy's takes ${path}`);
    if (route.direct_response !== undefined) {
      const { status, body } = route.direct_response;
      return no(status, body?.inline_string ?? "", "Envoy answers this path by itself");
    }
    return answer;
  }
}

function read(document: unknown): Bootstrap {
  const [only, ...more] = documentsIn(WHAT, document);
  if (more.length > 0) throw notModelled(WHAT, "is more than one document");
  return readStrictly(WHAT, bootstrap, only);
}

function requireClusters(
  { route_config: { virtual_hosts: hosts } }: Manager,
  known: readonly string[],
): void {
  const named = hosts.flatMap(({ routes }) => routes.map(({ route }) => route?.cluster));
  const missing = named.find((name) => name !== undefined && !known.includes(name));
  if (missing !== undefined)
    throw notModelled(WHAT, `a route names the cluster "${missing}", which there is not`);
}

/** https://github.com/envoyproxy/envoy/blob/main/source/common/router/config_impl.cc */
function requireOneHost(hosts: readonly VirtualHost[]): void {
  const name = repeated(hosts.map((host) => host.name));
  if (name !== undefined)
    throw notModelled(WHAT, `only unique names for virtual hosts are permitted: ${name}`);
  const domain = repeated(hosts.flatMap(({ domains }) => domains.map((each) => each.toLowerCase())));
  if (domain !== undefined) {
    const what = `only unique values for domains are permitted. Duplicate entry of domain ${domain}`;
    throw notModelled(WHAT, what);
  }
}

function repeated(values: readonly string[]): string | undefined {
  return values.find((value, index) => values.indexOf(value) < index);
}

function headersTooLarge({ headers }: HttpRequest, kilobytes: number): boolean {
  const size = headers.reduce((sum, [name, value]) => sum + name.length + value.length, 0);
  return size > kilobytes * 1024;
}

function no(status: number, body: string, reason: string): FrontAnswer {
  return { letIn: false, response: localReply(status, body), reason };
}
