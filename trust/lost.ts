import { readBindings, type Binding } from "./bindings";
import type { ResourceState } from "./resources";

/** A binding that a deployment takes away although one of its resources declares it. */
export interface LostBinding {
  role: string;
  member: string | undefined;
  /** What the member is read from; tells who it is while it is not known. */
  memberOrigins: readonly string[];
  /** Kind of resource that it lies on. */
  family: string;
  /** What that resource is called. */
  place: string;
  /** The resource whose deletion takes it away. */
  deleted: string;
  /** The resource that declares it still. */
  declared: string;
}

/** What a deployment starts from, and what it is meant to lead to. */
export interface Deployed {
  before: readonly ResourceState[];
  after: readonly ResourceState[];
  /** URNs of what is replaced: what was bound on the old one, or for it, says nothing of the new one. */
  replaced: ReadonlySet<string>;
}

/**
 * Bindings that nobody has after a deployment. For Google a policy is a set, so a binding that two resources declare is
 * there once; Pulumi creates first and deletes last, so deleting either of them takes it from both. It happens when a
 * grant is renamed without an alias, when grants are named after places in a list, and when one is declared twice.
 */
export function lostBindings({ before, after, replaced }: Deployed): LostBinding[] {
  const declared = readBindings(after);
  return readBindings(before).flatMap((old) => {
    const sameResource = declared.filter(({ urn }) => urn === old.urn);
    const survives = !replaced.has(old.urn) && sameResource.some((now) => isSame(old, now, replaced));
    const heir = survives ? undefined : declared.find((now) => isSame(old, now, replaced));
    return heir === undefined ? [] : [lost(old, heir)];
  });
}

function isSame(old: Binding, now: Binding, replaced: ReadonlySet<string>): boolean {
  if (old.family !== now.family || old.role !== now.role) return false;
  const members = agree(
    { value: old.member, origins: old.memberOrigins },
    { value: now.member, origins: now.memberOrigins },
    replaced,
  );
  return members && samePlace(old, now, replaced);
}

/** By all that both of them say; they must have something in common. */
function samePlace(old: Binding, now: Binding, replaced: ReadonlySet<string>): boolean {
  const shared = old.place.flatMap((part) => {
    const other = now.place.find(({ property }) => property === part.property);
    return other === undefined ? [] : [[part, other] as const];
  });
  return (
    shared.length > 0 &&
    shared.every(([part, other]) => agree(part, other, SURROUNDINGS.has(part.property) ? NOTHING : replaced))
  );
}

/** Where it lies rather than what it is: a project is the same after an API in it was switched on anew. */
const SURROUNDINGS: ReadonlySet<string> = new Set(["project", "location", "region", "zone"]);
const NOTHING: ReadonlySet<string> = new Set();

interface Read {
  value: string | undefined;
  origins: readonly string[];
}

/** By value; while one is not known, by the resources that it comes from, unless these are replaced. */
function agree(old: Read, now: Read, replaced: ReadonlySet<string>): boolean {
  if (now.origins.some((urn) => replaced.has(urn))) return false;
  if (old.value !== undefined && now.value !== undefined) return lastPart(old.value) === lastPart(now.value);
  return now.origins.length > 0 && sorted(old.origins) === sorted(now.origins);
}

/** Names come alone or as the end of a whole path. */
function lastPart(name: string): string {
  return name.split("/").pop() ?? name;
}

function sorted(urns: readonly string[]): string {
  return [...urns].sort().join("\n");
}

function lost(old: Binding, heir: Binding): LostBinding {
  const [surroundings, names] = [true, false].map((isAround) =>
    old.place
      .filter(({ property }) => SURROUNDINGS.has(property) === isAround)
      .map(({ value }) => lastPart(value ?? ""))
      .filter((part) => part !== ""),
  );
  return {
    role: old.role,
    member: old.member ?? heir.member,
    memberOrigins: heir.memberOrigins,
    family: old.family,
    place: (names?.length ? names : (surroundings ?? [])).sort().join(" "),
    deleted: old.urn,
    declared: heir.urn,
  };
}
