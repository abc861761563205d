import type { AppSpec } from "./app";
import { AppError } from "./app-error";
import type { HostApp } from "./local-apps";
import { mainOf } from "./wanted";

/** What the environment of an app behind a host can refer to. */
export interface Facts {
  outputs: Record<string, unknown>;
  keys: { certificates: string; jwks: string };
}

/** How to start the app behind a host that is not Google's. */
export function hostApp(
  root: string,
  host: string,
  { app, environment = {} }: HostApp,
  facts: Facts,
): AppSpec {
  const label = `host ${host}`;
  const values = Object.entries(environment).map(([name, text]) => {
    const value = text.replace(/\$\{([^}]*)\}/g, (_, path: string) =>
      lookUp(path, facts, `${host}: ${name}`),
    );
    return [name, value] as const;
  });
  return { label, ...mainOf(label, root, app, []), environment: Object.fromEntries(values) };
}

/** What a text stands for as a whole: a stack output, whatever it is, or itself. */
export function referredTo(text: string, facts: Facts, where: string): unknown {
  const path = /^\$\{([^}]*)\}$/.exec(text)?.[1];
  if (path === undefined) return text;
  const value = valueAt(path, facts);
  if (value === undefined) throw missing(path, where);
  return value;
}

function lookUp(path: string, facts: Facts, where: string): string {
  const value = valueAt(path, facts);
  if (Array.isArray(value)) return value.map(String).join(",");
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean")
    return String(value);
  throw missing(path, where);
}

function valueAt(path: string, facts: Facts): unknown {
  return path.split(".").reduce<unknown>((inner, name) => {
    return typeof inner === "object" && inner !== null ? (inner as Record<string, unknown>)[name] : undefined;
  }, facts);
}

function missing(path: string, where: string): AppError {
  return new AppError(`apps/local.json: ${where} refers to \${${path}}, which this stack does not have.`);
}
