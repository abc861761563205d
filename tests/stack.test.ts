import * as pulumi from "@pulumi/pulumi";
import fc from "fast-check";
import { loadConfig } from "../config";
import type { StackConfig } from "../config";
import { projectName } from "../sandbox/cloud/names";
import type { ProjectKind } from "../sandbox/cloud/projects";
import { isProps } from "../sandbox/cloud/resources/values";
import { ATTACHES, GRAPH, GROUPS, UNKNOWN_AT_FIRST } from "./support/expected-graph";
import { label, tree, unknownInputs, waitsFor } from "./support/graph";
import { projectFile, stackConfig, stackFile, stackProgram, STACKS } from "./support/program";
import type { Config, StackName } from "./support/program";
import { TestStack } from "./support/stack";
import type { Deployed } from "./support/stack";

const program = stackProgram();
const DAY = 24 * 3_600_000;
const DEV_PROJECT = "automatic-oidc-dev";

function stackOn(name: StackName, kind: ProjectKind, settings: Config = {}): TestStack {
  const config = { ...stackConfig(name), ...settings };
  return new TestStack({
    projects: [{ id: projectOf(config), number: "111111111111", kind }],
    pulumiProject: projectFile().name,
    stack: name,
    config,
  });
}

/** As its kind of project needs it: a deployer who does not own the project must be let attach accounts. */
function deployable(name: StackName, kind: ProjectKind): TestStack {
  const { cloud } = stackOn(name, kind);
  const deployer = cloud.deployer(projectOf(stackConfig(name)));
  return stackOn(name, kind, kind === "default" ? {} : { "automatic-oidc:deployers": `["${deployer}"]` });
}

const projectOf = (config: Config): string => config["gcp:project"] ?? "";

