import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as components from "../../components";

const cli = spawnSync("pulumi", ["version"], { encoding: "utf8" });
const hasCli = cli.status === 0;
if (!hasCli) console.warn("No Pulumi CLI on PATH: the tests with the real engine are skipped.");

// Skipped where there is no CLI, and only there; CI brings one.
(hasCli ? describe : describe.skip)("with Pulumi's own CLI", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "engine-"));
  });
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  const pulumi = (args: string[], cwd: string) =>
    spawnSync("pulumi", args, {
      cwd,
      encoding: "utf8",
      env: { ...process.env, PULUMI_BACKEND_URL: `file://${folder}`, PULUMI_CONFIG_PASSPHRASE: "" },
    });

  test("every component is offered to every language, with its arguments documented", () => {
    const output = execFileSync("pulumi", ["package", "get-schema", join(process.cwd(), "components")], {
      cwd: folder,
      encoding: "utf8",
    });
    // npm's own words come before the schema.
    const schema = JSON.parse(output.slice(output.indexOf("{"))) as {
      name: string;
      resources: Record<
        string,
        { description?: string; inputProperties: Record<string, { description?: string }> }
      >;
    };
    expect(schema.name).toBe("automatic-oidc");
    const classes = Object.entries(components).filter(([, value]) => typeof value === "function");
    expect(Object.keys(schema.resources).sort()).toEqual(
      classes.map(([name]) => `automatic-oidc:index:${name}`).sort(),
    );
    for (const [token, { description, inputProperties }] of Object.entries(schema.resources)) {
      const undocumented = Object.entries(inputProperties).filter(([, input]) => !input.description);
      expect({ token, described: Boolean(description), undocumented }).toEqual({
        token,
        described: true,
        undocumented: [],
      });
    }
  }, 120_000);

  test("the CLI takes the project's configuration, and starts the program as it stands", () => {
    // A copy: removing a stack removes its file.
    const copy = join(folder, "program");
    for (const part of [
      "Pulumi.yaml",
      "Pulumi.dev.yaml",
      "package.json",
      "index.ts",
      "config.ts",
      "fronts.ts",
      "register.js",
      "components",
      "apps",
    ]) {
      cpSync(part, join(copy, part), { recursive: true, filter: (path) => !path.includes("node_modules") });
    }
    symlinkSync(join(process.cwd(), "node_modules"), join(copy, "node_modules"));
    pulumi(["stack", "init", "dev"], copy);
    const preview = pulumi(["preview", "--stack", "dev", "--non-interactive"], copy);
    // It comes as far as its first resource of Google's, whose provider plugin is not part of this repository.
    expect(preview.stdout + preview.stderr).toMatch(
      /automatic-oidc:index:ProjectApis apis create|Previewing update[^]*\d+ to create/,
    );
    expect(preview.stdout + preview.stderr).not.toMatch(
      /TSError|SyntaxError|Cannot find module|Pulumi\.dev\.yaml:/,
    );
  }, 120_000);
});
