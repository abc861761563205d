import { execFileSync, spawn } from "node:child_process";
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const ROOT = join(__dirname, "..");
const MAIN = join(ROOT, "preview/main.ts");

const GIT = ["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false"];

const PROGRAM = `
import * as pubsub from "@pulumi/gcp/pubsub";
import { Config } from "@pulumi/pulumi";
import { readFileSync } from "node:fs";
const labels = { note: readFileSync("note.txt", "utf8").trim() };
new pubsub.Topic("jobs", { labels });
console.log("a program may print what it likes");
`;

jest.setTimeout(60_000);

let folder: string;
let repository: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "preview-test-"));
  repository = join(folder, "repository");
  mkdirSync(repository);
  write("Pulumi.yaml", "name: letters\nruntime: nodejs\n");
  write("Pulumi.dev.yaml", "config:\n  gcp:project: my-project\n");
  write("package.json", JSON.stringify({ main: "index.ts" }));
  write(".gitignore", "node_modules\n");
  write("note.txt", "one\n");
  write("index.ts", PROGRAM);
  symlinkSync(join(ROOT, "node_modules"), join(repository, "node_modules"));
  git("init", "--quiet", "--initial-branch=main");
  commit();
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe("npm run preview -- --base", () => {
  test("holds what is checked out against a commit, each with its own files, and leaves nothing behind", async () => {
    write("note.txt", "two\n");
    appendFileSync(join(repository, "index.ts"), 'new pubsub.Topic("more");\n');
    const { code, out, err } = await preview("--base", "main");
    expect(err).toContain("Deploying main on an embedded cloud");
    expect(err).toContain("a program may print what it likes");
    expect(code).toBe(0);
    expect(out).toContain(
      "## Preview of `letters/dev`\n\n**1 to update**, **1 to create**.\n\nHeld against `main`",
    );
    expect(out).toContain('-     labels.note: "one"\n+     labels.note: "two"\n');
    expect(git("worktree", "list").trim().split("\n")).toHaveLength(1);
    expect(readdirSync(join(folder, "tmp"))).toEqual([]);
    expect(await preview("--base", "main")).toEqual({ code, out, err });
  });

  test("a stack that the base does not have is all new; a program that throws is said to", async () => {
    write("Pulumi.prod.yaml", "config:\n  gcp:project: my-project\n");
    const file = join(folder, "comment.md");
    const first = await preview("--base", "HEAD", "--stack", "prod", "--output", file);
    expect(first).toMatchObject({ code: 0, out: "" });
    expect(readFileSync(file, "utf8")).toContain("There it has no stack `prod`, so everything is new.");
    expect(readFileSync(file, "utf8")).toContain("**1 to create**");

    appendFileSync(join(repository, "index.ts"), 'throw new Error("no ``` <b> in " + __dirname + "/x");\n');
    const { code, out } = await preview("--base", "HEAD");
    expect(code).toBe(1);
    expect(out).toContain("**The preview failed**");
    expect(out).toMatch(/^````text\nno ``` <b> in [^\n]*\n````$/m);

    commit();
    write("index.ts", PROGRAM);
    expect((await preview("--base", "HEAD")).out).toContain("At HEAD, which this change is held against: no");
  });

  test("looks at every list of packages, and leaves other worktrees alone", async () => {
    const program = join(repository, "program");
    mkdirSync(program);
    for (const file of ["Pulumi.yaml", "Pulumi.dev.yaml", "package.json", "index.ts", "note.txt"]) {
      renameSync(join(repository, file), join(program, file));
    }
    write("yarn.lock", "one\n");
    commit();
    const own = join(folder, "somebody's");
    git("worktree", "add", "--quiet", "--detach", own);
    // As on a disk that is not there at the moment.
    renameSync(own, `${own}-elsewhere`);
    write("program/package-lock.json", "{}\n");
    const { code, out } = await preview("--base", "HEAD", "--cwd", "program");
    expect(code).toBe(0);
    expect(out).toContain(
      "`program/package-lock.json` differs: both sides ran with the packages of this change.",
    );
    expect(out).not.toContain("yarn.lock");
    expect(git("worktree", "list")).toContain("somebody's");
  });

  test("--json is for other programs", async () => {
    write("note.txt", "two\n");
    const { out } = await preview("--base", "HEAD", "--json");
    expect(JSON.parse(out)).toMatchObject({
      project: "letters",
      stack: "dev",
      failed: false,
      edges: [],
      lost: [],
      resources: [{ op: "update", name: "jobs", changed: [{ path: "labels.note", kind: "update" }] }],
    });
  });

  test("no secret gets into an error: neither a setting, however it is written, nor the program's own", async () => {
    const hush = 'hush "5f2c" & more';
    write("Pulumi.dev.yaml", "config:\n  gcp:project: my-project\n  token:\n    secure: v1:abc\n");
    write(
      "index.ts",
      `import { Config } from "@pulumi/pulumi";
      const token = new Config().require("token");
      const forms = [token, encodeURIComponent(token), Buffer.from(token).toString("base64"), JSON.stringify({ token })];
      throw new Error("nothing can be done with " + forms.join("; "));`,
    );
    commit();
    const thrown = await preview("--base", "HEAD", "--config", `token=${hush}`);
    expect(thrown.code).toBe(1);
    expect(thrown.out).toContain(
      'nothing can be done with [secret]; [secret]; [secret]; {"token":"[secret]"}',
    );
    write(
      "index.ts",
      `import * as pubsub from "@pulumi/gcp/pubsub";
      import { secret } from "@pulumi/pulumi";
      new pubsub.Topic("t", { name: secret("!hush"), labels: { a: "b" } });`,
    );
    commit();
    const refused = await preview("--base", "HEAD", "--config", "token=x");
    expect(refused.out).toMatch(/property "name" has an invalid value "\[secret\]"/);
    expect(refused.out).not.toContain("hush");
  });

  test("what cannot be done is said, with the remedy", async () => {
    const cases: [args: string[], message: RegExp][] = [
      [["--base", "nowhere"], /--base nowhere: git knows no such commit .* Give a branch/],
      [["--base=--all"], /--base --all: git knows no such commit/],
      [[], /Give one of --base REF and --from FILE/],
      [["--base", "HEAD", "--from", "x"], /Give one of/],
      [["--base", "HEAD", "-s", "test"], /no Pulumi.test.yaml in .* The stacks here are: dev/],
      [["--from", "nowhere.json"], /--from nowhere.json cannot be read/],
      [["--base", "HEAD", "--config", "x"], /^error: --config x: write it as KEY=VALUE\.$/m],
      [["--base", "HEAD", "--log", "x"], /--log x has no meaning with --base\. Leave --log out\./],
      [["--from", "x", "--config", "a=b"], /--config a=b has no meaning with --from\. Leave --config out\./],
      [["--from", "x", "--project", "p"], /--project p has no meaning with --from\. Leave --project out\./],
      [["--bass"], /unknown option '--bass'/],
    ];
    await Promise.all(
      cases.map(async ([args, message]) => {
        const { code, out, err } = await preview(...args);
        expect({ code, out }).toEqual({ code: 2, out: "" });
        expect(err).toMatch(message);
      }),
    );
  });

  test("no packages, and no git checkout", async () => {
    rmSync(join(repository, "node_modules"));
    const { code, err } = await preview("--base", "HEAD");
    expect({ code, err }).toMatchObject({
      code: 2,
      err: expect.stringMatching(/no node_modules in .*npm ci/) as string,
    });
    expect(git("worktree", "list").trim().split("\n")).toHaveLength(1);
    rmSync(join(repository, ".git"), { recursive: true });
    expect((await preview("--base", "HEAD")).err).toMatch(
      /is no git checkout, so there is nothing to hold it against/,
    );
  });

  test("ended in the middle it leaves nothing behind either", async () => {
    appendFileSync(
      join(repository, "index.ts"),
      "setTimeout(() => {}, 1e6);\nexport const never = new Promise(() => {});\n",
    );
    commit();
    const { code } = await preview(
      "--base",
      "HEAD",
      (child: { kill: (signal: "SIGTERM") => void }, err: string) => {
        if (err.includes("Deploying")) child.kill("SIGTERM");
      },
    );
    expect(code).toBe(143);
    expect(readdirSync(join(folder, "tmp"))).toEqual([]);
    expect(existsSync(join(repository, ".git/worktrees"))).toBe(false);
  });
});

type Watch = (child: ReturnType<typeof spawn>, err: string) => void;

/** Runs the command in the repository. The last argument may watch what it says. */
async function preview(...args: (string | Watch)[]) {
  const watch = args.find((arg) => typeof arg === "function");
  mkdirSync(join(folder, "tmp"), { recursive: true });
  const words = args.filter((arg) => typeof arg === "string");
  const child = spawn(process.execPath, ["-r", join(ROOT, "register.js"), MAIN, ...words], {
    cwd: repository,
    env: {
      ...process.env,
      TMPDIR: join(folder, "tmp"),

      GIT_CEILING_DIRECTORIES: folder,
    },
  });
  let [out, err] = ["", ""];
  child.stdout.on("data", (chunk) => (out += String(chunk)));
  child.stderr.on("data", (chunk) => {
    err += String(chunk);
    watch?.(child, err);
  });
  const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
  return { code, out, err };
}

function write(path: string, text: string): void {
  writeFileSync(join(repository, path), text);
}

function commit(): void {
  git("add", "--all");
  git("commit", "--quiet", "--message=change");
}

function git(...args: string[]): string {
  return execFileSync("git", [...GIT, ...args], { cwd: repository, encoding: "utf8" });
}
