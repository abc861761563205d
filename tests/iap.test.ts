import * as cloudrunv2 from "@pulumi/gcp/cloudrunv2";
import * as compute from "@pulumi/gcp/compute";
import * as iap from "@pulumi/gcp/iap";
import * as projects from "@pulumi/gcp/projects";
import * as serviceaccount from "@pulumi/gcp/serviceaccount";
import * as pulumi from "@pulumi/pulumi";
import { attempts } from "../doctor/attempts";
import { examine } from "../doctor/examine";
import {
  CallerIdentity,
  CloudRunService,
  IapInvoker,
  PushSubscription,
  RunInvoker,
  SchedulerJob,
  TaskQueue,
} from "../components";
import type { AuthorizedTarget, CloudRunServiceArgs } from "../components";
import { comment } from "../preview/comment";
import { fromEngine } from "../preview/from-engine";
import {
  agentEmail,
  iapBackendServiceName,
  iapRunServiceName,
  projectName,
  runServiceName,
} from "../sandbox/cloud/names";
import type { ProjectKind } from "../sandbox/cloud/projects";
import { Provider } from "../sandbox/cloud/resources/provider";
import type { DeployedResource } from "../sandbox/doors/in-process/engine";
import type { Attempt } from "../sandbox/delivery/attempt";
import { Delivery } from "../sandbox/delivery/delivery";
import type { HttpRequest } from "../sandbox/ingress/http";
import { Ingress } from "../sandbox/ingress/ingress";
import { makeForeignKey, SandboxWorld } from "../sandbox/cli/sandbox-world";
import { Timekeeper } from "../sandbox/cli/timekeeper";
import { trustGraph } from "../trust/graph";
import { mermaid } from "../trust/mermaid";
import { KNOWN_LATER } from "../trust/resources";
import type { Deployed } from "./support/stack";
import { PROJECT, TestStack } from "./support/stack";

/** Identity-Aware Proxy before a Run service: which of its parts lets a caller in, and what is said without it. */

const REGION = "us-central1";
const CLIENT = "123456789012-abc.apps.googleusercontent.com";
const RUN = runServiceName(PROJECT.id, REGION, "reports");
const IAP = iapRunServiceName(PROJECT.id, REGION, "reports");
const AGENT = agentEmail("iap", PROJECT.number);
const SETTINGS = "gcp:iap/settings:Settings";
const SERVICE = "gcp:cloudrunv2/service:Service";
const ACCESSOR = "roles/iap.httpsResourceAccessor";
const KINDS: readonly ProjectKind[] = ["default", "hardened"];
const SOURCES = ["scheduler-job", "push-subscription", "task-queue"] as const;

class World extends TestStack {
  readonly seen: HttpRequest[] = [];
  readonly ingress = new Ingress(this.cloud, ({ request }) => {
    this.seen.push(request);
    return Promise.resolve({ status: 200, headers: {}, body: "ok" });
  });

  constructor(kind: ProjectKind) {
    super({ projects: [{ ...PROJECT, kind }] });
    this.cloud.projects.createServiceIdentity(PROJECT.id, "pubsub.googleapis.com");
  }

  /** The first attempt of each source. */
  async calls(up: Deployed): Promise<Attempt[]> {
    const delivery = new Delivery(this.cloud, this.ingress);
    const run = delivery.runJob(up.resource("Job", "job").id ?? "");
    await delivery.publish(up.resource("Topic", "push-topic").id ?? "", { data: "eA==" });
    const queue = up.resource("Queue", "queue").id ?? "";
    delivery.tasks.buffer(this.cloud.deployer(PROJECT.id), queue);
    await this.clock.advance(3_600_000);
    await run;
    delivery.stop();
    return SOURCES.map((source) => {
      const first = delivery.attempts.find((attempt) => attempt.source.kind === source);
      if (first === undefined) throw new Error(`${source} did not call`);
      return first;
    });
  }

