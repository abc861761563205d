/** Does a command's work; the process ends with its exit code, or with 2 and what went wrong. */
export async function ending(work: () => Promise<number>, { json = false } = {}): Promise<void> {
  try {
    process.exitCode = await work();
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    if (json) process.stdout.write(`${JSON.stringify({ error: message }, undefined, 2)}\n`);
    say(`error: ${message}`);
    process.exitCode = 2;
  }
}

/** The standard output is for results. */
export function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
