import { own } from "../own";

/** Stands wherever a value is not known before the deployment. */
export const UNKNOWN: unique symbol = Symbol.for("automatic-oidc.sandbox.unknown");

export type Props = Record<string, unknown>;

export interface AssetValue {
  kind: "asset";
  /** SHA-256 of the content, in hexadecimal. */
  hash: string;
  path?: string;
  text?: string;
}

export interface ArchiveValue {
  kind: "archive";
  /** SHA-256 of the content, in hexadecimal. */
  hash: string;
  path?: string;
  files?: Record<string, AssetValue>;
}

export function isProps(value: unknown): value is Props {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function isAsset(value: unknown): value is AssetValue | ArchiveValue {
  return (
    isProps(value) && typeof value.hash === "string" && (value.kind === "asset" || value.kind === "archive")
  );
}

export function isUnknown(value: unknown): value is typeof UNKNOWN {
  return value === UNKNOWN;
}

/** The text at a property, or undefined if there is none or it is not known yet. */
export function knownText(props: Props, path: string): string | undefined {
  const value = valueAt(props, path);
  return typeof value === "string" ? value : undefined;
}

/** The value at a dotted path; below something unknown everything is unknown. */
export function valueAt(props: Props, path: string): unknown {
  let value: unknown = props;
  for (const key of path.split(".")) {
    if (isUnknown(value)) return UNKNOWN;
    if (!isProps(value)) return undefined;
    value = own(value, key);
  }
  return value;
}

/** A copy of the properties with one value set; only what lies on the path is copied. */
export function withValue(props: Props, path: string, value: unknown): Props {
  const dot = path.indexOf(".");
  if (dot < 0) return { ...props, [path]: value };
  const head = path.slice(0, dot);
  const below = own(props, head);
  return { ...props, [head]: withValue(isProps(below) ? below : {}, path.slice(dot + 1), value) };
}

/** Without the keys that say nothing (undefined, null); gives back the same object where nothing is left out. */
export function compact(value: unknown): unknown {
  if (Array.isArray(value)) {
    const items = value as unknown[];
    const kept = items.map(compact);
    return kept.every((item, index) => item === items[index]) ? items : kept;
  }
  if (!isProps(value) || isAsset(value)) return value;
  let changed = false;
  const kept: Props = {};
  for (const [key, item] of Object.entries(value)) {
    const clean = item === null ? undefined : compact(item);
    changed ||= clean !== item || clean === undefined;
    if (clean !== undefined) kept[key] = clean;
  }
  return changed ? kept : value;
}

/** What the state says about everything that the inputs speak of: the inputs that would give this state. */
export function restrictedTo(inputs: unknown, state: unknown): unknown {
  if (state === undefined || isAsset(state)) return state;
  if (Array.isArray(inputs) && Array.isArray(state)) {
    const wanted = inputs as unknown[];
    return (state as unknown[]).map((item, index) =>
      index < wanted.length ? restrictedTo(wanted[index], item) : item,
    );
  }
  if (!isProps(inputs) || !isProps(state)) return state;
  const kept: Props = {};
  for (const [key, value] of Object.entries(inputs)) {
    const found = restrictedTo(value, own(state, key));
    if (found !== undefined) kept[key] = found;
  }
  return kept;
}
