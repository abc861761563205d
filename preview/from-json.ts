import { z } from "zod/mini";
import type { ResourceState } from "../trust/resources";
import { changedPaths } from "./changed-paths";
import { nameIn } from "./naming";
import type { ChangedPath, Diagnostic, Op, PathChange, PreviewResult, PreviewStep } from "./result";
import { hiddenAlike, plainProps, withoutSecretsOf } from "./values";

// https://github.com/pulumi/pulumi/blob/master/pkg/display/json.go (PreviewDigest); what is not named here is not read.
const text = z.string();
const texts = z.array(text);
const State = z.object({
  urn: text,
  type: text,
  custom: z.optional(z.boolean()),
  id: z.optional(text),
  parent: z.optional(text),
  inputs: z.optional(z.unknown()),
  outputs: z.optional(z.unknown()),
  dependencies: z.optional(z.nullable(texts)),
  propertyDependencies: z.optional(z.nullable(z.record(text, z.nullable(texts)))),
  retainOnDelete: z.optional(z.boolean()),
});
const Step = z.object({
  op: text,
  urn: text,
  oldState: z.optional(z.nullable(State)),
  newState: z.optional(z.nullable(State)),
  diffReasons: z.optional(z.nullable(texts)),
  replaceReasons: z.optional(z.nullable(texts)),
  detailedDiff: z.optional(z.nullable(z.record(text, z.object({ kind: text })))),
});
const Digest = z.object({
  changeSummary: z.optional(z.nullable(z.object({ same: z.optional(z.number()) }))),
  steps: z.optional(z.nullable(z.array(Step))),
  diagnostics: z.optional(
    z.nullable(
      z.array(z.object({ urn: z.optional(text), message: z.optional(text), severity: z.optional(text) })),
    ),
  ),
});
type State = z.infer<typeof State>;
type Step = z.infer<typeof Step>;

/** What the engine calls its steps; `undefined`: nothing that happens to a resource. */
const OPS: Readonly<Record<string, Op | undefined>> = {
  same: "same",
  create: "create",
  update: "update",
  delete: "delete",
  replace: "replace",
  "create-replacement": "replace",
  "delete-replaced": "delete",
  read: "read",
  "read-replacement": "replace",
  refresh: undefined,
  import: "import",
  "import-replacement": "replace",
  discard: "delete",
  "discard-replaced": "delete",
  "remove-pending-replace": undefined,
};

/** For a preview that says nothing of its stack, since it has no steps. */
export interface Fallback {
  project: string;
  stack: string;
}

/** Reads what `pulumi preview --json` printed. `log` is what else it said, on its standard error. */
export function fromJson(printed: string, fallback: Fallback, log = ""): PreviewResult {
  const start = printed.search(/^\{/m);
  // URNs have the stack's name alone, which may be given as ORGANIZATION/PROJECT/STACK.
  const where = { ...fallback, stack: fallback.stack.split("/").pop() ?? fallback.stack };
  if (start < 0) return endedEarly(`${printed}\n${log}`, where);
  const digest = digestIn(printed.slice(start));
  const steps = merged(digest.steps ?? []);
  const diagnostics = (digest.diagnostics ?? []).map(
    ({ urn, message = "", severity = "info" }): Diagnostic => ({
      severity: severity === "error" || severity === "warning" ? severity : "info",
      message: message.replace(/^(error|warning): /, ""),
      urn,
    }),
  );
  const [, stack = where.stack, project = where.project] =
    /^urn:pulumi:([^:]+)::([^:]+)::/.exec(steps[0]?.urn ?? "") ?? [];
  const failed = diagnostics.some(({ severity }) => severity === "error");
  if (!failed) requireUnchanged(digest);
  return { project, stack, steps, diagnostics, failed };
}

/** Without JSON it came to no end, whatever the exit code was. */
function endedEarly(said: string, fallback: Fallback): PreviewResult {
  const message = said.trim().replace(/^error: /, "") || "The preview ended without a word.";
  return { ...fallback, steps: [], diagnostics: [{ severity: "error", message }], failed: true };
}

function digestIn(printed: string): z.infer<typeof Digest> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(printed);
  } catch {
    throw new Error("This is no JSON to its end. Give what `pulumi preview --json` prints, all of it.");
  }
  const result = Digest.safeParse(parsed);
  if (result.success && isProbablyDigest(parsed)) return result.data;
  const [issue] = result.error?.issues ?? [];
  const where = issue === undefined ? "" : ` (${issue.path.join(".")}: ${issue.message})`;
  throw new Error(
    `This is not what \`pulumi preview --json\` prints: it has other fields${where}. Neither \`--output json\` nor the events of \`up --json\` will do.`,
  );
}

