import type { Condition, RbacRules } from "./filters-schema";
import { matchesHeader, matchesMetadata, matchesString, type Exchange } from "./match";

export interface RbacDecision {
  allowed: boolean;
  /** The policy that matched. */
  policy: string | undefined;
}

/** https://github.com/envoyproxy/envoy/blob/main/source/extensions/filters/http/rbac/rbac_filter.cc */
export const RBAC_DENIED = { status: 403, body: "RBAC: access denied" };

/**
 * ALLOW lets in what one policy matches, DENY what none does.
 * https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/rbac/v3/rbac.proto
 */
export function decideRbac({ action, policies }: RbacRules, exchange: Exchange): RbacDecision {
  const policy = Object.entries(policies).find(
    ([, { permissions, principals }]) =>
      permissions.some((each) => holds(each, exchange)) && principals.some((each) => holds(each, exchange)),
  )?.[0];
  return { allowed: (policy !== undefined) === (action === "ALLOW"), policy };
}

function holds(condition: Condition, exchange: Exchange): boolean {
  const { any, header, url_path: url, metadata, ...combined } = condition;
  if (any !== undefined) return true;
  if (header !== undefined) return matchesHeader(header, exchange);
  if (url !== undefined) return matchesString(url.path, exchange.path);
  if (metadata !== undefined) return matchesMetadata(metadata, exchange);
  const and = combined.and_rules?.rules ?? combined.and_ids?.ids;
  if (and !== undefined) return and.every((each) => holds(each, exchange));
  const or = combined.or_rules?.rules ?? combined.or_ids?.ids;
  if (or !== undefined) return or.some((each) => holds(each, exchange));
  const not = combined.not_rule ?? combined.not_id;
  return not !== undefined && !holds(not, exchange);
}
