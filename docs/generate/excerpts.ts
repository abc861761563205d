import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Marks the block below it as a file's content: an example that a page repeats, and that the tests run. */
const MARKED = /(<!-- from (\S+) -->\n+```\w*\n)[^]*?(^```$)/gm;

/** The pages, and all files whose marked blocks are not what their example says, with these blocks as they should be. */
export function withExcerpts(
  root: string,
  files: readonly string[],
  pages: ReadonlyMap<string, string>,
): Map<string, string> {
  const result = new Map(pages);
  for (const file of files.filter((name) => name.endsWith(".md"))) {
    const text = pages.get(file) ?? readFileSync(join(root, file), "utf8");
    const filled = filledIn(root, file, text);
    if (filled !== text) result.set(file, filled);
  }
  return result;
}

function filledIn(root: string, file: string, text: string): string {
  return text.replace(MARKED, (_, begin: string, source: string, end: string) => {
    const path = join(root, source);
    if (!existsSync(path))
      throw new Error(`${file} repeats ${source}, which is not there. Correct its mark.`);
    return `${begin}${readFileSync(path, "utf8").trimEnd()}\n${end}`;
  });
}
