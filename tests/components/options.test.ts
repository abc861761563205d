import { readFileSync } from "node:fs";
import * as gcp from "@pulumi/gcp";
import type * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import {
  ApiGateway,
  BackendCallers,
  CallerIdentity,
  CloudFunction,
  CloudFunctionV1,
  CloudRunJob,
  CloudRunService,
  EndpointsService,
  EnvoyFront,
  ExternalApplication,
  FunctionV1Invoker,
  GoogleApiTarget,
  IstioWorkload,
  ProjectApis,
  PushSubscription,
  IapInvoker,
  RunInvoker,
  RunJobInvoker,
  SchedulerJob,
  TaskQueue,
} from "../../components";
import type * as components from "../../components";
import type { Caller } from "../../components";
import type { Deployed } from "../support/stack";
import { PROJECT, TestStack } from "../support/stack";

type Options = pulumi.ComponentResourceOptions;
type Make = (name: string, options: Options, caller: CallerIdentity) => unknown;

const REGION = "us-central1";
const IMAGE = "us-docker.pkg.dev/cloudrun/container/hello";
const OTHER = { id: "other-project", number: "222222222222" };
const source = { source: "apps/authfn", entryPoint: "helloHttp", region: REGION };

/** One of each component, with all that it can make below it. */
const MAKE: Readonly<Record<string, Make>> = {
  ProjectApis: (name, options) => new ProjectApis(name, { project: PROJECT.id, services: ["run"] }, options),
  CallerIdentity: (name, options) =>
    new CallerIdentity(name, { customRole: true, accessTokens: true, deployers: DEPLOYERS }, options),
  CloudRunService: (name, options, caller) =>
    new CloudRunService(
      name,
      { image: IMAGE, region: REGION, deletionProtection: false, deployers: DEPLOYERS, invokers: DEPLOYERS },
      options,
    ).authorize(caller),
  CloudFunction: (name, options, caller) =>
    new CloudFunction(name, { ...source, invokers: DEPLOYERS }, options).authorize(caller),
  CloudFunctionV1: (name, options, caller) =>
    new CloudFunctionV1(name, { ...source, invokers: DEPLOYERS }, options).authorize(caller),
  CloudRunJob: (name, options, caller) =>
    new CloudRunJob(
      name,
      { image: IMAGE, region: REGION, deletionProtection: false, deployers: DEPLOYERS },
      options,
    ).authorize(caller),
  RunJobInvoker: (name, options, caller) =>
    new RunJobInvoker(name, { job: runJob.name, region: REGION, caller }, options),
  GoogleApiTarget: (name, options, caller) =>
    new GoogleApiTarget(
      name,
      { url: "https://pubsub.googleapis.com/v1/projects/p/topics/t:publish", caller, grant: "roles/x" },
      options,
    ),
  EndpointsService: (name, options, caller) =>
    new EndpointsService(name, { ...behind(caller), deletionProtection: false }, options).authorize(caller),
  ApiGateway: (name, options, caller) => new ApiGateway(name, behind(caller), options).authorize(caller),
  BackendCallers: (name, options, caller) =>
    new BackendCallers(name, { audience: "orders", callers: { caller } }, options),
  RunInvoker: (name, options, caller) => new RunInvoker(name, { ...onService(), caller }, options),
  IapInvoker: (name, options, caller) =>
    new IapInvoker(name, { ...onService(), clientId: "1-x.apps.googleusercontent.com", caller }, options),
  FunctionV1Invoker: (name, options, caller) =>
    new FunctionV1Invoker(name, { ...onFunction(), caller }, options),
  ExternalApplication: (name, options, caller) =>
    new ExternalApplication(name, { url: "https://app.example.com", callers: { caller } }, options).authorize(
      caller,
    ),
  IstioWorkload: (name, options, caller) =>
    new IstioWorkload(
      name,
      { url: "https://app.example.com", callers: { caller }, namespace: "apps", selector: { app: "app" } },
      options,
    ).authorize(caller),
  EnvoyFront: (name, options, caller) =>
    new EnvoyFront(
      name,
      {
        url: "https://app.example.com",
        callers: { caller },
        upstream: { address: "127.0.0.1", port: 3000 },
      },
      options,
    ).authorize(caller),
  SchedulerJob: (name, options, caller) =>
    new SchedulerJob(name, { schedule: "5 * * * *", target: target(caller) }, options),
  PushSubscription: (name, options, caller) =>
    new PushSubscription(name, { target: target(caller), deadLetters: {} }, options),
  TaskQueue: (name, options, caller) =>
    new TaskQueue(
      name,
      { region: REGION, target: target(caller), enqueuers: DEPLOYERS, tasksNameCaller: true },
      options,
    ),
};

