import { z } from "zod/mini";
import {
  exactlyOne,
  headerMatcher,
  metadataMatcher,
  routeMatch,
  some,
  stringMatcher,
} from "./matchers-schema";
import type { HeaderMatcher, MetadataMatcher, StringMatcher } from "./matchers-schema";

const text = z.string().check(z.minLength(1));
const duration = z.string().check(z.regex(/^\d+(\.\d+)?s$/));
const anything = z.strictObject({});

/** https://www.envoyproxy.io/docs/envoy/latest/api-v3/extensions/filters/http/jwt_authn/v3/config.proto */
const jwtProvider = exactlyOne(
  {
    remote_jwks: z.strictObject({
      http_uri: z.strictObject({ uri: text, cluster: text, timeout: duration }),
      cache_duration: z.optional(duration),
      async_fetch: z.optional(z.strictObject({ fast_listener: z.optional(z.boolean()) })),
    }),
    local_jwks: z.strictObject({ inline_string: text }),
  },
  {
    issuer: z.string(),
    audiences: z.array(z.string()),
    forward: z.boolean(),
    from_headers: z.array(z.strictObject({ name: text, value_prefix: z.optional(z.string()) })),
    from_params: z.array(text),
    payload_in_metadata: text,
    clock_skew_seconds: z.int().check(z.nonnegative()),
  },
);
export type EnvoyProvider = z.output<typeof jwtProvider>;

export interface Requirement {
  provider_name?: string | undefined;
  provider_and_audiences?: { provider_name: string; audiences: string[] } | undefined;
  requires_any?: { requirements: Requirement[] } | undefined;
  requires_all?: { requirements: Requirement[] } | undefined;
  allow_missing?: object | undefined;
  allow_missing_or_failed?: object | undefined;
}
const requirement: z.ZodMiniType<Requirement> = exactlyOne({
  provider_name: text,
  provider_and_audiences: z.strictObject({ provider_name: text, audiences: z.array(z.string()) }),
  requires_any: z.strictObject({
    requirements: some(
      z.lazy(() => requirement),
      2,
    ),
  }),
  requires_all: z.strictObject({
    requirements: some(
      z.lazy(() => requirement),
      2,
    ),
  }),
  allow_missing: anything,
  allow_missing_or_failed: anything,
});

export const JWT_FILTER = "type.googleapis.com/envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication";
export const jwtAuthentication = z.strictObject({
  "@type": z.literal(JWT_FILTER),
  providers: z.record(z.string(), jwtProvider),
  rules: z._default(
    z.array(
      z
        .strictObject({
          match: routeMatch,
          requires: z.optional(requirement),
          requirement_name: z.optional(text),
        })
        .check(
          z.refine(({ requires, requirement_name: name }) => requires === undefined || name === undefined, {
            error: "must not have both requires and requirement_name",
          }),
        ),
    ),
    [],
  ),
  requirement_map: z.optional(z.record(z.string(), requirement)),
  bypass_cors_preflight: z.optional(z.boolean()),
});
export type JwtAuthentication = z.output<typeof jwtAuthentication>;

/** Permissions and principals alike: only their combinations are called otherwise. */
export interface Condition {
  any?: true | undefined;
  header?: HeaderMatcher | undefined;
  url_path?: { path: StringMatcher } | undefined;
  metadata?: MetadataMatcher | undefined;
  and_rules?: { rules: Condition[] } | undefined;
  or_rules?: { rules: Condition[] } | undefined;
  not_rule?: Condition | undefined;
  and_ids?: { ids: Condition[] } | undefined;
  or_ids?: { ids: Condition[] } | undefined;
  not_id?: Condition | undefined;
}

const leaves = {
  any: z.literal(true),
  header: headerMatcher,
  url_path: z.strictObject({ path: stringMatcher }),
  metadata: metadataMatcher,
};

/** https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/rbac/v3/rbac.proto */
const permission: z.ZodMiniType<Condition> = exactlyOne({
  ...leaves,
  and_rules: z.strictObject({ rules: some(z.lazy(() => permission)) }),
  or_rules: z.strictObject({ rules: some(z.lazy(() => permission)) }),
  not_rule: z.lazy(() => permission),
});

const principal: z.ZodMiniType<Condition> = exactlyOne({
  ...leaves,
  and_ids: z.strictObject({ ids: some(z.lazy(() => principal)) }),
  or_ids: z.strictObject({ ids: some(z.lazy(() => principal)) }),
  not_id: z.lazy(() => principal),
});

const rules = z.strictObject({
  action: z._default(z.enum(["ALLOW", "DENY"]), "ALLOW"),
  policies: z._default(
    z.record(z.string(), z.strictObject({ permissions: some(permission), principals: some(principal) })),
    {},
  ),
});
export type RbacRules = z.output<typeof rules>;

export const RBAC_FILTER = "type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC";
export const rbac = z.strictObject({ "@type": z.literal(RBAC_FILTER), rules: z.optional(rules) });
