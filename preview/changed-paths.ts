import type { ChangedPath } from "./result";
import { ANOTHER_SECRET, isProps, SECRET, UNKNOWN, type Props } from "./values";

/** What differs between two sets of properties, for a preview that does not say so itself. */
export function changedPaths(olds: Props, news: Props): ChangedPath[] {
  return differing("", olds, news);
}

/** What the SDK and the bridge keep for themselves. */
export function isInternal(path: string): boolean {
  return /(^|\.)__/.test(path);
}

function differing(path: string, old: unknown, now: unknown): ChangedPath[] {
  if (isInternal(path) || Object.is(old, now)) return [];
  if (old === undefined) return [{ path, kind: "add", replaces: false }];
  if (now === undefined) return [{ path, kind: "delete", replaces: false }];
  if (isProps(old) && isProps(now)) {
    return [...new Set([...Object.keys(old), ...Object.keys(now)])].flatMap((key) =>
      differing(below(path, key), own(old, key), own(now, key)),
    );
  }
  if (Array.isArray(old) && Array.isArray(now)) {
    const length = Math.max(old.length, now.length);
    return Array.from({ length }, (_, index) =>
      differing(`${path}[${index}]`, old[index] as unknown, now[index] as unknown),
    ).flat();
  }
  return [{ path, kind: "update", replaces: false }];
}

/** A name such as "constructor" is in every object, and in none of its properties. */
function own(props: Props, key: string): unknown {
  return Object.hasOwn(props, key) ? props[key] : undefined;
}

/** The same properties, with what is secret in them marked as another secret wherever one of these paths changes. */
export function withChangedSecrets(value: unknown, changed: readonly ChangedPath[], path = ""): unknown {
  if (value === SECRET) return changed.some((one) => isWithin(path, one.path)) ? ANOTHER_SECRET : value;
  if (Array.isArray(value)) {
    return value.map((item, index) => withChangedSecrets(item, changed, `${path}[${index}]`));
  }
  if (!isProps(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, withChangedSecrets(item, changed, below(path, key))]),
  );
}

function isWithin(path: string, whole: string): boolean {
  return path === whole || path.startsWith(`${whole}.`) || path.startsWith(`${whole}[`);
}

/** Every value by its path. */
export function leavesOf(value: unknown, path = ""): [path: string, value: unknown][] {
  if (isInternal(path) || value === undefined || value === null) return [];
  if (Array.isArray(value) && value.length > 0) {
    return value.flatMap((item, index) => leavesOf(item, `${path}[${index}]`));
  }
  if (isProps(value) && Object.keys(value).length > 0) {
    return Object.entries(value).flatMap(([key, item]) => leavesOf(item, below(path, key)));
  }
  return [[path, value]];
}

function below(path: string, key: string): string {
  if (!/^[A-Za-z_][A-Za-z0-9_-]*$/.test(key)) return `${path}[${JSON.stringify(key)}]`;
  return path === "" ? key : `${path}.${key}`;
}

/** A value on one line, as it may be shown. */
export function shown(value: unknown): string {
  if (value === undefined) return "(nothing)";
  if (value === UNKNOWN) return "(known after deployment)";
  if (value === SECRET) return SECRET;
  return JSON.stringify(value).replaceAll(JSON.stringify(UNKNOWN), "(known after deployment)");
}
