import { stripVTControlCharacters } from "node:util";
import type { Section } from "../fit";
import { code, codeBlock, count, oneLine } from "../markdown";
import { nameIn, shortType, typeIn } from "../naming";
import type { Diagnostic } from "../result";

/** Longer than that no error is worth reading here; the log has it. */
const MOST_LINES = 60;

/** Why there is no preview. */
export function failure(diagnostics: readonly Diagnostic[]): Section[] {
  const errors = diagnostics.filter(({ severity }) => severity === "error");
  const known = errors.length > 0 ? errors : [{ severity: "error" as const, message: "No error was given." }];
  return [
    {
      head: [
        "> [!CAUTION]",
        "> **The preview failed**, so what this change would do is not known. The program must be mended first.",
      ],
      lines: [],
      leftOut: () => "",
    },
    messages([], known, "error"),
  ];
}

/** What the preview warned of. */
export function diagnosticWarnings(diagnostics: readonly Diagnostic[]): Section[] {
  const found = diagnostics.filter(({ severity }) => severity === "warning");
  return found.length === 0 ? [] : [messages(["### Warnings", ""], found, "warning")];
}

/** One part of the comment, however many there are: each goes as a whole when there is no room for all. */
function messages(head: readonly string[], found: readonly Diagnostic[], what: string): Section {
  return {
    head,
    lines: found.map((one, index) => `${index === 0 ? "" : "\n"}${message(one)}`),
    leftOut: (left) => `${count(left, `more ${what}`)} left out.`,
  };
}

function message({ message: text, urn }: Diagnostic): string {
  const about =
    urn === undefined || nameIn(urn) === ""
      ? "The program:"
      : `${code(nameIn(urn))} (${code(shortType(typeIn(urn)))}):`;
  return [about, "", ...codeBlock("text", withoutFrames(text))].join("\n");
}

/** Where in somebody's node_modules it happened helps no reviewer, and tells how a build machine is laid out. */
function withoutFrames(text: string): string[] {
  const lines = text
    .trimEnd()
    .split("\n")
    .map(stripVTControlCharacters)
    .filter((line) => !/^\s+at /.test(line));
  const kept = lines.slice(0, MOST_LINES).map(oneLine);
  return lines.length > MOST_LINES ? [...kept, `… ${count(lines.length - MOST_LINES, "more line")}`] : kept;
}
