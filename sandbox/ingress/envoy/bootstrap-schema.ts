import { z } from "zod/mini";
import { jwtAuthentication, rbac } from "./filters-schema";
import { exactlyOne, routeMatch, some, stringMatcher } from "./matchers-schema";

const text = z.string().check(z.minLength(1));
const duration = z.string().check(z.regex(/^\d+(\.\d+)?s$/));

const address = z.strictObject({
  socket_address: z.strictObject({
    address: text,
    port_value: z.int().check(z.gte(0), z.lte(65_535)),
    protocol: z.optional(z.literal("TCP")),
  }),
});

const ROUTER = "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router";
const router = z.strictObject({ "@type": z.literal(ROUTER) });

const httpFilter = z.strictObject({
  name: text,
  typed_config: z.discriminatedUnion("@type", [jwtAuthentication, rbac, router]),
});
export type HttpFilterConfig = z.output<typeof httpFilter>["typed_config"];

/** https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/route/v3/route_components.proto */
const route = exactlyOne(
  {
    route: z.strictObject({ cluster: text, timeout: z.optional(duration) }),
    direct_response: z.strictObject({
      status: z.int().check(z.gte(200), z.lte(599)),
      body: z.optional(z.strictObject({ inline_string: z.string() })),
    }),
  },
  { name: z.string(), match: routeMatch },
).check(z.refine(({ match }) => match !== undefined, { error: "must have a match" }));

const virtualHost = z.strictObject({ name: text, domains: some(text), routes: z.array(route) });
export type VirtualHost = z.output<typeof virtualHost>;

/** https://www.envoyproxy.io/docs/envoy/latest/api-v3/extensions/filters/network/http_connection_manager/v3/http_connection_manager.proto */
const MANAGER =
  "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";
const manager = z.strictObject({
  "@type": z.literal(MANAGER),
  stat_prefix: text,
  codec_type: z.optional(z.enum(["AUTO", "HTTP1", "HTTP2"])),
  normalize_path: z.optional(z.boolean()),
  merge_slashes: z.optional(z.boolean()),
  path_with_escaped_slashes_action: z.optional(z.enum(["KEEP_UNCHANGED", "REJECT_REQUEST"])),
  common_http_protocol_options: z.optional(z.strictObject({ idle_timeout: z.optional(duration) })),
  max_request_headers_kb: z.optional(z.int().check(z.gte(1), z.lte(8192))),
  route_config: z.strictObject({ name: z.optional(z.string()), virtual_hosts: z.array(virtualHost) }),
  http_filters: some(httpFilter),
});
export type Manager = z.output<typeof manager>;

const listener = z.strictObject({
  name: z.optional(z.string()),
  address,
  per_connection_buffer_limit_bytes: z.optional(z.int()),
  filter_chains: onlyOne(
    z.strictObject({ filters: onlyOne(z.strictObject({ name: text, typed_config: manager })) }),
  ),
});

/** https://www.envoyproxy.io/docs/envoy/latest/api-v3/extensions/transport_sockets/tls/v3/tls.proto */
const TLS = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext";
const upstreamTls = z.strictObject({
  name: z.literal("envoy.transport_sockets.tls"),
  typed_config: z.strictObject({
    "@type": z.literal(TLS),
    sni: z.optional(text),
    common_tls_context: z.strictObject({
      validation_context: z.strictObject({
        trusted_ca: z.strictObject({ filename: text }),
        match_typed_subject_alt_names: some(
          z.strictObject({ san_type: z.literal("DNS"), matcher: stringMatcher }),
        ),
      }),
    }),
  }),
});

const cluster = z.strictObject({
  name: text,
  type: z.optional(z.enum(["STATIC", "STRICT_DNS", "LOGICAL_DNS"])),
  connect_timeout: z.optional(duration),
  dns_lookup_family: z.optional(z.enum(["AUTO", "V4_ONLY", "V6_ONLY", "V4_PREFERRED", "ALL"])),
  load_assignment: z.strictObject({
    cluster_name: text,
    endpoints: some(
      z.strictObject({ lb_endpoints: some(z.strictObject({ endpoint: z.strictObject({ address }) })) }),
    ),
  }),
  transport_socket: z.optional(upstreamTls),
});
export type Cluster = z.output<typeof cluster>;

/** https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/bootstrap/v3/bootstrap.proto */
export const bootstrap = z.strictObject({
  admin: z.optional(z.strictObject({ address })),
  static_resources: z.strictObject({ listeners: onlyOne(listener), clusters: z.array(cluster) }),
});
export type Bootstrap = z.output<typeof bootstrap>;

/** What a proxy may have several of, and a front has one of. */
function onlyOne<T extends z.core.$ZodType>(item: T) {
  return z.array(item).check(z.length(1, { error: "must have one entry, all that the sandbox models" }));
}
