import { KNOWN_LATER } from "./resources";
import type { Caller, Edge, Grant, Target, TrustGraph } from "./graph";

const SOURCES: Readonly<Record<Edge["source"]["kind"], string>> = {
  "scheduler-job": "Scheduler job",
  "push-subscription": "push subscription",
  "task-queue": "task queue",
};

const TARGETS: Readonly<Record<Target["kind"], string>> = {
  "run-service": "Run service",
  "function-v2": "function, 2nd gen",
  "function-v1": "function, 1st gen",
  external: "application",
};

/** The graph as a Mermaid flow chart: sources, callers, targets. The same graph gives the same text. */
export function mermaid(graph: TrustGraph): string {
  const ids = new Ids();
  const lines = [
    "flowchart LR",
    ...graph.edges.map(({ source }) =>
      node(ids.of("source", source.urn), ["([", "])"], source.name, SOURCES[source.kind]),
    ),
    ...[...graph.callers, ...unnamedCallers(graph)].map((caller) =>
      node(ids.of("caller", caller.urn ?? caller.email), ["{{", "}}"], caller.name, caller.email),
    ),
    ...graph.targets.map((target) =>
      node(
        ids.of("target", keyOf(target)),
        target.urn === undefined ? ["[/", "/]"] : ["[", "]"],
        target.name,
        TARGETS[target.kind],
      ),
    ),
    ...graph.edges.flatMap((edge) => call(edge, ids)),
    ...admissions(graph, ids),
    ...everyone(graph, ids),
  ];
  return `${lines.join("\n  ")}\n`;
}

/** Of an edge whose account is neither known nor to be found. */
function unnamedCallers({ edges }: TrustGraph): Pick<Caller, "name" | "email" | "urn">[] {
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
function call(edge: Edge, ids: Ids): string[] {
  const caller = edge.callerUrn ?? edge.caller;
  return [
    `${ids.of("source", edge.source.urn)} -->|${quoted(`calls ${edge.target.name}`)}| ${ids.of("caller", caller)}`,
  ];
}

/** One arrow for each caller and target: solid when it lets in, dotted when nothing does. */
function admissions({ edges, grants, targets, callers }: TrustGraph, ids: Ids): string[] {
  const arrows = new Map<string, string>();
  const draw = (callerKey: string, target: Target, arrow: string, label: string): void => {
    const from = ids.of("caller", callerKey);
    const to = ids.of("target", keyOf(target));
    const key = `${from} ${to}`;
    if (!arrows.has(key)) arrows.set(key, `${from} ${arrow}|${quoted(label)}| ${to}`);
  };
  for (const edge of edges) {
    const target = targets.find((candidate) => keyOf(candidate) === keyOf(edge.target));
    if (target === undefined) continue;
    if (edge.granted) draw(edge.callerUrn ?? edge.caller, target, "-->", roleOf(edge.grant) ?? "open");
    else if (target.gate === "application")
      draw(edge.callerUrn ?? edge.caller, target, "-->", "decides itself");
    else draw(edge.callerUrn ?? edge.caller, target, "-.->", "no grant");
  }
  for (const grant of grants) {
    const target = targets.find(({ urn }) => urn !== undefined && urn === grant.targetUrn);
    const caller = callers.find(({ urn, email }) => (grant.callerUrn ?? grant.caller) === (urn ?? email));
    if (target === undefined || caller === undefined || grant.futile !== undefined) continue;
    draw(caller.urn ?? caller.email, target, "-->", roleOf(grant) ?? "");
  }
  return [...arrows.values()];
}

/** Open doors are called out. */
function everyone({ targets }: TrustGraph, ids: Ids): string[] {
  const open = targets.filter((target) => target.open.length > 0);
  if (open.length === 0) return [];
  return [
    `everyone(((${quoted("anybody")})))`,
    ...open.map(
      (target) => `everyone ==>|${quoted(target.open.join(", "))}| ${ids.of("target", keyOf(target))}`,
    ),
    "classDef danger fill:#fdd,stroke:#c00,color:#000",
    `class ${["everyone", ...open.map((target) => ids.of("target", keyOf(target)))].join(",")} danger`,
  ];
}

function keyOf(target: { urn?: string; name: string }): string {
  return target.urn ?? target.name;
}

function roleOf(grant: Pick<Grant, "role"> | undefined): string | undefined {
  return grant?.role.replace(/^roles\//, "");
}

function node(id: string, [open, close]: readonly [string, string], name: string, what: string): string {
  return `${id}${open}"${escaped(name)}<br/>${escaped(what)}"${close}`;
}

function quoted(text: string): string {
  return `"${escaped(text)}"`;
}

/** Mermaid's own entity codes; a plain # would begin one, and a backtick would switch to Markdown. */
function escaped(text: string): string {
  return text.replace(/\s+/g, " ").replace(/[#"`<>&]/g, (character) => `#${character.charCodeAt(0)};`);
}
