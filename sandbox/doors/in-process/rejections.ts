const EVENT = "unhandledRejection";

/**
 * Runs a program while taking in what it throws where nobody waits for it: an error in an `apply` surfaces in the SDK
 * as an unhandled rejection, and only there, and whatever was to come of that value never comes.
 */
export async function takingRejections<T>(
  onRejection: (error: unknown) => void,
  run: () => Promise<T>,
): Promise<T> {
  const others = process.listeners(EVENT);
  process.removeAllListeners(EVENT);
  process.on(EVENT, onRejection);
  try {
    return await run();
  } finally {
    // Rejections are reported at the end of the turn of the event loop in which they happen, and one leads to more.
    await turn();
    await turn();
    process.removeListener(EVENT, onRejection);
    for (const listener of others) process.on(EVENT, listener);
  }
}

/** Waits for one turn of the event loop. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
