import { graphChange, type GraphChange } from "../trust/change";
import { trustGraph, type TrustGraph } from "../trust/graph";
import { lostBindings, type LostBinding } from "../trust/lost";
import type { ResourceState } from "../trust/resources";
import type { PreviewResult, PreviewStep } from "./result";

/** What a preview means for who may call what. */
export interface Analysis {
  before: TrustGraph;
  after: TrustGraph;
  change: GraphChange;
  lost: LostBinding[];
}

/** Reads the trust graph before and after out of a preview's steps. */
export function analyse({ steps }: PreviewResult): Analysis {
  const names = renamed(steps);
  const before = steps.flatMap(({ old }) => (old === undefined ? [] : [withNewName(old, names)]));
  const after = steps.flatMap(({ new: now }) => (now === undefined ? [] : [now]));
  const replaced = new Set(steps.filter(({ op }) => op === "replace").map(({ urn }) => urn));
  const graphs = { before: trustGraph(before), after: trustGraph(after) };
  return {
    ...graphs,
    change: graphChange(graphs.before, graphs.after),
    lost: lostBindings({ before, after, replaced }),
  };
}

/** What has another name now by an alias: it is the same. */
function renamed(steps: readonly PreviewStep[]): Map<string, PreviewStep> {
  return new Map(
    steps.flatMap((step) =>
      step.old === undefined || step.old.urn === step.urn ? [] : [[step.old.urn, step] as const],
    ),
  );
}

function withNewName(resource: ResourceState, names: ReadonlyMap<string, PreviewStep>): ResourceState {
  if (names.size === 0) return resource;
  const urnOf = (urn: string): string => names.get(urn)?.urn ?? urn;
  const { propertyDependencies, dependencies, parent } = resource;
  return {
    ...resource,
    urn: urnOf(resource.urn),
    name: names.get(resource.urn)?.name ?? resource.name,
    parent: parent === undefined ? undefined : urnOf(parent),
    dependencies: dependencies?.map(urnOf),
    propertyDependencies:
      propertyDependencies &&
      Object.fromEntries(Object.entries(propertyDependencies).map(([key, urns]) => [key, urns.map(urnOf)])),
  };
}
