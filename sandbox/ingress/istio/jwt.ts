import {
  JWT_FILTER,
  type EnvoyProvider,
  type JwtAuthentication,
  type Requirement,
} from "../envoy/filters-schema";
import type { KeysOf } from "../envoy/jwt-filter";
import { ISSUER } from "../../cloud/tokens/claims";
import { GOOGLE_KEYS } from "../jwt-authn/keys";
import type { JwtRule } from "../../cloud/resources/istio-manifests";

/** Where Istio keeps the claims of a token. */
export const PAYLOAD = "payload";

/**
 * The rules as Istio hands them to its proxies: a token is good by one of them, or there is none. Empty audiences stay empty,
 * which means any.
 * https://github.com/istio/istio/blob/master/pilot/pkg/security/authn/policy_applier.go
 */
export function toJwtFilter(rules: readonly JwtRule[]): JwtAuthentication | undefined {
  if (rules.length === 0) return undefined;
  const providers = Object.fromEntries(rules.map((rule, i) => [`origins-${i}`, providerOf(rule)]));
  const named = Object.keys(providers).map((name): Requirement => ({ provider_name: name }));
  return {
    "@type": JWT_FILTER,
    providers,
    rules: [{ match: { prefix: "/" }, requires: requirementOf(named) }],
    bypass_cors_preflight: true,
  };
}

function requirementOf(named: readonly Requirement[]): Requirement {
  const orMissing = named.map((each): Requirement => ({
    requires_any: { requirements: [each, { allow_missing: {} }] },
  }));
  const [only] = orMissing;
  if (only !== undefined && orMissing.length === 1) return only;
  return { requires_any: { requirements: [...named, { requires_all: { requirements: orMissing } }] } };
}

function providerOf(rule: JwtRule): EnvoyProvider {
  return {
    issuer: rule.issuer,
    audiences: rule.audiences ?? [],
    forward: rule.forwardOriginalToken ?? false,
    from_headers: rule.fromHeaders?.map(({ name, prefix = "" }) => ({ name, value_prefix: prefix })),
    from_params: rule.fromParams,
    payload_in_metadata: PAYLOAD,
    ...keysOfRule(rule),
  };
}

function keysOfRule({ issuer, jwks, jwksUri }: JwtRule): Pick<EnvoyProvider, "remote_jwks" | "local_jwks"> {
  if (jwks !== undefined) return { local_jwks: { inline_string: jwks } };
  // Without an address, Istio asks the issuer's discovery document, and this one's is known.
  const uri = jwksUri ?? (issuer === ISSUER ? GOOGLE_KEYS : `${issuer}/.well-known/openid-configuration`);
  return { remote_jwks: { http_uri: { uri, cluster: "istiod", timeout: "5s" } } };
}

/** Istio's control plane fetches the keys itself. */
export const keysOf: KeysOf = ({ remote_jwks: remote, local_jwks: local }) =>
  local === undefined ? { uri: remote?.http_uri.uri ?? "" } : { document: local.inline_string };
