import { isAsset, UNKNOWN as UNKNOWN_SYMBOL } from "../sandbox/cloud/resources/values";
import type { DeployedResource, DeploymentResult, Step } from "../sandbox/doors/in-process/engine";
import type { ResourceState } from "../trust/resources";
import type { ChangedPath, PathChange, PreviewResult, PreviewStep } from "./result";
import { fileText, isProps, SECRET, UNKNOWN, withoutSecretsOf, type Props } from "./values";

/** What a preview of the in-process door says, and what was deployed before. */
export interface EnginePreview {
  project: string;
  stack: string;
  before: readonly DeployedResource[];
  result: DeploymentResult;
}

/** Reads a preview of the in-process door. */
export function fromEngine({ project, stack, before, result }: EnginePreview): PreviewResult {
  const olds = new Map(before.map((resource) => [resource.urn, resource]));
  const news = new Map(result.resources.map((resource) => [resource.urn, resource]));
  const steps = result.steps.map((step): PreviewStep => {
    const now = step.op === "delete" ? undefined : news.get(step.urn);
    const old = [step.urn, ...(now?.aliases ?? [])]
      .map((urn) => olds.get(urn))
      .find((found) => found !== undefined);
    return {
      op: step.op,
      urn: step.urn,
      type: step.type,
      name: step.name,
      custom: (now ?? old)?.custom ?? true,
      old:
        step.op === "create" || step.op === "import" || old === undefined
          ? undefined
          : withoutSecretsOf(stateOf(old), now && stateOf(now)),
      new: now && stateOf(now),
      changed: changedBy(step),
      replaceReasons: step.op === "replace" ? (step.diff?.replaces ?? []) : [],
      ...((step.op === "delete" || step.op === "replace") && old?.retainOnDelete && { stays: true }),
    };
  });
  return { project, stack, steps, diagnostics: [], failed: false };
}

/** A preview that did not come to its end. */
export function failedInEngine(where: { project: string; stack: string }, error: unknown): PreviewResult {
  const message = error instanceof Error ? error.message : String(error);
  return { ...where, steps: [], diagnostics: [{ severity: "error", message }], failed: true };
}

function stateOf(resource: DeployedResource): ResourceState {
  const { urn, type, name, id, parent, dependencies, propertyDependencies } = resource;
  const secrets = new Set(resource.secrets);
  return {
    urn,
    type,
    name,
    id,
    parent,
    dependencies,
    propertyDependencies,
    inputs: plain(resource.inputs, "", secrets) as Props,
    outputs: plain(resource.outputs, "", secrets) as Props,
  };
}

function plain(value: unknown, path: string, secrets: ReadonlySet<string>): unknown {
  if (secrets.has(path)) return SECRET;
  if (value === UNKNOWN_SYMBOL) return UNKNOWN;
  if (Array.isArray(value))
    return value.map((item, index) => plain(item, below(path, String(index)), secrets));
  if (!isProps(value)) return value;
  if (isAsset(value)) return fileText(value.kind, value.hash);
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, plain(item, below(path, key), secrets)]),
  );
}

/** The door writes paths to secrets with dots alone. */
function below(path: string, key: string): string {
  return path === "" ? key : `${path}.${key}`;
}

function changedBy({ op, diff }: Step): ChangedPath[] {
  if (op !== "update" && op !== "replace") return [];
  return Object.entries(diff?.detailed ?? {}).map(([path, kind]) => {
    const [what, replaces] = kind.split("-");
    return { path, kind: what as PathChange, replaces: replaces !== undefined };
  });
}
