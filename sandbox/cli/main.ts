import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { duration } from "./duration";
import { LONGEST_IAM_DELAY, type Options } from "./options";
import { execute } from "./execute";
import { UsageError } from "./usage-error";

const command = new Command("npm run sandbox --")
  .description(
    "Deploys a stack on an embedded Google Cloud, fires every source with a real id_token, then tries to get in without being entitled.",
  )
  .option("-s, --stack <name>", "the stack: Pulumi.<name>.yaml", "dev")
  .option("-C, --cwd <folder>", "the Pulumi program's folder", ".")
  .option("-c, --config <key=value>", "a value in place of the stack file's; may be repeated", collect, [])
  .addOption(
    new Option("--project-kind <kind>", "a project as Google makes it, or without any of its usual roles")
      .choices(["default", "hardened"])
      .default("default"),
  )
  .option("--iam-delay <duration>", "how long an IAM change takes to take effect, such as 2m", delay, 0)
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
  .action(async (options: Options) => execute(options));

command.parseAsync().catch((error: unknown) => {
  // commander has said it already; only the exit code is ours.
  if (!(error instanceof CommanderError)) throw error;
  process.exitCode = error.exitCode === 0 ? 0 : 2;
});

function collect(value: string, before: readonly string[]): string[] {
  return [...before, value];
}

function delay(text: string): number {
  const ms = understood(() => duration(text));
  if (ms <= LONGEST_IAM_DELAY) return ms;
  throw new InvalidArgumentError(`At most ${LONGEST_IAM_DELAY / 60_000}m, or tokens would expire meanwhile.`);
}

function port(text: string): number {
  const number = Number(text);
  if (/^\d+$/.test(text) && number > 0 && number < 65_536) return number;
  throw new InvalidArgumentError("It must be a number from 1 to 65535.");
}

function understood<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw error instanceof UsageError ? new InvalidArgumentError(error.message) : error;
  }
}
