import { CloudError } from "../../../cloud/errors";
import type { Call } from "../api";

/** What every method takes; an application's client sends the first. https://docs.cloud.google.com/apis/docs/system-parameters */
const OF_ALL = ["$alt", "alt", "$prettyPrint", "prettyPrint"];

/** Throws by name of parameters in the query that this method has not here. */
export function requireParameters({ url }: Call, ...known: readonly string[]): void {
  const other = [...url.searchParams.keys()].find((name) => ![...OF_ALL, ...known].includes(name));
  if (other === undefined) return;
  const here = known.length === 0 ? "none" : known.join(", ");
  throw new CloudError(
    "UNIMPLEMENTED",
    `The sandbox does not model the parameter "${other}" of ${url.pathname}. It has here: ${here}.`,
  );
}

/** Throws when the body names another than the path does. Assumed: which of the two Google would take is not documented. */
export function requireSame(field: string, said: string | undefined, inPath: string): void {
  if (said === undefined || said === "" || said === inPath) return;
  refuse(`${field}: "${said}" is another than that of the path, "${inPath}"`);
}

/** At most so many at once. https://cloud.google.com/tasks/docs/reference/rest/v2/projects.locations.queues.tasks/list */
export function paged<T>(
  { url }: Call,
  all: readonly T[],
  most: number,
): { page: readonly T[]; nextPageToken?: string } {
  const size = Math.min(wholeIn(url, "pageSize") || most, most);
  const start = wholeIn(url, "pageToken");
  if (start > all.length) refuse(`pageToken: "${start}" is none that was given`);
  const end = start + size;
  return { page: all.slice(start, end), ...(end < all.length && { nextPageToken: String(end) }) };
}

function wholeIn({ searchParams }: URL, name: string): number {
  const text = searchParams.get(name) ?? "";
  if (!/^\d{0,10}$/.test(text)) refuse(`${name}: "${text}" is invalid`);
  return Number(text);
}

function refuse(message: string): never {
  throw new CloudError("INVALID_ARGUMENT", `${message}.`);
}
