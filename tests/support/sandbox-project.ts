import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { StoredResource } from "../../sandbox/cloud/store";
import type { State } from "../../sandbox/host/state-file";

const ROOT = join(__dirname, "../..");
const COMMAND = ["-r", join(ROOT, "register.js"), join(ROOT, "sandbox/cli/main.ts")];

export interface Ended {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
}

/** A Pulumi project in a folder of its own, with a sandbox of its own: what `npm run sandbox -- …` is used for. */
export class SandboxProject {
  readonly folder = mkdtempSync(join(tmpdir(), "sandbox-project-"));
  readonly #started: ChildProcess[] = [];

  constructor(
    files: Readonly<Record<string, string>>,
    private readonly env: Readonly<Record<string, string>> = {},
  ) {
    symlinkSync(join(ROOT, "node_modules"), join(this.folder, "node_modules"));
    for (const [name, text] of Object.entries({ ...PROJECT, ...files })) this.write(name, text);
  }

  write(name: string, text: string): void {
    mkdirSync(dirname(join(this.folder, name)), { recursive: true });
    writeFileSync(join(this.folder, name), text);
  }

  /** What the sandbox keeps. */
  get kept(): string {
    return join(this.folder, ".sandbox");
  }

  /** Runs `npm run sandbox -- ARGS` to its end. */
  sandbox(args: readonly string[], env: Readonly<Record<string, string>> = {}): Ended {
    const { status, stdout, stderr } = spawnSync(process.execPath, [...COMMAND, ...args], {
      ...this.#options(env),
      encoding: "utf8",
      maxBuffer: 2 ** 28,
    });
    return { status, out: stdout, err: stderr };
  }

  /** Runs Pulumi in the sandbox to its end. */
  pulumi(args: readonly string[], env?: Readonly<Record<string, string>>): Ended {
    return this.sandbox(["pulumi", ...args, "--non-interactive"], env);
  }

  /** The same for what has to work; gives back what Pulumi said. */
  done(...args: string[]): string {
    const { status, out, err } = this.pulumi(args);
    expect({ status, said: status === 0 ? "" : out + err }).toEqual({ status: 0, said: "" });
    return out;
  }

  /** Starts `npm run sandbox -- ARGS`, and lets it run; what it says goes to pipes, or elsewhere. */
  start(
    args: readonly string[],
    output: readonly ["ignore" | "pipe" | number, "ignore" | "pipe" | number] = ["pipe", "pipe"],
    env: Readonly<Record<string, string>> = {},
  ): ChildProcess {
    const child = spawn(process.execPath, [...COMMAND, ...args], {
      ...this.#options(env),
      stdio: ["ignore", ...output],
    });
    this.#started.push(child);
    return child;
  }

  /** The cloud as it was saved last; nothing if it never was. */
  get cloud(): State | undefined {
    const file = join(this.kept, "cloud.json");
    return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as State) : undefined;
  }

  get resources(): readonly StoredResource[] {
    return this.cloud?.snapshot.resources ?? [];
  }

  /** Whatever a test that failed has left up ends with it. */
  close(): void {
    for (const child of this.#started) child.kill("SIGKILL");
    rmSync(this.folder, { recursive: true, force: true });
  }

  #options(env: Readonly<Record<string, string>> = {}) {
    return { cwd: this.folder, env: { ...process.env, SANDBOX_FOLDER: undefined, ...this.env, ...env } };
  }
}

const PROJECT = {
  "Pulumi.yaml":
    'name: test\nruntime: {name: nodejs, options: {typescript: false, nodeargs: "-r sucrase/register/ts"}}\n',
  "Pulumi.dev.yaml":
    'config:\n  gcp:project: my-project\n  gcp:region: us-central1\n  test:projectNumber: "123456789012"\n',
  "package.json": JSON.stringify({ name: "test", main: "index.ts" }),
};
