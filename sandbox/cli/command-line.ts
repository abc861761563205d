import { type Command, CommanderError, Option } from "commander";

/** Does what the command line says; ends with 2 where that cannot be understood. */
export async function run(command: Command): Promise<void> {
  // Whoever read it has read enough, as `--help | head -1` has.
  process.stdout.on("error", () => process.exit(2));
  try {
    await command.parseAsync();
  } catch (error) {
    // commander has said it already; only the exit code is ours.
    if (!(error instanceof CommanderError)) throw error;
    process.exitCode = error.exitCode === 0 ? 0 : 2;
  }
}

/** An option that may be repeated, and is a list of what was given. */
export function repeatable(flags: string, description: string): Option {
  return new Option(flags, `${description}; may be repeated`)
    .argParser((value: string, before: readonly string[]) => [...before, value])
    .default([], "none");
}

/** Refuses options of the command itself before one of its commands: they would be left out without a word. */
export function refuseOptionsBeforeCommands(command: Command): void {
  command.hook("preSubcommand", (_, sub) => {
    const given = command.options.find(
      (option) => command.getOptionValueSource(option.attributeName()) === "cli",
    );
    if (given === undefined) return;
    const name = sub.name();
    sub.error(
      `error: ${given.long ?? given.flags} before ${name} has no meaning. What is meant for ${name} stands behind it; ${name} --help lists what it takes.`,
    );
  });
}

/** For a command that takes no arguments, and has commands. */
export function refuseArguments(command: Command): void {
  const [unknown] = command.args;
  if (unknown === undefined) return;
  const names = command.commands.map((each) => each.name()).join(", ");
  command.error(`error: unknown command '${unknown}'. There are: ${names}.`);
}