/** What an argument adds to a component. The page says nothing of it: its options reach the same. */
const VARIANTS: typeof MAKE = {
  "CloudRunService behind IAP": (name, options, caller) =>
    new CloudRunService(
      name,
      {
        image: IMAGE,
        region: REGION,
        deletionProtection: false,
        deployers: DEPLOYERS,
        iap: { clientId: "1-x.apps.googleusercontent.com", accessors: DEPLOYERS },
      },
      options,
    ).authorize(caller),
};

const DEPLOYERS = { pipeline: "user:owner@example.com" };
const target = (caller: Caller) => ({
  url: "https://app.example.com",
  audience: "https://app.example.com",
  serviceAccountEmail: caller.email,
});

const behind = (caller: CallerIdentity) => ({
  callers: { caller },
  region: REGION,
  backend: onService(),
  deployers: DEPLOYERS,
});

let service: gcp.cloudrunv2.Service;
let runJob: gcp.cloudrunv2.Job;
let legacy: CloudFunctionV1;
const onService = () => ({ service: service.name, region: REGION, url: service.uri });
const onFunction = () => ({ function: legacy.functionName, region: REGION, url: legacy.uri });

/** A program with one component under test, beside what it needs and what options speak of. */
function program(component: string, optionsOf: () => Options, name = "tested"): () => void {
  return () => {
    // With default providers switched off, all that is not under test needs one as well.
    const provider = new gcp.Provider("beside", { project: PROJECT.id, region: REGION });
    const others = new random.Provider("random-beside");
    const providers = [provider, others];
    const caller = new CallerIdentity(
      "caller",
      { projectNumber: PROJECT.number, mintingGrants: false },
      { providers },
    );
    if (["RunInvoker", "IapInvoker", "EndpointsService", "ApiGateway"].includes(component)) {
      const settings = {
        location: REGION,
        deletionProtection: false,
        template: { containers: [{ image: IMAGE }] },
      };
      service = new gcp.cloudrunv2.Service("service", settings, { provider });
    }
    if (component === "RunJobInvoker") {
      const template = { template: { containers: [{ image: IMAGE }] } };
      const settings = { location: REGION, deletionProtection: false, template };
      runJob = new gcp.cloudrunv2.Job("job", settings, { provider });
    }
    if (component === "FunctionV1Invoker") legacy = new CloudFunctionV1("legacy", source, { providers });
    (MAKE[component] ?? VARIANTS[component])?.(name, { providers, ...optionsOf() }, caller);
  };
}

/** The resources in the cloud below the component under test, with how each came to be. */
function below(deployed: Deployed, component: string, name = "tested") {
  const root = deployed.resources.find(
    (r) => r.name === name && r.type === `automatic-oidc:index:${classOf(component)}`,
  );
  const inside = (urn: string | undefined): boolean => {
    const found = deployed.resources.find((r) => r.urn === urn);
    return found !== undefined && (found.urn === root?.urn || inside(found.parent));
  };
  return deployed.resources.filter((r) => r.custom && inside(r.parent));
}

const classOf = (component: string): string => component.split(" ")[0] ?? "";
const isGrant = (type: string): boolean => /I(AM|am)Member$/.test(type);
const isAuthorized = (name: string): boolean => name.includes("tested-caller");

type Below = ReturnType<typeof below>;

