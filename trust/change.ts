import type { Caller, Edge, Grant, MintingGrant, Target, TrustGraph } from "./graph";
import { isEveryone } from "./grants";

/** What became of one thing. */
export type Mark = "new" | "removed" | "altered";

/** One property of it, in words for people. */
export interface Difference {
  what:
    | "caller"
    | "target"
    | "address"
    | "audience"
    | "scope"
    | "admission"
    | "role"
    | "member"
    | "condition"
    | "effect";
  from: string;
  to: string;
}

/** One thing that is not as it was. */
export interface Change<T> {
  mark: Mark;
  /** Absent when it is new. */
  before?: T;
  /** Absent when it is removed. */
  after?: T;
  /** Empty unless it is altered. */
  differences: Difference[];
}

/** A door that anybody gets through from now on, or no longer. */
export interface PublicChange {
  mark: "opened" | "closed";
  /** The target's name; undefined when the grant lies on the project, or on something of another stack. */
  target?: string;
  on: Grant["on"];
  /** Such as `allUsers`. */
  how: string;
}

/** A binding that lets one of Google's agents make tokens for a caller. */
export interface Minting extends MintingGrant {
  caller: Pick<Caller, "name" | "email" | "urn">;
}

/** What is not as it was in who may call what. */
export interface GraphChange {
  edges: Change<Edge>[];
  grants: Change<Grant>[];
  minting: Change<Minting>[];
  public: PublicChange[];
}

/**
 * What changes from one trust graph to the next. Sources, callers and targets are the same when their URNs are, so a
 * replaced service is one target whose audience changes; a source that is renamed with an alias must be given its new
 * name in both graphs.
 */
export function graphChange(before: TrustGraph, after: TrustGraph): GraphChange {
  return {
    edges: changes(before.edges, after.edges, [({ source }) => source.urn], edgeDifferences),
    grants: changes(
      before.grants,
      after.grants,
      [
        // The same grant, whatever its resource is called; then one resource; then the same two under another role.
        (grant) => [grant.on, placeOf(grant), memberOf(grant), grant.role].join(" "),
        (grant) => grant.urn,
        (grant) => [grant.on, placeOf(grant), memberOf(grant)].join(" "),
      ],
      grantDifferences,
    ),
    minting: changes(
      mintingIn(before),
      mintingIn(after),
      [({ caller, member, role }) => [caller.urn ?? caller.email, member, role].join(" "), ({ urn }) => urn],
      mintingDifferences,
    ),
    public: publicChanges(before, after),
  };
}

/** Whether anything is not as it was. */
export function isEmpty({ edges, grants, minting, public: open }: GraphChange): boolean {
  return [edges, grants, minting, open].every((list) => list.length === 0);
}

type KeyOf<T> = (item: T) => string;

/** Pairs what was with what is by one key after another; what finds no partner was removed, or is new. */
function changes<T extends object>(
  before: readonly T[],
  after: readonly T[],
  keys: readonly KeyOf<T>[],
  differencesOf: (before: T, after: T) => Difference[],
): Change<T>[] {
  const partners = new Map<T, T>();
  const left = new Set(before);
  for (const keyOf of keys) {
    const byKey = new Map([...left].map((item) => [keyOf(item), item]));
    for (const item of after) {
      const partner = partners.has(item) ? undefined : byKey.get(keyOf(item));
      if (partner === undefined || !left.delete(partner)) continue;
      partners.set(item, partner);
    }
  }
  const kept = after.flatMap((item): Change<T>[] => {
    const partner = partners.get(item);
    if (partner === undefined) return [{ mark: "new", after: item, differences: [] }];
    const differences = differencesOf(partner, item);
    return differences.length === 0 ? [] : [{ mark: "altered", before: partner, after: item, differences }];
  });
  const removed = [...left].map((item): Change<T> => ({ mark: "removed", before: item, differences: [] }));
  return [...kept, ...removed];
}

