import { spawn, spawnSync } from "node:child_process";
import { constants } from "node:os";
import { HostError } from "../host/host-error";
import { isSystemError } from "../doors/shared/system-error";

const HOW_TO_GET_IT = `There is no Pulumi CLI on PATH. Get it with one of these, and try again:
  curl -fsSL https://get.pulumi.com | sh
  brew install pulumi/tap/pulumi
  https://www.pulumi.com/docs/install/ for everything else
Without it, "npm run sandbox" deploys the program too.`;

/** A signal that a terminal sends goes to Pulumi as well, and twice would mean: at once, without finishing anything. */
const FROM_A_TERMINAL = ["SIGINT"] as const;
const ALWAYS_PASSED_ON = ["SIGTERM", "SIGHUP"] as const;

/** Runs Pulumi at this terminal, and gives back its exit code; that of shells when a signal ended it. */
export async function runCli(args: readonly string[], env: Record<string, string>): Promise<number> {
  const child = spawn("pulumi", args, { env, stdio: "inherit" });
  const passOn = (signal: NodeJS.Signals): void => {
    if (signal !== "SIGINT" || !process.stdin.isTTY) child.kill(signal);
  };
  const signals = [...FROM_A_TERMINAL, ...ALWAYS_PASSED_ON];
  for (const signal of signals) process.on(signal, passOn);
  try {
    return await new Promise<number>((resolve, reject) => {
      child.once("error", (error) => {
        reject(isSystemError(error, "ENOENT") ? new HostError(HOW_TO_GET_IT) : error);
      });
      child.once("exit", (code, signal) => {
        resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal]));
      });
    });
  } finally {
    for (const signal of signals) process.off(signal, passOn);
  }
}

/** Runs Pulumi for oneself. What it says matters only when it fails. */
export function runQuietly(args: readonly string[], env: Record<string, string>): void {
  const { error, status, stdout, stderr } = spawnSync("pulumi", args, { env, encoding: "utf8" });
  if (error !== undefined) throw isSystemError(error, "ENOENT") ? new HostError(HOW_TO_GET_IT) : error;
  if (status !== 0) throw new HostError(`pulumi ${args.join(" ")} failed:\n${stderr}${stdout}`.trimEnd());
}