  /** Takes away from the cloud what was deployed, behind the stack's back. */
  async remove({ type, id = "", outputs }: DeployedResource): Promise<void> {
    await new Provider(this.cloud, {}).delete(type, { id, outputs });
  }
}

/** Everything that calls. */
function sources(target: AuthorizedTarget): void {
  new SchedulerJob("job", { schedule: "0 3 * * *", target });
  new PushSubscription("push", { target });
  new TaskQueue("queue", { region: REGION, target });
}

/** The whole program as a user writes it. */
function byArgument(world: World, args: Partial<CloudRunServiceArgs> = { iap: { clientId: CLIENT } }) {
  return () => {
    const deployers = { here: world.cloud.deployer(PROJECT.id) };
    const usual = { image: "hello", region: REGION, serviceName: "reports", deletionProtection: false };
    const reports = new CloudRunService("reports", { ...usual, deployers, ...args });
    sources(reports.authorize(new CallerIdentity("caller", { deployers })));
  };
}

type Part = "agent" | "settings" | "accessor";

/** The same by hand, or without one of its parts, or with tokens for another audience. */
function program(world: World, { without, audience }: { without?: Part; audience?: "its url" } = {}) {
  return () => {
    const deployer = world.cloud.deployer(PROJECT.id);
    const runtime = new serviceaccount.Account("runtime", { accountId: "runtime" });
    const role = "roles/iam.serviceAccountUser";
    const actAs = { serviceAccountId: runtime.name, role, member: deployer };
    const dependsOn = [new serviceaccount.IAMMember("runtime", actAs)];
    const service = new cloudrunv2.Service(
      "reports",
      {
        name: "reports",
        location: REGION,
        iapEnabled: true,
        deletionProtection: false,
        template: { serviceAccount: runtime.email, containers: [{ image: "hello" }] },
      },
      { dependsOn },
    );
    const identity = new projects.ServiceIdentity("agent", { service: "iap.googleapis.com" });
    if (without !== "agent") {
      const on = { name: service.name, location: REGION };
      new cloudrunv2.ServiceIamMember("agent", { ...on, role: "roles/run.invoker", member: identity.member });
    }
    if (without !== "settings") {
      new iap.Settings("programs", {
        name: pulumi.interpolate`projects/${PROJECT.number}/iap_web/cloud_run-${REGION}/services/${service.name}`,
        accessSettings: { oauthSettings: { programmaticClients: [CLIENT] } },
      });
    }
    const caller = new CallerIdentity("caller", { deployers: { here: deployer } });
    const through = { service: service.name, region: REGION, url: service.uri, clientId: CLIENT, caller };
    const own = {
      url: service.uri,
      audience: audience === undefined ? CLIENT : service.uri,
      serviceAccountEmail: caller.email,
    };
    const granted = without === "accessor" ? own : new IapInvoker("reports", through);
    const target = audience === undefined ? granted : own;
    sources(target);
  };
}

describe.each(KINDS)("in a %s project, with all of it by hand,", (kind) => {
  let world: World;
  beforeEach(() => {
    world = new World(kind);
  });

  test("every source gets in", async () => {
    for (const { outcome, verdict } of await world.calls(await world.up(program(world)))) {
      expect([outcome, verdict?.outcome]).toEqual(["success", "let in"]);
      expect(verdict?.reason).toContain("roles/iap.httpsResourceAccessor");
      expect(verdict?.assumed).toContain("X-Goog-IAP-JWT-Assertion");
    }
    expect(world.cloud.iam.bindings(IAP)).toHaveLength(1);
    expect(world.cloud.iam.bindings(RUN)).toEqual([
      { role: "roles/run.invoker", member: `serviceAccount:${AGENT}` },
    ]);
  });

  test.each([
    ["accessor", 403, "lacks iap.webServiceVersions.accessViaIAP"],
    ["agent", 403, "but it calls as its own agent"],
    ["settings", 401, "no OAuth client is allow-listed"],
  ] as const)("without the %s all are refused: %d, %s", async (without, status, why) => {
    for (const { response, reason } of await world.calls(await world.up(program(world, { without })))) {
      expect(response?.status).toBe(status);
      expect(reason).toContain(why);
    }
    expect(world.seen).toEqual([]);
  });

  test("the service's own address is no audience here", async () => {
    for (const { response, reason } of await world.calls(
      await world.up(program(world, { audience: "its url" })),
    )) {
      expect(response?.status).toBe(401);
      expect(response?.body).toMatch(
        new RegExp(
          `^Invalid IAP credentials: JWT audience doesn't match this application \\('aud' claim \\(https://\\S+\\) doesn't match expected value \\(${CLIENT}\\)\\)$`,
        ),
      );
      expect(reason).toContain(`IAP before Run service "reports" accepts "${CLIENT}"`);
    }
  });
});