describe.each(STACKS)("index.ts as stack %s", (name) => {
  describe.each(["default", "hardened"] as const)("in a %s project", (kind) => {
    const stack = deployable(name, kind);
    const project = projectName(projectOf(stackConfig(name)));
    const onProject = stack.cloud.iam.bindings(project);
    const deployers = kind === "default" ? [] : [stack.cloud.deployer(projectOf(stackConfig(name)))];
    let preview: Deployed;
    let up: Deployed;

    beforeAll(async () => {
      preview = await stack.preview(program);
      expect([stack.cloud.store.size, stack.cloud.iam.bindings(project)]).toEqual([0, onProject]);
      up = await stack.up(program);
    });

    test("is this graph and no other, in preview as in update", () => {
      for (const { resources } of [preview, up]) {
        const own = resources.filter((r) => !isDeployerGrant(r));
        const lines = tree(own, GROUPS[name]).map((line) => line.replace(/, urn:\S+-deployer-[^\s,]+/g, ""));
        expect(lines).toEqual(GRAPH[name]);
        expect(attachments(resources)).toEqual(kind === "default" ? {} : ATTACHES[name]);
      }
    });

    test("makes each thing once, and each binding has one owner", () => {
      const accounts = new Set(Object.values(ATTACHES[name]).flat()).size;
      const custom = up.resources.filter((r) => r.custom).length;
      const expected = { dev: [82, 29], prod: [61, 20] }[name];
      expect([custom - deployers.length * accounts, up.resources.length - custom]).toEqual(expected);
      expect(up.steps.map(({ op }) => op)).toEqual(up.resources.map(() => "create"));
      const bindings = up.resources.filter(isGrant).map(({ id }) => id);
      expect(new Set(bindings).size).toBe(bindings.length);
    });

    test("sends these tokens to these addresses, and no others", () => {
      expect(tokenBlocks(up)).toEqual(expectedTokens(up, stackConfig(name)));
    });

    test("first grants and lets mint, then calls", () => {
      const sources = up.resources.filter((r) => r.custom && tokenBlock(r.inputs) !== undefined);
      for (const source of sources) {
        const before = waitsFor(source, up.resources);
        expect([...before]).toEqual(
          expect.arrayContaining([...GROUPS[name].caller, ...grantsFor(source.name)]),
        );
      }
      for (const grant of up.resources
        .filter(isGrant)
        .filter(({ name: n }) => n.endsWith("-schedulerunner-invoker"))) {
        const minting = [...waitsFor(grant, up.resources)].filter((one) => /-mint-|-actas-/.test(one));
        expect([grant.name, minting]).toEqual([grant.name, []]);
      }
    });

    test("the first preview leaves open what Google makes up, and nothing else", () => {
      const own = preview.resources.filter((r) => !isDeployerGrant(r));
      expect(unknownInputs(own)).toEqual(UNKNOWN_AT_FIRST[name]);
      const others = preview.resources.filter(isDeployerGrant);
      expect(unknownInputs(others)).toEqual(others.map((r) => `${label(r)}: serviceAccountId`).sort());
    });

    test("a second time nothing changes, and nothing is open", async () => {
      const again = await stack.preview(program);
      expect([again.changes(), unknownInputs(again.resources)]).toEqual([[], []]);
      expect(again.outputs).toEqual(up.outputs);
      expect((await stack.up(program)).changes()).toEqual([]);
    });

    test("destroyed, it leaves nothing but Google's own grant to its own agent", async () => {
      if (stackConfig(name)["automatic-oidc:deletionProtection"] === "true") {
        await expect(stack.destroy()).rejects.toThrow("without setting deletionProtection to false");
        stack.config["automatic-oidc:deletionProtection"] = "false";
        // The queue is gone by then, and Google keeps its name for a week.
        await stack.clock.advance(7 * DAY);
        await stack.up(program);
      }
      await stack.destroy();
      expect(stack.engine.resources.map(label)).toEqual([`Stack automatic-oidc-${name}`]);
      expect(stack.size).toBe(0);
      const agent = {
        role: "roles/pubsub.serviceAgent",
        member: "serviceAccount:service-111111111111@gcp-sa-pubsub.iam.gserviceaccount.com",
      };
      const left = stack.cloud.iam.bindings(project);
      expect(left).toEqual(kind === "default" ? onProject : [...onProject, agent]);
    });
  });

  test("whoever deploys without owning the project, and is not among its deployers, is told what is missing", async () => {
    const stack = stackOn(name, "hardened");
    await expect(stack.up(program)).rejects.toThrow(
      /iam\.serviceAccounts\.actAs.*Grant serviceAccount:deployer@automatic-oidc-\w+\.iam\.gserviceaccount\.com roles\/iam\.serviceAccountUser on that account first/,
    );
    const attaching = stack.engine.resources.filter((r) => /:(Service|Function|Job)$/.test(r.type));
    expect(attaching.filter(({ type }) => !type.startsWith("gcp:projects/")).map(label)).toEqual([]);
  });
});

