import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { longestChain } from "../bench/chain";
import { devStack, ROOT, WITHOUT_FRONTS } from "../bench/devStack";
import { stackProgram } from "./support/program";
import type { DeployedResource } from "../sandbox/doors/in-process/engine";
import { UNKNOWN } from "../sandbox/cloud/resources/values";

const load = createRequire(__filename) as (path: string) => unknown;

/** A module is evaluated once, so each program is previewed once. */
let stack: readonly DeployedResource[];
let bare: readonly DeployedResource[];
beforeAll(async () => {
  stack = (await devStack(WITHOUT_FRONTS).engine.preview(() => load("../index"))).resources;
  bare = (await devStack(WITHOUT_FRONTS).engine.preview(() => load("../bench/bare"))).resources;
}, 60_000);

/** What a program declares in the cloud, with its inputs and all that it waits for; names that were made up left out. */
function declared(resources: readonly DeployedResource[]): Record<string, unknown> {
  const byUrn = new Map(resources.map((resource) => [resource.urn, resource]));
  const waits = ({ dependencies }: DeployedResource): string[] =>
    dependencies.flatMap((urn) => {
      const waited = byUrn.get(urn);
      return waited === undefined ? [] : [...(waited.custom ? [label(waited)] : []), ...waits(waited)];
    });
  return Object.fromEntries(
    resources
      .filter(({ custom }) => custom)
      .map((resource) => [
        label(resource),
        {
          inputs: JSON.parse(JSON.stringify(resource.inputs, withoutAutoNames)) as unknown,
          waitsFor: [...new Set(waits(resource))].sort(),
          kept: [resource.protect, resource.retainOnDelete],
        },
      ]),
  );
}

const label = ({ type, name }: DeployedResource) => `${type} ${name}`;

function withoutAutoNames(_: string, value: unknown): unknown {
  if (value === UNKNOWN) return "(unknown)";
  return typeof value === "string" ? value.replace(/-[0-9a-f]{7}$/, "-(auto)") : value;
}

describe("the program that the stack is measured against", () => {
  it("declares the same resources, with the same inputs, waiting for the same", () => {
    expect(Object.keys(declared(bare)).sort()).toEqual(Object.keys(declared(stack)).sort());
    expect(declared(bare)).toEqual(declared(stack));
  });
});

describe("docs/speed.md", () => {
  it("names the longest chain of the dev stack", async () => {
    const { resources } = await devStack().engine.preview(stackProgram());
    const text = readFileSync(join(ROOT, "docs/speed.md"), "utf8");
    const said = /```text\n([\s\S]*?)```/.exec(text)?.[1] ?? "";
    expect(
      said
        .trim()
        .split("\n")
        .map((line) => line.replace(/^\d+\. /, "")),
    ).toEqual(longestChain(resources));
  });
});
