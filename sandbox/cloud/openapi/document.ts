import { parseDocument } from "yaml";
import { CloudError } from "../errors";

export type Part = Readonly<Record<string, unknown>>;

/** A document with what it is called in messages. */
export interface OpenApiDocument {
  root: Part;
  version: "2.0" | "3";
}

export function isPart(value: unknown): value is Part {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Reads YAML or JSON; throws what the API answers to something else. */
export function parseOpenApi(text: string): OpenApiDocument {
  const root = parsed(text);
  const { swagger, openapi } = root;
  const version =
    swagger === "2.0" ? "2.0" : typeof openapi === "string" && /^3\.[01]\./.test(openapi) ? "3" : undefined;
  if (version === undefined) {
    throw invalid('it says neither swagger: "2.0" nor openapi: 3.0.x or 3.1.x');
  }
  const { title, version: edition } = partAt(root, "info");
  if (typeof title !== "string" || typeof edition !== "string")
    throw invalid("info.title or info.version is missing");
  return { root, version };
}

/** The part at a key; an empty one when there is none. */
export function partAt(part: Part, key: string): Part {
  const value = part[key];
  if (value === undefined) return {};
  if (isPart(value)) return value;
  throw invalid(`${key} is not a map`);
}

export function textAt(part: Part, key: string, where: string): string | undefined {
  const value = part[key];
  if (value === undefined || typeof value === "string") return value;
  throw invalid(`${where}.${key} is not a text`);
}

export function invalid(why: string): CloudError {
  return new CloudError("INVALID_ARGUMENT", `Cannot convert to service config: ${why}.`);
}

export function notModelled(what: string): CloudError {
  return new CloudError("UNIMPLEMENTED", `OpenAPI document: ${what} is not modelled by the sandbox`);
}

function parsed(text: string): Part {
  const document = parseDocument(text, { merge: true });
  const [error] = document.errors;
  if (error !== undefined)
    throw invalid(`it is neither YAML nor JSON: ${error.message.split("\n", 1)[0] ?? ""}`);
  const value: unknown = document.toJS();
  if (!isPart(value)) throw invalid("it is not a map");
  return value;
}