describe("what the settings decide", () => {
  /** Everything that the program asks for in a first preview of a stack of this name, by resource. */
  async function asked(config: Config): Promise<Map<string, object>> {
    const { resources } = await stackOn("dev", "default", config).preview(program);
    return new Map(resources.filter(({ custom }) => custom).map((r) => [label(r), r.inputs]));
  }

  let usual: Map<string, object>;
  beforeAll(async () => {
    usual = await asked({});
  });

  async function difference(settings: Config): Promise<string[]> {
    const [before, after] = [usual, await asked(settings)];
    const all = [...new Set([...before.keys(), ...after.keys()])];
    return all.flatMap((key) => differences(key, before.get(key), after.get(key))).sort();
  }

  /** Gateways, mesh and Envoy, which prod does not have. */
  const FRONTS = [
    ...["behind-runtime", "endpoints-proxy", "gateway-proxy"].map((account) => `Account ${account}`),
    ...[
      "behind-runtime",
      "endpoints-document",
      "endpoints-proxy",
      "gateway",
      "gateway-api",
      "gateway-proxy",
    ].map((name) => `RandomString ${name}-suffix`),
    ...["endpointstest", "envoytest", "gatewaytest", "meshtest"].map((job) => `Job ${job}`),
    ...["apis-apigateway", "apis-endpoints", "apis-servicecontrol", "apis-servicemanagement"].map(
      (api) => `Service ${api}`,
    ),
    ...["behind", "endpoints", "endpoints-document"].map((name) => `Service ${name}`),
    ...["endpoints-backend-invoker", "endpoints-controller", "gateway-backend-invoker"].map(
      (grant) => `ServiceIamMember ${grant}`,
    ),
    ...["Api gateway-api", "ApiConfig gateway-config", "Gateway gateway"],
  ];

  test("dev and prod differ in these settings, and in nothing that the settings do not say", async () => {
    const prod = { ...stackConfig("prod"), "gcp:project": DEV_PROJECT };
    expect(await difference(prod)).toEqual(
      [
        "Account hello-europe-west1-runtime: added",
        'Job apptest.httpTarget.oidcToken.audience: "https://receiver.example.com" => "https://receiver.example.com/jobs"',
        "Job oidctest-europe-west1: added",
        "RandomString hello-europe-west1-runtime-suffix: added",
        "Service hello-europe-west1: added",
        "Service hello.deletionProtection: false => true",
        "Service hello.scaling.minInstanceCount: 0 => 1",
        "ServiceIamMember hello-europe-west1-schedulerunner-invoker: added",
        ...FRONTS.map((gone) => `${gone}: removed`),
      ].sort(),
    );
  });

  const NOTHING_ELSE: readonly [setting: string, value: string, effect: RegExp[]][] = [
    ["schedulesPaused", "true", Array<RegExp>(8).fill(/^Job \S+\.paused: false => true$/)],
    [
      "image",
      "example.com/other",
      [/^Service hello\.template\.containers\[0\]\.image: .* => "example.com\/other"$/],
    ],
    ["minInstances", "3", [/^Service hello\.scaling\.minInstanceCount: 0 => 3$/]],
    [
      "applicationUrl",
      "https://else.example.com",
      [/^Job apptest.*audience: .*else/, /^Job apptest.*uri: .*else/],
    ],
    ["projectNumber", "111111111111", []],
  ];

  test.each(NOTHING_ELSE)("%s = %s changes what it says", async (setting, value, effect) => {
    const changed = { [`automatic-oidc:${setting}`]: value };
    const lines = await difference(changed);
    expect(lines).toEqual(effect.map((pattern) => expect.stringMatching(pattern) as string));
  });

  test("without the 1st gen function all that is its own is gone, and nothing else", async () => {
    const gone = await difference({ "automatic-oidc:functionV1": "false" });
    expect(gone.every((line) => /^\w+ (authfn-v1|gcftest-v1)\S*: removed$/.test(line))).toBe(true);
    expect(gone).toHaveLength(12);
  });

  test("a region that comes and goes changes nothing in the first one", async () => {
    const stack = stackOn("dev", "default");
    await stack.up(program);
    stack.config["automatic-oidc:furtherRegions"] = '["europe-west1"]';
    const added = await stack.up(program);
    stack.config["automatic-oidc:furtherRegions"] = "[]";
    const removed = await stack.up(program);
    expect(added.changes()).toHaveLength(8);
    expect(added.changes().every((change) => /^create \w+ \S*-europe-west1\S*$/.test(change))).toBe(true);
    expect(removed.changes()).toEqual(added.changes().map((change) => change.replace("create", "delete")));
  });
});

