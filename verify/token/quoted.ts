const LONGEST = 200;

/**
 * A value for a message: on one line, and without the query of an address, because people put keys into queries and
 * Scheduler's default audience is the whole address.
 */
export function quoted(value: string): string {
  const [before = "", query] = value.split("?", 2);
  const shown = query === undefined ? before : `${before}?…`;
  return JSON.stringify(shown.length > LONGEST ? `${shown.slice(0, LONGEST)}…` : shown);
}
