import { createRequire } from "node:module";
import { createColors } from "picocolors";
import { guard } from "./guard";
import type { Options } from "./options";
import { Output } from "./output";
import { header, print } from "./print";
import type * as Run from "./run";
import { readStackConfig } from "./stack-config";

/** Runs the command, prints what came of it, and ends the process. */
export async function execute(options: Options): Promise<void> {
  const output = new Output();
  const fail = (message: string): void => {
    if (options.json) output.result(`${JSON.stringify({ ok: false, error: message }, undefined, 2)}\n`);
    output.error(message);
  };
  guard(output, fail);
  try {
    const stack = readStackConfig(options.cwd, options.stack, options.config);
    // Only now: what it needs takes half a second to load, and a mistyped option should not have to wait for that.
    const { run } = createRequire(__filename)("./run") as typeof Run;
    const report = await run(stack, options, {
      begins: (about) => {
        if (options.json) output.progress(header(about));
        else output.result(`${header(about)}\n\n`);
      },
      progress: (text) => {
        output.progress(`${text} …`);
      },
    });
    if (options.json) output.result(`${JSON.stringify(report, undefined, 2)}\n`);
    else
      output.result(
        `${output.isTerminal ? "\n" : ""}${print(report, { width: output.width, paint: createColors(output.isColoured) })}`,
      );
    await output.end(report.ok ? 0 : 1);
  } catch (error) {
    fail(messageOf(error));
    if (error instanceof Error && options.trace) output.progress(error.stack ?? "");
    else if (isFault(error)) output.progress("--trace shows where.");
    await output.end(2);
  }
}

/** What no program throws on purpose. */
function isFault(error: unknown): boolean {
  return error instanceof TypeError || error instanceof ReferenceError || error instanceof RangeError;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
