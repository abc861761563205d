import { Command } from "commander";
import { iamDelay, port, projectKind } from "./arguments";
import { refuseArguments, refuseOptionsBeforeCommands, repeatable, run } from "./command-line";
import { execute } from "./execute";
import type { Options } from "./options";
import { addPulumi } from "./pulumi";
import { addRemove } from "./remove";
import { addServe } from "./serve";
import { addServed } from "./served";

const command = new Command("npm run sandbox --")
  .description(
    "Deploys a stack on an embedded Google Cloud, fires every source with a real id_token, then tries to get in without being entitled.",
  )
  .option("-s, --stack <name>", "the stack: Pulumi.<name>.yaml", "dev")
  .option("-C, --cwd <folder>", "the Pulumi program's folder", ".")
  .addOption(repeatable("-c, --config <key=value>", "a value in place of the stack file's"))
  .addOption(projectKind())
  .addOption(iamDelay())
  .option("--keys-port <port>", "where the public keys are served; default: any free port", port)
  .option("--json", "write the result as JSON, and nothing else, to the standard output", false)
  .option("--trace", "show the stack trace of an error", false)
  .addHelpText(
    "after",
    `
Exit code: 0 if every call and every refusal is as it should be, 1 if not, 2 if it could not be tried.
It listens on 127.0.0.1 only, uses keys that are made for this run, and asks nothing of Google.`,
  )
  .exitOverride()
  .helpCommand(true)
  .allowExcessArguments()
  .action(async (options: Options) => {
    refuseArguments(command);
    await execute(options);
  });

refuseOptionsBeforeCommands(command);
addServe(command);
addPulumi(command);
addRemove(command);
addServed(command);

void run(command);
