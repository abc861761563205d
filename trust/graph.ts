import { Callers, type Caller } from "./callers";
import { readEdges, type Edge } from "./edges";
import { isEveryone, readGrants, type Grant, type ReadGrant } from "./grants";
import type { ResourceState } from "./resources";
import { readTargets, type Target } from "./targets";

export type { Caller, MintingGrant } from "./callers";
export type { Edge } from "./edges";
export type { Grant } from "./grants";
export { decidesItself } from "./targets";
export type { Gate, Target } from "./targets";

/** Who may call what, and who does. */
export interface TrustGraph {
  callers: Caller[];
  targets: Target[];
  grants: Grant[];
  edges: Edge[];
}

/**
 * Reads the trust graph from resources: a stack's, a preview's or a state file's. It looks at Google's resources alone,
 * so it does not matter what declared them. What is not known yet reads "(known after deployment)"; which target and
 * which caller is meant is then taken from the resource that the unknown value comes from.
 */
export function trustGraph(resources: readonly ResourceState[]): TrustGraph {
  const callers = new Callers(resources);
  const targets = readTargets(resources);
  const grants = readGrants(resources, targets, callers);
  markOpen(grants);
  const edges = readEdges(resources, { targets, grants, callers });
  return {
    callers: sorted(callers.used, ({ name, email }) => [name, email]),
    targets: sorted([...targets, ...externals(edges)], ({ kind, name, urn }) => [name, kind, urn ?? ""]),
    grants: sorted(
      grants.map(({ grant }) => grant),
      ({ target, role, member, urn }) => [target ?? "", role, member, urn],
    ),
    edges: sorted(
      edges.map(({ edge }) => edge),
      ({ source, url }) => [source.kind, source.name, url, source.urn],
    ),
  };
}

function markOpen(grants: readonly ReadGrant[]): void {
  for (const { grant, target } of grants) {
    if (isEveryone(grant.member) && grant.futile === undefined) target?.open.push(grant.member);
  }
}

/** One each, however many sources call it. */
function externals(edges: readonly { target: Target }[]): Target[] {
  const byName = new Map<string, Target>();
  for (const { target } of edges) {
    if (target.kind === "external" && !byName.has(target.name)) byName.set(target.name, target);
  }
  return [...byName.values()];
}

/** By code points, so that the order is the same on every machine. */
function sorted<T>(items: readonly T[], keyOf: (item: T) => string[]): T[] {
  const keyed = items.map((item) => ({ item, key: keyOf(item).join("\u0000") }));
  return keyed.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0)).map(({ item }) => item);
}
