import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { breakingChanges } from "../../docs/generate/schemaChanges";
import type { PackageSchema } from "../../docs/generate/schemaChanges";
import { GitServer } from "../support/git-server";

const ROOT = join(__dirname, "../..");
const TAG = "v0.1.0";

const works = (command: string) => spawnSync(command, ["version"]).status === 0;
const lacking = ["pulumi", "openssl", "git"].filter((command) => !works(command));
const asked = process.env["PACKAGES"] !== undefined;
const skipped = [
  ...lacking.map((command) => `there is no ${command} on PATH`),
  ...(asked ? [] : ["PACKAGES is not set"]),
];
if (skipped.length > 0) console.warn(`Skipped, since ${skipped.join(" and ")}: the repository at a tag.`);

// As docs/languages.md tells people: Pulumi fetches the repository at a tag, keeps its one folder, and installs that.
(skipped.length === 0 ? describe : describe.skip)("the repository at a tag", () => {
  const folder = mkdtempSync(join(tmpdir(), "package-tag-"));
  let server: GitServer;

  beforeAll(async () => {
    const repositories = join(folder, "repositories");
    const repository = join(repositories, "owner/automatic-oidc.git");
    const source = (path: string) => !/node_modules|dist/.test(path.slice(ROOT.length));
    for (const part of ["components", "package.json", "index.ts"]) {
      cpSync(join(ROOT, part), join(repository, part), { recursive: true, filter: source });
    }
    git(repository, "init", "--quiet");
    git(repository, "add", ".");
    git(repository, ...NOBODY, "commit", "--quiet", "--message", "Everything");
    git(repository, "tag", TAG);
    // What comes later is not part of the tag.
    rmSync(join(repository, "components"), { recursive: true });
    git(repository, ...NOBODY, "commit", "--quiet", "--all", "--message", "Nothing");
    server = await GitServer.start(repositories, folder);
  });

  afterAll(() => {
    server.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  test("is a component package, and what it says is the committed schema", async () => {
    const source = `https://${server.address}/owner/automatic-oidc/components@${TAG}`;
    const { code, out, err } = await pulumi("package", "get-schema", source);
    expect({ code, err: code === 0 ? "" : err }).toEqual({ code: 0, err: "" });
    // npm's own words come before the schema.
    const schema = JSON.parse(out.slice(out.indexOf("{"))) as PackageSchema;
    const committed = JSON.parse(readFileSync(join(ROOT, "components/schema.json"), "utf8")) as PackageSchema;
    expect(breakingChanges(committed, schema)).toEqual([]);
    expect(breakingChanges(schema, committed)).toEqual([]);
  }, 400_000);

  /** Not waited for in one go: the server is in this process. */
  async function pulumi(...args: string[]): Promise<{ code: number | null; out: string; err: string }> {
    const child = spawn("pulumi", args, {
      cwd: folder,
      env: {
        ...process.env,
        PULUMI_HOME: join(folder, "home"),
        PULUMI_BACKEND_URL: `file://${folder}`,
        PULUMI_CONFIG_PASSPHRASE: "",
        SSL_CERT_FILE: server.certificate,
        npm_config_loglevel: "error",
      },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let [out, err] = ["", ""];
    child.stdout.setEncoding("utf8").on("data", (text: string) => (out += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (err += text));
    const [code] = (await once(child, "close")) as [number | null];
    return { code, out, err };
  }
});

const NOBODY = ["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false"];

function git(cwd: string, ...args: string[]): void {
  const { status, stderr } = spawnSync("git", args, { cwd, encoding: "utf8" });
  if (status !== 0) throw new Error(`git ${args.join(" ")} ended with ${String(status)}: ${stderr}`);
}