describe("the settings", () => {
  const { name, config: schema } = projectFile();
  const GOOGLE = ["gcp:project", "gcp:region"];
  const keys = [...GOOGLE, ...Object.keys(schema).map((key) => `${name}:${key}`)];

  /** Does the work where a program runs, with which settings as it says. */
  async function inProgram(work: (load: (config: Config) => StackConfig) => void): Promise<void> {
    await stackOn("dev", "default").up(() => {
      work((config) => {
        pulumi.runtime.setAllConfig({ ...config });
        return loadConfig();
      });
    });
  }

  test("that the program reads are those that the project file describes, all of them and no others", async () => {
    const get = jest.spyOn(pulumi.Config.prototype, "get");
    await stackOn("dev", "default").up(() => {
      loadConfig();
    });
    const readers = get.mock.contexts as pulumi.Config[];
    const read = get.mock.calls.map(([key], call) => `${readers[call]?.name ?? ""}:${key}`);
    get.mockRestore();
    expect(read.sort()).toEqual([...keys].sort());
  });

  test.each(STACKS)(
    "in the file of stack %s are known, and have the types that they should have",
    (stack) => {
      const file = Object.entries(stackFile(stack));
      expect(keys).toEqual(expect.arrayContaining(file.map(([key]) => key)));
      for (const [key, value] of file) {
        const described = schema[key.replace(`${name}:`, "")] ?? { type: "string" };
        expect([key, typeOf(value)]).toEqual([key, described.type]);
      }
      const needed = keys.filter((key) => schema[key.replace(`${name}:`, "")]?.default === undefined);
      expect(file.map(([key]) => key)).toEqual(expect.arrayContaining(needed));
    },
  );

  test("have a description each, and defaults of the types that they should have", () => {
    for (const [key, { type, items, description = "", default: value }] of Object.entries(schema)) {
      expect([key, description.length > 20 && description.endsWith(".")]).toEqual([key, true]);
      expect([key, items?.type]).toEqual([key, type === "array" ? "string" : undefined]);
      if (value !== undefined) expect([key, typeOf(value)]).toEqual([key, type]);
    }
  });

  test("that are right arrive as what they are", async () => {
    const settings = {
      "gcp:project": "example.com:shop-1",
      "gcp:region": "europe-west12",
      "automatic-oidc:projectNumber": "42",
      "automatic-oidc:image": "europe-docker.pkg.dev/shop-1/images/hello@sha256:abc",
      "automatic-oidc:furtherRegions": '["us-east1","asia-south2"]',
      "automatic-oidc:minInstances": "1000",
      "automatic-oidc:deletionProtection": "false",
      "automatic-oidc:schedulesPaused": "true",
      "automatic-oidc:functionV1": "false",
      "automatic-oidc:applicationUrl": "https://jobs.example.com:8443/in",
      "automatic-oidc:applicationAudience": "urn:jobs",
      "automatic-oidc:receiverImage": "example.com/receiver",
      "automatic-oidc:meshUrl": "https://mesh.example.com/in",
      "automatic-oidc:envoyUrl": "",
      "automatic-oidc:deployers": '["group:ops@example.com"]',
    };
    await inProgram((load) => {
      expect(load(settings)).toEqual({
        project: "example.com:shop-1",
        projectNumber: "42",
        region: "europe-west12",
        furtherRegions: ["us-east1", "asia-south2"],
        image: "europe-docker.pkg.dev/shop-1/images/hello@sha256:abc",
        minInstances: 1000,
        deletionProtection: false,
        schedulesPaused: true,
        functionV1: false,
        applicationUrl: "https://jobs.example.com:8443/in",
        applicationAudience: "urn:jobs",
        receiverImage: "example.com/receiver",
        meshUrl: "https://mesh.example.com/in",
        envoyUrl: undefined,
        deployers: { "group:ops@example.com": "group:ops@example.com" },
      });
    });
  });

  const MEMBER = 'an IAM member such as "serviceAccount:deployer@my-project.iam.gserviceaccount.com"';
  const WRONG: readonly [key: string, value: string | undefined, message: string][] = [
    ["gcp:project", undefined, "is missing; it must be a project id"],
    ["gcp:project", "My Project", 'is "My Project"; it must be a project id'],
    ["gcp:region", undefined, 'is missing; it must be a region such as "us-central1"'],
    ["gcp:region", "us", 'is "us"; it must be a region such as "us-central1"'],
    ["automatic-oidc:projectNumber", "my-project", `is "my-project"; it must be a project's number`],
    ["automatic-oidc:image", undefined, "is missing; it must be an image's name"],
    ["automatic-oidc:image", "", `is ""; it must be an image's name`],
    ["automatic-oidc:furtherRegions", undefined, "is missing; it must be a list"],
    ["automatic-oidc:furtherRegions", "europe-west1", 'is "europe-west1"; it must be a list'],
    ["automatic-oidc:furtherRegions", '{"a":"europe-west1"}', 'is {"a":"europe-west1"}; it must be a list'],
    ["automatic-oidc:furtherRegions", '["mars"]', 'is "mars"; it must be a region such as "us-central1"'],
    [
      "automatic-oidc:furtherRegions",
      "[1]",
      'holds 1; it must be a list of which each is a region such as "us-central1"',
    ],
    [
      "automatic-oidc:furtherRegions",
      '[["us-east1"]]',
      'holds ["us-east1"]; it must be a list of which each is a region such as "us-central1"',
    ],
    [
      "automatic-oidc:furtherRegions",
      '["us-east1","us-east1"]',
      'names "us-east1" twice; it must be a list without repetition',
    ],
    ["automatic-oidc:minInstances", undefined, "is missing; it must be a number"],
    ["automatic-oidc:minInstances", "many", 'is "many"; it must be a number'],
    ["automatic-oidc:minInstances", "1.5", "is 1.5; it must be a whole number from 0 to 1000"],
    ["automatic-oidc:minInstances", "-1", "is -1; it must be a whole number from 0 to 1000"],
    ["automatic-oidc:minInstances", "1001", "is 1001; it must be a whole number from 0 to 1000"],
    ["automatic-oidc:minInstances", "null", "is null; it must be a whole number from 0 to 1000"],
    ["automatic-oidc:deletionProtection", undefined, "is missing; it must be true or false"],
    ["automatic-oidc:deletionProtection", "yes", 'is "yes"; it must be true or false'],
    ["automatic-oidc:schedulesPaused", undefined, "is missing; it must be true or false"],
    ["automatic-oidc:schedulesPaused", "0", "is 0; it must be true or false"],
    ["automatic-oidc:functionV1", undefined, "is missing; it must be true or false"],
    ["automatic-oidc:functionV1", '"true"', 'is "true"; it must be true or false'],
    ["automatic-oidc:applicationUrl", undefined, "is missing; it must be an https address without query"],
    [
      "automatic-oidc:applicationUrl",
      "http://a.example",
      'is "http://a.example"; it must be an https address without query',
    ],
    [
      "automatic-oidc:applicationUrl",
      "https://a.example/?b",
      'is "https://a.example/?b"; it must be an https address without query',
    ],
    ["automatic-oidc:applicationAudience", " ", 'is " "; it must be text'],
    ["automatic-oidc:receiverImage", "a b", `is "a b"; it must be an image's name`],
    ...["meshUrl", "envoyUrl"].map((key): [string, string, string] => [
      `automatic-oidc:${key}`,
      "http://a.example",
      'is "http://a.example"; it must be an https address without query',
    ]),
    ["automatic-oidc:deployers", undefined, "is missing; it must be a list"],
    ["automatic-oidc:deployers", '["allUsers"]', `is "allUsers"; it must be ${MEMBER}`],
    ["automatic-oidc:deployers", '["me@example.com"]', `is "me@example.com"; it must be ${MEMBER}`],
  ];

  test.each(WRONG)("%s: %s is refused, with key, file and remedy", async (key, value, message) => {
    const others = Object.fromEntries(Object.entries(stackConfig("dev")).filter(([other]) => other !== key));
    await inProgram((load) => {
      expect(() => load(value === undefined ? others : { ...others, [key]: value })).toThrow(
        new pulumi.RunError(
          `Pulumi.dev.yaml: ${key} ${message}. Set it with: pulumi config set ${key} VALUE`,
        ),
      );
    });
  });

  test("that are missing have all been tried above, but for those that may be", () => {
    const optional = ["projectNumber", "applicationAudience", "receiverImage", "meshUrl", "envoyUrl"].map(
      (key) => `automatic-oidc:${key}`,
    );
    const missing = WRONG.filter(([, value]) => value === undefined).map(([key]) => key);
    expect([...missing, ...optional].sort()).toEqual([...keys].sort());
  });

  test("that are wrong end the program before anything is deployed, and in the name of their stack", async () => {
    for (const stackName of STACKS) {
      const stack = stackOn(stackName, "default", { "automatic-oidc:applicationUrl": "http://a.example" });
      await expect(stack.up(program)).rejects.toThrow(
        `Pulumi.${stackName}.yaml: automatic-oidc:applicationUrl`,
      );
      expect([stack.cloud.store.size, stack.engine.resources.filter(({ custom }) => custom)]).toEqual([
        0,
        [],
      ]);
    }
  });

  test("are what they should be, or are refused by name, whatever somebody wrote", async () => {
    const junk = fc.oneof(
      fc.string().map((text) => `https://${text}`),
      fc.string(),
      fc.json(),
      fc.array(fc.anything()).map((list) => JSON.stringify(list)),
    );
    await inProgram((load) => {
      fc.assert(
        fc.property(fc.constantFrom(...keys), junk, (key, value) => {
          const config = { ...stackConfig("dev"), [key]: value };
          const refused = new RegExp(
            `^Pulumi\\.dev\\.yaml: ${key} [^]*; it must be [^]*\\. Set it with: pulumi config set ${key} VALUE$`,
          );
          try {
            expect(sound(load(config))).toBe(true);
          } catch (error) {
            expect(error).toBeInstanceOf(pulumi.RunError);
            expect((error as Error).message).toMatch(refused);
          }
        }),
        { numRuns: 500 },
      );
    });
  });
});

