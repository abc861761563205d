import type { Mark } from "./change";
import { Arrows, Marked, mermaidText } from "./mermaid-parts";
import { KNOWN_LATER } from "./resources";
import { decidesItself, type Caller, type Edge, type Grant, type Target, type TrustGraph } from "./graph";

const SOURCES: Readonly<Record<Edge["source"]["kind"], string>> = {
  "scheduler-job": "Scheduler job",
  "push-subscription": "push subscription",
  "task-queue": "task queue",
};

const TARGETS: Readonly<Record<Target["kind"], string>> = {
  "run-service": "Run service",
  "function-v2": "function, 2nd gen",
  "function-v1": "function, 1st gen",
  "run-job": "Run job",
  endpoints: "Cloud Endpoints",
  "api-gateway": "API Gateway",
  external: "application",
};

/** What is not as it was among the parts of a graph. */
export type Marks = ReadonlyMap<Edge | Grant | Caller | Target, Mark>;

/**
 * The graph as a Mermaid flow chart: sources, callers, targets; what is marked is drawn so. The same graph gives the
 * same text.
 */
export function mermaid(graph: TrustGraph, marks: Marks = new Map()): string {
  const ids = new Ids();
  const nodes = new Marked();
  const arrows = new Arrows();
  const lines = new Set([
    ...graph.edges.map((edge) => {
      const id = nodes.add(ids.of("source", edge.source.urn), marks.get(edge));
      return node(id, ["([", "])"], edge.source.name, SOURCES[edge.source.kind]);
    }),
    ...graph.callers.map((caller) =>
      callerNode(nodes.add(ids.of("caller", caller.urn ?? caller.email), marks.get(caller)), caller),
    ),
    ...unnamedCallers(graph).map((caller) => callerNode(ids.of("caller", caller.email), caller)),
    ...graph.targets.map((target) => {
      const id = nodes.add(ids.of("target", keyOf(target)), marks.get(target));
      const shape = target.urn === undefined ? (["[/", "/]"] as const) : (["[", "]"] as const);
      return node(id, shape, target.name, TARGETS[target.kind]);
    }),
  ]);
  for (const edge of graph.edges) call(edge, ids, arrows, marks);
  admissions(graph, ids, arrows, marks);
  handOvers(graph, ids, arrows);
  const open = everyone(graph, ids, arrows);
  return `${["flowchart LR", ...lines, ...open.nodes, ...arrows.lines(), ...open.styles, ...arrows.styles(), ...nodes.styles()].join("\n  ")}\n`;
}

function callerNode(id: string, { name, email }: Pick<Caller, "name" | "email">): string {
  return node(id, ["{{", "}}"], name, email);
}

/** Of an edge whose account is neither known nor to be found. */
function unnamedCallers({ edges }: TrustGraph): Pick<Caller, "name" | "email">[] {
  const unnamed = edges.find(({ caller, callerUrn }) => callerUrn === undefined && caller === KNOWN_LATER);
  return unnamed === undefined ? [] : [{ name: "?", email: KNOWN_LATER }];
}

/** Short names for nodes, by kind and in order of appearance. */
class Ids {
  readonly #ids = new Map<string, string>();
  readonly #counts = new Map<string, number>();

