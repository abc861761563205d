import { audienceOf } from "../doctor/attempts";
import { UsageError } from "../sandbox/cli/usage-error";
import type { Edge, Target, TrustGraph } from "../trust/graph";
import { KNOWN_LATER } from "../trust/resources";
import { isDecidedByApplication } from "../trust/targets";

/** Whose token, for what. */
export interface Choice {
  target: { kind: Target["kind"]; name: string };
  url: string;
  audience: string;
  caller: { name: string; email: string };
  /** Some grant lets the caller in, or whether it gets in is the application's matter. */
  letIn: boolean;
}

/** What is meant by the names that were given: the same targets, callers and audiences that the whole project goes by. */
export function choose(graph: TrustGraph, targetName: string, callerName: string | undefined): Choice {
  const target = targetNamed(graph, targetName);
  const edges = graph.edges.filter((edge) => isOn(edge.target, target));
  const caller = callerNamed(graph, target, edges, callerName);
  const own = edges.find((each) => each.caller === caller.email);
  const edge = own ?? edges[0];
  const url = edge?.url ?? target.url;
  if (url === undefined || url === KNOWN_LATER) {
    throw new UsageError(`${target.name} has no address yet. Deploy the stack first.`);
  }
  const granted = graph.grants.some(
    (grant) =>
      grant.caller === caller.email &&
      grant.futile === undefined &&
      (grant.on === "project" || (target.urn !== undefined && grant.targetUrn === target.urn)),
  );
  return {
    target: { kind: target.kind, name: target.name },
    url,
    audience: audienceOf(target, edge, url),
    caller,
    letIn: granted || isDecidedByApplication(target.gate) || target.open.length > 0 || own?.granted === true,
  };
}

function targetNamed({ targets }: TrustGraph, name: string): Target {
  const found = targets.filter((target) => target.name === name || target.urn === name);
  const [target, other] = found;
  if (target === undefined) {
    throw new UsageError(
      `The stack has no target "${name}". ${those(
        "targets",
        targets.map((t) => t.name),
      )}`,
    );
  }
  if (other === undefined) return target;
  const urns = found.map(({ kind, urn }) => `${kind} ${urn ?? ""}`).join(", ");
  throw new UsageError(`Several targets are called "${name}". Give one's URN: ${urns}.`);
}

function callerNamed(
  { callers, grants }: TrustGraph,
  target: Target,
  edges: readonly Edge[],
  name: string | undefined,
): Choice["caller"] {
  const names = callers.map((caller) => caller.name);
  if (name !== undefined) {
    const found = callers.filter((caller) => caller.name === name || caller.email === name);
    if (found.length === 1 && found[0] !== undefined) return known(found[0]);
    if (found.length > 1) throw new UsageError(`Several callers are called "${name}". Give one's e-mail.`);
    throw new UsageError(`The stack has no caller "${name}". ${those("callers", names)}`);
  }
  const here = new Set([
    ...edges.map(({ caller }) => caller),
    ...grants
      .filter(({ targetUrn }) => targetUrn !== undefined && targetUrn === target.urn)
      .map((g) => g.caller),
  ]);
  const own = callers.filter(({ email }) => here.has(email));
  if (own.length === 1 && own[0] !== undefined) return known(own[0]);
  const may =
    own.length === 0
      ? `The stack's callers are: ${listed(names)}.`
      : `Several may call ${target.name}: ${listed(own.map((caller) => caller.name))}.`;
  throw new UsageError(`Say as whom, with --as. ${may}`);
}

function known({ name, email }: Choice["caller"]): Choice["caller"] {
  if (email === KNOWN_LATER) throw new UsageError(`${name} has no e-mail yet. Deploy the stack first.`);
  return { name, email };
}

function isOn(called: Edge["target"], target: Target): boolean {
  return (called.urn ?? called.name) === (target.urn ?? target.name);
}

function those(what: string, names: readonly string[]): string {
  return names.length === 0
    ? `It has no ${what} at all; is it deployed?`
    : `Its ${what} are: ${listed(names)}.`;
}

function listed(names: readonly string[]): string {
  return [...new Set(names)].sort().join(", ");
}
