import { graphChange, type GraphChange } from "../trust/change";
import { isBinding } from "../trust/bindings";
import { trustGraph, type TrustGraph } from "../trust/graph";
import { lostBindings, type LostBinding } from "../trust/lost";
import type { ResourceState } from "../trust/resources";
import { withChangedSecrets } from "./changed-paths";
import type { ChangedPath, PreviewResult, PreviewStep } from "./result";
import type { Props } from "./values";

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
  const olds = steps.flatMap(({ old, op, stays = false }) =>
    old === undefined ? [] : [{ resource: withNewName(old, names), op, stays }],
  );
  const before = olds.map(({ resource }) => resource);
  const declared = steps.flatMap(({ new: now, changed }) =>
    now === undefined ? [] : [withNewSecrets(now, changed)],
  );
  const left = olds.filter(({ stays, op, resource }) => stays && (op === "delete" || isBinding(resource)));
  const replaced = new Set(steps.filter(({ op }) => op === "replace").map(({ urn }) => urn));
  const graphs = {
    before: trustGraph(before),
    // What nobody manages any more lets in whom it let in.
    after: trustGraph([...declared, ...left.map(({ resource }) => resource)]),
  };
  return {
    ...graphs,
    change: graphChange(graphs.before, graphs.after),
    lost: lostBindings({
      before: olds.flatMap(({ resource, stays }) => (stays ? [] : [resource])),
      after: declared,
      replaced,
    }),
  };
}

function withNewSecrets(resource: ResourceState, changed: readonly ChangedPath[]): ResourceState {
  if (changed.length === 0) return resource;
  const { inputs, outputs } = resource;
  return {
    ...resource,
    inputs: withChangedSecrets(inputs, changed) as Props,
    outputs: withChangedSecrets(outputs, changed) as Props,
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
