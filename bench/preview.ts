import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { ROOT, WITHOUT_FRONTS } from "./devStack";
import { median, pairs } from "./measure";
import type { Row } from "./report";

/** What is promised of `pulumi preview` of the dev stack: against Pulumi's defaults, and against the same by hand. */
const BOUNDS = { defaults: 0.4, bare: 1.15 };

const SANDBOX = ["-r", join(ROOT, "register.js"), join(ROOT, "sandbox/cli/main.ts")];
const NOT_COPIED = /(^|\/)(node_modules|dist|\.git|\.sandbox)$/;

/** Whole commands `pulumi preview`, cold: with nothing that an earlier one has cached. None without a Pulumi CLI. */
export async function previewAgainstDefaults(count: number): Promise<Row[]> {
  if (spawnSync("pulumi", ["version"]).status !== 0) return [];
  const projects = [
    new Project(),
    withDefaults(),
    withoutFronts(new Project()),
    withoutFronts(byHand()),
  ] as const;
  try {
    const [own, defaults, small, bare] = projects;
    for (const project of projects) await project.preview();
    return [
      compared("Pulumi's defaults, all of @pulumi/gcp", BOUNDS.defaults, await rounds(count, defaults, own)),
      compared("the same by hand", BOUNDS.bare, await rounds(count, bare, small)),
    ];
  } finally {
    for (const project of projects) project.remove();
  }
}

function rounds(count: number, base: Project, measured: Project): Promise<[number, number][]> {
  return pairs(
    count,
    () => base.preview(),
    () => measured.preview(),
  );
}

function compared(against: string, bound: number, all: readonly (readonly [number, number])[]): Row {
  return {
    name: "pulumi preview of the stack",
    against,
    what: "time",
    value: median(all.map(([, time]) => time)),
    base: median(all.map(([time]) => time)),
    ratio: median(all.map(([base, time]) => time / base)),
    bound,
  };
}

/** A copy of the repository, so that what is measured may be set up differently and leaves nothing behind. */
class Project {
  readonly folder = mkdtempSync(join(tmpdir(), "bench-preview-"));

  constructor() {
    cpSync(ROOT, this.folder, {
      recursive: true,
      filter: (path) => !NOT_COPIED.test(path.slice(ROOT.length)),
    });
    // A folder of links, so that what register.js keeps there is this project's own.
    mkdirSync(join(this.folder, "node_modules"));
    for (const name of readdirSync(join(ROOT, "node_modules")).filter((name) => name !== ".cache")) {
      symlinkSync(join(ROOT, "node_modules", name), join(this.folder, "node_modules", name));
    }
  }

  /** Milliseconds. */
  async preview(): Promise<number> {
    rmSync(join(this.folder, "node_modules/.cache"), { recursive: true, force: true });
    const temporary = mkdtempSync(join(tmpdir(), "bench-cache-"));
    const started = process.hrtime.bigint();
    const child = spawn(
      process.execPath,
      [...SANDBOX, "pulumi", "preview", "--stack", "dev", "--non-interactive"],
      {
        cwd: this.folder,
        // ts-node caches there. A machine of a CI service has nothing there either.
        env: { ...process.env, TMPDIR: temporary, TS_NODE_CACHE_DIRECTORY: temporary },
        stdio: ["ignore", "ignore", "pipe"],
      },
    );
    let said = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => (said += text));
    const [code] = (await once(child, "exit")) as [number | null];
    const time = Number(process.hrtime.bigint() - started) / 1e6;
    rmSync(temporary, { recursive: true, force: true });
    if (code !== 0) throw new Error(`pulumi preview in ${this.folder} ended with ${String(code)}:\n${said}`);
    return time;
  }

  edit(file: string, change: (text: string) => string): void {
    const path = join(this.folder, file);
    writeFileSync(path, change(readFileSync(path, "utf8")));
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** As `pulumi new gcp-typescript` sets a program up: type-checked at each start, and with all of the provider's package. */
function withDefaults(): Project {
  const project = new Project();
  project.edit("Pulumi.yaml", (text) => stringify({ ...(parse(text) as object), runtime: "nodejs" }));
  for (const file of sources(project.folder, ["index.ts", "config.ts", "components"])) {
    project.edit(file, (text) =>
      text.replace(
        /^import \* as (\w+) from "@pulumi\/gcp\/(\w+)";$/gm,
        'import { $2 as $1 } from "@pulumi/gcp";',
      ),
    );
  }
  return project;
}

/** Without gateways, mesh and Envoy, which the program by hand does not have either. */
function withoutFronts(project: Project): Project {
  project.edit("Pulumi.dev.yaml", (text) => {
    const { config } = parse(text) as { config: Record<string, unknown> };
    return stringify({ config: { ...config, ...WITHOUT_FRONTS } });
  });
  return project;
}

/** The same resources, declared without components, and started in the same way. */
function byHand(): Project {
  const project = new Project();
  project.edit("package.json", (text) =>
    JSON.stringify({ ...(JSON.parse(text) as object), main: "bench/bare/index.ts" }),
  );
  return project;
}

function sources(folder: string, paths: readonly string[]): string[] {
  return paths.flatMap((path) =>
    statSync(join(folder, path)).isDirectory()
      ? sources(
          folder,
          readdirSync(join(folder, path)).map((name) => join(path, name)),
        )
      : path.endsWith(".ts")
        ? [path]
        : [],
  );
}
