import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { parseArgs } from "node:util";
import { Declarations } from "./declarations";
import { withExcerpts } from "./excerpts";
import { componentPage, indexPage } from "./page";
import { readComponent } from "./readComponent";
import { filledReadme } from "./readme";
import { faultsInSnippets } from "./snippets";

const ROOT = join(__dirname, "../..");
const PAGES = "docs/components";
const README = "README.md";
const HELP = `npm run docs             writes ${PAGES}/ from the components' doc comments, what is drawn and printed in the README,
                         and wherever a page repeats an example (below <!-- from examples/… -->), what that says now
npm run docs -- --check  changes nothing; fails when a page differs or an example does not compile`;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: { check: { type: "boolean", default: false }, help: { type: "boolean", default: false } },
  });
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  const readme = filledReadme(ROOT, read(README) ?? "");
  const inSnippets = values.check ? faultsInSnippets(ROOT, filesWithExamples()) : [];
  const made = new Map([...generated(), [README, await readme]]);
  const pages = withExcerpts(ROOT, filesWithExamples(), made);
  if (!values.check) {
    write(pages);
    return 0;
  }
  const faults = [...differences(pages), ...inSnippets];
  for (const fault of faults) console.error(fault);
  return faults.length === 0 ? 0 : 1;
}

/** All pages, by path. */
function generated(): Map<string, string> {
  const declarations = new Declarations(ROOT, "components");
  const components = declarations.components().map((found) => readComponent(found, declarations));
  return new Map([
    ...components.map((component) => [`${PAGES}/${component.name}.md`, componentPage(component)] as const),
    [`${PAGES}/README.md`, indexPage(components)],
  ]);
}

function write(pages: ReadonlyMap<string, string>): void {
  mkdirSync(join(ROOT, PAGES), { recursive: true });
  for (const stale of staleOf(pages)) rmSync(join(ROOT, stale));
  for (const [path, text] of pages) writeFileSync(join(ROOT, path), text);
}

function differences(pages: ReadonlyMap<string, string>): string[] {
  const remedy = "run npm run docs, and commit what it writes";
  const changed = [...pages].filter(([path, text]) => read(path) !== text);
  return [
    ...staleOf(pages).map((path) => `${path} belongs to no component; ${remedy}`),
    ...changed.map(([path]) => `${path} is not what the code says; ${remedy}`),
  ];
}

/** Pages of components that are no more. */
function staleOf(pages: ReadonlyMap<string, string>): string[] {
  const folder = join(ROOT, PAGES);
  const present = existsSync(folder) ? readdirSync(folder).map((file) => `${PAGES}/${file}`) : [];
  return present.filter((path) => !pages.has(path));
}

function read(path: string): string | undefined {
  const file = join(ROOT, path);
  return existsSync(file) ? readFileSync(file, "utf8") : undefined;
}

/** The packages' sources and all Markdown that a person wrote. Generated pages repeat the sources' examples. */
function filesWithExamples(): string[] {
  return filesBelow(ROOT)
    .map((file) => relative(ROOT, file))
    .filter((file) => file.endsWith(".md") || /^(components|verify)\/.*\.ts$/.test(file))
    .filter((file) => !file.startsWith(`${PAGES}/`));
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (entry.name.startsWith(".") || entry.name === "node_modules" || entry.name === "dist") return [];
    const path = join(folder, entry.name);
    return entry.isDirectory() ? filesBelow(path) : [path];
  });
}

void main().then((code) => {
  process.exitCode = code;
});
