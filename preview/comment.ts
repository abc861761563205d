import { analyse } from "./analysis";
import { fit, MOST_CHARACTERS, type Section } from "./fit";
import { code } from "./markdown";
import type { Comparison, PreviewResult } from "./result";
import { drawing } from "./sections/drawing";
import { diagnosticWarnings, failure } from "./sections/failure";
import { rawDiff } from "./sections/raw-diff";
import { resources, sums } from "./sections/resources";
import { trust } from "./sections/trust";
import { warnings } from "./sections/warnings";

/** A preview as one Markdown comment for reviewers. The same preview gives the same text. */
export function comment(preview: PreviewResult, most = MOST_CHARACTERS): string {
  const opening = fixed([
    marker(preview),
    `## Preview of ${code(`${preview.project}/${preview.stack}`)}`,
    ...(preview.failed ? [] : ["", `${sums(preview.steps)}.`]),
    ...(preview.comparison === undefined ? [] : ["", ...comparisonText(preview.comparison)]),
  ]);
  if (preview.failed) return fit([opening, ...failure(preview.diagnostics)], most);
  const analysis = analyse(preview);
  const sections = [
    opening,
    ...warnings(analysis),
    trust(analysis),
    ...drawing(analysis),
    ...diagnosticWarnings(preview.diagnostics),
    ...resources(preview.steps),
    ...rawDiff(preview.steps),
  ];
  return fit(sections, most);
}

/** By its first line a workflow finds its own comment again: one for each project and stack. */
function marker({ project, stack }: Pick<PreviewResult, "project" | "stack">): string {
  return `<!-- automatic-oidc preview of ${encoded(project)}/${encoded(stack)} -->`;
}

function comparisonText({ base, commit, notes }: Comparison): string[] {
  return [
    `Held against ${code(base)} (${code(commit.slice(0, 10))}), on an embedded cloud: that was deployed there, and this change previewed on top. No real project was asked, so drift is not seen, and what Google makes up is made up.`,
    ...notes.flatMap((note) => ["", note]),
  ];
}

function encoded(name: string): string {
  return name.replace(/[^\w.-]/gu, (character) => `%${(character.codePointAt(0) ?? 0).toString(16)}`);
}

function fixed(head: readonly string[]): Section {
  return { head, lines: [], leftOut: () => "" };
}
