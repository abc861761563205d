/** A part of a comment. Its lines can be left out one by one from the last, or only together. */
export interface Section {
  /** Stays even when all lines go. */
  head: readonly string[];
  lines: readonly string[];
  tail?: readonly string[];
  /** Lines that mean something only together, such as a drawing. */
  whole?: boolean;
  /** What stands in place of lines that are left out. */
  leftOut: (lines: number) => string;
}

/**
 * GitHub's limit for a comment, with room for a line that a workflow adds. GitLab's is far above.
 * https://github.com/orgs/community/discussions/27190
 */
export const MOST_CHARACTERS = 65_536 - 100;

/**
 * All sections as one text of at most so many characters: what does not fit is left out, from the bottom, and where it
 * was it is said how much. The first thing a reviewer must see is the last to go.
 */
export function fit(sections: readonly Section[], most = MOST_CHARACTERS): string {
  const kept = sections.map(({ lines }) => lines.length);
  for (let index = sections.length - 1; index >= 0; index--) {
    if (textOf(sections, kept).length <= most) break;
    kept[index] = mostLines(sections, kept, index, most);
  }
  return textOf(sections, kept);
}

/** By halves: the text grows with every line. */
function mostLines(
  sections: readonly Section[],
  kept: readonly number[],
  index: number,
  most: number,
): number {
  let [enough, tooMany] = [0, kept[index] ?? 0];
  if (sections[index]?.whole === true) return 0;
  while (tooMany - enough > 1) {
    const tried = Math.floor((enough + tooMany) / 2);
    if (textOf(sections, kept.with(index, tried)).length <= most) enough = tried;
    else tooMany = tried;
  }
  return enough;
}

function textOf(sections: readonly Section[], kept: readonly number[]): string {
  const blocks = sections.map((section, index) => blockOf(section, kept[index] ?? 0));
  return `${blocks
    .filter((block) => block.length > 0)
    .map((block) => block.join("\n"))
    .join("\n\n")}\n`;
}

function blockOf({ head, lines, tail = [], leftOut }: Section, kept: number): string[] {
  if (kept === lines.length) return [...head, ...lines, ...tail];
  const note = `_${leftOut(lines.length - kept)}_`;
  // Without lines there is no table and no block of code left to end.
  if (kept === 0) return [...head.slice(0, 1), "", note];
  return [...head, ...lines.slice(0, kept), ...tail, "", note];
}
