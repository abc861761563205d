import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { parseArgs } from "node:util";
import { Declarations } from "./declarations";
import { componentPage, indexPage } from "./page";
import { readComponent } from "./readComponent";
import { faultsInSnippets } from "./snippets";

const ROOT = join(__dirname, "../..");
const PAGES = "docs/components";
const HELP = `npm run docs             writes ${PAGES}/ from the components' doc comments
npm run docs -- --check  changes nothing; fails when a page differs or an example does not compile`;

function main(): number {
  const { values } = parseArgs({
    options: { check: { type: "boolean", default: false }, help: { type: "boolean", default: false } },
  });
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  const pages = generated();
  if (!values.check) {
    write(pages);
    return 0;
  }
  const faults = [...differences(pages), ...faultsInSnippets(ROOT, filesWithExamples())];
  for (const fault of faults) console.error(fault);
  return faults.length === 0 ? 0 : 1;
}

/** All pages, by file name. */
function generated(): Map<string, string> {
  const declarations = new Declarations(ROOT, "components");
  const components = declarations.components().map((found) => readComponent(found, declarations));
  return new Map([
    ...components.map((component) => [`${component.name}.md`, componentPage(component)] as const),
    ["README.md", indexPage(components)],
  ]);
}

function write(pages: ReadonlyMap<string, string>): void {
  mkdirSync(join(ROOT, PAGES), { recursive: true });
  for (const stale of present().filter((file) => !pages.has(file))) rmSync(join(ROOT, PAGES, stale));
  for (const [file, text] of pages) writeFileSync(join(ROOT, PAGES, file), text);
}

function differences(pages: ReadonlyMap<string, string>): string[] {
  const remedy = "run npm run docs, and commit what it writes";
  const stale = present().filter((file) => !pages.has(file));
  const changed = [...pages].filter(([file, text]) => read(join(PAGES, file)) !== text);
  return [
    ...stale.map((file) => `${PAGES}/${file} belongs to no component; ${remedy}`),
    ...changed.map(([file]) => `${PAGES}/${file} is not what the doc comments say; ${remedy}`),
  ];
}

function present(): string[] {
  const folder = join(ROOT, PAGES);
  return existsSync(folder) ? readdirSync(folder) : [];
}

function read(path: string): string | undefined {
  const file = join(ROOT, path);
  return existsSync(file) ? readFileSync(file, "utf8") : undefined;
}

/** The components' sources and all Markdown that a person wrote. Generated pages repeat the sources' examples. */
function filesWithExamples(): string[] {
  return filesBelow(ROOT)
    .map((file) => relative(ROOT, file))
    .filter((file) => file.endsWith(".md") || (file.startsWith("components/") && file.endsWith(".ts")))
    .filter((file) => !file.startsWith(`${PAGES}/`));
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (entry.name.startsWith(".") || entry.name === "node_modules" || entry.name === "dist") return [];
    const path = join(folder, entry.name);
    return entry.isDirectory() ? filesBelow(path) : [path];
  });
}

process.exitCode = main();
