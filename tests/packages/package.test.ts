import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Outcome } from "./deploy";
import { install, pack, programFolder, ROOT, run, tarballIn } from "./npm";

const NAME = "@automatic-oidc/automatic-oidc";
const manifest = JSON.parse(readFileSync(join(ROOT, "components/package.json"), "utf8")) as {
  version: string;
  peerDependencies: Record<string, string>;
};

/** What Pulumi itself needs to run a program. */
const PROJECT = {
  "Pulumi.yaml": "name: fresh\nruntime: nodejs\nconfig: { projectNumber: { type: string } }\n",
  "Pulumi.dev.yaml":
    'config: { "gcp:project": my-project, "gcp:region": us-central1, "fresh:projectNumber": "123456789012" }\n',
};
const CALLS = [
  "events -> report as nightly: success",
  "early -> cleanup as nightly: success",
  "nightly -> report as nightly: success",
  "orders -> report as nightly: success",
];

const hasCli = spawnSync("pulumi", ["version"]).status === 0;
const withCli = hasCli ? test : test.skip;
const asked = process.env["PACKAGES"] !== undefined;
if (!asked)
  console.warn("PACKAGES is not set: the tests that install packages from the registry are skipped.");
else if (!hasCli) console.warn("No Pulumi CLI on PATH: packages are not tried with Pulumi's own engine.");

