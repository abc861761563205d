import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { comment } from "../../preview/comment";
import { fromJson } from "../../preview/from-json";
import { expectFile } from "../support/file-snapshot";
import { VARIANTS, type Variant } from "../support/preview-program";
import { describeWithCli } from "../support/real-engine";

const ROOT = join(__dirname, "../..");
const SNAPSHOTS = join(ROOT, "tests/preview/snapshots");
const WHERE = { project: "test", stack: "dev" };
jest.setTimeout(120_000);

describeWithCli("what reviewers read of previews by Pulumi's own engine", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "engine-preview-"));
    symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"));
    write(
      "Pulumi.yaml",
      'name: test\nruntime: {name: nodejs, options: {typescript: false, nodeargs: "-r sucrase/register/ts"}}\n',
    );
    for (const stack of ["setup", "dev"]) {
      write(`Pulumi.${stack}.yaml`, "config:\n  gcp:project: my-project\n  gcp:region: us-central1\n");
    }
    write("package.json", JSON.stringify({ name: "test", main: "index.js" }));
    const program = `require(${JSON.stringify(join(ROOT, "tests/support/preview-program"))})`;
    write(
      "index.js",
      `if (require("@pulumi/pulumi").getStack() === "setup") ${program}.setUp();
      else ${program}.previewProgram(JSON.parse(process.env.VARIANT));
`,
    );
    up("setup");
  });
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  test("the first deployment", () => {
    const text = preview({});
    expectFile(join(SNAPSHOTS, "engine/first-deployment.md"), text);
    expect(trustIn(text)).toBe(trustIn(throughTheDoor("first-deployment")));
  });

  describe("of a program that is deployed", () => {
    beforeAll(() => {
      up("dev");
    });

    // Both engines lead to the same words; only what Google and Pulumi make up is another.
    test.each(Object.entries(VARIANTS))("%s", (name, variant) => {
      const text = preview(variant);
      expectFile(join(SNAPSHOTS, `engine/${name}.md`), text);
      expect(trustIn(text)).toBe(trustIn(throughTheDoor(name)));
    });
  });

  function preview(variant: Variant): string {
    const { stdout, stderr } = pulumi("dev", variant, "preview", "--json", "--show-sames");
    return withoutChance(comment(fromJson(stdout, WHERE, stderr)).replaceAll(folder, "FOLDER"));
  }

  function up(stack: string): void {
    const { status, stdout, stderr } = pulumi(stack, {}, "up", "--yes", "--skip-preview");
    expect({ status, said: status === 0 ? "" : stdout + stderr }).toEqual({ status: 0, said: "" });
  }

  function pulumi(stack: string, variant: Variant, ...args: string[]) {
    const sandbox = [
      join(ROOT, "sandbox/cli/main.ts"),
      "pulumi",
      ...args,
      "--stack",
      stack,
      "--non-interactive",
    ];
    return spawnSync(process.execPath, ["-r", join(ROOT, "register.js"), ...sandbox], {
      cwd: folder,
      encoding: "utf8",
      env: { ...process.env, VARIANT: JSON.stringify(variant) },
    });
  }

  function write(name: string, text: string): void {
    writeFileSync(join(folder, name), text);
  }
});

function throughTheDoor(name: string): string {
  return withoutChance(readFileSync(join(SNAPSHOTS, `${name}.md`), "utf8"));
}

/** All that comes before the resources: warnings, sentences, drawing. */
function trustIn(text: string): string {
  return text.split("### Resources")[0] ?? "";
}

/** Made-up names are another in each run. */
function withoutChance(text: string): string {
  return (
    text
      // The engine tells which program failed before it tells why.
      .replace(/^Running program '[^']*' failed with an unhandled exception:\nError: /m, "")
      .replace(/\b([a-z]+)-[0-9a-f]{7}-[0-9a-z]+-[a-z]{2}\.a\.run\.app/g, "$1-CHANCE.a.run.app")
      .replace(/\bhello-[0-9a-z]{10}-[a-z]{2}\.a\.run\.app/g, "hello-CHANCE.a.run.app")
      .replace(/\b(report|nightly|apptest|hourly|job)-[0-9a-f]{7}\b/g, "$1-CHANCE")
      .replace(/\b(schedulerunner|auditor|report-runtime|report)-[0-9a-z]{6}(?=@|")/g, "$1-CHANCE")
  );
}
