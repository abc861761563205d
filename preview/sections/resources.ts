import { isInternal } from "../changed-paths";
import type { Section } from "../fit";
import { code, codes, count, row } from "../markdown";
import { shortType } from "../naming";
import type { Op, PreviewStep } from "../result";

/** In the order in which a reviewer should read them, and what they are called in a sum. */
const OPS: readonly (readonly [op: Op, word: string])[] = [
  ["replace", "to replace"],
  ["delete", "to delete"],
  ["update", "to update"],
  ["import", "to import"],
  ["create", "to create"],
];

/** So many changed properties are named in one row. */
const MOST_PATHS = 8;

/** What is a resource in the cloud: neither the stack, nor a component, nor a provider that Pulumi makes by itself. */
export function isShown({ custom, type, name }: PreviewStep): boolean {
  const isDefaultProvider = type.startsWith("pulumi:providers:") && name.startsWith("default");
  return custom && !type.startsWith("pulumi:pulumi:") && !isDefaultProvider;
}

/** As in "1 to replace, 3 to create, 60 unchanged". */
export function sums(steps: readonly PreviewStep[]): string {
  const shown = steps.filter(isShown);
  const numberOf = (op: Op): number => shown.filter((step) => step.op === op).length;
  const changing = OPS.map(([op, word]) => [numberOf(op), word] as const).filter(([number]) => number > 0);
  const same = numberOf("same");
  return [
    ...changing.map(([number, word]) => `**${number} ${word}**`),
    ...(changing.length === 0 ? ["Nothing to do"] : []),
    ...(same === 0 ? [] : [`${same} unchanged`]),
  ].join(", ");
}

/** Every resource that changes, in a table. */
export function resources(steps: readonly PreviewStep[]): Section[] {
  const rows = inOrder(steps).map((step) =>
    row([
      step.op === "replace" || step.op === "delete" ? `**${step.op}**` : wordFor(step),
      code(step.name),
      code(shortType(step.type)),
      detail(step),
    ]),
  );
  if (rows.length === 0) return [];
  return [
    {
      head: [
        "### Resources",
        "",
        row(["", "Name", "Type", "What changes"]),
        row(["---", "---", "---", "---"]),
      ],
      lines: rows,
      leftOut: (left) => `${count(left, "more resource")} left out.`,
    },
  ];
}

/** All that change, the most dangerous first, else by type and name. */
export function inOrder(steps: readonly PreviewStep[]): PreviewStep[] {
  const ops: Op[] = [...OPS.map(([op]) => op), "same"];
  const rank = ({ op }: PreviewStep): number => ops.indexOf(op);
  const key = ({ type, name, urn }: PreviewStep): string => [type, name, urn].join("\0");
  return steps
    .filter((step) => isShown(step) && rank(step) >= 0 && (step.op !== "same" || wasRenamed(step)))
    .sort((a, b) => rank(a) - rank(b) || (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0));
}

/** What is the same but for its name is renamed, which changes nothing in the cloud. */
export function wordFor(step: PreviewStep): string {
  return step.op === "same" && wasRenamed(step) ? "rename" : step.op;
}

function detail(step: PreviewStep): string {
  const { op, old, replaceReasons } = step;
  const renamed = wasRenamed(step) && old !== undefined ? [`was ${code(old.name)}`] : [];
  const paths = step.changed.map(({ path }) => path).filter((path) => !isInternal(path));
  const stays = step.stays === true ? [`${op === "delete" ? "it" : "the old one"} stays in the cloud`] : [];
  if (op !== "replace")
    return [...renamed, ...(paths.length === 0 ? [] : [some(paths)]), ...stays].join("; ");
  const reasons = reasonsOf(step);
  const others = paths.filter((path) => !reasons.includes(path));
  return [
    ...renamed,
    reasons.length === 0 && replaceReasons.length === 0
      ? "made anew on request"
      : `because of ${some(reasons.length > 0 ? reasons : replaceReasons)}`,
    ...(others.length === 0 ? [] : [`also ${some(others)}`]),
    ...stays,
  ].join("; ");
}

/** The paths that force it, which say more than the names of their properties. */
function reasonsOf({ changed, replaceReasons }: PreviewStep): string[] {
  const forcing = changed.filter(({ replaces }) => replaces).map(({ path }) => path);
  return (forcing.length > 0 ? forcing : replaceReasons).filter((path) => !isInternal(path));
}

function some(paths: readonly string[]): string {
  const more = paths.length - MOST_PATHS;
  return `${codes(paths.slice(0, MOST_PATHS))}${more > 0 ? ` and ${more} more` : ""}`;
}

function wasRenamed({ old, urn }: PreviewStep): boolean {
  return old !== undefined && old.urn !== urn;
}
