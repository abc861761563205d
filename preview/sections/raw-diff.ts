import { isInternal, leavesOf, shown } from "../changed-paths";
import type { Section } from "../fit";
import { codeBlock, count, oneLine } from "../markdown";
import { shortType } from "../naming";
import type { ChangedPath, PreviewStep } from "../result";
import { valueAt } from "../values";
import { inOrder, wordFor } from "./resources";

const SIGNS: Readonly<Record<PreviewStep["op"], string>> = {
  create: "+",
  import: "+",
  read: " ",
  update: "!",
  replace: "!",
  delete: "-",
  same: " ",
};

/** Every property that changes, from what to what, folded away. */
export function rawDiff(steps: readonly PreviewStep[]): Section[] {
  const lines = inOrder(steps).flatMap(linesOf);
  if (lines.length === 0) return [];
  const [opening = "", ...block] = codeBlock("diff", lines);
  return [
    {
      head: [
        "### Every difference",
        "",
        "<details>",
        `<summary>${count(lines.length, "line")}</summary>`,
        "",
        opening,
      ],
      lines,
      tail: [block.at(-1) ?? "", "", "</details>"],
      leftOut: (left) => `${count(left, "more line")} left out: the comment would be too long.`,
    },
  ];
}

function linesOf(step: PreviewStep): string[] {
  const { op, name, type, old } = step;
  const was = old !== undefined && old.urn !== step.urn ? ` (was ${old.name})` : "";
  const title = oneLine(`${SIGNS[op]} ${wordFor(step)} ${shortType(type)} ${name}${was}`);
  if (op === "create") {
    return [
      title,
      ...leavesOf(step.new?.inputs).map(([path, value]) => oneLine(`+     ${path}: ${shown(value)}`)),
    ];
  }
  const changed = step.changed.filter(({ path }) => !isInternal(path));
  return [title, ...changed.flatMap((change) => differenceOf(step, change).map(oneLine))];
}

function differenceOf({ old, new: now }: PreviewStep, { path, kind, replaces }: ChangedPath): string[] {
  const note = replaces ? " (forces replacement)" : "";
  const from = `-     ${path}: ${shown(valueAt(old?.inputs, path) ?? valueAt(old?.outputs, path))}`;
  const to = `+     ${path}: ${shown(valueAt(now?.inputs, path) ?? valueAt(now?.outputs, path))}${note}`;
  if (kind === "add") return [to];
  return kind === "delete" ? [`${from}${note}`] : [from, to];
}
