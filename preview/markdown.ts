/** Longest text that is shown of one value. */
const LONGEST = 300;

/**
 * A text from a program, as code: it can neither break out of its place, nor become a link, a mention, a picture or a
 * piece of HTML, nor hide what it is.
 */
export function code(text: string): string {
  const plain = visible(cut(text));
  if (plain === "") return "(empty)";
  // In a table a pipe ends the cell even in code, and a backtick or a blank at either end would end or change the code.
  return /[`|\\]|^\s|\s$/.test(plain) ? `<code>${entities(plain)}</code>` : `\`${plain}\``;
}

/** Several, as code. */
export function codes(texts: readonly string[]): string {
  return texts.map(code).join(", ");
}

/** Everything as it stands, in a block of code that it cannot end. */
export function codeBlock(language: string, lines: readonly string[]): string[] {
  const longest = Math.max(2, ...lines.flatMap(runsOfBackticks));
  const fence = "`".repeat(longest + 1);
  return [`${fence}${language}`, ...lines, fence];
}

/** One line of such a block. */
export function oneLine(text: string): string {
  return visible(cut(text));
}

/** A row of a table. The cells are Markdown already. */
export function row(cells: readonly string[]): string {
  return `| ${cells.join(" | ")} |`;
}

/** One or many of something. */
export function count(number: number, one: string, many = `${one}s`): string {
  return `${number} ${number === 1 ? one : many}`;
}

function cut(text: string): string {
  // Without the first half of a character of two.
  return text.length <= LONGEST ? text : `${text.slice(0, LONGEST).replace(/[\uD800-\uDBFF]$/, "")}…`;
}

/** Control characters, and those that turn the direction of writing or take up no room, are spelled out. */
function visible(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu,
    (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  );
}

function entities(text: string): string {
  return text.replace(/[^A-Za-z0-9 ]/gu, (character) => `&#${character.codePointAt(0) ?? 0};`);
}

function runsOfBackticks(line: string): number[] {
  return [...line.matchAll(/`+/g)].map(([run]) => run.length);
}
