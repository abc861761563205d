import { readdirSync } from "node:fs";
import { join, relative } from "node:path";

/** All Markdown files of the repository, as paths from its root. */
export function markdownFiles(root: string, folder = root): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (entry.name.startsWith(".") || ["node_modules", "dist", "coverage"].includes(entry.name)) return [];
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return markdownFiles(root, path);
    return entry.name.endsWith(".md") ? [relative(root, path)] : [];
  });
}

/** The rows of the table below a heading (or of the first table), by the words in its head. */
export function tableRows(text: string, heading?: string): Record<string, string>[] {
  const lines = text.split("\n");
  const from = heading === undefined ? 0 : lines.findIndex((line) => line.replace(/^#+ /, "") === heading);
  const first = lines.findIndex((line, index) => index >= from && line.startsWith("|"));
  if (from < 0 || first < 0) throw new Error(`no table ${heading ?? ""}`);
  const end = lines.findIndex((line, index) => index > first && !line.startsWith("|"));
  const [head = [], , ...rows] = lines.slice(first, end < 0 ? undefined : end).map(cellsOf);
  return rows.map((row) => Object.fromEntries(head.map((name, index) => [name, row[index] ?? ""])));
}

function cellsOf(line: string): string[] {
  return line
    .split(/(?<!\\)\|/)
    .slice(1, -1)
    .map((cell) => cell.trim());
}

/** What is in code marks in a text. */
export function codesIn(text: string): string[] {
  return [...text.matchAll(/`([^`]*)`/g)].map((match) => match[1] ?? "");
}

/** Where a page's links lead, leaving out code. */
export function linksIn(text: string): string[] {
  const prose = text.replace(/^```[\s\S]*?^```/gm, "").replace(/`[^`\n]*`/g, "");
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1] ?? "");
}

/** The anchors that GitHub gives to a page's headings. */
export function anchorsOf(text: string): string[] {
  const headings = text.replace(/^```[\s\S]*?^```/gm, "").matchAll(/^#+ (.*)$/gm);
  return [...headings].map((match) =>
    (match[1] ?? "")
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, "")
      .replace(/ /g, "-"),
  );
}
