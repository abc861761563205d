// Preloaded (`node -r ./register.js`), it runs TypeScript as `sucrase/register/ts` does, and keeps what is compiled in
// node_modules/.cache, so that only a changed file is compiled again: compiling takes a third of a start otherwise.
// Lines stay lines, so that stack traces need no source maps.
const { createHash } = require("node:crypto");
const { mkdirSync, readFileSync, renameSync, writeFileSync } = require("node:fs");
const Module = require("node:module");
const { dirname, join } = require("node:path");
const { version } = require("sucrase/package.json");

const OPTIONS = { transforms: ["imports", "typescript"] };
const CACHE = join(__dirname, "node_modules/.cache/automatic-oidc", `sucrase-${version}`);

Module._extensions[".ts"] = (module, file) => {
  module._compile(compiled(readFileSync(file, "utf8"), file), file);
};

function compiled(source, file) {
  const name = createHash("sha256").update(source).digest("hex");
  // Two levels, since some file systems are slow with thousands of files in one folder.
  const kept = join(CACHE, name.slice(0, 2), name.slice(2));
  const before = read(kept);
  if (before !== undefined) return before;
  const { code } = require("sucrase").transform(source, { ...OPTIONS, filePath: file });
  keep(kept, code);
  return code;
}

function read(file) {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}

/** Under its name only once it is whole: others may be starting, or this process may be killed. */
function keep(file, code) {
  const unfinished = `${file}.${process.pid}`;
  try {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(unfinished, code);
    renameSync(unfinished, file);
  } catch {
    // Nowhere to keep it, in a read-only folder for one: then the next start compiles again.
  }
}
