import { invalid, notModelled, type Part } from "./document";
import type { Template } from "./templates";

/** https://spec.openapis.org/oas/v2.0#path-item-object; the last one is of 3.x */
export const METHODS: readonly string[] = [
  "get",
  "put",
  "post",
  "delete",
  "options",
  "head",
  "patch",
  "trace",
];

/** What else a path may say; nothing of it decides who gets in. */
const BESIDE: readonly string[] = ["parameters", "summary", "description"];

/** Throws by name what a path says that is neither a method nor beside the matter: a method in capitals is none. */
export function requireKnownItem(item: Part, at: string): void {
  const unknown = Object.keys(item).find(
    (key) => !METHODS.includes(key) && !BESIDE.includes(key) && !key.startsWith("x-"),
  );
  if (unknown !== undefined) throw notModelled(`${at}.${unknown}`);
}

/** Throws unless each operation has an id of its own, from which the name of the method is made. */
export function requireOwnIds(operations: readonly { at: string; id: unknown }[]): void {
  const places = new Map<string, string>();
  for (const { at, id } of operations) {
    if (typeof id !== "string" || id === "") throw invalid(`${at} has no operationId`);
    const before = places.get(id);
    if (before !== undefined) throw invalid(`${at} has the operationId "${id}" of ${before}`);
    places.set(id, at);
  }
}

/** Throws when two paths match the same requests: which of them decides would be chance. */
export function requireOwnTemplates(templates: readonly Template[]): void {
  const texts = new Map<string, string>();
  for (const { text, segments } of templates) {
    const shape = JSON.stringify(segments);
    const before = texts.get(shape);
    if (before !== undefined) throw invalid(`the paths ${before} and ${text} are the same but for names`);
    texts.set(shape, text);
  }
}
