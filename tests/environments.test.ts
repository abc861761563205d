import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { readStackConfig } from "../sandbox/cli/stack-config";
import { trustGraph } from "../trust/graph";
import { commonGraph, GROUPS } from "./support/expected-graph";
import { tree } from "./support/graph";
import { stackProgram } from "./support/program";
import { TestStack } from "./support/stack";

const ROOT = join(__dirname, "..");
const PAGE = readFileSync(join(ROOT, "docs/environments.md"), "utf8");
const FILE = "Pulumi.staging.yaml";

/** The file that the page shows for a third environment. */
const STAGING = /```yaml\n# Pulumi\.staging\.yaml\n([^]*?)```/.exec(PAGE)?.[1] ?? "";

describe("a third environment", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "environment-"));
    cpSync(join(ROOT, "Pulumi.yaml"), join(folder, "Pulumi.yaml"));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  /** As Pulumi does: the stack's file, over the project's defaults. */
  function stackFrom(text: string): TestStack {
    writeFileSync(join(folder, FILE), text);
    const { project, stack, config } = readStackConfig(folder, "staging");
    const projects = [{ id: config["gcp:project"] ?? "", number: "333333333333" }];
    return new TestStack({ projects, pulumiProject: project, stack, config });
  }

  test("is the one file on the page: it deploys what every stack has, in its own project", async () => {
    const stack = stackFrom(STAGING);
    const { resources } = await stack.up(stackProgram());
    expect(tree(resources, GROUPS.prod)).toEqual(commonGraph("staging"));
    const { edges, callers } = trustGraph(resources);
    expect(edges).toHaveLength(7);
    expect(callers.map(({ email }) => email.split("@")[1])).toEqual([
      "automatic-oidc-staging.iam.gserviceaccount.com",
    ]);
    expect(edges.filter(({ target }) => target.kind === "external").map(({ url }) => url)).toEqual([
      "https://receiver.staging.example.com",
    ]);
    expect((await stack.up(stackProgram())).changes()).toEqual([]);
    await stack.destroy();
    expect(stack.size).toBe(0);
  });

  test.each([
    ["gcp:region", undefined, 'must be a region such as "us-central1"'],
    [
      "automatic-oidc:applicationUrl",
      "http://receiver.example.com",
      "must be an https address without query",
    ],
  ])(
    "without a right %s is refused by key, file and remedy before anything is made",
    async (key, value, wanted) => {
      const file = parse(STAGING) as { config: Record<string, unknown> };
      const config = { ...file.config, [key]: value };
      const stack = stackFrom(
        stringify({ config: value === undefined ? without(file.config, key) : config }),
      );
      if (value === undefined) Reflect.deleteProperty(stack.config, key);
      const failed = stack.up(stackProgram());
      await expect(failed).rejects.toThrow(`${FILE}: ${key} `);
      await expect(failed).rejects.toThrow(wanted);
      await expect(failed).rejects.toThrow(`pulumi config set ${key} VALUE`);
      expect(stack.size).toBe(0);
    },
  );
});

function without(config: Readonly<Record<string, unknown>>, key: string): Record<string, unknown> {
  return Object.fromEntries(Object.entries(config).filter(([other]) => other !== key));
}
