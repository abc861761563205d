import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { install, pack, programFolder, ROOT, run, tarballIn } from "./npm";

const NAME = "@automatic-oidc/verify";
const CALLER = "nightly@my-project.iam.gserviceaccount.com";
/** The first of its line that `engines` names, and the last of each that is kept up. */
const NODES = ["20.0.0", "20", "22", "24"];

const manifest = JSON.parse(readFileSync(join(ROOT, "verify/package.json"), "utf8")) as {
  engines: { node: string };
  exports: Record<string, unknown>;
};
const source = (path: string) => readFileSync(join(ROOT, "tests/packages/programs", path), "utf8");

const asked = process.env["PACKAGES"] !== undefined;
if (!asked)
  console.warn("PACKAGES is not set: the tests that install packages from the registry are skipped.");

// They need the registry, and minutes: .ci/run sets it.
(asked ? describe : describe.skip)("the verifier's package", () => {
  const folder = mkdtempSync(join(tmpdir(), "verify-"));
  let files: string[];

  beforeAll(() => {
    files = pack("verify", folder);
  }, 120_000);
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  /** A folder of its own with the package and nothing of this repository. */
  function fresh(
    name: string,
    main: Readonly<Record<string, string>>,
    packages: readonly string[] = [],
  ): string {
    const program = programFolder(folder, name, main);
    install(program, [tarballIn(folder), ...packages]);
    return program;
  }

  test("holds what its users need and nothing else", () => {
    const sources = readdirSync(join(ROOT, "verify"), { recursive: true, encoding: "utf8" });
    const modules = sources.filter((file) => /^[^.]+\.ts$/.test(file) && !/^(dist|node_modules)/.test(file));
    const compiled = modules.flatMap((file) => {
      const name = `dist/${file.replace(/\.ts$/, "")}`;
      return [`${name}.js`, `${name}.d.ts`];
    });
    expect(files).toEqual(["CHANGELOG.md", "LICENSE", "README.md", "package.json", ...compiled].sort());
  });

  describe("in a fresh JavaScript program", () => {
    const COMMONJS = source("receiver.js");
    const MODULE = COMMONJS.replace(/const (\{[^}]*\}) = require\((.*)\);/g, "import $1 from $2;");
    let program: string;

    beforeAll(() => {
      program = fresh("javascript", { "index.js": COMMONJS, "index.mjs": MODULE });
    }, 300_000);

    test("it brings jose along and nothing else", () => {
      const { dependencies } = JSON.parse(run("npm", ["ls", "--all", "--json"], program)) as {
        dependencies: Record<string, { dependencies: Record<string, { dependencies?: object }> }>;
      };
      expect(Object.keys(dependencies)).toEqual([NAME]);
      expect(Object.keys(dependencies[NAME]?.dependencies ?? {})).toEqual(["jose"]);
      expect(dependencies[NAME]?.dependencies["jose"]?.dependencies).toBeUndefined();
    });

    test("it works with each Node.js that it says, in both kinds of module", () => {
      expect(manifest.engines.node).toBe(`>=${NODES[0]?.replace(/(\.0)+$/, "") ?? ""}`);
      for (const version of NODES) {
        const node = join(folder, "node", version);
        mkdirSync(node, { recursive: true });
        writeFileSync(join(node, "package.json"), "{}");
        install(node, [`node@${version}`]);
        for (const main of ["index.js", "index.mjs"]) {
          const output = run(join(node, "node_modules/node/bin/node"), [main], program);
          expect([main, JSON.parse(output)]).toEqual([
            main,
            {
              node: expect.stringMatching(new RegExp(`^${version}(\\.|$)`)) as string,
              email: CALLER,
              behind: CALLER,
              refused: "ERR_TOKEN_AUDIENCE",
              statuses: [200, 401, 401],
              adapters: ["function", "function", "function", "function"],
            },
          ]);
        }
      }
    }, 300_000);

    test("both kinds of module see the same classes", () => {
      const code = `
        import * as imported from "${NAME}";
        import { createRequire } from "node:module";
        const required = createRequire(import.meta.url)("${NAME}");
        console.log(Object.keys(required).filter((name) => required[name] !== imported[name]).join());`;
      expect(run(process.execPath, ["--input-type=module", "-e", code], program).trim()).toBe("");
    });

    test("nothing can be reached behind its back", () => {
      const code = `require("${NAME}/dist/token/parseToken.js")`;
      const { stderr } = spawnSync(process.execPath, ["-e", code], { cwd: program, encoding: "utf8" });
      expect(stderr).toContain("ERR_PACKAGE_PATH_NOT_EXPORTED");
    });
  });

  describe("in a fresh TypeScript program", () => {
    const entries = Object.keys(manifest.exports).filter((entry) => !entry.endsWith(".json"));
    const IMPORTS = entries
      .map((entry, n) => `export * as entry${n} from "${entry.replace(".", NAME)}";`)
      .join("\n");
    const BAD = `import { createVerifier } from "${NAME}";
createVerifier({ audience: "https://orders.example.com" });
createVerifier({ audience: "x", callers: ["a@b"], anyGoogleAccountMayCall: true });
`;

    const RESOLUTIONS = { nodenext: "nodenext", bundler: "esnext", node10: "commonjs" };

    test("it has types, without a framework, without skipLibCheck, and however modules are found", () => {
      const settings = Object.entries(RESOLUTIONS).flatMap(([moduleResolution, module]) => {
        const compilerOptions = {
          ...{ strict: true, target: "es2022", lib: ["es2022"], types: ["node"], noEmit: true },
          ...{ skipLibCheck: false, module, moduleResolution },
        };
        const setting = (file: string) => [
          `${moduleResolution}-${file}.json`,
          JSON.stringify({ compilerOptions, files: [file] }),
        ];
        return [setting("index.ts"), setting("bad.ts")];
      });
      const program = fresh(
        "types",
        { "index.ts": IMPORTS, "bad.ts": BAD, ...(Object.fromEntries(settings) as Record<string, string>) },
        ["typescript@~5.9.0", "@types/node@20"],
      );
      for (const resolution of Object.keys(RESOLUTIONS)) {
        expect(run("npx", ["tsc", "-p", `${resolution}-index.ts.json`], program)).toBe("");
        const bad = ["tsc", "-p", `${resolution}-bad.ts.json`];
        const { stdout } = spawnSync("npx", bad, { cwd: program, encoding: "utf8" });
        expect(stdout).toContain("bad.ts(2,16): error");
        expect(stdout).toContain("bad.ts(3,");
      }
    }, 300_000);

    test.each(["4", "5"])(
      "it has types that suit Express %s, and works with it",
      (version) => {
        const program = fresh(`express-${version}`, { "index.ts": source("express.ts") }, [
          `express@${version}`,
          `@types/express@${version}`,
          "typescript@~5.9.0",
          "@types/node@20",
        ]);
        const options = "--strict --module nodenext --target es2022 --types node --outDir dist";
        expect(run("npx", ["tsc", ...options.split(" "), "index.ts"], program)).toBe("");
        expect(JSON.parse(run(process.execPath, ["dist/index.js"], program))).toEqual([
          [200, `hello from ${CALLER}`],
          [401, "ERR_TOKEN_MALFORMED: the token is not a signed JWT\n"],
          [500, "Error: broken handler"],
        ]);
      },
      300_000,
    );
  });
});
