import type { Edge, Grant, Target, TrustGraph } from "../trust/graph";
import { isDecidedByApplication } from "../trust/targets";
import { KNOWN_LATER } from "../trust/resources";
import { type Expectation, type Front, type Intruder, refusalOf } from "./expectations";

/** One try at getting into a target, and what should come of it. */
export interface Attempt {
  /** "caller" is the one that the target is there for, with a token in order: it shows that the others fail for what is wrong with them. */
  who: Intruder | "caller";
  target: Target;
  /** What stands before it, if it is an application's. */
  front?: Front;
  url: string;
  /** The audience that the target accepts; "wrong audience" does not use it. */
  audience: string;
  /** The scope of an access token, at one of Google's APIs. */
  scope?: string;
  /** Whose token it is; absent for who has none, or a stranger's. */
  caller?: string;
  /** What is taken away for as long as the try lasts. */
  without: Grant[];
  expected: Expectation;
}

const CLOUD_PLATFORM = "https://www.googleapis.com/auth/cloud-platform";

/** Tries whatever its token says. */
const OF_A_TARGET = ["no token", "stranger"] as const;
/** Tries with a token of a caller, and something wrong with it. */
const WITH_AN_ID_TOKEN = ["wrong audience", "foreign signature", "expired token"] as const;
const WITH_AN_ACCESS_TOKEN = ["id_token", "wrong scope", "expired token"] as const;

export interface AttemptsOptions {
  /** What stands before applications that are not Google's, by host. Default: nothing, they decide themselves. */
  fronts?: Readonly<Record<string, Front>>;
}

/** Everything worth trying on the targets of a graph, in the order of the graph. */
export function attempts(graph: TrustGraph, { fronts = {} }: AttemptsOptions = {}): Attempt[] {
  return graph.targets.flatMap((target) =>
    attemptsOn(target, graph, target.gate === "application" ? fronts[target.name] : undefined),
  );
}

function attemptsOn(target: Target, graph: TrustGraph, front: Front | undefined): Attempt[] {
  const edges = graph.edges.filter(
    ({ target: called }) => (called.urn ?? called.name) === (target.urn ?? target.name),
  );
  const url = edges[0]?.url ?? target.url;
  if (url === undefined || url === KNOWN_LATER) return [];
  const isApi = target.gate === "google-api";
  // Which grants let somebody into an API that is none of the targets here, the graph does not say.
  if (isApi && target.kind === "external") return [];
  const scope = isApi ? (edges[0]?.scope ?? CLOUD_PLATFORM) : undefined;
  const base = { target, front, url, audience: audienceOf(target, edges[0], url), scope, without: [] };
  const callers = callersOf(target, edges, graph.grants);
  const [first] = callers;
  return [
    ...OF_A_TARGET.map((who) => ({ ...base, who, expected: expectationOf(target, who, front) })),
    ...(first === undefined
      ? []
      : (isApi ? WITH_AN_ACCESS_TOKEN : WITH_AN_ID_TOKEN).map((who) => ({
          ...base,
          who,
          caller: first,
          expected: expectationOf(target, who, front),
        }))),
    ...callers.flatMap((caller) => ofCaller({ ...base, caller }, graph)),
  ].filter(({ who }) => isWorthTrying(target, who));
}

function ofCaller(
  base: Omit<Attempt, "who" | "expected"> & { caller: string },
  { grants, targets }: TrustGraph,
): Attempt[] {
  const { target, caller } = base;
  const own = grants.filter((grant) => grant.caller === caller && grant.futile === undefined);
  const here = own.filter(({ targetUrn }) => targetUrn !== undefined && targetUrn === target.urn);
  // A role on the whole project lets in as well, and is not the doctor's to take away.
  const above = own.some(({ on }) => on === "project");
  const granted = isDecidedByApplication(target.gate) || target.open.length > 0 || here.length > 0 || above;
  const refused = refusalOf(target.gate, "grant removed");
  return [
    ...(here.length > 0 && !above
      ? [{ ...base, who: "grant removed" as const, without: here, expected: refused }]
      : []),
    // What a gateway passes on has its caller's token with it. That it gets through shows at the gateway.
    ...(targets.some(({ callsAs }) => callsAs === caller)
      ? []
      : [{ ...base, who: "caller" as const, expected: granted ? ({ letIn: true } as const) : refused }]),
  ];
}

/** Those that call, then those that may. */
function callersOf(target: Target, edges: readonly Edge[], grants: readonly Grant[]): string[] {
  const allowed = grants.filter(
    ({ targetUrn, futile }) => targetUrn !== undefined && targetUrn === target.urn && futile === undefined,
  );
  const emails = [...edges, ...allowed].map(({ caller }) => caller);
  return [...new Set(emails)].filter((email) => email !== undefined && email !== KNOWN_LATER) as string[];
}

/** Google's gates take their own address; IAP, an application and a gateway what their callers are told to send. */
export function audienceOf(target: Target, edge: Edge | undefined, url: string): string {
  const own = target.gate === "iap" || isDecidedByApplication(target.gate) ? undefined : target.url;
  const sent = edge?.audience === KNOWN_LATER ? undefined : edge?.audience;
  return (target.kind === "external" ? sent : own) ?? sent ?? url;
}

function expectationOf(target: Target, who: Intruder, front: Front | undefined): Expectation {
  const open = who === "no token" ? isOpenToAll(target) : who === "stranger" && target.open.length > 0;
  return open ? { letIn: true } : refusalOf(front ?? target.gate, who);
}

/** Where nobody looks at tokens, and where anybody with a token gets in, some tries show nothing. */
function isWorthTrying(target: Target, who: Attempt["who"]): boolean {
  if (isOpenToAll(target)) return who === "no token" || who === "caller";
  return !(target.open.length > 0 && who === "grant removed");
}

function isOpenToAll({ open }: Target): boolean {
  return open.some((why) => why !== "allAuthenticatedUsers");
}
