import { CloudError } from "../../cloud/errors";
import type { Call } from "./api";

/** The parameters that say which part of a list is wanted. */
export const PAGES: readonly string[] = ["pageSize", "pageToken"];

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
