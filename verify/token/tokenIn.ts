import { RequestRefused } from "../RequestRefused";
import type { HeaderList } from "../Verifier";
import { headerPairs } from "./headerPairs";
import { LONGEST_TOKEN, tooLong } from "./parseToken";

/** RFC 6750, section 2.1; the comma would begin a second one. */
const BEARER = /^Bearer +([^\s,]+) *$/i;

/**
 * The one token in the first of these headers that is there at all. No header falls back to the next one because of
 * what it says, or a sender could choose which of two tokens is looked at.
 */
export function tokenIn(headers: HeaderList, names: readonly string[]): string {
  const pairs = headerPairs(headers);
  for (const name of names) {
    const values = pairs.filter(([each]) => each.toLowerCase() === name).map(([, value]) => value);
    if (values.length > 0) return onlyToken(values);
  }
  throw new RequestRefused("ERR_TOKEN_MISSING", `no ${names.join(" or ")} header`);
}

function onlyToken(values: readonly unknown[]): string {
  const [value, ...more] = values;
  if (typeof value !== "string") throw new RequestRefused("ERR_TOKEN_MISSING", "the header is not a text");
  // Headers of the Fetch API join what came twice by commas, which are in no token.
  if (more.length > 0 || value.includes(",")) throw new RequestRefused("ERR_TOKEN_SEVERAL");
  // A regular expression may run out of stack on a text of millions of characters.
  if (value.length > LONGEST_TOKEN + "Bearer ".length) throw tooLong();
  const token = BEARER.exec(value)?.[1];
  if (token === undefined)
    throw new RequestRefused("ERR_TOKEN_MISSING", 'the header is not "Bearer" and a token');
  return token;
}
