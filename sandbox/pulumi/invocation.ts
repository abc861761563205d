/** Flags whose value is the argument after them. */
const WITH_VALUE = new Set([
  "--color",
  "--cwd",
  "-C",
  "--memprofilerate",
  "--otel-traces",
  "--profiling",
  "--tracing",
  "--verbose",
  "-v",
  "--stack",
  "-s",
  "--config",
  "-c",
  "--config-file",
  "--message",
  "-m",
  "--secrets-provider",
]);

/** Commands that read the stack's configuration, or write it, and take `--config-file` to say where it is. */
const WITH_CONFIG_FILE = new Set([
  ...["up", "update", "preview", "pre", "refresh", "destroy", "down", "dn"],
  ...["import", "config", "watch", "logs"],
]);

/** What is asked of Pulumi, as far as the sandbox has to understand it. */
export interface Invocation {
  readonly args: readonly string[];
  /** Its words, without flags and their values, as in ["stack", "init", "dev"]. */
  readonly words: readonly string[];
  readonly cwd: string | undefined;
  readonly stack: string | undefined;
}

export function understood(args: readonly string[]): Invocation {
  const words: string[] = [];
  for (let index = 0; index < args.length; index++) {
    const arg = args[index] ?? "";
    if (arg === "--") break;
    if (!arg.startsWith("-")) words.push(arg);
    else if (WITH_VALUE.has(arg)) index++;
  }
  return { args, words, cwd: valueOf(args, "-C", "--cwd"), stack: valueOf(args, "-s", "--stack") };
}

export function readsConfig({ words: [command = ""] }: Invocation): boolean {
  return WITH_CONFIG_FILE.has(command);
}

/** Pulumi's arguments, with the file in which this command finds the stack's configuration. */
export function withConfigFile({ args, words: [command = ""] }: Invocation, file: string): string[] {
  if (args.some((arg) => arg === "--config-file" || arg.startsWith("--config-file="))) return [...args];
  const at = args.indexOf(command) + 1;
  return [...args.slice(0, at), "--config-file", file, ...args.slice(at)];
}

/** The value of the last such flag: `-s dev`, `-s=dev`, `-sdev`, `--stack dev`, `--stack=dev`. */
function valueOf(args: readonly string[], short: string, long: string): string | undefined {
  let value: string | undefined;
  for (const [index, arg] of args.entries()) {
    if (arg === "--") break;
    if (arg === short || arg === long) value = args[index + 1];
    else if (arg.startsWith(`${long}=`)) value = arg.slice(long.length + 1);
    else if (arg.startsWith(short) && !arg.startsWith("--"))
      value = arg.slice(short.length).replace(/^=/, "");
  }
  return value;
}
