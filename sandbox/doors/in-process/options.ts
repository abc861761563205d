import { own } from "../../cloud/own";
import type { Diff, DiffKind } from "../../cloud/resources/diff";
import { isProps } from "../../cloud/resources/values";
import type { Props } from "../../cloud/resources/values";

/** `ignoreChanges`: the inputs with what they were before at the given paths (`a.b[0].c`, `*` for all). */
export function keepIgnored(news: Props, olds: Props, paths: readonly string[]): Props {
  return paths.reduce<Props>(
    (inputs, path) => (path === "*" ? olds : (set(inputs, keysOf(path), get(olds, keysOf(path))) as Props)),
    news,
  );
}

/** `replaceOnChanges`: the difference, with a change at one of the paths taken as a reason to replace. */
export function replacedBy(diff: Diff, paths: readonly string[]): Diff {
  const forced = Object.keys(diff.detailed).filter((changed) =>
    paths.some((path) => path === "*" || covers(path, changed)),
  );
  if (forced.length === 0) return diff;
  const detailed = { ...diff.detailed };
  for (const path of forced)
    detailed[path] = (detailed[path] ?? "update").replace(/(-replace)?$/, "-replace") as DiffKind;
  return { ...diff, detailed, replaces: [...new Set([...diff.replaces, ...forced])] };
}

function covers(path: string, changed: string): boolean {
  return changed === path || changed.startsWith(`${path}.`) || changed.startsWith(`${path}[`);
}

const keysOf = (path: string): string[] => path.split(/[.[\]]/).filter((key) => key !== "");

function get(value: unknown, [key, ...rest]: readonly string[]): unknown {
  if (key === undefined) return value;
  if (Array.isArray(value)) return get(value[Number(key)] as unknown, rest);
  return isProps(value) ? get(own(value, key), rest) : undefined;
}

function set(value: unknown, [key, ...rest]: readonly string[], to: unknown): unknown {
  if (key === undefined) return to;
  if (Array.isArray(value)) {
    return value.map((item: unknown, index) => (String(index) === key ? set(item, rest, to) : item));
  }
  if (!isProps(value)) return value;
  const item = set(own(value, key), rest, to);
  if (item !== undefined) return { ...value, [key]: item };
  return Object.fromEntries(Object.entries(value).filter(([other]) => other !== key));
}
