import type { Output } from "./output";

/** A signal's exit code, as shells give it. */
const SIGNALS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

/** However it ends, it says so by its exit code: never 0 without having come to its end. */
export function guard(output: Output): void {
  for (const [signal, code] of Object.entries(SIGNALS)) {
    // What runs is ended when the process ends.
    process.once(signal, () => process.exit(code));
  }
  process.on("uncaughtException", (error) => {
    output.error(error instanceof Error ? error.message : String(error));
    process.exit(2);
  });
  process.on("exit", (code) => {
    if (output.ended || code > 2) return;
    if (code === 0) output.error("The program ended by itself, or waits for something that never comes.");
    process.exitCode = 2;
  });
}