/** Which of the resources an option reaches, in the page's words. */
function inWords(resources: Below, reached: (resource: Below[number]) => boolean): string {
  const names = (chosen: Below): string => chosen.map(({ urn }) => urn).join();
  const actual = names(resources.filter(reached));
  if (resources.length === 0) return "nothing to reach";
  if (actual === names(resources)) return "all";
  if (actual === "") return "none";
  if (actual === names(resources.filter((r) => !isGrant(r.type)))) return "all but grants";
  if (actual === names(resources.filter((r) => !isAuthorized(r.name))))
    return "all but what `authorize` makes";
  return `some: ${resources
    .filter(reached)
    .map((r) => r.name)
    .join(", ")}`;
}

const OPTIONS: Readonly<Record<string, (component: string) => Promise<string>>> = {
  protect: async (component) => {
    const deployed = await new TestStack().preview(program(component, () => ({ protect: true })));
    return inWords(below(deployed, component), (r) => r.protect);
  },
  retainOnDelete: async (component) => {
    const deployed = await new TestStack().preview(program(component, () => ({ retainOnDelete: true })));
    return inWords(below(deployed, component), (r) => r.retainOnDelete);
  },
  dependsOn: async (component) => {
    const marker = () => ({
      dependsOn: [
        new random.RandomString("marker", { length: 4 }, { provider: new random.Provider("of-marker") }),
      ],
    });
    const deployed = await new TestStack().preview(program(component, marker));
    return inWords(below(deployed, component), (r) => r.dependencies.some((urn) => urn.endsWith("::marker")));
  },
  provider: async (component) => {
    const stack = new TestStack({ projects: [PROJECT, OTHER], config: NO_DEFAULTS });
    const own = () => ({ provider: new gcp.Provider("own", { project: PROJECT.id, region: REGION }) });
    const deployed = await stack.preview(program(component, own));
    return inWords(
      below(deployed, component),
      (r) => !r.type.startsWith("gcp:") || r.provider?.includes("::own::") === true,
    );
  },
  providers: async (component) => {
    const stack = new TestStack({ projects: [PROJECT, OTHER], config: NO_DEFAULTS });
    const own = () => ({
      providers: [
        new gcp.Provider("own", { project: PROJECT.id, region: "europe-west1" }),
        new random.Provider("own-random"),
      ],
    });
    const deployed = await stack.preview(program(component, own));
    return inWords(below(deployed, component), (r) => /::own(-random)?::/.test(r.provider ?? ""));
  },
  aliases: async (component) => {
    const stack = new TestStack();
    const before = below(await stack.up(program(component, () => ({}), "before")), component, "before");
    const aliases = () => ({ aliases: [{ name: "before" }] });
    const after = await stack.preview(program(component, aliases));
    const moved = new Set(
      after.steps.filter(({ op }) => op === "same" || op === "update").map(({ urn }) => urn),
    );
    expect(below(after, component)).toHaveLength(before.length);
    return inWords(below(after, component), (r) => moved.has(r.urn));
  },
  ignoreChanges: async (component) => {
    const deployed = await new TestStack().preview(
      program(component, () => ({ ignoreChanges: ["description"] })),
    );
    return inWords(below(deployed, component), (r) => r.ignoreChanges.includes("description"));
  },
};

const NO_DEFAULTS = { "pulumi:disable-default-providers": '["*"]' };

/** The page's table: a row a component, a column an option. */
const [head = [], , ...rows] = readFileSync("docs/resource-options.md", "utf8")
  .split("\n")
  .filter((line) => line.startsWith("|"))
  .map((line) =>
    line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );

describe("docs/resource-options.md", () => {
  test("has a row for each component and a column for each option", () => {
    expect(rows.map(([component]) => component).sort()).toEqual(Object.keys(MAKE).sort());
    expect(head.slice(1)).toEqual(Object.keys(OPTIONS).map((option) => `\`${option}\``));
  });

  test.each(rows.map(([component = "", ...cells]) => ({ component, cells })))(
    "says what each option on $component reaches",
    async ({ component, cells }) => {
      const reached: string[] = [];
      for (const measure of Object.values(OPTIONS)) reached.push(await measure(component));
      expect(reached).toEqual(cells);
    },
  );

  test.each(Object.keys(VARIANTS))("says it of %s too", async (variant) => {
    const [, ...cells] = rows.find(([component]) => component === classOf(variant)) ?? [];
    const reached: string[] = [];
    for (const measure of Object.values(OPTIONS)) reached.push(await measure(variant));
    expect(reached).toEqual(cells);
  });
});

