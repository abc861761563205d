import type { Output } from "./output";

/** A signal's exit code, as shells give it. */
const SIGNALS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

const NAMES = Object.keys(SIGNALS) as (keyof typeof SIGNALS)[];

/** However it ends, it says so by its exit code: never 0 without having come to its end. `fail` says what went wrong. */
export function guard(output: Output, fail: (message: string) => void): void {
  for (const signal of NAMES) {
    // What runs is ended when the process ends.
    process.once(signal, () => output.abandon(SIGNALS[signal]));
  }
  process.on("uncaughtException", (error) => {
    fail(error instanceof Error ? error.message : String(error));
    output.abandon(2);
  });
  process.on("exit", (code) => {
    if (output.ended) return;
    fail(
      code === 0
        ? "The program ended by itself, or waits for something that never comes."
        : `The program ended the process, with exit code ${code}.`,
    );
    process.exitCode = 2;
  });
}

/**
 * Does work that may never give way, as a loop without end does not: nothing of ours would hear a signal then, so signals
 * are left to the system meanwhile, and end the process.
 */
export function interruptible<T>(work: () => T): T {
  const ours = NAMES.map((signal) => [signal, process.rawListeners(signal)] as const);
  for (const [signal] of ours) process.removeAllListeners(signal);
  try {
    return work();
  } finally {
    for (const [signal, listeners] of ours) {
      for (const listener of listeners) process.on(signal, listener as NodeJS.SignalsListener);
    }
  }
}
