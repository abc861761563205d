import type { ChildProcess } from "node:child_process";

/** A signal to a process and to all that it has started; it must lead a group of its own. */
export function signalGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // It is gone already.
  }
}