/** Whether the program can take the settings for what their types say. */
function sound(config: StackConfig): boolean {
  const texts = [
    config.project,
    config.region,
    config.image,
    config.applicationUrl,
    ...config.furtherRegions,
  ];
  const members = Object.entries(config.deployers);
  return (
    [...texts, ...members.flat()].every((text) => typeof text === "string" && /^\S+$/.test(text)) &&
    [config.deletionProtection, config.functionV1, config.schedulesPaused].every(
      (flag) => typeof flag === "boolean",
    ) &&
    Number.isInteger(config.minInstances) &&
    URL.canParse(config.applicationUrl) &&
    (config.projectNumber === undefined || /^\d+$/.test(config.projectNumber)) &&
    config.applicationAudience !== "" &&
    members.every(([key, member]) => key === member)
  );
}

/** The name that the project file has for the type of a value. */
function typeOf(value: unknown): string {
  if (Array.isArray(value)) return "array";
  return Number.isInteger(value) ? "integer" : typeof value;
}

function differences(path: string, before: unknown, after: unknown): string[] {
  if (before === undefined || after === undefined)
    return [`${path}: ${before === undefined ? "added" : "removed"}`];
  if (Array.isArray(before) && Array.isArray(after)) {
    return before.flatMap((item, index) => differences(`${path}[${index}]`, item, after[index]));
  }
  if (isProps(before) && isProps(after)) {
    const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])];
    return keys.flatMap((key) =>
      before[key] === after[key] ? [] : differences(`${path}.${key}`, before[key], after[key]),
    );
  }
  return before === after ? [] : [`${path}: ${JSON.stringify(before)} => ${JSON.stringify(after)}`];
}

