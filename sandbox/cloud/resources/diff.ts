import { own } from "../own";
import { looksAutoNamed } from "./autonaming";
import type { Kind } from "./kind";
import { isAsset, isProps, isUnknown, type Props } from "./values";

export type DiffKind = "add" | "delete" | "update" | "add-replace" | "delete-replace" | "update-replace";

export interface Diff {
  changes: boolean;
  replaces: string[];
  deleteBeforeReplace: boolean;
  /** By path, like template.containers[0].image. */
  detailed: Record<string, DiffKind>;
}

/** A place in the properties: as Pulumi writes it, and without the indices, as the rules of a kind are written. */
interface Place {
  readonly path: string;
  readonly rule: string;
}

export function diffOf(kind: Kind<never>, olds: Props, news: Props): Diff {
  const diff: Diff = { changes: false, replaces: [], deleteBeforeReplace: false, detailed: {} };
  compareProps(kind, diff, { path: "", rule: "" }, olds, news);
  diff.changes = Object.keys(diff.detailed).length > 0;
  diff.deleteBeforeReplace = diff.replaces.length > 0 && mustGoFirst(kind, olds, news);
  return diff;
}

// The bridge deletes first when a name of one's own stays as it is: the two could not exist side by side
// (github.com/pulumi/pulumi-terraform-bridge, nameRequiresDeleteBeforeReplace).
function mustGoFirst(kind: Kind<never>, olds: Props, news: Props): boolean {
  if (kind.deleteBeforeReplace === true) return true;
  if (kind.autoName === undefined) return false;
  const name = news[kind.autoName.property];
  return name === olds[kind.autoName.property] && !looksAutoNamed(name);
}

function compareProps(kind: Kind<never>, diff: Diff, at: Place, olds: Props, news: Props): void {
  for (const key of new Set([...Object.keys(olds), ...Object.keys(news)])) {
    compare(kind, diff, below(at, key), own(olds, key), own(news, key));
  }
}

function compare(kind: Kind<never>, diff: Diff, at: Place, old: unknown, now: unknown): void {
  if (old === now) return;
  if (old === undefined) note(kind, diff, at, "add");
  else if (now === undefined) {
    if (!cloudDecides(kind, at.rule)) note(kind, diff, at, "delete");
  } else if (isUnknown(now) || isUnknown(old)) note(kind, diff, at, "update");
  else if (isAsset(old) && isAsset(now)) {
    if (old.hash !== now.hash) note(kind, diff, at, "update");
  } else if (Array.isArray(old) && Array.isArray(now)) {
    compareItems(kind, diff, at, old as unknown[], now as unknown[]);
  } else if (isProps(old) && isProps(now)) compareProps(kind, diff, at, old, now);
  else if (!sameInMeaning(kind, at.rule, old, now)) note(kind, diff, at, "update");
}

function compareItems(kind: Kind<never>, diff: Diff, at: Place, olds: unknown[], news: unknown[]): void {
  for (let index = 0; index < Math.max(olds.length, news.length); index++) {
    compare(kind, diff, { path: `${at.path}[${index}]`, rule: at.rule }, olds[index], news[index]);
  }
}

function note(kind: Kind<never>, diff: Diff, at: Place, change: "add" | "delete" | "update"): void {
  const replaces = needsAnother(kind, at.rule);
  diff.detailed[at.path] = replaces ? `${change}-replace` : change;
  if (replaces) diff.replaces.push(at.path);
}

function needsAnother(kind: Kind<never>, rule: string): boolean {
  return (
    kind.replaceOn === "everything" ||
    kind.replaceOn.some((path) => rule === path || rule.startsWith(`${path}.`) || path.startsWith(`${rule}.`))
  );
}

// What the cloud fills in when nobody says it stays as it was when somebody stops saying it.
function cloudDecides(kind: Kind<never>, rule: string): boolean {
  if (kind.kept?.includes(rule) === true) return true;
  return kind.computed.some((path) => path === rule || path.startsWith(`${rule}.`));
}

function sameInMeaning(kind: Kind<never>, rule: string, old: unknown, now: unknown): boolean {
  if (typeof old !== "string" || typeof now !== "string") return false;
  return kind.same?.[rule]?.(old, now) ?? false;
}

function below(at: Place, key: string): Place {
  const plain = /^[A-Za-z_][A-Za-z0-9_]*$/.test(key);
  const path = plain ? (at.path === "" ? key : `${at.path}.${key}`) : `${at.path}[${JSON.stringify(key)}]`;
  return { path, rule: at.rule === "" ? key : `${at.rule}.${key}` };
}
