import type { ChildProcess } from "node:child_process";

const LINES = 12;
const LONGEST = 8_192;

/** Empty lines, and what Node puts around an error that nobody catches. */
const NOISE = /^\s*$|^\s+at |^node:internal|^Node\.js v|^\s*throw err;$|^\s*\^$/;

/** The last of what a process says: all that its error message can use. */
export class Tail {
  #text = "";

  constructor(child: ChildProcess) {
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => {
        this.#text = (this.#text + text).slice(-LONGEST);
      });
    }
  }

  get text(): string {
    return this.#text;
  }

  /** To be put behind a sentence. */
  get quoted(): string {
    const lines = this.#text.split("\n").filter((line) => !NOISE.test(line));
    if (lines.length === 0) return " It said nothing.";
    return ` It said last:\n${lines
      .slice(-LINES)
      .map((line) => `  ${line}`)
      .join("\n")}`;
  }
}