function isGrant({ type }: { type: string }): boolean {
  return /I[aA][mM]Member$/.test(type);
}

function isDeployerGrant({ type, name }: { type: string; name: string }): boolean {
  return isGrant({ type }) && name.includes("-deployer-");
}

/** Whose accounts each resource may be given, by the deployers' grants that it waits for. */
function attachments(resources: Deployed["resources"]): Record<string, string[]> {
  const grants = new Map(
    resources.filter(isDeployerGrant).map((r) => [r.urn, r.name.replace(/-deployer-.*/, "")]),
  );
  const entries = resources.map(
    (r) =>
      [
        label(r),
        r.dependencies
          .map((urn) => grants.get(urn))
          .filter(isText)
          .sort(),
      ] as const,
  );
  return Object.fromEntries(entries.filter(([, accounts]) => accounts.length > 0));
}

const isText = (value: string | undefined): value is string => value !== undefined;

/** The grants on the targets that each source calls. */
function grantsFor(source: string): string[] {
  const target = CALLS[source.replace(/-europe-west1$/, "")] ?? "";
  if (target === "") return [];
  const region = source.endsWith("-europe-west1") ? "-europe-west1" : "";
  if (target.endsWith("-backend")) return [`ServiceIamMember ${target}-invoker`];
  return [
    `${target === "authfn-v1" ? "FunctionIamMember" : "ServiceIamMember"} ${target}${region}-schedulerunner-invoker`,
  ];
}

