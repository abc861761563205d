import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { readStackConfig, type StackConfig } from "../../sandbox/cli/stack-config";
import { UsageError } from "../../sandbox/cli/usage-error";
import { Cloud } from "../../sandbox/cloud/cloud";
import { newProject } from "../../sandbox/cloud/new-project";
import type { ProjectSpec } from "../../sandbox/cloud/projects";
import { textsBelow, withoutSecrets } from "../../sandbox/doors/shared/hide";
import type * as Engine from "../../sandbox/doors/in-process/engine";
import { failedInEngine, fromEngine } from "../from-engine";
import { code } from "../markdown";
import type { Comparison, PreviewResult } from "../result";
import { addWorktree, type Checkout, checkoutOf, commitOf, differing } from "./git";
import { linkPackages } from "./packages";

/** What to compare. */
export interface Compared {
  base: string;
  stack: string;
  /** The Pulumi program's folder. */
  cwd: string;
  /** KEY=VALUE, for both sides. */
  config: readonly string[];
  /** Further Google projects that the programs reach into. */
  projects: readonly string[];
}

/** What a comparison tells while it works. */
export interface Listener {
  progress: (text: string) => void;
  /** Gives what must be called when the process is ended in the middle. */
  disposable: (dispose: () => void) => void;
}

/** Deploys the base on an embedded cloud and previews what is checked out on top. */
export async function compare(compared: Compared, tell: Listener): Promise<PreviewResult> {
  const { base, stack, cwd } = compared;
  const checkout = checkoutOf(cwd);
  const commit = commitOf(checkout, base);
  const head = join(checkout.root, checkout.prefix);
  requireStack(head, stack);
  tell.progress(`Checking out ${base} (${commit.slice(0, 10)})`);
  const worktree = addWorktree(checkout, commit);
  tell.disposable(worktree.remove);
  try {
    linkPackages(checkout, worktree.root);
    const folders = { base: join(worktree.root, checkout.prefix), head };
    const comparison = { base, commit, notes: notesOn(checkout, commit, folders, stack) };
    return { ...(await previewed(compared, folders, tell)), comparison };
  } finally {
    process.chdir(head);
    worktree.remove();
  }
}

interface Folders {
  base: string;
  head: string;
}

async function previewed(compared: Compared, folders: Folders, tell: Listener): Promise<PreviewResult> {
  const { stack, config } = compared;
  const where = { project: "program", stack };
  const hidden = new Set<string>();
  try {
    const head = readStackConfig(folders.head, stack, config);
    where.project = head.project;
    secretsOf(head).forEach((secret) => hidden.add(secret));
    const base = hasStack(folders.base, stack) ? readStackConfig(folders.base, stack, config) : undefined;
    if (base !== undefined) secretsOf(base).forEach((secret) => hidden.add(secret));
    return await deployed({ base, head }, compared, tell);
  } catch (error) {
    return failedInEngine(where, withoutPaths(error, folders, hidden));
  }
}

async function deployed(
  { base, head }: { base: StackConfig | undefined; head: StackConfig },
  { base: ref, projects }: Compared,
  tell: Listener,
): Promise<PreviewResult> {
  if (base !== undefined && base.project !== head.project) {
    throw new Error(
      `Pulumi.yaml calls this project ${head.project}, and at ${ref} it was ${base.project}. To Pulumi that is another project, and nothing of the old one is looked at.`,
    );
  }
  // The engine reads them at each deployment.
  const settings = { project: head.project, stack: head.stack, ...settingsOf(base ?? head) };
  // Only now: loading the SDK takes longer than anything else here, and a mistyped ref should not have to wait for it.
  const { InProcessEngine } = createRequire(__filename)(
    "../../sandbox/doors/in-process/engine",
  ) as typeof Engine;
  const engine = new InProcessEngine(cloudFor([base, head], projects), settings);
  if (base !== undefined) {
    tell.progress(`Deploying ${ref} on an embedded cloud`);
    await engine.up(programOf(base)).catch((error: unknown) => {
      throw new Error(`At ${ref}, which this change is held against: ${messageOf(error)}`, { cause: error });
    });
  }
  Object.assign(settings, settingsOf(head));
  tell.progress("Previewing what is checked out");
  const before = engine.resources;
  const result = await engine.preview(programOf(head));
  return fromEngine({ project: head.project, stack: head.stack, before, result });
}

function settingsOf({ config, secretKeys }: StackConfig): Pick<StackConfig, "config" | "secretKeys"> {
  return { config, secretKeys };
}

function cloudFor(stacks: readonly (StackConfig | undefined)[], further: readonly string[]): Cloud {
  const known = stacks.flatMap((stack) => {
    const id = stack?.config["gcp:project"] ?? "";
    return stack === undefined || id === ""
      ? []
      : [[id, stack.config[`${stack.project}:projectNumber`]] as const];
  });
  // The later one wins: what is checked out says it better than the base.
  const numbers = new Map([...further.map((id) => [id, undefined] as const), ...known]);
  const projects = [...numbers].map(([id, number]): ProjectSpec => {
    const made = newProject(id, { number: number === "" ? undefined : number, kind: "default" });
    // Which APIs are on is for the real project to say: a program may leave that to another one.
    return { ...made, apis: "all" };
  });
  return new Cloud({ projects });
}

/** Reads the program anew; what it reads by relative paths, it reads in its own folder. */
function programOf({ root, main }: StackConfig): Engine.Program {
  return () => {
    process.chdir(root);
    const program: unknown = createRequire(join(root, "package.json"))(main);
    return typeof program === "function" ? (program as () => unknown)() : program;
  };
}

function requireStack(folder: string, stack: string): void {
  // It names what is missing, and the stacks that there are.
  if (!hasStack(folder, stack)) readStackConfig(folder, stack);
}

function hasStack(folder: string, stack: string): boolean {
  return ["Pulumi.yaml", `Pulumi.${stack}.yaml`].every((file) => existsSync(join(folder, file)));
}

function notesOn(checkout: Checkout, commit: string, { base }: Folders, stack: string): Comparison["notes"] {
  return [
    ...(hasStack(base, stack) ? [] : [`There it has no stack ${code(stack)}, so everything is new.`]),
    ...differing(checkout, commit, lockFiles(checkout)).map(
      (file) => `${code(file)} differs: both sides ran with the packages of this change.`,
    ),
  ];
}

/** What may say which packages the program has: its own, and that of the whole repository. */
function lockFiles({ prefix }: Checkout): string[] {
  return [...new Set(["", prefix])].flatMap((folder) => LOCK_FILES.map((file) => `${folder}${file}`));
}

const LOCK_FILES = ["package-lock.json", "npm-shrinkwrap.json", "yarn.lock", "pnpm-lock.yaml", "bun.lock"];

/** Values of settings that are secret, and what is in them where they are lists or objects. */
function secretsOf({ config, secretKeys }: StackConfig): string[] {
  return secretKeys.flatMap((key) => {
    const value = config[key] ?? "";
    return [value, ...textsBelow({ value: jsonIn(value) }, ["value"])];
  });
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Where a build machine keeps its files is nobody's business, and would differ with each run. */
function withoutPaths(error: unknown, { base, head }: Folders, hidden: ReadonlySet<string>): Error {
  if (error instanceof UsageError && hidden.size === 0) return error;
  const roots = [base, head].map((folder) => `${folder.replace(/\/$/, "")}/`);
  const message = withoutSecrets(messageOf(error), hidden);
  return new Error(
    roots.reduce((text, root) => text.replaceAll(root, ""), message),
    { cause: error },
  );
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
