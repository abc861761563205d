import { Command } from "commander";
import { repeatable, run } from "../sandbox/cli/command-line";
import { execute } from "./cli/execute";
import type { Options } from "./cli/options";

const command = new Command("npm run preview --")
  .description(
    "Writes what a change does to a stack as one Markdown comment for a pull request: first who may call what.",
  )
  .option("-b, --base <ref>", "hold what is checked out against this commit, on an embedded cloud")
  .option("-f, --from <file>", "what `pulumi preview --json --show-sames` printed; - for the standard input")
  .option("--log <file>", "with --from: what it wrote to the standard error, shown if there is no JSON")
  .option("-s, --stack <name>", "the stack: Pulumi.<name>.yaml", "dev")
  .option("-C, --cwd <folder>", "the Pulumi program's folder", ".")
  .addOption(repeatable("-c, --config <key=value>", "with --base: a value in place of the stack file's"))
  .addOption(repeatable("-p, --project <id>", "with --base: a further Google project that exists"))
  .option("-o, --output <file>", "write there rather than to the standard output")
  .option("--json", "for other programs, rather than Markdown", false)
  .addHelpText(
    "after",
    `
Exit code: 0 with a comment, 1 with a comment that says why the preview failed, 2 without one.
--base needs no cloud, no credentials and no Pulumi CLI; it runs the programs of both commits, as \`pulumi preview\` does.`,
  )
  .exitOverride()
  .action(async (options: Options) => execute(options));

void run(command);