describe.each(KINDS)("in a %s project, with the argument `iap`,", (kind) => {
  let world: World;
  let up: Deployed;
  beforeEach(async () => {
    world = new World(kind);
    up = await world.up(byArgument(world));
  });

  test("every source gets in as the caller", async () => {
    const email = up.resource("Account", "caller").outputs.email;
    const audience = CLIENT;
    for (const { outcome, caller, verdict, ...sent } of await world.calls(up)) {
      expect([outcome, caller, sent.audience, verdict?.outcome]).toEqual([
        "success",
        email,
        audience,
        "let in",
      ]);
      expect(verdict?.principal).toBe(`serviceAccount:${String(email)}`);
    }
    expect(world.seen).toHaveLength(3);
    expect(world.cloud.iam.bindings(IAP)).toEqual([
      { role: ACCESSOR, member: `serviceAccount:${String(email)}` },
    ]);
    expect(world.cloud.iam.bindings(RUN)).toEqual([
      { role: "roles/run.invoker", member: `serviceAccount:${AGENT}` },
    ]);
    const above = world.cloud.iam.bindings(projectName(PROJECT.id)).map(({ member }) => member);
    expect(above).not.toContain(`serviceAccount:${AGENT}`);
    expect((await world.up(byArgument(world))).changes()).toEqual([]);
  });

  test.each([
    [
      "WebCloudRunServiceIamMember",
      "reports-caller-accessor",
      403,
      "lacks iap.webServiceVersions.accessViaIAP",
    ],
    ["ServiceIamMember", "reports-iap-agent", 403, "but it calls as its own agent"],
    ["Settings", "reports-iap", 401, "no OAuth client is allow-listed"],
  ])("without %s %s all are refused: %d, %s", async (type, name, status, why) => {
    await world.remove(up.resource(type, name));
    for (const { response, reason } of await world.calls(up)) {
      expect([response?.status, reason]).toEqual([status, expect.stringContaining(why)]);
    }
    expect(world.seen).toEqual([]);
  });

  test.each(["scheduler", "tasks", "pubsub"] as const)(
    "the grant by which %s's agent mints is what its calls need where nothing else lets it",
    async (agent) => {
      await world.remove(up.resource("IAMMember", `caller-mint-${agent}`));
      const source = { scheduler: "scheduler-job", tasks: "task-queue", pubsub: "push-subscription" }[agent];
      const calls = await world.calls(up);
      const outcomes = calls.map((attempt) => [attempt.source.kind, attempt.outcome]);
      const closed = kind === "hardened" ? "not minted" : "success";
      expect(Object.fromEntries(outcomes)).toEqual({
        ...Object.fromEntries(SOURCES.map((each) => [each, "success"])),
        [source]: closed,
      });
    },
  );

  /** https://docs.cloud.google.com/iap/docs/faq, and what is seen of live services (sandbox/ingress/refusals.ts). */
  test("intruders are kept out in IAP's own words", async () => {
    const url = String(up.resource("Service", "reports").outputs.uri);
    const email = String(up.resource("Account", "caller").outputs.email);
    const stranger = `stranger@${PROJECT.id}.iam.gserviceaccount.com`;
    world.cloud.iam.addAccount({ email: stranger, uniqueId: "200000000000000000000", project: PROJECT.id });
    // Run's own role would open the service, did IAP not stand before it.
    world.cloud.iam.grant(RUN, { role: "roles/run.invoker", member: `serviceAccount:${stranger}` });
    const { tokens } = world.cloud;
    const issuedAt = world.clock.now() - 2 * 3_600_000;
    const intruders = {
      "no token": undefined,
      stranger: await tokens.mint({ email: stranger, audience: CLIENT }),
      "another audience": await tokens.mint({ email, audience: url }),
      expired: await tokens.mint({ email, audience: CLIENT, issuedAt }),
    };
    const answers: Record<string, unknown> = {};
    for (const [who, token] of Object.entries(intruders)) {
      const headers = token === undefined ? [] : [["Authorization", `Bearer ${token}`] as const];
      const { response } = await world.ingress.handle({ method: "POST", url, headers, body: "" });
      const says = response.body
        .replace(/<[^>]*>/g, " ")
        .replace(/\s+/g, " ")
        .trim();
      const { "x-goog-iap-generated-response": byIap, "www-authenticate": challenge } = response.headers;
      answers[who] = [response.status, byIap, challenge, says];
    }
    const said = (status: number, says: string) => [status, "true", undefined, says];
    expect(answers).toEqual({
      "no token": said(401, "Invalid IAP credentials: empty token"),
      stranger: said(403, "403 Forbidden Access denied You don't have access."),
      "another audience": said(
        401,
        `Invalid IAP credentials: JWT audience doesn't match this application ('aud' claim (${url}) doesn't match expected value (${CLIENT}))`,
      ),
      expired: said(401, "Invalid IAP credentials: JWT is invalid"),
    });
    expect(world.seen).toEqual([]);
  });

  test("people get through who are named, and a former client's tokens too", async () => {
    const former = "1-former.apps.googleusercontent.com";
    const other = `other@${PROJECT.id}.iam.gserviceaccount.com`;
    world.cloud.iam.addAccount({ email: other, uniqueId: "200000000000000000001", project: PROJECT.id });
    const url = String(up.resource("Service", "reports").outputs.uri);
    const status = async () => {
      const token = await world.cloud.tokens.mint({ email: other, audience: former });
      const headers = [["Authorization", `Bearer ${token}`] as const];
      return (await world.ingress.handle({ method: "POST", url, headers, body: "" })).response.status;
    };
    expect(await status()).toBe(401);
    const iap = { clientId: CLIENT, formerClientIds: [former] };
    await world.up(byArgument(world, { iap }));
    expect(await status()).toBe(403);
    const accessors = { other: `serviceAccount:${other}` };
    await world.up(byArgument(world, { iap: { ...iap, accessors } }));
    expect(await status()).toBe(200);
  });

  test("it goes as a whole: nothing is left but the agent, which is Google's", async () => {
    await world.destroy();
    expect(world.cloud.iam.bindings(IAP)).toEqual([]);
    expect(world.cloud.iam.bindings(RUN)).toEqual([]);
    expect(world.cloud.iam.account(AGENT)).toBeDefined();
  });
});