  of(kind: "source" | "caller" | "target", key: string): string {
    const known = this.#ids.get(`${kind} ${key}`);
    if (known !== undefined) return known;
    const count = (this.#counts.get(kind) ?? 0) + 1;
    this.#counts.set(kind, count);
    const id = `${kind}${count}`;
    this.#ids.set(`${kind} ${key}`, id);
    return id;
  }
}

/** A source calls as its caller; which target it means stands on the arrow. */
function call(edge: Edge, ids: Ids, arrows: Arrows, marks: Marks): void {
  const from = ids.of("source", edge.source.urn);
  const to = ids.of("caller", edge.callerUrn ?? edge.caller);
  arrows.add({ from, to, arrow: "-->", label: `calls ${edge.target.name}`, mark: marks.get(edge) });
}

/** One arrow for each caller and target: solid when it lets in, dotted when nothing does. */
function admissions(graph: TrustGraph, ids: Ids, arrows: Arrows, marks: Marks): void {
  const { edges, grants, targets, callers } = graph;
  const between = (callerKey: string, target: Target) => ({
    from: ids.of("caller", callerKey),
    to: ids.of("target", keyOf(target)),
  });
  const ofGrants = grants.flatMap((grant) => {
    const target = targets.find(({ urn }) => urn !== undefined && urn === grant.targetUrn);
    const caller = callers.find(({ urn, email }) => (grant.callerUrn ?? grant.caller) === (urn ?? email));
    if (target === undefined || caller === undefined || grant.futile !== undefined) return [];
    return [{ ...between(caller.urn ?? caller.email, target), label: roleOf(grant), mark: marks.get(grant) }];
  });
  for (const edge of edges) {
    const target = targets.find((candidate) => keyOf(candidate) === keyOf(edge.target));
    if (target === undefined) continue;
    const ends = between(edge.callerUrn ?? edge.caller, target);
    const grounds = ofGrants.filter(({ from, to }) => from === ends.from && to === ends.to);
    // What becomes of a way in is up to its grants; without any, to whether somebody goes it.
    const mark =
      grounds.length === 0 ? presence(marks.get(edge)) : together(grounds.map((grant) => grant.mark));
    arrows.addOnce({ ...ends, ...admission(edge, target), mark });
  }
  for (const grant of ofGrants) {
    const same = ofGrants.filter(({ from, to }) => from === grant.from && to === grant.to);
    arrows.addOnce({ ...grant, arrow: "-->", mark: together(same.map(({ mark }) => mark)) });
  }
}

function admission({ granted, grant }: Edge, target: Target): { arrow: string; label: string } {
  if (granted) return { arrow: "-->", label: grant === undefined ? "open" : roleOf(grant) };
  return { ...(decidesItself(target) ? WITHOUT_GRANT.application : WITHOUT_GRANT[target.gate]) };
}

/** A gateway calls its backend as an account of its own, which is drawn where it is let in somewhere. */
function handOvers({ targets, callers }: TrustGraph, ids: Ids, arrows: Arrows): void {
  for (const target of targets) {
    const own = callers.find(({ email }) => email === target.callsAs);
    if (own === undefined) continue;
    const to = ids.of("caller", own.urn ?? own.email);
    arrows.add({
      from: ids.of("target", keyOf(target)),
      to,
      arrow: "-->",
      label: "passes on",
      mark: undefined,
    });
  }
}

const NO_GRANT = { arrow: "-.->", label: "no grant" };

const WITHOUT_GRANT: Readonly<Record<Target["gate"], { arrow: string; label: string }>> = {
  run: NO_GRANT,
  iap: NO_GRANT,
  "function-v1": NO_GRANT,
  "google-api": NO_GRANT,
  gateway: { arrow: "-->", label: "token in order, then the backend decides" },
  application: { arrow: "-->", label: "decides itself" },
};

/** An edge that is altered still goes the same way. */
function presence(mark: Mark | undefined): Mark | undefined {
  return mark === "altered" ? undefined : mark;
}

/** One that stays as it was keeps the way open; several that changed in different ways alter it. */
function together(marks: readonly (Mark | undefined)[]): Mark | undefined {
  if (marks.includes(undefined)) return undefined;
  return new Set(marks).size === 1 ? marks[0] : "altered";
}

/** Open doors are called out. */
function everyone({ targets }: TrustGraph, ids: Ids, arrows: Arrows) {
  const open = targets.filter((target) => target.open.length > 0);
  if (open.length === 0) return { nodes: [], styles: [] };
  for (const target of open) {
    const to = ids.of("target", keyOf(target));
    arrows.add({ from: "everyone", to, arrow: "==>", label: target.open.join(", "), mark: undefined });
  }
  return {
    nodes: [`everyone(((${mermaidText("anybody")})))`],
    styles: [
      "classDef danger fill:#fdd,stroke:#c00,color:#000",
      `class ${["everyone", ...open.map((target) => ids.of("target", keyOf(target)))].join(",")} danger`,
    ],
  };
}

function keyOf(target: { urn?: string; name: string }): string {
  return target.urn ?? target.name;
}

function roleOf({ role }: Pick<Grant, "role">): string {
  return role.replace(/^roles\//, "");
}

function node(id: string, [open, close]: readonly [string, string], name: string, what: string): string {
  return `${id}${open}${mermaidText(name, what)}${close}`;
}
