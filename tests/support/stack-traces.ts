/** As many frames as Node takes by itself; jest takes a hundred. */
const FRAMES = 10;

/**
 * Does the work without turning stack traces into text. The Pulumi SDK asks for the text of one with every output and
 * every resource, and under jest, which looks up each frame in a source map, that takes twice as long as all the rest.
 * An error that is shown afterwards still has its frames, as many as are asked for: they become text only when somebody
 * reads them.
 */
export async function withoutStackTraces<T>(work: () => Promise<T>, frames = FRAMES): Promise<T> {
  const settings: { prepareStackTrace?: unknown; stackTraceLimit: number } = Error;
  const { prepareStackTrace, stackTraceLimit } = settings;
  Error.prepareStackTrace = String;
  Error.stackTraceLimit = Math.min(frames, stackTraceLimit);
  try {
    return await work();
  } finally {
    Object.assign(settings, { prepareStackTrace, stackTraceLimit });
  }
}