describe.each(KINDS)("switched on and off in a %s project", (kind) => {
  const MADE = [
    "ServiceIamMember reports-iap-agent",
    "ServiceIdentity reports-iap-agent",
    "Settings reports-iap",
  ];
  const THROUGH = ["IapInvoker reports-caller", "WebCloudRunServiceIamMember reports-caller-accessor"];
  const STRAIGHT = ["RunInvoker reports-caller", "ServiceIamMember reports-caller-invoker"];
  const CHANGED = ["Job job", "Queue queue", "Service reports", "Subscription push"];
  const all = (op: string, labels: string[]) => labels.map((each) => `${op} ${each}`);

  test("the service stays, grants are made before the sources follow, and go last", async () => {
    const world = new World(kind);
    const off = byArgument(world, {});
    const on = byArgument(world);
    const before = await world.up(off);
    const { uri, uid } = before.resource("Service", "reports").outputs;
    for (const { outcome, audience } of await world.calls(before)) {
      expect([outcome, audience]).toEqual(["success", uri]);
    }

    const preview = await world.preview(on);
    const oidcToken = {
      audience: CLIENT,
      serviceAccountEmail: before.resource("Account", "caller").outputs.email,
    };
    expect(preview.resource("Job", "job").inputs.httpTarget).toMatchObject({ uri, oidcToken });

    const through = await world.up(on);
    expect(through.changes()).toEqual(
      [...all("create", [...MADE, ...THROUGH]), ...all("delete", STRAIGHT), ...all("update", CHANGED)].sort(),
    );
    expect(through.resource("Service", "reports").outputs).toMatchObject({ uri, uid });
    expectOrder(through, {
      first: [
        "update reports",
        "create reports-iap-agent",
        "create reports-iap",
        "create reports-caller-accessor",
      ],
      then: ["update job", "update push", "update queue"],
      last: ["delete reports-caller-invoker"],
    });
    for (const { outcome, audience } of await world.calls(through)) {
      expect([outcome, audience]).toEqual(["success", CLIENT]);
    }

    const straight = await world.up(off);
    expect(straight.changes()).toEqual(
      [...all("create", STRAIGHT), ...all("delete", [...MADE, ...THROUGH]), ...all("update", CHANGED)].sort(),
    );
    expectOrder(straight, {
      first: ["update reports", "create reports-caller-invoker"],
      then: ["update job", "update push", "update queue"],
      last: ["delete reports-iap-agent", "delete reports-iap", "delete reports-caller-accessor"],
    });
    for (const { outcome, audience } of await world.calls(straight)) {
      expect([outcome, audience]).toEqual(["success", uri]);
    }
    expect(world.cloud.iam.bindings(IAP)).toEqual([]);
    expect(world.cloud.iam.bindings(RUN)).toHaveLength(1);
  });

  test("reviewers read what becomes of the calls", async () => {
    const world = new World(kind);
    await world.up(byArgument(world, {}));
    const said = async (args?: Partial<CloudRunServiceArgs>) => {
      const before = world.engine.resources;
      const result = await world.preview(byArgument(world, args));
      const text = comment(fromEngine({ project: "test", stack: "dev", before, result }));
      return text.split("\n").filter((line) => /^- (new|changed|removed): /.test(line));
    };
    const url = String(world.cloud.store.list<{ uri: string }>(SERVICE)[0]?.state.uri);
    const calls = (from: string, to: string) =>
      ["`push` (push subscription)", "`job` (Scheduler job)", "`queue` (task queue)"].map(
        (source) => `- changed: ${source} calling \`reports\`: audience \`${from}\` → \`${to}\``,
      );
    const agent = `\`serviceAccount:${AGENT}\` may call \`reports\`, by \`roles/run.invoker\``;
    const caller = (from: string, to: string) =>
      `- changed: \`caller\` may call \`reports\`, by \`${from}\`: role \`${from}\` → \`${to}\``;
    expect((await said()).sort()).toEqual(
      [...calls(url, CLIENT), `- new: ${agent}`, caller("roles/run.invoker", ACCESSOR)].sort(),
    );
    await world.up(byArgument(world));
    expect((await said({})).sort()).toEqual(
      [...calls(CLIENT, url), `- removed: ${agent}`, caller(ACCESSOR, "roles/run.invoker")].sort(),
    );
  });
});

