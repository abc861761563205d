import { createRequire } from "node:module";
import type { Command } from "commander";
import { Folder } from "../host/folder";
import type * as Run from "../pulumi/run";
import type { PulumiOptions } from "../pulumi/run";
import { iamDelay, projectKind } from "./arguments";
import { ending, say } from "./ending";

/** `pulumi <anything>`: whatever follows is Pulumi's, be it a command or a flag. */
export function addPulumi(program: Command): void {
  program
    .enablePositionalOptions()
    .command("pulumi")
    .description("Runs the real Pulumi CLI on the embedded cloud, with a state of its own.")
    .addOption(projectKind())
    .addOption(iamDelay())
    .argument("[args...]", "whatever Pulumi takes")
    .helpOption(false)
    .allowUnknownOption()
    .passThroughOptions()
    .action(async (args: string[], options: Pick<PulumiOptions, "projectKind" | "iamDelay">) => {
      const { runPulumi } = createRequire(__filename)("../pulumi/run") as typeof Run;
      await ending(() => runPulumi(args, { ...options, folder: new Folder(), say }));
    });
}