/** Who is called, by whom and with what leave, is for a good part said by what stays as it is. */
function requireUnchanged({ steps, changeSummary }: z.infer<typeof Digest>): void {
  const told = (steps ?? []).filter(({ op }) => op === "same").length;
  const missing = (changeSummary?.same ?? 0) - told;
  if (missing <= 0) return;
  throw new Error(
    `The preview leaves out ${missing} resources that stay as they are, and without them nobody can tell who may call what. Run \`pulumi preview --json --show-sames\`.`,
  );
}

function isProbablyDigest(parsed: unknown): boolean {
  return (
    typeof parsed === "object" &&
    parsed !== null &&
    ["steps", "changeSummary", "diagnostics"].some((key) => key in parsed)
  );
}

function stepOf(step: Step): PreviewStep[] {
  if (!Object.hasOwn(OPS, step.op)) {
    throw new Error(
      `The preview has a step "${step.op}" (${step.urn}), which this version does not know. Update it, or report it.`,
    );
  }
  const op = OPS[step.op];
  const state = step.newState ?? step.oldState;
  if (op === undefined || !state) return [];
  const now = step.newState && op !== "delete" ? resourceOf(step.newState, outputsOf(step)) : undefined;
  const old = step.oldState ? withoutSecretsOf(resourceOf(step.oldState), now) : undefined;
  return [
    {
      op,
      urn: step.urn,
      type: state.type,
      name: nameIn(step.urn),
      custom: state.custom ?? false,
      old,
      new: now,
      changed: op === "update" || op === "replace" ? changedIn(step, old, now) : [],
      replaceReasons: op === "replace" ? (step.replaceReasons ?? []) : [],
      ...((op === "delete" || op === "replace") && step.oldState?.retainOnDelete && { stays: true }),
    },
  ];
}

/** Ops of which several make one replacement, with `--show-replacement-steps`. */
const REPLACING = /^replace$|-replacement$|^(delete|discard)-replaced$/;

/** One for each resource: a URN has several steps where a replacement is told in parts, and after a refresh. */
function merged(steps: readonly Step[]): PreviewStep[] {
  const byUrn = new Map<string, Told>();
  for (const told of steps) {
    for (const step of stepOf(told)) {
      const next = { op: told.op, step };
      const known = byUrn.get(told.urn);
      byUrn.set(told.urn, known === undefined ? next : latest(known, next));
    }
  }
  return [...byUrn.values()].map(({ step }) => step);
}

interface Told {
  op: string;
  step: PreviewStep;
}

function latest(known: Told, next: Told): Told {
  if (REPLACING.test(known.op) && REPLACING.test(next.op)) {
    return { op: known.op, step: joined(known.step, next.step) };
  }
  // What an earlier deployment replaced and left behind goes under the name of what is there now.
  if (/-replaced$/.test(next.op)) return known;
  // What a refresh finds comes first and is told as an update to it: this deployment starts from there. Where it has
  // nothing to do, the refresh is all that happens.
  return known.step.op === "update" && next.step.op === "same" ? known : next;
}

function joined(one: PreviewStep, other: PreviewStep): PreviewStep {
  return {
    ...one,
    op: "replace",
    old: one.old ?? other.old,
    new: one.new ?? other.new,
    changed: one.changed.length > 0 ? one.changed : other.changed,
    replaceReasons: one.replaceReasons.length > 0 ? one.replaceReasons : other.replaceReasons,
    ...((one.stays ?? other.stays) && { stays: true }),
  };
}

/** Of what stays as it is, the engine repeats the inputs alone. */
function outputsOf({ op, oldState, newState }: Step): unknown {
  return op === "same" ? (newState?.outputs ?? oldState?.outputs) : newState?.outputs;
}

function resourceOf(state: State, outputs: unknown = state.outputs): ResourceState {
  const entries = Object.entries(state.propertyDependencies ?? {}).map(
    ([property, urns]) => [property, urns ?? []] as const,
  );
  const inputs = plainProps(state.inputs);
  return {
    urn: state.urn,
    type: state.type,
    name: nameIn(state.urn),
    id: state.id,
    parent: state.parent,
    inputs,
    outputs: plainProps(hiddenAlike(plainProps(outputs), inputs)),
    dependencies: state.dependencies ?? [],
    propertyDependencies: state.propertyDependencies ? Object.fromEntries(entries) : undefined,
  };
}

function changedIn(
  step: Step,
  old: ResourceState | undefined,
  now: ResourceState | undefined,
): ChangedPath[] {
  const detailed = Object.entries(step.detailedDiff ?? {});
  if (detailed.length > 0) {
    return detailed.map(([path, { kind }]) => {
      const [what = "", replaces] = kind.split("-");
      return { path, kind: isPathChange(what) ? what : "update", replaces: replaces !== undefined };
    });
  }
  const reasons = step.replaceReasons ?? [];
  return changedPaths(old?.inputs ?? {}, now?.inputs ?? {}).map((change) => ({
    ...change,
    replaces: reasons.some((reason) => change.path === reason || change.path.startsWith(`${reason}.`)),
  }));
}

function isPathChange(kind: string): kind is PathChange {
  return kind === "add" || kind === "delete" || kind === "update";
}