/** Each of a group after each of the group before it. */
function expectOrder({ steps }: Deployed, groups: Record<"first" | "then" | "last", string[]>): void {
  const at = (step: string) => steps.findLastIndex(({ op, name }) => `${op} ${name}` === step);
  const places = Object.values(groups).map((group) => group.map((step) => ({ step, place: at(step) })));
  for (const { step, place } of places.flat()) expect([step, place >= 0]).toEqual([step, true]);
  const [first = [], then = [], last = []] = places.map((group) => group.map(({ place }) => place));
  expect(Math.max(...first)).toBeLessThan(Math.min(...then));
  expect(Math.max(...then)).toBeLessThan(Math.min(...last));
}

describe.each([
  ["by hand", (world: World) => program(world)],
  ["by the argument `iap`", (world: World) => byArgument(world)],
])("with IAP %s", (_, programOf) => {
  let world: World;
  let resources: Deployed["resources"];
  beforeEach(async () => {
    world = new World("default");
    ({ resources } = await world.up(programOf(world)));
  });

  test("the trust graph knows the edges, and IAP's agent for no caller", () => {
    const graph = trustGraph(resources);
    expect(graph.targets).toEqual([expect.objectContaining({ name: "reports", gate: "iap", open: [] })]);
    const edges = graph.edges.map(({ source, audience, granted, grant }) => [
      source.name,
      audience,
      granted,
      grant?.role,
    ]);
    expect(edges.sort()).toEqual(["job", "push", "queue"].map((name) => [name, CLIENT, true, ACCESSOR]));
    expect(graph.callers.map(({ name }) => name)).toEqual(["caller"]);
    expect(graph.grants.map(({ role, target, caller, futile }) => [role, target, caller, futile])).toEqual([
      [ACCESSOR, "reports", graph.callers[0]?.email, undefined],
      ["roles/run.invoker", "reports", undefined, undefined],
    ]);
    const drawn = mermaid(graph);
    expect(drawn).toContain("iap.httpsResourceAccessor");
    expect(drawn).not.toContain("gcp-sa-iap");
  });

  test("the doctor tries the gate, and finds all as it should be", async () => {
    const graph = trustGraph(resources);
    const tried = attempts(graph);
    expect(new Set(tried.map(({ audience }) => audience))).toEqual(new Set([CLIENT]));
    const { cloud, ingress, clock } = world;
    const doctors = new SandboxWorld(
      { cloud, ingress, time: new Timekeeper(clock) },
      { project: PROJECT.id, targets: graph.targets, iamDelay: 0, foreignKey: makeForeignKey() },
    );
    const findings = await examine(tried, doctors);
    expect(findings.map(({ attempt, answer }) => [attempt.who, answer?.status])).toEqual([
      ["no token", 401],
      ["stranger", 403],
      ["wrong audience", 401],
      ["foreign signature", 401],
      ["expired token", 401],
      ["grant removed", 403],
      ["caller", 200],
    ]);
    expect(findings.filter(({ asExpected }) => !asExpected)).toEqual([]);
  });
});

