/**
 * Runs a program while taking in what it throws where nobody waits for it: an error in an `apply` surfaces in the SDK
 * as an unhandled rejection, and only there.
 */
export async function collectingRejections<T>(run: (collected: unknown[]) => Promise<T>): Promise<T> {
  const process = theRealProcess();
  const others = EVENTS.map((event) => [event, process.listeners(event)] as const);
  const collected: unknown[] = [];
  const collect = (error: unknown): void => {
    collected.push(error);
  };
  for (const event of EVENTS) {
    process.removeAllListeners(event);
    process.on(event, collect);
  }
  try {
    return await run(collected);
  } finally {
    // One more turn of the event loop: rejections are reported at the end of the one in which they happen.
    await new Promise((resolve) => setImmediate(resolve));
    for (const [event, listeners] of others) {
      process.removeListener(event, collect);
      for (const listener of listeners) process.on(event, listener as (error: unknown) => void);
    }
  }
}

const EVENTS = ["unhandledRejection"] as const;

/** A test runner hands its tests a copy of `process`, whose listeners are never told anything. */
function theRealProcess(): NodeJS.Process {
  const { getBuiltinModule } = process as { getBuiltinModule?: (name: string) => unknown };
  return (getBuiltinModule?.("node:process") as NodeJS.Process | undefined) ?? process;
}