// From what the provider may name itself to what is named here, and back.
test.each(Object.keys(MAKE))("%s is the same under any other name, with an alias", async (component) => {
  const stack = new TestStack();
  const names = ["Tested of_old?", "tested", "t".repeat(60), "tested-again"];
  for (const [index, name] of names.entries()) {
    const former = names[index - 1];
    const aliases = former === undefined ? [] : [{ name: former }];
    const deployed = await stack.up(program(component, () => ({ aliases }), name));
    const changes = former === undefined ? [] : deployed.changes();
    expect(changes.filter((line) => !/^(update|(create|delete) RandomString) /.test(line))).toEqual([]);
  }
});

test("a setting of a provider that would change what is deployed is refused by its name", async () => {
  const words = 'gcp: the provider\'s setting "defaultLabels" is not modelled by the sandbox';
  const ours = new TestStack();
  const own = () => new gcp.Provider("own", { project: PROJECT.id, defaultLabels: { team: "books" } });
  await expect(ours.up(own)).rejects.toThrow(words);
  const configured = new TestStack({ config: { "gcp:defaultLabels": '{"team":"books"}' } });
  await expect(configured.up(() => new gcp.pubsub.Topic("topic"))).rejects.toThrow(words);
});

test("two providers, two projects, two regions: everything lies where its provider says", async () => {
  const stack = new TestStack({ projects: [PROJECT, OTHER], config: NO_DEFAULTS });
  const deployed = await stack.up(() => {
    const randoms = new random.Provider("randoms");
    const here = new gcp.Provider("here", { project: PROJECT.id, region: REGION });
    const there = new gcp.Provider("there", { project: OTHER.id, region: "europe-west1" });
    const caller = new CallerIdentity("caller", {}, { providers: [here, randoms] });
    const hello = new CloudRunService(
      "hello",
      { image: IMAGE, region: "europe-west1", deletionProtection: false },
      { providers: [there, randoms] },
    );
    new SchedulerJob(
      "job",
      { schedule: "5 * * * *", target: hello.authorize(caller) },
      { providers: [here, randoms] },
    );
  });
  expect(deployed.resource("Service", "hello").outputs).toMatchObject({
    project: OTHER.id,
    location: "europe-west1",
  });
  expect(deployed.resource("ServiceIamMember", "hello-caller-invoker").outputs).toMatchObject({
    project: OTHER.id,
  });
  expect(deployed.resource("Account", "caller").outputs).toMatchObject({ project: PROJECT.id });
  expect(deployed.resource("Job", "job").outputs).toMatchObject({ project: PROJECT.id, region: REGION });
});

test("a caller of one copy of the package fits a target of another", async () => {
  type Package = typeof components;
  let copy: Package | undefined;
  jest.isolateModules(() => {
    for (const shared of ["@pulumi/pulumi", "@pulumi/random"])
      jest.doMock(shared, () => jest.requireActual<object>(shared));
    copy = jest.requireActual<Package>("../../components");
  });
  expect(copy?.CallerIdentity).not.toBe(CallerIdentity);
  const deployed = await new TestStack().up(() => {
    const caller = new CallerIdentity("caller");
    const Service = copy?.CloudRunService ?? CloudRunService;
    const hello = new Service("hello", { image: IMAGE, region: REGION, deletionProtection: false });
    expect(hello.authorize(caller)).toBe(hello.authorize(caller));
    new SchedulerJob("job", { schedule: "5 * * * *", target: hello.authorize(caller) });
  });
  expect(deployed.lines().filter((line) => line.startsWith("ServiceIamMember"))).toEqual([
    "ServiceIamMember hello-caller-invoker",
  ]);
});
