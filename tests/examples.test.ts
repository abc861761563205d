import * as cloudrunv2 from "@pulumi/gcp/cloudrunv2";
import * as cloudscheduler from "@pulumi/gcp/cloudscheduler";
import * as pubsub from "@pulumi/gcp/pubsub";
import * as serviceaccount from "@pulumi/gcp/serviceaccount";
import * as pulumi from "@pulumi/pulumi";
import { parse } from "yaml";
import { EnvoyFront } from "../sandbox/ingress/envoy/envoy-front";
import type { Front } from "../sandbox/ingress/front";
import { IstioFront } from "../sandbox/ingress/istio/istio-front";
import type { ImportFile } from "../sandbox/doors/in-process/import";
import { counted, edgesOf, ExampleWorld, expectedOf, has, programFolders, read } from "./support/example";
import type { ExampleStack } from "./support/example";
import { label } from "./support/graph";

/** The examples, each with its programs in the order in which they are deployed. */
const EXAMPLES: Readonly<Record<string, readonly string[]>> = {
  "schedule-to-run": ["schedule-to-run"],
  "schedule-to-run-job": ["schedule-to-run-job"],
  "pubsub-to-function": ["pubsub-to-function"],
  "tasks-to-run": ["tasks-to-run"],
  "many-schedules-one-caller": ["many-schedules-one-caller"],
  "one-caller-per-source": ["one-caller-per-source"],
  "own-application": ["own-application"],
  endpoints: ["endpoints"],
  "api-gateway": ["api-gateway"],
  "several-regions": ["several-regions"],
  "cross-project-target": ["cross-project-target"],
  "existing-service": ["existing-service"],
  "two-stacks": ["two-stacks/target", "two-stacks/caller"],
  "adopt-gcloud": ["adopt-gcloud"],
  "plain-javascript": ["plain-javascript"],
  federation: ["federation"],
  istio: ["istio"],
  envoy: ["envoy"],
  iap: ["iap"],
  "iap-by-hand": ["iap-by-hand"],
};

/** What has to be set, as the READMEs say. */
const CONFIG: Readonly<Record<string, Record<string, string>>> = {
  "cross-project-target": { "cross-project-target:targetProject": "other-project" },
  "existing-service": {
    "existing-service:service": "projects/my-project/locations/us-central1/services/hello",
  },
  iap: { "iap:clientId": "123456789012-abc.apps.googleusercontent.com" },
  "iap-by-hand": { "iap-by-hand:clientId": "123456789012-abc.apps.googleusercontent.com" },
  federation: { "federation:repositoryId": "1234567" },
};

/** What exists before an example comes, and how it comes to it. */
const BEFORE: Readonly<Record<string, (world: ExampleWorld, stack: ExampleStack) => Promise<void>>> = {
  "existing-service": async (world) => {
    await world.stack("by-hand", {}, helloByHand).up();
  },
  "adopt-gcloud": async (world, stack) => {
    await world.makeByHand(articleByHand);
    await stack.engine.import(importFile());
  },
};

/** What stands before the applications of an example. */
const FRONTS: Readonly<Record<string, (outputs: Record<string, unknown>) => Record<string, Front>>> = {
  istio: () => ({ "ledger.example.com": new IstioFront({ namespace: "books", labels: { app: "ledger" } }) }),
  envoy: ({ envoy }) => ({ "inventory.example.com": new EnvoyFront(envoy) }),
};

let world: ExampleWorld;
let stacks: ExampleStack[];

async function deploy(example: string): Promise<void> {
  world = new ExampleWorld();
  stacks = (EXAMPLES[example] ?? []).map((folder) => world.stack(folder, CONFIG[folder]));
  for (const stack of stacks) {
    await BEFORE[example]?.(world, stack);
    await stack.up();
    Object.assign(world.fronts, FRONTS[example]?.(stack.outputs ?? {}));
  }
}

afterEach(() => {
  world.stop();
  expect(world.clock.pending).toBe(0);
});

