import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { withExcerpts } from "../docs/generate/excerpts";
import { markdownFiles } from "./support/markdown";

const ROOT = join(__dirname, "..");

describe("blocks that repeat an example", () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "excerpts-"));
    mkdirSync(join(root, "examples"));
    writeFileSync(join(root, "examples/a.ts"), "export const $1 = `a`;\n");
  });
  afterEach(() => {
    rmSync(root, { recursive: true, force: true });
  });

  const page = (code: string, source = "examples/a.ts") =>
    `# A\n\n<!-- from ${source} -->\n\n\`\`\`typescript\n${code}\n\`\`\`\n\n\`\`\`typescript\nother\n\`\`\`\n`;
  const filled = (text: string, pages = new Map<string, string>()) => {
    writeFileSync(join(root, "a.md"), text);
    return withExcerpts(root, ["a.md", "b.ts"], pages);
  };

  test("become what the example says now, to the letter, and nothing else changes", () => {
    const right = page("export const $1 = `a`;");
    expect([...filled(page("old\n\nlines"))]).toEqual([["a.md", right]]);
    expect(filled(right).size).toBe(0);
    expect([...filled("", new Map([["a.md", page("")]]))]).toEqual([["a.md", right]]);
  });

  test("of an example that is no more are refused by name", () => {
    expect(() => filled(page("", "examples/b.ts"))).toThrow("a.md repeats examples/b.ts, which is not there");
  });

  test("are marked wherever a page shows the smallest program", () => {
    const example = readFileSync(join(ROOT, "examples/schedule-to-run/index.ts"), "utf8");
    const showing = markdownFiles(ROOT).filter((file) =>
      readFileSync(join(ROOT, file), "utf8").includes(example),
    );
    expect(showing.sort()).toEqual(["README.md", "components/README.md", "docs/languages.md"]);
    for (const file of showing) {
      expect(readFileSync(join(ROOT, file), "utf8")).toContain(
        "<!-- from examples/schedule-to-run/index.ts -->",
      );
    }
  });
});
