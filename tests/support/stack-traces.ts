/** What to set to see where an error in a program comes from: `FRAMES=20 npx jest …`. */
const FRAMES = Number(process.env.FRAMES ?? 0);

/**
 * Does the work without stack traces. The Pulumi SDK asks for the text of one with every output and every resource, and
 * under jest, which looks up each frame in a source map, that takes longer than all the rest.
 */
export async function withoutStackTraces<T>(work: () => Promise<T>): Promise<T> {
  const settings: { prepareStackTrace?: unknown; stackTraceLimit: number } = Error;
  const { prepareStackTrace, stackTraceLimit } = settings;
  Error.prepareStackTrace = String;
  Error.stackTraceLimit = Math.min(FRAMES, stackTraceLimit);
  try {
    return await work();
  } finally {
    Object.assign(settings, { prepareStackTrace, stackTraceLimit });
  }
}
