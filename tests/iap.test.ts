import * as cloudrunv2 from "@pulumi/gcp/cloudrunv2";
import * as iap from "@pulumi/gcp/iap";
import * as projects from "@pulumi/gcp/projects";
import * as serviceaccount from "@pulumi/gcp/serviceaccount";
import * as pulumi from "@pulumi/pulumi";
import { attempts } from "../doctor/attempts";
import { CallerIdentity, IapInvoker, PushSubscription, SchedulerJob } from "../components";
import { agentEmail, iapRunServiceName, runServiceName } from "../sandbox/cloud/names";
import type { ProjectKind } from "../sandbox/cloud/projects";
import type { Attempt } from "../sandbox/delivery/attempt";
import { Delivery } from "../sandbox/delivery/delivery";
import type { HttpRequest } from "../sandbox/ingress/http";
import { Ingress } from "../sandbox/ingress/ingress";
import { trustGraph } from "../trust/graph";
import { PROJECT, TestStack } from "./support/stack";

/** Identity-Aware Proxy before a Run service: which of its parts lets a caller in, and what is said without it. */

const REGION = "us-central1";
const CLIENT = "123456789012-abc.apps.googleusercontent.com";
const RUN = runServiceName(PROJECT.id, REGION, "reports");
const IAP = iapRunServiceName(PROJECT.id, REGION, "reports");
const AGENT = agentEmail("iap", PROJECT.number);
const SETTINGS = "gcp:iap/settings:Settings";
const KINDS: readonly ProjectKind[] = ["default", "hardened"];

class World extends TestStack {
  readonly seen: HttpRequest[] = [];
  readonly ingress = new Ingress(this.cloud, ({ request }) => {
    this.seen.push(request);
    return Promise.resolve({ status: 200, headers: {}, body: "ok" });
  });
  readonly delivery = new Delivery(this.cloud, this.ingress);

  constructor(kind: ProjectKind) {
    super({ projects: [{ ...PROJECT, kind }] });
    this.cloud.projects.createServiceIdentity(PROJECT.id, "pubsub.googleapis.com");
  }

  /** The first attempt of a job and of a push subscription. */
  async calls(program: () => void): Promise<Attempt[]> {
    const up = await this.up(program);
    const run = this.delivery.runJob(up.resource("Job", "job").id ?? "");
    await this.delivery.publish(up.resource("Topic", "push-topic").id ?? "", { data: "eA==" });
    await this.clock.advance(3_600_000);
    await run;
    this.delivery.stop();
    return ["scheduler-job", "push-subscription"].map((source) => {
      const first = this.delivery.attempts.find((attempt) => attempt.source.kind === source);
      if (first === undefined) throw new Error(`${source} did not call`);
      return first;
    });
  }
}

type Part = "agent" | "settings" | "accessor";

/** The whole program, or without one of its parts, or with tokens for another audience. */
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
    new SchedulerJob("job", { schedule: "0 3 * * *", target });
    new PushSubscription("push", { target });
  };
}

describe.each(KINDS)("in a %s project", (kind) => {
  let world: World;
  beforeEach(() => {
    world = new World(kind);
  });

  test("a job and a push subscription get in", async () => {
    for (const { outcome, verdict } of await world.calls(program(world))) {
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
  ] as const)("without the %s both are refused: %d, %s", async (without, status, why) => {
    for (const { response, reason } of await world.calls(program(world, { without }))) {
      expect(response?.status).toBe(status);
      expect(reason).toContain(why);
    }
    expect(world.seen).toEqual([]);
  });

  test("the service's own address is no audience here", async () => {
    for (const { response, reason } of await world.calls(program(world, { audience: "its url" }))) {
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

test("the trust graph and the doctor know IAP as the gate", async () => {
  const world = new World("default");
  const { resources } = await world.up(program(world));
  const graph = trustGraph(resources);
  expect(graph.targets).toEqual([expect.objectContaining({ name: "reports", gate: "iap", open: [] })]);
  const edges = graph.edges.map(({ source, granted, grant }) => [source.name, granted, grant?.role]);
  expect(edges.sort()).toEqual([
    ["job", true, "roles/iap.httpsResourceAccessor"],
    ["push", true, "roles/iap.httpsResourceAccessor"],
  ]);
  const tries = attempts(graph);
  expect(tries.map(({ who, expected }) => [who, expected.letIn || expected.status])).toEqual([
    ["no token", 401],
    ["stranger", 403],
    ["wrong audience", 401],
    ["foreign signature", 401],
    ["expired token", 401],
    ["grant removed", 403],
    ["caller", true],
  ]);
  expect(new Set(tries.map(({ audience }) => audience))).toEqual(new Set([CLIENT]));
  const without = new World("default");
  const bare = trustGraph((await without.up(program(without, { without: "accessor" }))).resources);
  expect(bare.edges.map(({ granted }) => granted)).toEqual([false, false]);
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
