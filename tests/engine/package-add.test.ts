import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { breakingChanges } from "../../docs/generate/schemaChanges";
import type { PackageSchema } from "../../docs/generate/schemaChanges";
import { trustGraph } from "../../trust/graph";
import type { ResourceState } from "../../trust/resources";
import { run } from "../packages/npm";
import { ExampleWorld } from "../support/example";
import { programAt } from "../support/program";

const ROOT = join(__dirname, "../..");
const PROGRAM = join(__dirname, "packaged");

const hasCli = spawnSync("pulumi", ["version"], { encoding: "utf8" }).status === 0;
const asked = process.env["PACKAGES"] !== undefined;
const skipped = [hasCli ? "" : "there is no Pulumi CLI on PATH", asked ? "" : "PACKAGES is not set"].filter(
  Boolean,
);
if (skipped.length > 0) console.warn(`Skipped, since ${skipped.join(" and ")}: pulumi package add.`);

interface State extends Required<Pick<ResourceState, "urn" | "type" | "inputs">> {
  readonly custom?: boolean;
  readonly outputs?: Record<string, unknown>;
  readonly parent?: string;
  readonly dependencies?: string[];
}

// The package as other languages get it: components in a process of their own, plain data between them. The same program
// runs once with it, on the real engine, and once in one process with the classes themselves.
(skipped.length === 0 ? describe : describe.skip)("the components as a Pulumi package", () => {
  const folder = mkdtempSync(join(tmpdir(), "package-add-"));
  // Alone, as when Pulumi fetches this folder of the repository at a tag.
  const library = join(folder, "components");
  const program = join(folder, "program");
  const world = new ExampleWorld();
  let packaged: ResourceState[];
  let direct: ResourceState[];

  beforeAll(async () => {
    const source = (path: string) => !/node_modules|dist/.test(path.slice(ROOT.length));
    cpSync(join(ROOT, "components"), library, { recursive: true, filter: source });
    cpSync(PROGRAM, program, { recursive: true });
    mkdirSync(join(folder, "elsewhere"));
    run("npm", ["install", "--no-audit", "--no-fund", "--prefer-offline"], program);
    // Puts the sandbox's providers where the next command looks for them.
    sandbox("version");
    run("pulumi", ["package", "add", library], program, OWN_STATE());
    sandbox("up", "--yes", "--skip-preview", "--non-interactive");
    packaged = exported();
    const { resources } = await world
      .stack("packaged", { "packaged:projectNumber": "123456789012" }, programAt(join(PROGRAM, "index.js")))
      .up();
    direct = [...resources];
  }, 400_000);

  afterAll(() => {
    world.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const OWN_STATE = () => ({
    PULUMI_HOME: join(folder, "sandbox/pulumi/home"),
    PULUMI_BACKEND_URL: `file://${join(folder, "elsewhere")}`,
    PULUMI_CONFIG_PASSPHRASE: "",
  });

  function sandbox(...args: string[]): string {
    const cli = ["-r", "./register.js", "sandbox/cli/main.ts", "pulumi", "-C", program, ...args];
    return run(process.execPath, cli, ROOT, { SANDBOX_FOLDER: join(folder, "sandbox") });
  }

  /** The state as the engine has it, without what only the engine needs. */
  function exported(): ResourceState[] {
    const { deployment } = JSON.parse(sandbox("stack", "export")) as { deployment: { resources?: State[] } };
    return (deployment.resources ?? [])
      .filter(({ type }) => !type.startsWith("pulumi:providers:"))
      .map((state) => ({ ...state, name: state.urn.split("::").at(-1) ?? "", outputs: state.outputs ?? {} }));
  }

  test("make the same resources under the same parents", () => {
    expect(named(packaged)).toEqual(named(direct));
  });

  test("have the same grants and edges", () => {
    const [there, here] = [trustGraph(packaged), trustGraph(direct)];
    const edges = ({ edges: all }: typeof here) =>
      all.map(({ source, target, granted, grant, scope }) => [
        source.kind,
        source.name,
        target.name,
        granted,
        grant?.role,
        scope,
      ]);
    expect(edges(there)).toEqual(edges(here));
    expect(edges(here)).toHaveLength(4);
    const grants = ({ grants: all }: typeof here) =>
      all.map(({ role, member }) => [role, withoutSuffix(member)]).sort();
    expect(grants(there)).toEqual(grants(here));
    for (const { edges: all } of [there, here]) {
      for (const { url, audience, scope } of all)
        expect(scope === undefined ? url : undefined).toBe(audience);
    }
  });

  test("tell applications how to enqueue", () => {
    const outputs = packaged.find(({ type }) => type === "pulumi:pulumi:Stack")?.outputs ?? {};
    const queue = packaged.find((resource) => label(resource) === "Queue orders");
    const [{ audience, caller } = {}] = trustGraph(packaged).edges.filter(
      ({ source }) => source.kind === "task-queue",
    );
    expect(outputs["enqueueWith"]).toEqual({
      queue: `projects/my-project/locations/us-central1/queues/${String(queue?.outputs["name"])}`,
      url: outputs["url"],
      serviceAccountEmail: caller,
      audience,
    });
  });

  test("wait for everything that they wait for in one process", () => {
    const [there, here] = [waits(packaged), waits(direct)];
    for (const [name, before] of here) {
      expect([name, [...before].filter((one) => there.get(name)?.has(one) !== true)]).toEqual([name, []]);
    }
    for (const [source, grants] of Object.entries({
      "Job nightly": ["ServiceIamMember report-nightly-invoker", "IAMMember nightly-mint-scheduler"],
      "Job early": ["JobIamMember cleanup-nightly-executor", "IAMMember nightly-access-scheduler"],
      "Queue orders": ["ServiceIamMember report-nightly-invoker", "IAMMember nightly-mint-tasks"],
    })) {
      expect([source, [...(there.get(source) ?? [])]]).toEqual([source, expect.arrayContaining(grants)]);
    }
  });

  test("a second time nothing changes, and in the end nothing is left", () => {
    sandbox("preview", "--expect-no-changes", "--non-interactive");
    expect(sandbox("destroy", "--yes", "--skip-preview", "--non-interactive")).toMatch(/\d+ deleted/);
    expect(exported()).toEqual([]);
  }, 120_000);

  test("are described to other languages as the committed schema says", () => {
    const output = run("pulumi", ["package", "get-schema", library], program, OWN_STATE());
    // npm's own words come before the schema.
    const schema = JSON.parse(output.slice(output.indexOf("{"))) as PackageSchema;
    const committed = JSON.parse(readFileSync(join(ROOT, "components/schema.json"), "utf8")) as PackageSchema;
    expect(breakingChanges(committed, schema)).toEqual([]);
    expect(breakingChanges(schema, committed)).toEqual([]);
  }, 120_000);
});

const label = ({ type, name }: ResourceState) => `${type.replace(/^.*:/, "")} ${name}`;

/** Names that end in random characters, without them. */
const withoutSuffix = (text: string) => text.replace(/-[a-z0-9]{6}@/, "@");

function named(resources: readonly ResourceState[]): string[] {
  const labels = new Map(resources.map((r) => [r.urn, label(r)]));
  return resources.map((r) => `${label(r)} of ${labels.get(r.parent ?? "") ?? "nobody"}`).sort();
}

/** What each resource of Google's waits for, straight or through others. */
function waits(resources: readonly ResourceState[]): Map<string, Set<string>> {
  const byUrn = new Map(resources.map((r) => [r.urn, r]));
  const before = (resource: ResourceState, found = new Set<string>()): Set<string> => {
    for (const urn of resource.dependencies ?? []) {
      const other = byUrn.get(urn);
      if (other === undefined || found.has(label(other))) continue;
      found.add(label(other));
      before(other, found);
    }
    return found;
  };
  const own = resources.filter(({ type }) => type.startsWith("gcp:"));
  const ofGoogle = (name: string) => own.some((r) => label(r) === name);
  return new Map(own.map((r) => [label(r), new Set([...before(r)].filter(ofGoogle))]));
}
