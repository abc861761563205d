import type { ChildProcess } from "node:child_process";
import { signalGroup } from "./signal-group";

const live = new Set<ChildProcess>();

/**
 * Ends a process, and all that it starts, when this one ends: by itself, by process.exit() or by an error that nobody
 * catches. Of an end that no code can see (SIGKILL) the child learns by itself: its channel closes.
 */
export function watchOver(child: ChildProcess): void {
  if (live.size === 0) process.on("exit", endAll);
  live.add(child);
  const over = (): void => {
    // The app is gone; what it has started may not be.
    signalGroup(child, "SIGKILL");
    live.delete(child);
    if (live.size === 0) process.off("exit", endAll);
  };
  child.once("exit", over).once("error", over);
}

function endAll(): void {
  for (const child of live) signalGroup(child, "SIGKILL");
}