function edgeDifferences(before: Edge, after: Edge): Difference[] {
  return differences([
    ["caller", before.caller, after.caller, before.callerUrn !== after.callerUrn],
    ["target", before.target.name, after.target.name, before.target.urn !== after.target.urn],
    ["address", before.url, after.url],
    ["audience", audienceIn(before), audienceIn(after)],
    ["scope", scopeIn(before), scopeIn(after)],
    ["admission", admissionOf(before), admissionOf(after)],
  ]);
}

function grantDifferences(before: Grant, after: Grant): Difference[] {
  return differences([
    ["role", before.role, after.role],
    ["member", before.member, after.member, before.callerUrn !== after.callerUrn],
    ["target", targetOf(before), targetOf(after), before.targetUrn !== after.targetUrn],
    ["condition", before.condition ?? "(none)", after.condition ?? "(none)"],
    ["effect", effectOf(before), effectOf(after)],
  ]);
}

function mintingDifferences(before: Minting, after: Minting): Difference[] {
  return differences([
    ["role", before.role, after.role],
    ["member", before.member, after.member],
    ["caller", before.caller.email, after.caller.email, before.caller.urn !== after.caller.urn],
  ]);
}

type Compared = readonly [what: Difference["what"], from: string, to: string, isAnother?: boolean];

function differences(compared: readonly Compared[]): Difference[] {
  return compared
    .filter(([, from, to, isAnother]) => from !== to || isAnother === true)
    .map(([what, from, to]) => ({ what, from, to }));
}

function audienceIn({ audience, scope }: Edge): string {
  return (
    audience ?? (scope === undefined ? "(Google's default: the whole address)" : "(none: an access token)")
  );
}

function scopeIn({ scope }: Edge): string {
  return scope ?? "(none: an id_token)";
}

function admissionOf({ granted, grant, decidedBy }: Edge): string {
  if (granted) return grant?.condition === undefined ? "let in" : "let in on a condition";
  return decidedBy === undefined ? "not let in" : `left to the ${decidedBy === "api" ? "API" : decidedBy}`;
}

function effectOf({ futile }: Grant): string {
  return futile === undefined ? "lets in" : `opens nothing: ${futile}`;
}

function targetOf({ target, on, place }: Grant): string {
  return target ?? place?.name ?? (on === "project" ? "the project" : "(known after deployment)");
}

function placeOf(grant: Grant): string {
  const { project = "", region = "", name = "" } = grant.place ?? {};
  return grant.targetUrn ?? `${project}/${region}/${name}`;
}

function memberOf({ callerUrn, member }: Grant): string {
  return callerUrn ?? member;
}

/** By who may, whatever order an engine happened to work in. */
function mintingIn({ callers }: TrustGraph): Minting[] {
  const found = callers.flatMap(({ minting, name, email, urn }) =>
    minting.map((grant) => ({ ...grant, caller: { name, email, urn } })),
  );
  const keyOf = ({ caller, agent, role, urn }: Minting): string => [caller.name, agent, role, urn].join("\0");
  return found.sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
}

function publicChanges(before: TrustGraph, after: TrustGraph): PublicChange[] {
  const was = doors(before);
  const is = doors(after);
  return [
    ...[...is].filter(([key]) => !was.has(key)).map(([, door]) => ({ mark: "opened" as const, ...door })),
    ...[...was].filter(([key]) => !is.has(key)).map(([, door]) => ({ mark: "closed" as const, ...door })),
  ];
}

/** Everything that anybody gets through. */
function doors({ targets, grants }: TrustGraph): Map<string, Omit<PublicChange, "mark">> {
  const ofTargets = targets.flatMap((target) => target.open.map((how) => door(target, how)));
  const elsewhere = grants
    .filter(({ targetUrn, member, futile }) => targetUrn === undefined && isEveryone(member) && !futile)
    .map((grant) => {
      const found = { target: grant.place?.name, on: grant.on, how: grant.member };
      return [`${grant.on} ${placeOf(grant)} ${grant.member}`, found] as const;
    });
  return new Map([...ofTargets, ...elsewhere]);
}

function door(target: Target, how: string) {
  return [
    `${target.urn ?? target.name} ${how}`,
    { target: target.name, on: "target" as const, how },
  ] as const;
}