describe.each(Object.keys(EXAMPLES))("%s", (example) => {
  const expected = expectedOf(example);

  test("is what it says, works, stays as it is, and goes without a trace", async () => {
    await deploy(example);
    const own = stacks.flatMap(({ engine }) => [...engine.resources]);
    expect(counted(own)).toEqual(expected.resources);
    expect(edgesOf(world.graph, world.resources)).toEqual(expected.edges);

    const fired = await world.fireAll();
    expect(fired.size).toBeGreaterThanOrEqual(expected.edges.length);
    for (const [name, attempt] of fired) {
      expect([name, attempt?.outcome, attempt?.verdict?.outcome]).toEqual([name, "success", "let in"]);
    }
    await strangersAreRefused();

    for (const stack of stacks) {
      expect((await stack.preview()).changes()).toEqual([]);
      expect((await stack.up()).changes()).toEqual([]);
    }
    for (const stack of [...stacks].reverse()) await stack.destroy();
    // Whatever was there before, and is only referred to, stays.
    expect(world.size).toBe(example === "existing-service" ? 1 : 0);
  });

  test("is a program as Pulumi runs it, and says what it is for", () => {
    expect(read(example, "README.md")).toMatch(/^# .+\n\n[^]{100,2500}$/);
    for (const folder of EXAMPLES[example] ?? []) {
      expect(parse(read(folder, "Pulumi.yaml"))).toMatchObject({
        name: folder.replace("/", "-"),
        description: expect.any(String) as string,
        runtime: {
          name: "nodejs",
          options: { typescript: false, nodeargs: "-C automatic-oidc-source -r sucrase/register/ts" },
        },
      });
      expect(["index.ts", "index.js"].filter((main) => has(folder, main))).toHaveLength(1);
    }
    expect(read("README.md")).toContain(`(${example}/README.md)`);
  });
});

test("every program in the folder is one of these", () => {
  world = new ExampleWorld();
  expect(programFolders().sort()).toEqual(Object.values(EXAMPLES).flat().sort());
});

test("pubsub-to-function keeps what its function will not take", async () => {
  await deploy("pubsub-to-function");
  world.answer = { status: 500, headers: {}, body: "no" };
  const subscription = world.resources.find((r) => label(r) === "Subscription orders");
  await world.delivery.publish(String(subscription?.outputs["topic"]), { data: "cG9pc29u" });
  await world.clock.advance(3_600_000);
  expect(world.reached).toHaveLength(5);
  expect(world.delivery.deadLettered(subscription?.id ?? "")).toHaveLength(1);
  expect(world.delivery.backlog(subscription?.id ?? "")).toBe(0);
});

test("tasks-to-run lets the shop enqueue, and the caller do nothing but call", async () => {
  await deploy("tasks-to-run");
  const emailOf = (name: string) =>
    `serviceAccount:${String(world.resources.find((r) => label(r) === `Account ${name}`)?.outputs["email"])}`;
  const queue = world.resources.find((r) => label(r) === "Queue orders")?.id ?? "";
  const { tasks } = world.delivery;
  tasks.buffer(emailOf("shop-runtime"), queue);
  for (const other of ["worker-runtime", "orders"]) {
    expect(() => tasks.buffer(emailOf(other), queue)).toThrow(
      'lacks IAM permission "cloudtasks.tasks.create"',
    );
  }
  await world.clock.advance(0);
  expect(world.delivery.attempts.map(({ outcome }) => outcome)).toEqual(["success"]);
});

test("istio: without one of its manifests the workload is shut, and without the other one it is open", async () => {
  await deploy("istio");
  const [edge] = world.graph.edges;
  const url = edge?.url ?? "";
  const { email = "" } = world.graph.callers[0] ?? {};
  const token = await world.cloud.tokens.mint({ email, audience: "https://ledger.example.com" });
  const { store } = world.cloud;
  const kinds = ["RequestAuthentication", "AuthorizationPolicy"].map(
    (kind) => `kubernetes:security.istio.io/v1:${kind}`,
  );
  const [tokens, policy] = kinds.map((kind) => store.list(kind)[0]);
  if (tokens === undefined || policy === undefined) throw new Error("a manifest is missing");

  expect([await statusOf(url, token), await statusOf(url)]).toEqual([200, 403]);
  store.remove(tokens.token, tokens.id);
  expect([await statusOf(url, token), await statusOf(url)]).toEqual([403, 403]);
  store.remove(policy.token, policy.id);
  expect([await statusOf(url, token), await statusOf(url)]).toEqual([200, 200]);
  store.put(policy);
  store.put(tokens);
  expect([await statusOf(url, token), await statusOf(url)]).toEqual([200, 403]);
});

test("several-regions: the service of one region takes no token that is for another", async () => {
  await deploy("several-regions");
  const services = world.resources.filter((r) => r.type === "gcp:cloudrunv2/service:Service");
  const uris = services.map((r) => String(r.outputs["uri"]));
  const email = world.graph.callers[0]?.email ?? "";
  const statuses = await Promise.all(
    uris.flatMap((uri) =>
      uris.map(async (audience) => {
        const token = await world.cloud.tokens.mint({ email, audience });
        return [uri === audience, await statusOf(uri, token)];
      }),
    ),
  );
  expect(statuses).toHaveLength(9);
  for (const [same, status] of statuses) expect([same, status]).toEqual([same, same === true ? 200 : 401]);
});

test("cross-project-target leaves the calling project without a grant on the other one", async () => {
  await deploy("cross-project-target");
  const service = world.resources.find((r) => r.type === "gcp:cloudrunv2/service:Service");
  const grant = world.resources.find((r) => r.type.endsWith(":ServiceIamMember"));
  expect([service?.outputs["project"], grant?.outputs["project"]]).toEqual([
    "other-project",
    "other-project",
  ]);
  expect(world.resources.filter((r) => r.type.startsWith("gcp:projects/"))).toEqual([]);
});

test("adopt-gcloud makes nothing twice: what gcloud made is what is called", async () => {
  world = new ExampleWorld();
  await world.makeByHand(articleByHand);
  const stack = world.stack("adopt-gcloud");
  await stack.engine.import(importFile());
  const steps = (await stack.up()).changes();
  expect(steps.filter((step) => /^(replace|delete)/.test(step))).toEqual([]);
  expect(steps.filter((step) => /^create/.test(step))).toEqual([
    // Grants: on Google, writing one that is there already changes nothing.
    "create IAMMember schedulerunner-actas-tasks",
    "create IAMMember schedulerunner-mint-pubsub",
    "create IAMMember schedulerunner-mint-scheduler",
    "create IAMMember schedulerunner-mint-tasks",
    "create RunInvoker hello-schedulerunner",
    "create ServiceIamMember hello-schedulerunner-invoker",
    "create Stack adopt-gcloud-dev",
  ]);
  const ids = importFile().resources.flatMap(({ id }) => id ?? []);
  expect(stack.engine.resources.map(({ id }) => id)).toEqual(expect.arrayContaining(ids));
});

test("two-stacks: the calling stack cannot come before the called one", async () => {
  world = new ExampleWorld();
  const caller = world.stack("two-stacks/caller");
  await expect(caller.up()).rejects.toThrow('there is no stack "organization/two-stacks-target/dev"');
});

describe("importing one resource at a time", () => {
  const program = (messageRetentionDuration: string) => (): void => {
    pulumi.runtime.registerResourceTransform(({ type, props, opts }) => ({
      props,
      opts: type.endsWith(":Topic") ? { ...opts, import: "projects/my-project/topics/runtopic" } : opts,
    }));
    new pubsub.Topic("runtopic", { name: "runtopic", messageRetentionDuration });
  };
  const byHand = (): void => {
    new pubsub.Topic("x", { name: "runtopic", messageRetentionDuration: "600s" });
  };

  test("takes over what is as the program says, and refuses what is not", async () => {
    world = new ExampleWorld();
    const stack = world.stack("importing", {}, program("600s"));
    await expect(stack.up()).rejects.toThrow(
      "there is no resource with id projects/my-project/topics/runtopic to import",
    );
    await world.makeByHand(byHand);
    await expect(world.stack("other", {}, program("700s")).up()).rejects.toThrow(
      "inputs to import do not match the existing resource projects/my-project/topics/runtopic: messageRetentionDuration",
    );
    expect((await stack.up()).changes()).toContain("import Topic runtopic");
    expect((await stack.up()).changes()).toEqual([]);
  });

  test("an import file whose entries do not fit together is refused", async () => {
    world = new ExampleWorld();
    const { engine } = world.stack("schedule-to-run");
    const entry = { type: "gcp:pubsub/topic:Topic", name: "a", id: "projects/my-project/topics/a" };
    await expect(engine.import({ resources: [entry] })).rejects.toThrow(
      `there is no resource with id ${entry.id}`,
    );
    await expect(engine.import({ resources: [{ ...entry, parent: "b" }] })).rejects.toThrow(
      'names "b" as parent of "a", but has no such entry before it',
    );
  });
});

function importFile(): ImportFile {
  return JSON.parse(read("adopt-gcloud", "import.json")) as ImportFile;
}

async function strangersAreRefused(): Promise<void> {
  for (const { url, target, scope, grant } of world.graph.edges) {
    const front = world.fronts[target.name]?.kind;
    if (front !== undefined) expect([url, await statusOf(url)]).toEqual([url, front === "istio" ? 403 : 401]);
    // Google's APIs, gateways and IAP answer 401 to who brings nothing.
    const throughIap = grant?.role === "roles/iap.httpsResourceAccessor";
    const refused = scope === undefined && !isGateway(target) && !throughIap ? 403 : 401;
    if (target.kind !== "external") expect([url, await statusOf(url)]).toEqual([url, refused]);
  }
}

async function statusOf(url: string, token?: string): Promise<number> {
  const headers = token === undefined ? [] : ([["authorization", `Bearer ${token}`]] as const);
  const { response } = await world.ingress.handle({ method: "POST", url, headers, body: "" });
  return response.status;
}

/** A gateway asks for a token; Google's own gate says no more than no. */
function isGateway({ kind }: { kind: string }): boolean {
  return kind === "endpoints" || kind === "api-gateway";
}

function helloByHand(): void {
  new cloudrunv2.Service("hello", {
    name: "hello",
    location: "us-central1",
    deletionProtection: false,
    template: {
      serviceAccount: "123456789012-compute@developer.gserviceaccount.com",
      containers: [{ image: "us-docker.pkg.dev/cloudrun/container/hello" }],
    },
  });
}

/** What the article's gcloud commands make. */
function articleByHand(): void {
  const account = new serviceaccount.Account("schedulerunner-by-hand", {
    accountId: "schedulerunner",
    displayName: "Task Schedule Runner",
  });
  const agent = "serviceAccount:service-123456789012@gcp-sa-pubsub.iam.gserviceaccount.com";
  new serviceaccount.IAMMember("mint-by-hand", {
    serviceAccountId: account.name,
    role: "roles/iam.serviceAccountTokenCreator",
    member: agent,
  });
  const hello = new cloudrunv2.Service("hello-by-hand", {
    name: "hello",
    location: "us-central1",
    template: {
      serviceAccount: "123456789012-compute@developer.gserviceaccount.com",
      containers: [{ image: "us-docker.pkg.dev/cloudrun/container/hello" }],
    },
  });
  new cloudrunv2.ServiceIamMember("invoker-by-hand", {
    name: hello.name,
    location: hello.location,
    role: "roles/run.invoker",
    member: account.member,
  });
  const oidcToken = { serviceAccountEmail: account.email, audience: hello.uri };
  new cloudscheduler.Job("oidctest-by-hand", {
    name: "oidctest",
    region: "us-central1",
    schedule: "5 * * * *",
    timeZone: "Etc/UTC",
    httpTarget: { httpMethod: "GET", uri: hello.uri, oidcToken },
  });
  const topic = new pubsub.Topic("runtopic-by-hand", { name: "runtopic" });
  new pubsub.Subscription("psub-by-hand", {
    name: "psub",
    topic: topic.id,
    pushConfig: { pushEndpoint: hello.uri, oidcToken },
  });
}
