import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { isProps, type Props } from "../cloud/resources/values";
import { isAlive } from "../host/is-alive";

/** What a stack's state says, as far as it matters whether the state knows of everything. */
export interface StackStateFile {
  readonly project: string;
  readonly stack: string;
  /** Ids by type, as `TYPE ID`. */
  readonly known: ReadonlySet<string>;
  readonly urns: ReadonlySet<string>;
  /** What was being created when something was cut off: its URN, and that of its parent. */
  readonly pendingCreates: ReadonlyMap<string, string>;
}

/** Pulumi's state in a folder: github.com/pulumi/pulumi, pkg/backend/diy. */
export class Backend {
  constructor(private readonly folder: string) {}

  has(project: string, stack: string): boolean {
    return existsSync(this.#stackFile(project, stack));
  }

  /** What a stack's state says, as in `pulumi stack export`; undefined if there is no such stack. */
  deployment(project: string, stack: string): unknown {
    if (!this.has(project, stack)) return undefined;
    const { checkpoint } = readJson(this.#stackFile(project, stack));
    return isProps(checkpoint) ? checkpoint.latest : undefined;
  }

  stacks(): StackStateFile[] {
    const root = join(this.folder, ".pulumi/stacks");
    return namesIn(root).flatMap((project) =>
      namesIn(join(root, project))
        .filter((name) => name.endsWith(".json"))
        .map((name) => name.slice(0, -".json".length))
        .map((stack) => stateOf(project, stack, readJson(this.#stackFile(project, stack)))),
    );
  }

  /** Removes what a process of this machine that is no more has locked. Says what it removed: "project/stack". */
  clearDeadLocks(): string[] {
    return this.#locks().flatMap(({ path, stack, pid }) => {
      if (pid === undefined || isAlive(pid)) return [];
      for (const file of [path, `${path}${ATTRIBUTES}`]) rmSync(file, { force: true });
      return [stack];
    });
  }

  /** The stacks that somebody works on right now: "project/stack". */
  busy(): Set<string> {
    const held = this.#locks().filter(({ pid }) => pid === undefined || isAlive(pid));
    return new Set(held.map(({ stack }) => stack));
  }

  #stackFile(project: string, stack: string): string {
    return join(this.folder, ".pulumi/stacks", project, `${stack}.json`);
  }

  /** The pid is that of a process of this machine, or undefined. */
  #locks(): { path: string; stack: string; pid: number | undefined }[] {
    const root = join(this.folder, ".pulumi/locks/organization");
    return namesIn(root).flatMap((project) =>
      namesIn(join(root, project)).flatMap((stack) =>
        locksIn(join(root, project, stack)).map((name) => {
          const path = join(root, project, stack, name);
          const { pid, hostname: machine } = readJson(path);
          const here = machine === hostname() && typeof pid === "number";
          return { path, stack: `${project}/${stack}`, pid: here ? pid : undefined };
        }),
      ),
    );
  }
}

function stateOf(project: string, stack: string, content: Props): StackStateFile {
  const checkpoint = isProps(content.checkpoint) ? content.checkpoint : {};
  const latest = isProps(checkpoint.latest) ? checkpoint.latest : {};
  const resources = propsIn(latest.resources);
  const pending = propsIn(latest.pending_operations).filter(({ type }) => type === "creating");
  return {
    project,
    stack,
    known: new Set(resources.map(({ type, id }) => `${String(type)} ${String(id)}`)),
    urns: new Set(resources.filter((resource) => resource.delete !== true).map(({ urn }) => String(urn))),
    pendingCreates: new Map(
      pending.map(({ resource }) =>
        isProps(resource)
          ? [String(resource.urn), typeof resource.parent === "string" ? resource.parent : ""]
          : ["", ""],
      ),
    ),
  };
}

function propsIn(list: unknown): Props[] {
  return Array.isArray(list) ? list.filter(isProps) : [];
}

/** Beside each file of Pulumi's lies one with its attributes, which says nothing here. */
const ATTRIBUTES = ".attrs";

function locksIn(folder: string): string[] {
  return namesIn(folder).filter((name) => !name.endsWith(ATTRIBUTES));
}

function namesIn(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder) : [];
}

function readJson(path: string): Props {
  try {
    const content: unknown = JSON.parse(readFileSync(path, "utf8"));
    return isProps(content) ? content : {};
  } catch {
    return {};
  }
}
