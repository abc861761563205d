import { createRequire } from "node:module";
import { guard } from "../sandbox/cli/guard";
import { Output } from "../sandbox/cli/output";
import { readStackConfig } from "../sandbox/cli/stack-config";
import { UsageError } from "../sandbox/cli/usage-error";
import { Folder } from "../sandbox/host/folder";
import { whoServes } from "../sandbox/host/claim";
import type { Options } from "./options";
import type * as Tokens from "./token";
import type { Token } from "./token";
import type { World } from "./world";
import type * as Google from "./worlds/google";
import type * as InProcess from "./worlds/in-process";
import type * as Served from "./worlds/served";

/** Prints the token alone to the standard output, whatever there is to say about it to the standard error, and ends the process. */
export async function execute(options: Options): Promise<void> {
  const output = new Output();
  const fail = (message: string): void => {
    if (options.json) output.result(`${JSON.stringify({ error: message }, undefined, 2)}\n`);
    output.error(message);
  };
  guard(output, fail);
  try {
    const say = (line: string): void => {
      output.progress(line);
    };
    const world = worldFor(options, say);
    const { tokenIn } = load("./token") as typeof Tokens;
    const token = await tokenIn(world, options, say);
    if (options.json) output.result(`${JSON.stringify(token, undefined, 2)}\n`);
    else {
      describe(token).forEach(say);
      output.result(`${token.token}\n`);
    }
    await output.end(0);
  } catch (error) {
    fail(error instanceof Error ? error.message : String(error));
    await output.end(2);
  }
}

const load = createRequire(__filename);

/** Google is only ever reached when that is asked for. */
function worldFor(options: Options, say: (line: string) => void): World {
  const { stack, cwd, config, operator, projectKind } = options;
  if (options.google) {
    refuseWith("--google", { "--operator": operator, "--project-kind": projectKind, "--config": config[0] });
    return (load("./worlds/google") as typeof Google).onGoogle({ stack, cwd });
  }
  const settings = readStackConfig(cwd, stack, config);
  const folder = new Folder(undefined, settings.root);
  const serving = whoServes(folder.serving);
  if (serving === undefined) {
    const { InProcess: Made } = load("./worlds/in-process") as typeof InProcess;
    return new Made({ stack: settings, projectKind: projectKind ?? "default", operator, say });
  }
  refuseWith("the sandbox that is served", { "--project-kind": projectKind, "--config": config[0] });
  const { served } = load("./worlds/served") as typeof Served;
  return served({ serving, folder, stack: { project: settings.project, name: stack }, operator, say });
}

function refuseWith(what: string, options: Readonly<Record<string, string | undefined>>): void {
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined) continue;
    throw new UsageError(`${name} ${value} has no meaning with ${what}: it is as it is. Leave ${name} out.`);
  }
}

function describe({ claims, choice, where, use }: Token): string[] {
  const { target, caller, url } = choice;
  return [
    `An id_token of ${caller.email} for ${target.name} (${url}), had ${where} by impersonation:`,
    ...Object.entries(claims).map(([name, value]) => `  ${name.padEnd(14)} ${String(value)}`),
    ...use,
  ];
}
