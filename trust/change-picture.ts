import type { Change, GraphChange, Mark } from "./change";
import type { Caller, Edge, Grant, Target, TrustGraph } from "./graph";
import type { LostBinding } from "./lost";
import { mermaid, type Marks } from "./mermaid";

/** How much of a graph a drawing can take in: a reader gives up long before GitHub does. */
const MOST_EDGES = 120;
const MOST_GRANTS = 240;

/** With more arrows Mermaid draws nothing at all. https://mermaid.js.org/config/schema-docs/config.html#maxedges */
const MOST_ARROWS = 500;
const ARROW = /^ {2}\w+ (-->|-\.->|==>)\|/gm;

/** A drawing of a change: all of it, only what changed where the whole would be too large, or none. */
export interface ChangePicture {
  text: string;
  /** Whether what stays as it was is left out. */
  onlyChanges: boolean;
  /** Whether anything in it is marked. */
  marked: boolean;
}

/** Both graphs in one drawing, with what is new, gone and altered marked; undefined when there is nothing to draw. */
export function changePicture(
  before: TrustGraph,
  after: TrustGraph,
  change: GraphChange,
  lost: readonly LostBinding[] = [],
): ChangePicture | undefined {
  const marks = new Map<Edge | Grant | Caller | Target, Mark>();
  const whole: TrustGraph = {
    edges: [...after.edges, ...gone(change.edges)],
    grants: [...after.grants, ...gone(change.grants)],
    callers: union(before.callers, after.callers, ({ urn, email }) => urn ?? email, marks),
    targets: union(before.targets, after.targets, ({ urn, name }) => urn ?? name, marks).map((target) =>
      closed(target, marks),
    ),
  };
  markItems(change.edges, marks);
  markItems(change.grants, marks);
  for (const grant of after.grants) {
    if (lost.some(({ declared }) => declared === grant.urn)) marks.set(grant, "removed");
  }
  const onlyChanges = isTooLarge(whole);
  const drawn = onlyChanges ? withoutUnchanged(whole, marks) : whole;
  if (isTooLarge(drawn) || drawn.targets.length + drawn.callers.length === 0) return undefined;
  const text = mermaid(drawn, marks);
  if ([...text.matchAll(ARROW)].length > MOST_ARROWS) return undefined;
  return { text, onlyChanges, marked: text !== mermaid(drawn) };
}

function isTooLarge({ edges, grants }: TrustGraph): boolean {
  return edges.length > MOST_EDGES || grants.length > MOST_GRANTS;
}

/** What was removed, and where an altered one led to before. */
function gone<T extends Edge | Grant>(changes: readonly Change<T>[]): T[] {
  return changes.flatMap(({ mark, before, after }) => {
    if (before === undefined) return [];
    return mark === "removed" || (after !== undefined && ends(before) !== ends(after)) ? [before] : [];
  });
}

function markItems(
  changes: readonly Change<Edge | Grant>[],
  marks: Map<Edge | Grant | Caller | Target, Mark>,
): void {
  for (const change of changes) {
    if (change.before !== undefined) marks.set(change.before, "removed");
    if (change.after !== undefined) marks.set(change.after, markOf(change));
  }
}

/** Between other ends than before it is another arrow. */
function markOf({ before, after, mark }: Change<Edge | Grant>): Mark {
  return before !== undefined && after !== undefined && ends(before) !== ends(after) ? "new" : mark;
}

function ends(item: Edge | Grant): string {
  return "source" in item
    ? `${item.callerUrn ?? item.caller} ${item.target.urn ?? item.target.name}`
    : `${item.callerUrn ?? item.member} ${item.targetUrn ?? ""}`;
}

/** All of the second, then those of the first alone; both marked. */
function union<T extends Caller | Target>(
  before: readonly T[],
  after: readonly T[],
  keyOf: (item: T) => string,
  marks: Map<Edge | Grant | Caller | Target, Mark>,
): T[] {
  const was = new Set(before.map(keyOf));
  const is = new Set(after.map(keyOf));
  const removed = before.filter((item) => !is.has(keyOf(item)));
  for (const item of after) if (!was.has(keyOf(item))) marks.set(item, "new");
  for (const item of removed) marks.set(item, "removed");
  return [...after, ...removed];
}

/** Nobody gets through the door of what is gone. */
function closed(target: Target, marks: Map<Edge | Grant | Caller | Target, Mark>): Target {
  if (marks.get(target) !== "removed" || target.open.length === 0) return target;
  const copy = { ...target, open: [] };
  marks.set(copy, "removed");
  return copy;
}

function withoutUnchanged(graph: TrustGraph, marks: Marks): TrustGraph {
  const edges = graph.edges.filter((edge) => marks.has(edge));
  const grants = graph.grants.filter((grant) => marks.has(grant));
  const callers = new Set([
    ...edges.map((edge) => edge.callerUrn ?? edge.caller),
    ...grants.map((grant) => grant.callerUrn ?? grant.caller),
  ]);
  const targets = new Set([
    ...edges.map(({ target }) => target.urn ?? target.name),
    ...grants.map(({ targetUrn }) => targetUrn),
  ]);
  return {
    edges,
    grants,
    callers: graph.callers.filter((one) => marks.has(one) || callers.has(one.urn ?? one.email)),
    targets: graph.targets.filter((one) => marks.has(one) || targets.has(one.urn ?? one.name)),
  };
}
