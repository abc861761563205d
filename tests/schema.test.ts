import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as components from "../components";
import { breakingChanges } from "../docs/generate/schemaChanges";
import type { PackageSchema } from "../docs/generate/schemaChanges";

const ROOT = join(__dirname, "..");
const TEXT = readFileSync(join(ROOT, "components/schema.json"), "utf8");
const JOB = "automatic-oidc:index:SchedulerJob";
const TARGET = "automatic-oidc:index:AuthorizedTarget";
/** Comes out of a component, and goes into none. */
const PIECES = "automatic-oidc:index:EnvoyPieces";
const METHOD = "automatic-oidc:index:HttpMethod";

/** The committed schema with the value at a path changed, or taken out. */
function changed(path: readonly string[], value?: unknown): PackageSchema {
  const schema = JSON.parse(TEXT) as PackageSchema;
  const parent = path
    .slice(0, -1)
    .reduce<unknown>((inner, key) => (inner as Record<string, unknown>)[key], schema);
  if (Array.isArray(parent)) parent.splice(Number(path.at(-1)), 1);
  else if (value === undefined) Reflect.deleteProperty(parent as object, path.at(-1) ?? "");
  else Reflect.set(parent as object, path.at(-1) ?? "", value);
  return schema;
}

describe("components/schema.json", () => {
  const schema = JSON.parse(TEXT) as PackageSchema;

  test("is what the components say now", () => {
    const { status, stderr } = spawnSync(
      process.execPath,
      ["-r", "./register.js", "docs/generate/schema.ts", "--check"],
      { cwd: ROOT, encoding: "utf8" },
    );
    expect([stderr, status]).toEqual(["", 0]);
  }, 60_000);

  test("offers every component and every choice to every language, each argument with its words", () => {
    const all = Object.entries(components);
    const tokens = (names: [string, unknown][]) =>
      names.map(([name]) => `automatic-oidc:index:${name}`).sort();
    expect(Object.keys(schema.resources).sort()).toEqual(
      tokens(all.filter(([, value]) => typeof value === "function")),
    );
    const choices = Object.entries(schema.types).filter(([, type]) => type.enum !== undefined);
    expect(tokens(all.filter(([, value]) => typeof value !== "function"))).toEqual(
      choices.map(([name]) => name).sort(),
    );
    const silent = Object.entries(schema.resources).flatMap(([token, { inputProperties }]) =>
      Object.entries(inputProperties).flatMap(([name, { description }]) =>
        typeof description === "string" && !description.includes("[object") ? [] : [`${token} ${name}`],
      ),
    );
    expect(silent).toEqual([]);
  });
});

test("Go programs can give every type of object: Pulumi's generator leaves out those that only plain maps and lists hold", () => {
  const schema = JSON.parse(TEXT) as PackageSchema;
  const inputs = Object.values(schema.resources).flatMap(({ inputProperties }) =>
    Object.values(inputProperties),
  );
  const all = [
    ...inputs,
    ...Object.values(schema.types).flatMap((type) => Object.values(type.properties ?? {})),
  ];
  const inside = all.flatMap(
    ({ additionalProperties, items }) => [additionalProperties, items] as Reference[],
  );
  const direct = new Set(all.map(({ $ref }) => $ref));
  const isObject = ($ref: string) => schema.types[$ref.replace("#/types/", "")]?.enum === undefined;
  const lost = inside.flatMap((held) =>
    held?.$ref !== undefined && held.plain === true && isObject(held.$ref) && !direct.has(held.$ref)
      ? [held.$ref]
      : [],
  );
  expect(lost).toEqual([]);
});

type Reference = { readonly $ref?: string; readonly plain?: boolean } | undefined;

describe("a program that uses the package breaks", () => {
  const before = JSON.parse(TEXT) as PackageSchema;

  test.each<[string, string[], unknown, string]>([
    ["a component is gone", ["resources", JOB], undefined, `${JOB} is gone`],
    [
      "an argument is gone",
      ["resources", JOB, "inputProperties", "timeZone"],
      undefined,
      `${JOB}, input timeZone is gone`,
    ],
    [
      "an argument has another type",
      ["resources", JOB, "inputProperties", "paused"],
      { type: "string" },
      `${JOB}, input paused was {"type":"boolean"} and is {"type":"string"}`,
    ],
    ["an output is gone", ["resources", JOB, "properties", "url"], undefined, `${JOB}, output url is gone`],
    [
      "an argument must be given all at once",
      ["resources", JOB, "requiredInputs"],
      ["schedule", "target", "region"],
      `${JOB}, input region must be given now`,
    ],
    [
      "a property of a type is gone",
      ["types", TARGET, "properties", "scope"],
      undefined,
      `${TARGET}, property scope is gone`,
    ],
    [
      "a property of a type that an argument holds must be given all at once",
      ["types", TARGET, "required"],
      ["url", "serviceAccountEmail", "audience"],
      `${TARGET}, property audience must be given now`,
    ],
    ["a choice is gone", ["types", METHOD, "enum", "0"], undefined, `${METHOD}, value Get is gone`],
    ["a type is gone", ["types", METHOD], undefined, `${METHOD} is gone`],
    ["the package has another name", ["name"], "other", "package was automatic-oidc and is other"],
  ])("when %s", (_, path, value, fault) => {
    expect(breakingChanges(before, changed(path, value))).toContain(fault);
  });

  test("when a type within an argument's type demands more, and not when one that only comes out does", () => {
    const demanding = changed(
      ["types", PIECES, "required"],
      ["jwtFilter", "keysCluster", "rbacFilter", "more"],
    );
    expect(breakingChanges(before, demanding)).toEqual([]);
    const held = (schema: PackageSchema): PackageSchema => {
      const properties = { ...schema.types[TARGET]?.properties, pieces: { $ref: `#/types/${PIECES}` } };
      return { ...schema, types: { ...schema.types, [TARGET]: { ...schema.types[TARGET], properties } } };
    };
    expect(breakingChanges(held(before), held(demanding))).toEqual([
      `${PIECES}, property more must be given now`,
    ]);
  });

  test("and not when words change, something is added, or less is demanded", () => {
    const job = ["resources", JOB];
    expect(breakingChanges(before, before)).toEqual([]);
    const worded = { ...before.resources[JOB]?.inputProperties["paused"], description: "Otherwise." };
    expect(breakingChanges(before, changed([...job, "inputProperties", "paused"], worded))).toEqual([]);
    expect(breakingChanges(before, changed([...job, "inputProperties", "more"], { type: "string" }))).toEqual(
      [],
    );
    expect(breakingChanges(before, changed([...job, "requiredInputs"], ["schedule"]))).toEqual([]);
    const added = { properties: {}, inputProperties: { a: { type: "string" } }, requiredInputs: ["a"] };
    expect(breakingChanges(before, changed(["resources", "automatic-oidc:index:New"], added))).toEqual([]);
  });
});
