import { notModelled } from "../read-document";
import type { Cluster } from "./bootstrap-schema";
import type { EnvoyProvider } from "./filters-schema";
import type { KeysOf } from "./jwt-filter";
import { matchesString } from "./match";

/** Nothing answers there. https://datatracker.ietf.org/doc/html/rfc2606 */
const NOWHERE = "https://unreachable.invalid";

/**
 * Where Envoy has a provider's keys from: the address says what to ask for, and the cluster whom. Keys that are asked of
 * somebody else, or over a connection that is not checked, are none.
 */
export function keysFrom(clusters: readonly Cluster[]): KeysOf {
  return ({ remote_jwks: remote, local_jwks: local }: EnvoyProvider) => {
    if (local !== undefined) return { document: local.inline_string };
    const { uri = NOWHERE, cluster: name = "" } = remote?.http_uri ?? {};
    const cluster = clusters.find((each) => each.name === name);
    if (cluster === undefined || !URL.canParse(uri)) return { uri: NOWHERE };
    return { uri: leadsTo(cluster, new URL(uri)) ? uri : NOWHERE };
  };
}

function leadsTo(cluster: Cluster, { host, protocol }: URL): boolean {
  const endpoints = cluster.load_assignment.endpoints.flatMap(({ lb_endpoints: all }) => all);
  const tls = cluster.transport_socket?.typed_config;
  const names = tls?.common_tls_context.validation_context.match_typed_subject_alt_names ?? [];
  return (
    protocol === "https:" &&
    cluster.type !== "STATIC" &&
    endpoints.every(({ endpoint: { address } }) => {
      const { address: name, port_value: port } = address.socket_address;
      return name === host && port === 443;
    }) &&
    (tls?.sni === undefined || tls.sni === host) &&
    names.some(({ matcher }) => matchesString(matcher, host))
  );
}

/** What Envoy itself finds wrong when it starts, beyond the form. */
export function requireProviders(
  what: string,
  known: readonly string[],
  named: readonly (string | undefined)[],
): void {
  const missing = named.find((name) => name !== undefined && !known.includes(name));
  if (missing !== undefined)
    throw notModelled(what, `a requirement names the provider "${missing}", which there is not`);
}
