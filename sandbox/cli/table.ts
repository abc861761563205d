export interface Column<Row> {
  title: string;
  text: (row: Row) => string;
  /** Shortened to less only when all else is as short as it gets. */
  least?: number;
  /** Colours of a finished cell, if any. */
  paint?: (text: string, row: Row) => string;
}

const GAP = "  ";
/** Nothing can be recognised in less. */
const NARROWEST = 6;

/**
 * An aligned table, one line a row. What is too long for the width is shortened in its middle, the widest columns
 * first; lines never wrap.
 */
export function table<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  width = Infinity,
): string[] {
  const cells = rows.map((row) => columns.map((column) => oneLine(column.text(row))));
  const titles = columns.map(({ title }) => title);
  const widths = fit(
    [titles, ...cells],
    columns.map(({ least = NARROWEST }) => least),
    width,
  );
  const line = (texts: readonly string[], paint: (text: string, column: number) => string): string =>
    texts
      .map((text, column) => {
        const short = shortened(text, widths[column] ?? 0);
        const padding =
          column === texts.length - 1 ? "" : " ".repeat((widths[column] ?? 0) - lengthOf(short));
        return paint(short, column) + padding;
      })
      .join(GAP)
      .trimEnd();
  return [
    line(titles, (text) => text),
    ...rows.map((row, i) =>
      line(cells[i] ?? [], (text, column) => columns[column]?.paint?.(text, row) ?? text),
    ),
  ];
}

/** Both ends of a text that is too long tell more than its beginning does. */
export function shortened(text: string, length: number): string {
  const characters = Array.from(text);
  if (characters.length <= length) return text;
  if (length <= 1) return "…".slice(0, length);
  const head = Math.ceil((length - 1) / 2);
  return [
    ...characters.slice(0, head),
    "…",
    ...characters.slice(characters.length - (length - 1 - head)),
  ].join("");
}

/** Takes from the widest column until all fit, or none can give any more. */
function fit(lines: readonly (readonly string[])[], least: readonly number[], width: number): number[] {
  const widths = (lines[0] ?? []).map((_, column) =>
    Math.max(...lines.map((line) => lengthOf(line[column] ?? ""))),
  );
  const gaps = GAP.length * (widths.length - 1);
  const excess = widths.reduce((sum, each) => sum + each, gaps) - width;
  const rest = take(widths, least, excess);
  take(
    widths,
    widths.map(() => NARROWEST),
    rest,
  );
  return widths;
}

/** What could not be taken. */
function take(widths: number[], least: readonly number[], excess: number): number {
  for (let left = excess; left > 0; left--) {
    const spare = widths.map((each, column) => (each > (least[column] ?? 0) ? each : 0));
    const widest = Math.max(...spare);
    if (widest === 0) return left;
    widths[spare.indexOf(widest)] = widest - 1;
  }
  return 0;
}

function lengthOf(text: string): number {
  return Array.from(text).length;
}

/** Control characters of whatever answered have no business at a terminal. */
function oneLine(text: string): string {
  return text.replace(/[\s\p{Cc}]+/gu, " ").trim();
}