test("what is granted on the service itself opens nothing behind IAP, and the graph says so", async () => {
  const world = new World("default");
  const granted = ({ edges }: { edges: { granted: boolean }[] }) => edges.map((edge) => edge.granted);
  const bare = await world.up(program(world, { without: "accessor" }));
  expect(granted(trustGraph(bare.resources))).toEqual([false, false, false]);
  const email = String(bare.resource("Account", "caller").outputs.email);
  const { resources } = await world.up(() => {
    program(world, { without: "accessor" })();
    const on = { name: "reports", location: REGION, role: "roles/run.invoker" };
    new cloudrunv2.ServiceIamMember("of-caller", { ...on, member: `serviceAccount:${email}` });
    new cloudrunv2.ServiceIamMember("of-all", { ...on, member: "allUsers" });
  });
  const graph = trustGraph(resources);
  expect(granted(graph)).toEqual([false, false, false]);
  expect(graph.targets.map(({ open }) => open)).toEqual([[]]);
  const futile = graph.grants.filter((grant) => grant.futile !== undefined);
  expect(futile.map(({ urn }) => urn.split("::").pop()).sort()).toEqual(["of-all", "of-caller"]);
  expect(futile[0]?.futile).toBe("IAP decides first, and calls as an agent of its own");
});

test("a caller that is not known yet is let in by what IAP looks at, and by nothing else", async () => {
  const world = new World("default");
  const preview = await world.preview(() => {
    const service = new cloudrunv2.Service("reports", {
      name: "reports",
      location: REGION,
      iapEnabled: true,
      template: { containers: [{ image: "hello" }] },
    });
    const caller = new CallerIdentity("caller");
    const run = { service: service.name, region: REGION, url: service.uri, caller };
    const { url, serviceAccountEmail } = new RunInvoker("wrong", run);
    new SchedulerJob("job", {
      schedule: "0 3 * * *",
      target: { url, serviceAccountEmail, audience: CLIENT },
    });
  });
  const [edge] = trustGraph(preview.resources).edges;
  expect([edge?.caller, edge?.target.name, edge?.granted]).toEqual([KNOWN_LATER, "reports", false]);
});

