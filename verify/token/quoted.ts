const LONGEST = 200;

/** JSON leaves these as they are, though some break a line, turn the writing around or command a terminal. */
const BEYOND_ASCII = /[^\x20-\x7e]/g;

/**
 * A value for a message: on one line, in plain letters, and without the query of an address, because people put keys
 * into queries and Scheduler's default audience is the whole address.
 */
export function quoted(value: string): string {
  const [before = "", query] = value.split("?", 2);
  const shown = JSON.stringify(before.slice(0, LONGEST)).replace(BEYOND_ASCII, escaped);
  const rest = before.length > LONGEST ? "…" : query === undefined ? "" : "?…";
  return shown.replace(/"$/, `${rest}"`);
}

function escaped(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
