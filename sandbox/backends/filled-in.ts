import { AppError } from "./app-error";

/** What the environment of an app behind a host can refer to. */
export interface Facts {
  outputs: Record<string, unknown>;
  keys: { certificates: string; jwks: string };
}

/** An environment of apps/local.json with what its `${…}` stand for. `where` is the entry that it belongs to. */
export function filledIn(
  environment: Readonly<Record<string, string>>,
  facts: Partial<Facts>,
  where: string,
): Record<string, string> {
  const values = Object.entries(environment).map(([name, text]) => [
    name,
    text.replace(/\$\{([^}]*)\}/g, (_, path: string) => lookUp(path, facts, `${where}: ${name}`)),
  ]);
  return Object.fromEntries(values) as Record<string, string>;
}

/** What a text stands for as a whole: a stack output, whatever it is, or itself. */
export function referredTo(text: string, facts: Facts, where: string): unknown {
  const path = /^\$\{([^}]*)\}$/.exec(text)?.[1];
  if (path === undefined) return text;
  const value = valueAt(path, facts);
  if (value === undefined) throw missing(path, where);
  return value;
}

function lookUp(path: string, facts: Partial<Facts>, where: string): string {
  const value = valueAt(path, facts);
  if (Array.isArray(value)) return value.map(String).join(",");
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean")
    return String(value);
  throw missing(path, where);
}

function valueAt(path: string, facts: Partial<Facts>): unknown {
  return path.split(".").reduce<unknown>((inner, name) => {
    return typeof inner === "object" && inner !== null ? (inner as Record<string, unknown>)[name] : undefined;
  }, facts);
}

function missing(path: string, where: string): AppError {
  return new AppError(`apps/local.json: ${where} refers to \${${path}}, which this stack does not have.`);
}
