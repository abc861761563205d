import { Command, Option } from "commander";
import { repeatable, run } from "../sandbox/cli/command-line";
import { execute } from "./execute";
import type { Options } from "./options";

const command = new Command("npm run --silent token --")
  .description("Prints an id_token of a caller for a target of the stack, for use with curl.")
  .requiredOption("-t, --target <name>", "what the token is for: a target's logical name")
  .option("-a, --as <caller>", "whose token: a caller's logical name or e-mail; default: the one that may")
  .option("-s, --stack <name>", "the stack: Pulumi.<name>.yaml", "dev")
  .option("-C, --cwd <folder>", "the Pulumi program's folder", ".")
  .addOption(repeatable("-c, --config <key=value>", "on a sandbox: a value in place of the stack file's"))
  .addOption(
    new Option(
      "--project-kind <kind>",
      "on a sandbox: a project as Google makes it, or without its usual roles",
    ).choices(["default", "hardened"]),
  )
  .option("--operator <member>", "on a sandbox: who asks, such as user:owner@example.com")
  .option("--google", "on Google Cloud, with your own credentials; nothing asks Google without it", false)
  .option("--json", "write the token with its claims as JSON", false)
  .addHelpText(
    "after",
    `
The token alone goes to the standard output, all else to the standard error:
  curl -H "Authorization: Bearer $(npm run --silent token -- --google --target hello --as schedulerunner)" URL
It is had by impersonation through IAM Credentials. Whoever asks needs iam.serviceAccounts.getOpenIdToken on the caller;
if it is missing, the command says which grant gives it. docs/tokens.md has every other way.
Exit code: 0 with a token, 2 without one.`,
  )
  .exitOverride()
  .action(async (options: Options) => execute(options));

void run(command);
