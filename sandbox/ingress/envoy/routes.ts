import type { VirtualHost } from "./bootstrap-schema";
import { matchesRoute, type Exchange } from "./match";

type Route = VirtualHost["routes"][number];

/**
 * The first route that matches, of the virtual host whose domain fits best.
 * https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/route/v3/route_components.proto#config-route-v3-virtualhost
 */
export function routeFor(hosts: readonly VirtualHost[], exchange: Exchange): Route | undefined {
  const host = exchange.host.toLowerCase();
  const best = hosts
    .flatMap((virtual) =>
      virtual.domains.map((domain) => ({ virtual, rank: rankOf(domain.toLowerCase(), host) })),
    )
    .filter(({ rank }) => rank >= 0)
    .sort((a, b) => b.rank - a.rank)[0];
  return best?.virtual.routes.find(({ match }) => match !== undefined && matchesRoute(match, exchange));
}

/**
 * To the letter, then by the longest end, then by the longest beginning, then any; below zero: not at all. An asterisk stands
 * for something, except by itself. https://github.com/envoyproxy/envoy/blob/main/source/common/router/config_impl.cc
 */
function rankOf(domain: string, host: string): number {
  if (domain === host) return 3e6;
  if (domain === "*") return 0;
  if (host.length < domain.length) return -1;
  if (domain.startsWith("*")) return host.endsWith(domain.slice(1)) ? 2e6 + domain.length : -1;
  return domain.endsWith("*") && host.startsWith(domain.slice(0, -1)) ? 1e6 + domain.length : -1;
}
