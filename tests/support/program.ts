import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { resolve } from "node:path";
import { transformFileSync } from "@swc/core";
import type { Options } from "@swc/core";
import { parse } from "yaml";
import { readStackConfig } from "../../sandbox/cli/stack-config";
import type { Program } from "../../sandbox/doors/in-process/engine";

/** The stacks of this repository, each with its file. */
export const STACKS = ["dev", "prod"] as const;
export type StackName = (typeof STACKS)[number];

/** The project file, as far as it says how stacks are configured. */
export interface ProjectFile {
  readonly name: string;
  readonly config: Readonly<Record<string, ConfigSchema>>;
}

/** What the project file says of one key. */
export interface ConfigSchema {
  readonly type: "string" | "integer" | "boolean" | "array";
  readonly items?: { readonly type: string };
  readonly description?: string;
  readonly default?: unknown;
}

export type Config = Readonly<Record<string, string>>;

export function projectFile(): ProjectFile {
  return readYaml("Pulumi.yaml") as ProjectFile;
}

/** Whole keys and values, as the stack's file has them. */
export function stackFile(stack: StackName): Readonly<Record<string, unknown>> {
  return (readYaml(`Pulumi.${stack}.yaml`) as { config: Record<string, unknown> }).config;
}

/** What `pulumi up -s <stack>` hands to the program: the stack's file over the schema's defaults, each value as text. */
export function stackConfig(stack: StackName): Config {
  return readStackConfig(".", stack).config;
}

/**
 * index.ts, evaluated anew at each run as Pulumi's own runner does, and config.ts with it. Everything else stays the
 * instance that this test file has: above all the SDK, which is what the engine listens to.
 */
export function stackProgram(): Program {
  return () => evaluated("index.ts", new Map());
}

/** Any program of one file, given by its whole path, evaluated anew at each run and in its own folder. */
export function programAt(file: string): Program {
  return () => evaluated(file, new Map());
}

type Exports = Record<string, unknown>;

/**
 * jest can forget modules, but only all of them at once: then whatever `@pulumi/gcp` loads lazily, with an SDK of its
 * own, is loaded again in every run.
 */
function evaluated(file: string, known: Map<string, Exports>): Exports {
  const before = known.get(file);
  if (before !== undefined) return before;
  const exports: Exports = {};
  known.set(file, exports);
  const load = createRequire(resolve(file));
  const required = (name: string): unknown =>
    EVALUATED_ANEW.includes(`${name}.ts`) ? evaluated(`${name}.ts`, known) : load(name);
  // The constructor, since node:vm compiles for another realm than jest's, whose arrays are not arrays here.
  const run = Reflect.construct(Function, ["require", "exports", compiled(file)]) as (
    required: (name: string) => unknown,
    exports: Exports,
  ) => void;
  run(required, exports);
  return exports;
}

const EVALUATED_ANEW: readonly string[] = ["./config.ts"];

const code = new Map<string, string>();

function compiled(file: string): string {
  const text = code.get(file) ?? transformFileSync(file, COMPILER).code;
  code.set(file, text);
  return text;
}

const COMPILER: Options = {
  swcrc: false,
  jsc: { target: "es2022", parser: { syntax: "typescript" } },
  module: { type: "commonjs" },
};

function readYaml(path: string): unknown {
  return parse(readFileSync(path, "utf8"));
}
