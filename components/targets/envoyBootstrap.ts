import type * as pulumi from "@pulumi/pulumi";
import type { PlainDocument } from "../wiring/documents";
import { GOOGLE_ISSUER, GOOGLE_JWKS_URI } from "../wiring/tokenIssuer";

/** What the documents are made of. All of it is checked already. */
export interface EnvoySettings {
  readonly audiences: readonly pulumi.Input<string>[];
  /** E-mail addresses under the callers' keys, which name the policies. */
  readonly callers: Readonly<Record<string, pulumi.Input<string>>>;
  readonly listen: { readonly address: pulumi.Input<string>; readonly port: pulumi.Input<number> };
  readonly upstream: { readonly address: pulumi.Input<string>; readonly port: pulumi.Input<number> };
  readonly forwardToken: pulumi.Input<boolean>;
  readonly trustedCa: pulumi.Input<string>;
  readonly adminPort: pulumi.Input<number> | undefined;
}

const TYPES = "type.googleapis.com/envoy.extensions";
const KEYS_HOST = new URL(GOOGLE_JWKS_URI).host;
const PROVIDER = "google";
const KEYS_CLUSTER = "google_keys";
const APPLICATION = "application";
/** Where the claims of a good token are kept for the filters behind. */
const CLAIMS = "claims";

/**
 * The filter that checks tokens: every path needs one. Only the header is looked at, since a token in an address ends up in
 * logs. https://www.envoyproxy.io/docs/envoy/latest/api-v3/extensions/filters/http/jwt_authn/v3/config.proto
 */
export function jwtFilter({ audiences, forwardToken }: EnvoySettings): PlainDocument {
  return {
    name: "envoy.filters.http.jwt_authn",
    typed_config: {
      "@type": `${TYPES}.filters.http.jwt_authn.v3.JwtAuthentication`,
      providers: {
        [PROVIDER]: {
          issuer: GOOGLE_ISSUER,
          audiences,
          remote_jwks: {
            http_uri: { uri: GOOGLE_JWKS_URI, cluster: KEYS_CLUSTER, timeout: "5s" },
            cache_duration: "600s",
          },
          from_headers: [{ name: "Authorization", value_prefix: "Bearer " }],
          forward: forwardToken,
          payload_in_metadata: CLAIMS,
        },
      },
      rules: [{ match: { prefix: "/" }, requires: { provider_name: PROVIDER } }],
    },
  };
}

/**
 * The filter that lets the callers in, and nobody else: without it, anybody who has a token for the audience gets in.
 * https://www.envoyproxy.io/docs/envoy/latest/api-v3/extensions/filters/http/rbac/v3/rbac.proto
 */
export function rbacFilter({ callers }: EnvoySettings): PlainDocument {
  const policies = Object.entries(callers).map(([key, email]) => [
    key,
    {
      permissions: [{ any: true }],
      principals: [
        {
          and_ids: {
            ids: [
              claim("email", { string_match: { exact: email } }),
              claim("email_verified", { bool_match: true }),
            ],
          },
        },
      ],
    },
  ]);
  return {
    name: "envoy.filters.http.rbac",
    typed_config: {
      "@type": `${TYPES}.filters.http.rbac.v3.RBAC`,
      rules: { action: "ALLOW", policies: Object.fromEntries(policies) as object },
    },
  };
}

function claim(name: string, value: object): object {
  const path = [{ key: CLAIMS }, { key: name }];
  return { metadata: { filter: "envoy.filters.http.jwt_authn", path, value } };
}

/**
 * Where the keys come from: over TLS, from whoever has a certificate for that very host. Without validation, whoever answers
 * in its place could sign tokens. https://www.envoyproxy.io/docs/envoy/latest/start/quick-start/securing
 */
export function keysCluster({ trustedCa }: EnvoySettings): PlainDocument {
  return {
    name: KEYS_CLUSTER,
    type: "STRICT_DNS",
    connect_timeout: "5s",
    load_assignment: endpoint(KEYS_CLUSTER, KEYS_HOST, 443),
    transport_socket: {
      name: "envoy.transport_sockets.tls",
      typed_config: {
        "@type": `${TYPES}.transport_sockets.tls.v3.UpstreamTlsContext`,
        sni: KEYS_HOST,
        common_tls_context: {
          validation_context: {
            trusted_ca: { filename: trustedCa },
            match_typed_subject_alt_names: [{ san_type: "DNS", matcher: { exact: KEYS_HOST } }],
          },
        },
      },
    },
  };
}

/** A whole configuration: one listener, one application behind it. */
export function bootstrap(settings: EnvoySettings): PlainDocument {
  const { upstream, adminPort } = settings;
  return {
    static_resources: {
      listeners: [listener(settings)],
      clusters: [
        {
          name: APPLICATION,
          type: "STRICT_DNS",
          connect_timeout: "5s",
          load_assignment: endpoint(APPLICATION, upstream.address, upstream.port),
        },
        keysCluster(settings),
      ],
    },
    // Whoever reaches this interface can stop the proxy, and read all of its settings.
    ...(adminPort !== undefined && { admin: { address: socket("127.0.0.1", adminPort) } }),
  };
}

/** https://www.envoyproxy.io/docs/envoy/latest/configuration/best_practices/edge */
function listener(settings: EnvoySettings): PlainDocument {
  return {
    name: "front",
    address: socket(settings.listen.address, settings.listen.port),
    per_connection_buffer_limit_bytes: 32_768,
    filter_chains: [
      {
        filters: [
          {
            name: "envoy.filters.network.http_connection_manager",
            typed_config: {
              "@type": `${TYPES}.filters.network.http_connection_manager.v3.HttpConnectionManager`,
              stat_prefix: "front",
              // So that filters, routes and the application see one and the same path.
              normalize_path: true,
              merge_slashes: true,
              path_with_escaped_slashes_action: "REJECT_REQUEST",
              common_http_protocol_options: { idle_timeout: "3600s" },
              route_config: routes(),
              http_filters: [
                jwtFilter(settings),
                rbacFilter(settings),
                {
                  name: "envoy.filters.http.router",
                  typed_config: { "@type": `${TYPES}.filters.http.router.v3.Router` },
                },
              ],
            },
          },
        ],
      },
    ],
  };
}

function routes(): PlainDocument {
  return {
    name: "front",
    virtual_hosts: [
      {
        name: APPLICATION,
        domains: ["*"],
        // As long as Google's sources wait for an answer; they end the call themselves.
        routes: [{ match: { prefix: "/" }, route: { cluster: APPLICATION, timeout: "1800s" } }],
      },
    ],
  };
}

function endpoint(cluster: string, address: pulumi.Input<string>, port: pulumi.Input<number>): PlainDocument {
  return {
    cluster_name: cluster,
    endpoints: [{ lb_endpoints: [{ endpoint: { address: socket(address, port) } }] }],
  };
}

function socket(address: pulumi.Input<string>, port: pulumi.Input<number>): PlainDocument {
  return { socket_address: { address, port_value: port } };
}
