import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseDocument } from "yaml";
import { own } from "../cloud/own";
import { asText, type Declaration, fromText, isEncrypted, isOfType, typeName } from "./config-values";
import { UsageError } from "./usage-error";

/** What Pulumi's own CLI would hand over to the program. */
export interface StackConfig {
  /** The folder of the project file. */
  root: string;
  /** Pulumi's name of the project. */
  project: string;
  stack: string;
  /** What the program is written for: nodejs, python, … */
  runtime: unknown;
  /** The program's file or folder. */
  main: string;
  /** Whole keys, such as `gcp:project`; lists and objects as JSON. */
  config: Record<string, string>;
  secretKeys: string[];
  /** How the project file declares its keys, by whole key. */
  declarations: Record<string, Declaration>;
}

/** Reads Pulumi.yaml and Pulumi.<stack>.yaml, with the defaults and the checks that Pulumi's own CLI makes. */
export function readStackConfig(
  folder: string,
  stack: string,
  overrides: readonly string[] = [],
): StackConfig {
  const root = resolve(folder);
  const file = readYaml(
    root,
    "Pulumi.yaml",
    () => "Start the sandbox in a Pulumi program's folder, or name it with --cwd.",
  );
  const project = file.name;
  if (typeof project !== "string") throw new UsageError("Pulumi.yaml: name is missing.");
  const declarations = declarationsIn(file.config, project);
  const stackFile = `Pulumi.${stack}.yaml`;
  const { config: written = {}, environment } = readYaml(root, stackFile, () => stacksIn(root));
  if (environment !== undefined) {
    throw new UsageError(
      `${stackFile}: "environment" imports configuration that is kept in Pulumi Cloud, which the sandbox does not ask. Give the values themselves.`,
    );
  }
  if (!isRecord(written)) throw new UsageError(`${stackFile}: config must be a map of keys and values.`);
  const given = withWholeKeys(written, project);
  const values = {
    ...defaultsOf(declarations),
    ...given,
    ...parseOverrides(overrides, project, declarations),
  };
  // What stands in for an encrypted value is as secret as that is.
  const isSecret = (key: string) => own(declarations, key)?.secret === true || isEncrypted(own(given, key));
  check(values, declarations, stackFile, isSecret);
  return {
    root,
    project,
    stack,
    runtime: isRecord(file.runtime) ? file.runtime.name : file.runtime,
    main: join(root, typeof file.main === "string" ? file.main : "."),
    config: Object.fromEntries(Object.entries(values).map(([key, value]) => [key, asText(value)])),
    secretKeys: Object.keys(values).filter((key) => isSecret(key)),
    declarations,
  };
}

function check(
  values: Readonly<Record<string, unknown>>,
  declarations: Readonly<Record<string, Declaration>>,
  file: string,
  isSecret: (key: string) => boolean,
): void {
  for (const [key, value] of Object.entries(values)) {
    const declaration = own(declarations, key);
    if (isEncrypted(value)) {
      throw new UsageError(
        `${file}: ${key} is encrypted, and the sandbox has no key to it. Give a value to try with: --config ${key}=VALUE`,
      );
    }
    if (declaration?.type === undefined || isOfType(value, declaration)) continue;
    throw new UsageError(
      `${file}: ${key} is ${isSecret(key) ? "a secret of another type" : JSON.stringify(value)}; it must be of type ${typeName(declaration)}.`,
    );
  }
  const missing = Object.keys(declarations).find((key) => values[key] === undefined);
  if (missing === undefined) return;
  throw new UsageError(
    `${file}: ${missing} is missing, and Pulumi.yaml has no default for it. Set it there, or try with: --config ${missing}=VALUE`,
  );
}

/** A bare value is a default for a key of the project's own, and a value for anybody else's, as for Pulumi's own CLI. */
function declarationsIn(config: unknown, project: string): Record<string, Declaration> {
  if (config === undefined || config === null) return {};
  if (!isRecord(config)) throw new UsageError("Pulumi.yaml: config must be a map of keys and declarations.");
  return Object.fromEntries(
    Object.entries(config).map(([key, declared]) => {
      const whole = wholeKey(key, project);
      const shorthand = whole.startsWith(`${project}:`) ? { default: declared } : { value: declared };
      return [whole, isRecord(declared) ? declared : shorthand];
    }),
  );
}

function defaultsOf(declarations: Readonly<Record<string, Declaration>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(declarations)
      .map(([key, declared]) => [key, declared.value ?? declared.default] as const)
      .filter(([, value]) => value !== undefined),
  );
}

function parseOverrides(
  overrides: readonly string[],
  project: string,
  declarations: Readonly<Record<string, Declaration>>,
): Record<string, unknown> {
  return Object.fromEntries(
    overrides.map((override) => {
      const [, key, value] = /^([^=]+)=([^]*)$/.exec(override) ?? [];
      if (key === undefined || value === undefined) {
        throw new UsageError(`--config ${override}: write it as KEY=VALUE.`);
      }
      const whole = wholeKey(key, project);
      return [whole, fromText(value, declarations[whole] ?? {})];
    }),
  );
}

function withWholeKeys(config: Readonly<Record<string, unknown>>, project: string): Record<string, unknown> {
  return Object.fromEntries(Object.entries(config).map(([key, value]) => [wholeKey(key, project), value]));
}

/** Older files write `project:config:key`. */
function wholeKey(key: string, project: string): string {
  return key.includes(":") ? key.replace(/^([^:]+):config:/, "$1:") : `${project}:${key}`;
}

function readYaml(root: string, name: string, remedy: () => string): Record<string, unknown> {
  const path = join(root, name);
  if (!existsSync(path)) throw new UsageError(`There is no ${name} in ${root}. ${remedy()}`);
  const document = parseDocument(read(path));
  const [error] = document.errors;
  if (error !== undefined)
    throw new UsageError(`${name} is not YAML: ${error.message.split("\n", 1)[0] ?? ""}`);
  const content: unknown = document.toJS() ?? {};
  if (!isRecord(content)) throw new UsageError(`${name}: a map of keys and values is expected.`);
  return content;
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new UsageError(`${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function stacksIn(root: string): string {
  const stacks = readdirSync(root)
    .map((file) => /^Pulumi\.(.+)\.yaml$/.exec(file)?.[1])
    .filter((name) => name !== undefined)
    .sort();
  return stacks.length === 0 ? "There are no stacks here." : `The stacks here are: ${stacks.join(", ")}.`;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
