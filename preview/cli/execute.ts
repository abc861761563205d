import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { parse } from "yaml";
import { guard } from "../../sandbox/cli/guard";
import { Output } from "../../sandbox/cli/output";
import { UsageError } from "../../sandbox/cli/usage-error";
import type * as Compare from "../base/compare";
import { comment } from "../comment";
import { fromJson } from "../from-json";
import type { PreviewResult } from "../result";
import { summary } from "../summary";
import type { Options } from "./options";

/** Runs the command, writes the comment, and ends the process. */
export async function execute(options: Options): Promise<void> {
  const output = new Output();
  const dispose = new Set<() => void>();
  // However it ends, what it put beside the checkout goes.
  process.on("exit", () => {
    for (const one of dispose) one();
  });
  guard(output, (message) => {
    output.error(message);
  });
  try {
    // The SDK asks for a stack trace with every resource; to look each frame up in a source map takes long, and none is shown.
    process.setSourceMapsEnabled(false);
    const preview = await previewFor(options, output, dispose);
    const text = options.json ? `${JSON.stringify(summary(preview), undefined, 2)}\n` : comment(preview);
    if (options.output === undefined) output.result(text);
    else write(options.output, text);
    await output.end(preview.failed ? 1 : 0);
  } catch (error) {
    output.error(error instanceof Error ? error.message : String(error));
    await output.end(2);
  }
}

function previewFor(
  options: Options,
  output: Output,
  dispose: Set<() => void>,
): PreviewResult | Promise<PreviewResult> {
  const { base, from, stack, cwd, config, project: projects } = options;
  if ((base === undefined) === (from === undefined)) {
    throw new UsageError(
      "Give one of --base REF and --from FILE: what to hold the program against, or a preview's JSON.",
    );
  }
  refuseWith(from === undefined ? "--base" : "--from", {
    "--log": from === undefined ? options.log : undefined,
    "--config": from === undefined ? undefined : config[0],
    "--project": from === undefined ? undefined : projects[0],
  });
  for (const override of config) {
    if (!/^[^=]+=/.test(override)) throw new UsageError(`--config ${override}: write it as KEY=VALUE.`);
  }
  if (from !== undefined) {
    const log = options.log === undefined ? "" : read(options.log, "--log");
    return fromJson(read(from, "--from"), { project: projectIn(cwd), stack }, log);
  }
  const listener = {
    progress: (text: string) => {
      output.progress(`${text} …`);
    },
    disposable: (one: () => void) => void dispose.add(one),
  };
  // Only now: what it needs takes a while to load, and a mistyped option should not have to wait for that.
  const { compare } = createRequire(__filename)("../base/compare") as typeof Compare;
  return compare({ base: base ?? "", stack, cwd, config, projects }, listener);
}

function refuseWith(what: string, options: Readonly<Record<string, string | undefined>>): void {
  for (const [name, value] of Object.entries(options)) {
    if (value !== undefined)
      throw new UsageError(`${name} ${value} has no meaning with ${what}. Leave ${name} out.`);
  }
}

function read(path: string, option: string): string {
  try {
    return readFileSync(path === "-" ? 0 : path, "utf8");
  } catch (error) {
    throw new UsageError(`${option} ${path} cannot be read: ${String(error)}`);
  }
}

function write(path: string, text: string): void {
  try {
    writeFileSync(path, text);
  } catch (error) {
    throw new UsageError(`--output ${path} cannot be written: ${String(error)}`);
  }
}

/** For a preview that failed before it had a step to tell by. */
function projectIn(folder: string): string {
  try {
    const file: unknown = parse(readFileSync(join(folder, "Pulumi.yaml"), "utf8"));
    return typeof file === "object" && file !== null && "name" in file ? String(file.name) : "program";
  } catch {
    return "program";
  }
}
