import type { Condition, RbacRules } from "../envoy/filters-schema";
import { JWT_NAMESPACE } from "../envoy/jwt-filter";
import type { StringMatcher, ValueMatcher } from "../envoy/matchers-schema";
import { PAYLOAD } from "./jwt";
import type { AuthorizationPolicy, Rule } from "../../cloud/resources/istio-manifests";

/**
 * The policies of one action as Istio hands them to its proxies; undefined: there are none, and nobody is asked.
 * https://github.com/istio/istio/blob/master/pilot/pkg/security/authz/builder/builder.go
 */
export function toRbac(
  policies: readonly AuthorizationPolicy[],
  action: "ALLOW" | "DENY",
): RbacRules | undefined {
  const own = policies.filter(({ spec }) => spec.action === action);
  if (own.length === 0) return undefined;
  const entries = own.flatMap(({ metadata, spec }) =>
    spec.rules.map((rule, i) => [`${metadata.namespace}/${metadata.name}[${i}]`, policyOf(rule)] as const),
  );
  return { action, policies: Object.fromEntries(entries) };
}

/** https://github.com/istio/istio/blob/master/pilot/pkg/security/authz/model/model.go */
function policyOf({ from, to, when = [] }: Rule): { permissions: Condition[]; principals: Condition[] } {
  const always = when.flatMap(({ key, values, notValues }) =>
    both(values, notValues, (each) => whenOf(key, each)),
  );
  const sources = from?.map(({ source: { requestPrincipals, notRequestPrincipals } }) => [
    ...both(requestPrincipals, notRequestPrincipals, principalsOf),
    ...always,
  ]) ?? [always];
  const operations = to?.map(({ operation: o }) => [
    ...both(o.methods, o.notMethods, methodsOf),
    ...both(o.paths, o.notPaths, pathsOf),
  ]) ?? [[]];
  return { principals: sources.map(allIds), permissions: operations.map(allRules) };
}

type Values = readonly string[] | undefined;

function both(values: Values, notValues: Values, of: (values: readonly string[]) => Condition): Condition[] {
  return [
    ...(values === undefined ? [] : [of(values)]),
    ...(notValues === undefined ? [] : [{ not_id: of(notValues) }]),
  ];
}

function allIds(ids: Condition[]): Condition {
  return ids.length === 0 ? { any: true } : { and_ids: { ids } };
}

function allRules(rules: Condition[]): Condition {
  return rules.length === 0 ? { any: true } : { and_rules: { rules } };
}

function whenOf(key: string, values: readonly string[]): Condition {
  if (key === "request.auth.principal") return principalsOf(values);
  if (key === "request.auth.audiences") return claimOf(["aud"], values);
  if (key === "request.auth.presenter") return claimOf(["azp"], values);
  const names = [...key.matchAll(/\[([^[\]]+)\]/g)].map(([, name]) => name ?? "");
  return key.startsWith("request.auth.claims") ? claimOf(names, values) : headersOf(names[0] ?? "", values);
}

/** Issuer and subject, parted at the last slash, since an issuer has slashes of its own. */
function principalsOf(values: readonly string[]): Condition {
  return { or_ids: { ids: values.map(principalOf) } };
}

function principalOf(value: string): Condition {
  const at = value.lastIndexOf("/");
  const isWhole = at >= 0;
  const issuer = isWhole ? value.slice(0, at) : value;
  const subject = isWhole ? value.slice(at + 1) : "";
  if (value === "*") return issuerAndSubject(ANY, ANY);
  if (value.startsWith("*")) {
    return isWhole
      ? issuerAndSubject(wildcard(issuer), { exact: subject })
      : issuerAndSubject(ANY, wildcard(value));
  }
  if (value.endsWith("*")) {
    return isWhole
      ? issuerAndSubject({ exact: issuer }, wildcard(subject))
      : issuerAndSubject(wildcard(issuer), ANY);
  }
  return issuerAndSubject({ exact: issuer }, { exact: subject });
}

function issuerAndSubject(issuer: StringMatcher, subject: StringMatcher): Condition {
  return {
    and_ids: {
      ids: [metadata(["iss"], { string_match: issuer }), metadata(["sub"], { string_match: subject })],
    },
  };
}

/** A claim counts when it is a text or a list of texts, and is passed over when it is anything else, a boolean too. */
function claimOf(names: readonly string[], values: readonly string[]): Condition {
  const texts = values.map((value): ValueMatcher => ({ string_match: wildcard(value) }));
  const one: ValueMatcher = { or_match: { value_matchers: texts } };
  return metadata(names, { or_match: { value_matchers: [{ list_match: { one_of: one } }, one] } });
}

function metadata(names: readonly string[], value: ValueMatcher): Condition {
  const path = [PAYLOAD, ...names].map((key) => ({ key }));
  return { metadata: { filter: JWT_NAMESPACE, path, value } };
}

function headersOf(name: string, values: readonly string[]): Condition {
  return { or_ids: { ids: values.map((value) => ({ header: { name, string_match: wildcard(value) } })) } };
}

function methodsOf(values: readonly string[]): Condition {
  return headersOf(":method", values);
}

function pathsOf(values: readonly string[]): Condition {
  return { or_rules: { rules: values.map((value) => ({ url_path: { path: wildcard(value) } })) } };
}

const ANY: StringMatcher = { safe_regex: { regex: ".+" } };

/** https://github.com/istio/istio/blob/master/pilot/pkg/security/authz/matcher/string.go */
function wildcard(value: string): StringMatcher {
  if (value === "*") return ANY;
  if (value.startsWith("*")) return { suffix: value.slice(1) };
  return value.endsWith("*") ? { prefix: value.slice(0, -1) } : { exact: value };
}
