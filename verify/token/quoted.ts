const LONGEST = 200;

/** JSON leaves these as they are, though some break a line, turn the writing around or command a terminal. */
const BEYOND_ASCII = /[^\x20-\x7e]/g;

/** Name and password of an address: https://www.rfc-editor.org/rfc/rfc3986#section-3.2.1 */
const USER = /\/\/[^/]*@/;

/**
 * A value for a message: on one line, in plain letters, and without what of an address is nobody's to read. People put
 * keys into queries, tokens into fragments and passwords before hosts, and Scheduler's default audience is the whole
 * address.
 */
export function quoted(value: string): string {
  const [cut = ""] = /[?#]|$/.exec(value) ?? [];
  const before = value.slice(0, cut === "" ? undefined : value.indexOf(cut)).replace(USER, "//@");
  const shown = JSON.stringify(before.slice(0, LONGEST))
    .replace(BEYOND_ASCII, escaped)
    .replace("//@", "//…@");
  const rest = before.length > LONGEST ? "…" : cut === "" ? "" : `${cut}…`;
  return shown.replace(/"$/, `${rest}"`);
}

function escaped(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
