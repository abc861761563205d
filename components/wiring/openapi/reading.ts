import { parseDocument } from "yaml";
import type { Check } from "../checks";

/** A part of an OpenAPI document that has properties. */
export type Part = Readonly<Record<string, unknown>>;

/** The OpenAPI versions that a gateway reads. */
export type Dialect = "2.0" | "3";

/** A document with what it is written in. */
export interface Reading {
  readonly root: Part;
  readonly dialect: Dialect;
}

/** The keys of a path item that are methods; all others say something else. */
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

/** One operation with the place that it stands at. */
export interface Operation {
  readonly place: string;
  readonly path: string;
  readonly method: string;
  readonly says: Part;
}

/** Whether a value has properties. */
export function isPart(value: unknown): value is Part {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Reads a document in YAML or JSON; undefined when it is neither, or in no version that a gateway reads. */
export function readDocument(text: string): Reading | undefined {
  const root = parsed(text);
  if (!isPart(root)) return undefined;
  if (root["swagger"] === "2.0") return { root, dialect: "2.0" };
  // https://docs.cloud.google.com/api-gateway/docs/oasv3-extensions
  const version = root["openapi"];
  return typeof version === "string" && /^3\.[01]\.\d+$/.test(version) ? { root, dialect: "3" } : undefined;
}

/** A check that a text is a document that this gateway reads. */
export function documentIn(dialects: readonly Dialect[]): Check<string> {
  const wanted = dialects.includes("3") ? 'swagger: "2.0", or openapi: 3.0.x or 3.1.x' : 'swagger: "2.0"';
  return (text) => {
    const reading = typeof text === "string" ? readDocument(text) : undefined;
    return reading !== undefined && dialects.includes(reading.dialect)
      ? undefined
      : {
          problem: `is not an OpenAPI document with ${wanted}`,
          remedy: "Give the document itself, as YAML or JSON text",
        };
  };
}

/** All operations of a document, in its order. */
export function operationsOf(root: Part): Operation[] {
  return itemsOf(root).flatMap(({ path, item }) =>
    Object.entries(item).flatMap(([method, says]) =>
      METHODS.includes(method) && isPart(says)
        ? [{ place: `paths.${path}.${method}`, path, method, says }]
        : [],
    ),
  );
}

/** All path items of a document. */
export function itemsOf(root: Part): { path: string; item: Part }[] {
  const { paths } = root;
  if (!isPart(paths)) return [];
  return Object.entries(paths).flatMap(([path, item]) => (isPart(item) ? [{ path, item }] : []));
}

function parsed(text: string): unknown {
  // Merge keys count: to a reader of older YAML, as Google's is, a merged in `security: []` is as open as a written one.
  const document = parseDocument(text, { merge: true });
  if (document.errors.length > 0) return undefined;
  try {
    return document.toJS() as unknown;
  } catch {
    // An alias without an anchor, or more aliases than any document needs.
    return undefined;
  }
}
