import { createHash } from "node:crypto";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { parse } from "yaml";
import { isProps } from "../cloud/resources/values";

/** A Pulumi program's folder, as its project file describes it. */
export interface Program {
  readonly folder: string;
  readonly file: string;
  readonly name: string;
  /** The names of all stacks that have a file here. */
  readonly stacks: readonly string[];
}

/** The program that a folder belongs to: Pulumi looks upwards as well. */
export function programAt(cwd: string): Program | undefined {
  const folder = resolve(cwd);
  const file = ["Pulumi.yaml", "Pulumi.yml", "Pulumi.json"]
    .map((name) => join(folder, name))
    .find((path) => existsSync(path));
  if (file === undefined) return dirname(folder) === folder ? undefined : programAt(dirname(folder));
  const content: unknown = parse(readFileSync(file, "utf8"));
  const name = isProps(content) && typeof content.name === "string" ? content.name : "";
  return { folder, file, name, stacks: stacksIn(folder) };
}

function stacksIn(folder: string): string[] {
  return readdirSync(folder)
    .map((name) => /^Pulumi\.(.+)\.ya?ml$/.exec(name)?.[1])
    .filter((name) => name !== undefined)
    .sort();
}

/** Where Pulumi remembers which stack is selected (pkg/workspace/workspace.go in github.com/pulumi/pulumi). */
export function selectedStack(home: string, program: Program): string | undefined {
  const hash = createHash("sha1").update(program.file).digest("hex");
  try {
    const path = join(home, "workspaces", `${program.name}-${hash}-workspace.json`);
    const content: unknown = JSON.parse(readFileSync(path, "utf8"));
    return isProps(content) && typeof content.stack === "string" ? shortName(content.stack) : undefined;
  } catch {
    return undefined;
  }
}

/** organization/project/dev is dev here: there is one organization, and the project is the program's. */
export function shortName(stack: string): string {
  return stack.split("/").pop() ?? stack;
}