/** The article's edges: who calls what. The application has no grant. */
const CALLS: Readonly<Record<string, string>> = {
  psub: "hello",
  psubgcf: "authfn",
  oidctest: "hello",
  gcftest: "authfn",
  "gcftest-v1": "authfn-v1",
  apptest: "",
  endpointstest: "endpoints-backend",
  gatewaytest: "gateway-backend",
  meshtest: "",
  envoytest: "",
  tasktest: "hello",
};

/** The part of a source that says where it calls, and with which token. */
function tokenBlock(inputs: Record<string, unknown>): object | undefined {
  return [inputs.httpTarget, inputs.pushConfig]
    .filter(isProps)
    .find(({ oidcToken }) => oidcToken !== undefined);
}

function tokenBlocks({ resources }: Deployed): Record<string, object | undefined> {
  const blocks = resources.map((r) => [label(r), tokenBlock(r.inputs)] as const);
  return Object.fromEntries(blocks.filter(([, block]) => block !== undefined));
}

/** Behind gateways the audience is what their documents say; before a mesh and an Envoy it is the address. */
function frontTokens(
  deployed: Deployed,
  config: Config,
  job: (url: unknown, audience?: unknown) => object,
): Record<string, object> {
  const behind = "https://behind.example.com";
  const { defaultHostname } = deployed.resource("apigateway/gateway:Gateway", "gateway").outputs;
  return {
    "Job endpointstest": job(
      deployed.resource("cloudrunv2/service:Service", "endpoints").outputs.uri,
      behind,
    ),
    "Job gatewaytest": job(`https://${String(defaultHostname)}`, behind),
    "Job meshtest": job(config["automatic-oidc:meshUrl"]),
    "Job envoytest": job(config["automatic-oidc:envoyUrl"]),
  };
}

/** Audiences: the bare address of a Run service and of a 2nd gen function, the whole one of a 1st gen function. */
function expectedTokens(deployed: Deployed, config: Config): Record<string, object> {
  const { outputs: hello } = deployed.resource("cloudrunv2/service:Service", "hello");
  const { outputs: authfn } = deployed.resource("cloudfunctionsv2/function:Function", "authfn");
  const { outputs: authfnV1 } = deployed.resource("cloudfunctions/function:Function", "authfn-v1");
  const serviceAccountEmail = deployed.resource("Account", "schedulerunner").outputs.email;
  const functionUri = isProps(authfn.serviceConfig) ? authfn.serviceConfig.uri : undefined;
  const application = config["automatic-oidc:applicationUrl"];
  const audience = config["automatic-oidc:applicationAudience"];
  const push = (url: unknown) => ({ pushEndpoint: url, oidcToken: { serviceAccountEmail, audience: url } });
  const job = (url: unknown, aud: unknown = url) => ({
    uri: url,
    httpMethod: "GET",
    oidcToken: { serviceAccountEmail, audience: aud },
  });
  const queue = (url: string) => ({
    uriOverride: { scheme: "HTTPS", host: new URL(url).host, uriOverrideEnforceMode: "ALWAYS" },
    oidcToken: { serviceAccountEmail, audience: url },
  });
  const regions = JSON.parse(config["automatic-oidc:furtherRegions"] ?? "[]") as string[];
  return {
    ...(config["automatic-oidc:receiverImage"] === "" ? {} : frontTokens(deployed, config, job)),
    "Queue tasktest": queue(String(hello.uri)),
    "Subscription psub": push(hello.uri),
    "Subscription psubgcf": push(functionUri),
    "Job oidctest": job(hello.uri),
    "Job gcftest": job(functionUri),
    "Job gcftest-v1": job(authfnV1.httpsTriggerUrl),
    "Job apptest": job(application, audience === "" ? application : audience),
    ...Object.fromEntries(
      regions.map((region) => [
        `Job oidctest-${region}`,
        job(deployed.resource("cloudrunv2/service:Service", `hello-${region}`).outputs.uri),
      ]),
    ),
  };
}