describe("before a backend service of a load balancer", () => {
  const URL = "https://reports.example.com";
  const behind = (world: World) => () => {
    const caller = new CallerIdentity("caller", { deployers: { here: world.cloud.deployer(PROJECT.id) } });
    sources(new IapInvoker("reports", { backendService: "web", url: URL, clientId: CLIENT, caller }));
  };

  test("the grant is kept, and no source is said to get in or not", async () => {
    const world = new World("default");
    for (const { response, outcome, reason } of await world.calls(await world.up(behind(world)))) {
      expect([response?.status, outcome]).toEqual([501, "failed"]);
      expect(reason).toContain(
        "the sandbox models no load balancers and no IAP before their backend services (here web)",
      );
    }
    expect(world.seen).toEqual([]);
    expect(world.cloud.iam.bindings(iapBackendServiceName(PROJECT.id, "web"))).toHaveLength(1);
  });

  test("other calls to such a host are the application's matter, as without any of it", async () => {
    const world = new World("default");
    const up = await world.up(behind(world));
    const email = String(up.resource("Account", "caller").outputs.email);
    const own = await world.cloud.tokens.mint({ email, audience: URL });
    const meant = await world.cloud.tokens.mint({ email, audience: CLIENT });
    const status = async (header: string) => {
      const headers = [["Authorization", header] as const];
      return (await world.ingress.handle({ method: "POST", url: URL, headers, body: "" })).response.status;
    };
    const of = [`Bearer ${own}`, "Bearer garbage", "Basic eA==", `Bearer ${meant}`];
    const answers: number[] = [];
    for (const header of of) answers.push(await status(header));
    expect(answers).toEqual([200, 200, 200, 501]);
    // Whoever grants nothing to IAP may well take an OAuth client's id as audience.
    await world.destroy();
    expect(await status(`Bearer ${meant}`)).toBe(200);
  });

  test("what else belongs to it is refused by name", async () => {
    const name = `projects/${PROJECT.number}/iap_web/compute/services/web`;
    await expect(new World("default").up(() => new iap.Settings("web", { name }))).rejects.toThrow(
      "the sandbox models settings of one Run service only",
    );
    await expect(
      new World("default").up(() => new compute.BackendService("web", { iap: { enabled: true } })),
    ).rejects.toThrow("gcp:compute/backendService:BackendService");
  });
});

