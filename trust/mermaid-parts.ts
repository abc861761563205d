import type { Mark } from "./change";

/** A word beside each colour: not everybody sees colours, and a drawing may be printed. */
const WORDS: Readonly<Record<Mark, string>> = { new: "new", removed: "removed", altered: "changed" };

const COLOURS: Readonly<Record<Mark, { stroke: string; node: string }>> = {
  new: { stroke: "#1a7f37", node: "fill:#dafbe1,stroke:#1a7f37,color:#000" },
  removed: { stroke: "#cf222e", node: "fill:#ffebe9,stroke:#cf222e,color:#000,stroke-dasharray:5" },
  altered: { stroke: "#9a6700", node: "fill:#fff8c5,stroke:#9a6700,color:#000" },
};

const MARKS: readonly Mark[] = ["new", "altered", "removed"];

interface Arrow {
  from: string;
  to: string;
  /** Such as `-->`. */
  arrow: string;
  label: string;
  mark: Mark | undefined;
}

/** The arrows of a drawing; Mermaid styles them by their number. */
export class Arrows {
  readonly #arrows: Arrow[] = [];

  add(arrow: Arrow): void {
    this.#arrows.push(arrow);
  }

  /** Unless there is one between the two already. */
  addOnce(arrow: Arrow): void {
    if (!this.#arrows.some(({ from, to }) => from === arrow.from && to === arrow.to)) this.add(arrow);
  }

  lines(): string[] {
    return this.#arrows.map(({ from, to, arrow, label, mark }) => {
      const text = mark === undefined ? label : `${label} (${WORDS[mark]})`;
      return `${from} ${arrow}|${mermaidText(text)}| ${to}`;
    });
  }

  styles(): string[] {
    return MARKS.flatMap((mark) => {
      const numbers = this.#arrows.flatMap((arrow, index) => (arrow.mark === mark ? [index] : []));
      return numbers.length === 0
        ? []
        : [`linkStyle ${numbers.join(",")} stroke:${COLOURS[mark].stroke},stroke-width:3px`];
    });
  }
}

/** The marked nodes of a drawing. */
export class Marked {
  readonly #marks = new Map<string, Mark>();

  add(id: string, mark: Mark | undefined): string {
    // A source that was rewired is drawn once, with what it did and what it does.
    if (mark !== undefined) this.#marks.set(id, (this.#marks.get(id) ?? mark) === mark ? mark : "altered");
    return id;
  }

  styles(): string[] {
    return MARKS.flatMap((mark) => {
      const ids = [...this.#marks].filter(([, own]) => own === mark).map(([id]) => id);
      return ids.length === 0
        ? []
        : [`classDef ${WORDS[mark]} ${COLOURS[mark].node}`, `class ${ids.join(",")} ${WORDS[mark]}`];
    });
  }
}

/** Lines in quotes that nothing gets out of. */
export function mermaidText(...lines: string[]): string {
  return `"${lines.map(escaped).join("<br/>")}"`;
}

/**
 * Mermaid's own entity codes. A plain # would begin one, a backtick would switch to Markdown, and two percent signs
 * would begin a directive, in the middle of a label too.
 */
function escaped(text: string): string {
  return text
    .replace(/[\s\p{Cc}\p{Cf}]+/gu, " ")
    .replace(/[#"`<>&%]/g, (character) => `#${character.charCodeAt(0)};`);
}
