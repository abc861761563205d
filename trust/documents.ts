import { parseDocument } from "yaml";

/** The methods of a path item. https://spec.openapis.org/oas/v2.0#path-item-object */
const METHODS = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

/**
 * Why somebody without a token gets through a gateway with this OpenAPI document; empty when nobody does. A document that
 * cannot be read opens nothing: Google refuses it.
 */
export function openIn(document: string | undefined): string[] {
  const root = document === undefined ? undefined : parsed(document);
  if (root === undefined) return [];
  const all = root["x-google-allow"] === "all" ? ["x-google-allow: all"] : [];
  const open = Object.entries(record(root["paths"])).flatMap(([path, item]) =>
    Object.entries(record(item))
      .filter(
        ([method, operation]) =>
          METHODS.includes(method) && isOpen(record(operation)["security"] ?? root["security"]),
      )
      .map(([method]) => `${method.toUpperCase()} ${path} without security`),
  );
  return [...all, ...open];
}

/** No list, an empty one, or one with an alternative that asks for nothing. */
function isOpen(security: unknown): boolean {
  if (!Array.isArray(security) || security.length === 0) return true;
  return security.some((alternative) => Object.keys(record(alternative)).length === 0);
}

function parsed(text: string): Record<string, unknown> | undefined {
  const document = parseDocument(text, { merge: true });
  return document.errors.length > 0 ? undefined : record(document.toJS());
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}