// They need the registry, and minutes: .ci/run sets it.
(asked ? describe : describe.skip)("the package", () => {
  const folder = mkdtempSync(join(tmpdir(), "package-"));
  let files: string[];

  beforeAll(() => {
    files = pack("components", folder);
  }, 120_000);
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  /** A folder of its own with the package, its peers and nothing of this repository. */
  function fresh(
    name: string,
    main: Readonly<Record<string, string>>,
    packages: readonly string[] = [],
  ): string {
    const program = programFolder(folder, name, { ...PROJECT, ...main });
    install(program, [
      tarballIn(folder),
      "@pulumi/pulumi@~3.248.0",
      "@pulumi/gcp@9",
      "@pulumi/random@4",
      ...packages,
    ]);
    return program;
  }

  /** With the sandbox in one process with the program, and with the program's own SDK. */
  function deployed(program: string, main: string, node = process.execPath): Outcome {
    const preloaded = ["-r", "./tests/packages/own-sdk.js", "-r", "./register.js"];
    const args = [...preloaded, "tests/packages/deploy.ts", program, main];
    return JSON.parse(run(node, args, ROOT, { PROGRAM_FOLDER: program })) as Outcome;
  }

  /** With Pulumi's own engine and runner. What the program made, as "Type name". */
  function deployedByCli(program: string): string[] {
    const pulumi = (...args: string[]) => {
      const cli = ["-r", "./register.js", "sandbox/cli/main.ts", "pulumi", "-C", program, ...args];
      return run(process.execPath, cli, ROOT, { SANDBOX_FOLDER: join(program, "sandbox") });
    };
    pulumi("up", "--yes", "--skip-preview", "--non-interactive");
    pulumi("preview", "--expect-no-changes", "--non-interactive");
    const { deployment } = JSON.parse(pulumi("stack", "export")) as {
      deployment: { resources: { urn: string; type: string }[] };
    };
    pulumi("destroy", "--yes", "--skip-preview", "--non-interactive");
    return deployment.resources
      .filter(({ type }) => !type.startsWith("pulumi:providers:"))
      .map(({ urn, type }) => `${type.replace(/^.*:/, "")} ${urn.split("::").at(-1) ?? ""}`)
      .sort();
  }

  const source = (path: string) => readFileSync(join(ROOT, "tests", path), "utf8");

  test("holds what its users need and nothing else", () => {
    const [compiled, others] = [
      files.filter((f) => f.startsWith("dist/")),
      files.filter((f) => !f.startsWith("dist/")),
    ];
    // npm adds whatever "main" says, which Pulumi wants to be the source.
    expect(others).toEqual(["CHANGELOG.md", "LICENSE", "README.md", "index.ts", "package.json"]);
    expect(compiled).toEqual(expect.arrayContaining(["dist/index.js", "dist/index.d.ts"]));
    expect(
      compiled.filter(
        (file) => !/^dist\/((identity|sources|targets|wiring)\/(\w+\/)?)?\w+\.(js|d\.ts)$/.test(file),
      ),
    ).toEqual([]);
    const sources = readdirSync(join(ROOT, "components"), { recursive: true, encoding: "utf8" });
    const modules = sources.filter((file) => /^[^.]+\.ts$/.test(file) && !/^(dist|node_modules)/.test(file));
    expect(compiled).toHaveLength(2 * modules.length);
  });

  describe("in a fresh TypeScript program", () => {
    const TSCONFIG = {
      compilerOptions: { strict: true, module: "nodenext", target: "es2022", noEmit: true, types: ["node"] },
      files: ["index.ts"],
    };
    let program: string;

    beforeAll(() => {
      const main = {
        "index.ts": source("packages/programs/index.ts"),
        "tsconfig.json": JSON.stringify(TSCONFIG),
      };
      program = fresh("typescript", main, ["typescript@~5.9.0", "@types/node@20"]);
    }, 300_000);

    const works = (node?: string) => {
      expect(run("npx", ["tsc"], program)).toBe("");
      const outcome = deployed(program, "index.ts", node);
      expect(outcome).toMatchObject({ calls: CALLS, changed: [] });
      expect(outcome.refusal).toMatch(/SchedulerJob "bad": schedule "never" .+\. /);
      return outcome;
    };

    test("it has types, also without skipLibCheck, and works", () => {
      expect(works().sdk).toMatch(/^3\.248\./);
    }, 120_000);

    withCli(
      "it works with Pulumi's own engine, which type-checks it",
      () => {
        expect(deployedByCli(program)).toEqual(deployed(program, "index.ts").resources);
      },
      120_000,
    );

    test("its types say what is wrong", () => {
      const bad = `import { SchedulerJob } from "${NAME}";\nnew SchedulerJob("x", { schedule: 5 });\n`;
      writeFileSync(join(program, "bad.ts"), bad);
      const args = ["tsc", "--strict", "--module", "nodenext", "--noEmit", "--skipLibCheck", "bad.ts"];
      const { stdout } = spawnSync("npx", args, { cwd: program, encoding: "utf8" });
      expect(stdout).toContain("Type 'number' is not assignable to type 'Input<string>'");
    }, 120_000);

    test("there is one copy of each package that it shares with the program", () => {
      for (const shared of [NAME, "@pulumi/pulumi", "@pulumi/gcp", "@pulumi/random"]) {
        expect([shared, copiesOf(shared, join(program, "node_modules"))]).toEqual([shared, 1]);
      }
    });

    test("it works with the oldest SDK that the package asks for", () => {
      const oldest = (manifest.peerDependencies["@pulumi/pulumi"] ?? "").replace("^", "");
      install(program, [`@pulumi/pulumi@${oldest}`]);
      expect(works().sdk).toBe(oldest);
    }, 300_000);

    test("it works with the newest SDK, on the Node.js that this one wants", () => {
      const node = join(folder, "node");
      mkdirSync(node);
      writeFileSync(join(node, "package.json"), "{}");
      install(node, ["node@24"]);
      install(program, ["@pulumi/pulumi@3"]);
      const newest = run("npm", ["view", "@pulumi/pulumi", "version", "--silent"], program).trim();
      install(program, [`@pulumi/pulumi@${newest}`]);
      expect(works(join(node, "node_modules/node/bin/node"))).toMatchObject({
        sdk: newest,
        node: expect.stringMatching(/^24\./) as string,
      });
    }, 300_000);
  });

  describe("in a fresh JavaScript program", () => {
    const COMMONJS = source("engine/packaged/index.js");
    const MODULE = COMMONJS.replace(/const (\w+) = require\((.*)\);/, "import * as $1 from $2;")
      .replace(/const (\{[^}]*\}) = require\((.*)\);/, "import $1 from $2;")
      .replace("exports.url = url;", "export { url };")
      .replace("exports.enqueueWith = ", "export const enqueueWith = ");
    let program: string;

    beforeAll(() => {
      program = fresh("javascript", { "index.js": COMMONJS, "index.mjs": MODULE });
    }, 300_000);

    test.each(["index.js", "index.mjs"])(
      "it works as %s",
      (main) => {
        const { calls, changed } = deployed(program, main);
        expect([calls, changed]).toEqual([CALLS, []]);
      },
      60_000,
    );

    withCli(
      "it works with Pulumi's own engine",
      () => {
        expect(deployedByCli(program)).toEqual(deployed(program, "index.js").resources);
      },
      120_000,
    );

    test("both kinds of module see the same classes", () => {
      const code = `
        import * as imported from "${NAME}";
        import { createRequire } from "node:module";
        const required = createRequire(import.meta.url)("${NAME}");
        console.log(Object.keys(required).filter((name) => required[name] !== imported[name]).join());`;
      expect(run(process.execPath, ["--input-type=module", "-e", code], program).trim()).toBe("");
    });

    test("nothing can be reached behind its back", () => {
      const code = `require("${NAME}/dist/wiring/names.js")`;
      const { stderr } = spawnSync(process.execPath, ["-e", code], { cwd: program, encoding: "utf8" });
      expect(stderr).toContain("ERR_PACKAGE_PATH_NOT_EXPORTED");
    });
  });
});

function copiesOf(name: string, modules: string): number {
  const entries = readdirSync(modules, { recursive: true, encoding: "utf8" });
  return entries.filter((path) => `/${path}`.endsWith(`/${name}/package.json`)).length;
}