describe("at the gate", () => {
  let world: World;
  let url: string;
  let email: string;
  beforeAll(async () => {
    world = new World("default");
    const up = await world.up(program(world));
    url = String(up.resource("Service", "reports").outputs.uri);
    email = String(up.resource("Account", "caller").outputs.email);
  });
  beforeEach(() => {
    world.seen.length = 0;
  });

  const call = async (...headers: [string, string][]) => {
    const { response, verdict } = await world.ingress.handle({ method: "POST", url, headers, body: "" });
    return { status: response.status, body: response.body, ...verdict };
  };
  const bearer = (token: string) => `Bearer ${token}`;
  const mint = async (audience = CLIENT, of = email) => world.cloud.tokens.mint({ email: of, audience });

  test.each([
    ["nothing", () => [], "empty token"],
    ["an empty header", () => [["Authorization", ""]], "empty token"],
    ["another scheme", () => [["Authorization", "Basic eA=="]], "Unable to parse JWT"],
    ["what is no token", () => [["Authorization", "Bearer garbage"]], "Unable to parse JWT"],
    [
      "a foreign signature",
      (token: string) => [["Authorization", `Bearer ${token.replace(/[^.]+$/, "AAAA")}`]],
      "JWT signature is invalid",
    ],
    [
      "a token in the header that Run alone looks at",
      (token: string) => [["X-Serverless-Authorization", bearer(token)]],
      "empty token",
    ],
    [
      "two tokens",
      (token: string) => [
        ["Authorization", bearer(token)],
        ["Authorization", bearer(token)],
      ],
      "Unable to parse JWT",
    ],
  ] as [string, (token: string) => [string, string][], string][])(
    "%s is refused with 401",
    async (_, headers, says) => {
      const answer = await call(...headers(await mint()));
      expect(answer).toMatchObject({
        status: 401,
        outcome: "refused",
        body: `Invalid IAP credentials: ${says}`,
      });
      expect(world.seen).toEqual([]);
    },
  );

  test("an expired token is refused, in words that are not documented", async () => {
    const issuedAt = world.clock.now() - 2 * 3_600_000;
    const token = await world.cloud.tokens.mint({ email, audience: CLIENT, issuedAt });
    const answer = await call(["Authorization", bearer(token)]);
    expect([answer.status, answer.reason]).toEqual([401, "The token does not verify: expired."]);
    expect(answer.assumed).toContain("IAP's words");
  });

  test("Proxy-Authorization goes before Authorization, which is then the application's", async () => {
    const own: [string, string] = ["Authorization", "Bearer of-my-own"];
    expect(await call(own, ["Proxy-Authorization", bearer(await mint())])).toMatchObject({ status: 200 });
    expect(world.seen[0]?.headers).toContainEqual(own);
  });

  test("nobody can pretend to be let in by IAP", async () => {
    const forged: [string, string][] = [
      ["X-Goog-IAP-JWT-Assertion", "forged"],
      ["x-goog-authenticated-user-email", "accounts.google.com:boss@example.com"],
    ];
    expect(await call(["Authorization", bearer(await mint())], ...forged, ["X-Mine", "stays"])).toMatchObject(
      {
        status: 200,
      },
    );
    expect(world.seen[0]?.headers.map(([name]) => name)).toEqual(["Authorization", "X-Mine"]);
  });

  test("run.invoker opens nothing to a caller, and the role on the whole project everything", async () => {
    const other = `other@${PROJECT.id}.iam.gserviceaccount.com`;
    const { iam } = world.cloud;
    iam.addAccount({ email: other, uniqueId: "100000000000000000009", project: PROJECT.id });
    const member = `serviceAccount:${other}`;
    iam.grant(RUN, { role: "roles/run.invoker", member });
    const token = await mint(CLIENT, other);
    expect(await call(["Authorization", bearer(token)])).toMatchObject({ status: 403, principal: member });
    const above = `//cloudresourcemanager.googleapis.com/projects/${PROJECT.id}`;
    iam.grant(above, { role: "roles/iap.httpsResourceAccessor", member });
    expect(await call(["Authorization", bearer(token)])).toMatchObject({ status: 200, principal: member });
  });

  test("settings are known for one service, and none further up", async () => {
    const up = new World("default").up(() => {
      new iap.Settings("all", { name: `projects/${PROJECT.id}/iap_web` });
    });
    await expect(up).rejects.toThrow("settings of one Run service only");
    expect(world.cloud.store.list(SETTINGS).map(({ fullName }) => fullName)).toEqual([IAP]);
  });
});
