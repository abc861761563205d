import * as cloudtasks from "@pulumi/gcp/cloudtasks";
import {
  CallerIdentity,
  CloudRunJob,
  GoogleApiTarget,
  RunJobInvoker,
  RunJobRole,
  SchedulerJob,
  TaskQueue,
} from "../components";
import { attempts } from "../doctor/attempts";
import { examine } from "../doctor/examine";
import type { World } from "../doctor/world";
import { agentEmail, projectName, runJobName, serviceAccountName } from "../sandbox/cloud/names";
import { RUN_JOB } from "../sandbox/cloud/resources/run-job";
import { CLOUD_PLATFORM } from "../sandbox/cloud/tokens/access-tokens";
import type { Attempt } from "../sandbox/delivery/attempt";
import { Delivery } from "../sandbox/delivery/delivery";
import { Ingress } from "../sandbox/ingress/ingress";
import { mermaid } from "../trust/mermaid";
import { trustGraph } from "../trust/graph";
import { label } from "./support/graph";
import { PROJECT, TestStack } from "./support/stack";
import type { Deployed } from "./support/stack";

const REGION = "us-central1";
const OTHER = { id: "other-project", number: "987654321098" };
const READ_ONLY = "https://www.googleapis.com/auth/devstorage.read_only";
/** Whoever deploys there: in a hardened project one that may act as nobody unless told. */
const deployers = () => ({ pipeline: stack.cloud.deployer(PROJECT.id) });

/** A stack whose sources can be fired, and nothing of which reaches any code. */
class Fired extends TestStack {
  readonly ingress = new Ingress(this.cloud, () =>
    Promise.reject(new Error("Google's APIs run no code here")),
  );
  readonly delivery = new Delivery(this.cloud, this.ingress);

  /** The first attempt of a job; what comes of its retries is of no interest. */
  async fire(deployed: Deployed, name: string): Promise<Attempt> {
    const { id } = deployed.resource("Job", name);
    const before = this.delivery.attempts.length;
    const run = this.delivery.runJob(id ?? "");
    await this.clock.advance(3_600_000);
    await run;
    const attempt = this.delivery.attempts[before];
    if (attempt === undefined) throw new Error(`${name} was not tried`);
    return attempt;
  }

  /** How often a Run job was run. */
  runs(name: string): unknown {
    const job = this.cloud.store.list(RUN_JOB).find(({ state }) => String(state.name).startsWith(name));
    return job?.state.executionCount;
  }
}

let stack: Fired;
function given(...options: ConstructorParameters<typeof TestStack>): Fired {
  stack = new Fired(...options);
  // In a hardened project somebody has to ask for it.
  stack.cloud.projects.createServiceIdentity(PROJECT.id, "pubsub.googleapis.com");
  return stack;
}
afterEach(() => {
  stack.delivery.stop();
});

function cleanup(role?: RunJobRole): void {
  const caller = new CallerIdentity("caller", { accessTokens: true, deployers: deployers() });
  const job = new CloudRunJob("cleanup", { image: "clean", region: REGION, deployers: deployers() });
  const target = job.authorize(caller, { role });
  new SchedulerJob("nightly", { schedule: "0 3 * * *", target });
  const overrides = { taskCount: 2 };
  new SchedulerJob("more", { schedule: "0 4 * * *", target, body: { overrides } });
}

function outcomeOf({ outcome, response, reason }: Attempt): string {
  if (outcome === "not minted") return `not minted: ${/lacks (\S+)/.exec(reason)?.[1] ?? reason}`;
  return `${outcome} ${response?.status ?? ""}`;
}

describe.each(["default", "hardened"] as const)("in a %s project", (kind) => {
  test("a schedule runs a job with an access token of its caller, and the run is recorded", async () => {
    const up = await given({ kind }).up(() => {
      cleanup();
    });
    const attempt = await stack.fire(up, "nightly");
    expect(outcomeOf(attempt)).toBe("success 200");
    expect(attempt).toMatchObject({ audience: undefined, scope: CLOUD_PLATFORM });
    expect(attempt.verdict).toMatchObject({
      outcome: "let in",
      target: {
        kind: "run-job",
        fullName: runJobName(PROJECT.id, REGION, String(up.resource("Job", "cleanup").outputs.name)),
      },
      decision: { binding: { role: "roles/run.jobsExecutor" } },
    });
    const minted = attempt.minted.ok ? attempt.minted.access : undefined;
    expect(minted).toMatchObject({
      member: `serviceAccount:${String(up.resource("Account", "caller").outputs.email)}`,
      scopes: [CLOUD_PLATFORM],
    });
    expect(JSON.parse(attempt.response?.body ?? "")).toMatchObject({
      metadata: { name: expect.stringMatching(/\/jobs\/cleanup-[0-9a-f]{7}\/executions\//) as string },
    });
    expect(stack.runs("cleanup")).toBe(1);
    expect(
      (
        await stack.up(() => {
          cleanup();
        })
      ).changes(),
    ).toEqual([]);
    expect(stack.runs("cleanup")).toBe(1);
  });

  const LOST: Readonly<Record<string, { default: string; hardened: string }>> = {
    "JobIamMember cleanup-caller-executor": { default: "failed 403", hardened: "failed 403" },
    // In a project as Google makes it, Scheduler's agent has this by its own role.
    "IAMMember caller-access-scheduler": {
      default: "success 200",
      hardened: "not minted: iam.serviceAccounts.getAccessToken",
    },
    "IAMMember caller-access-tasks": { default: "success 200", hardened: "success 200" },
    "IAMMember caller-mint-scheduler": { default: "success 200", hardened: "success 200" },
    "IAMMember caller-actas-tasks": { default: "success 200", hardened: "success 200" },
  };

  test.each(Object.keys(LOST))("taking away %s is felt exactly there", async (lost) => {
    const up = await given({ kind }).up(() => {
      cleanup();
    });
    const grant = up.resources.find((resource) => label(resource) === lost);
    const { role, member, serviceAccountId, name } = grant?.outputs ?? {};
    const on =
      typeof serviceAccountId === "string"
        ? serviceAccountName(PROJECT.id, serviceAccountId.split("/").at(-1) ?? "")
        : runJobName(PROJECT.id, REGION, String(name));
    stack.cloud.iam.revoke(on, { role: String(role), member: String(member) });
    expect(outcomeOf(await stack.fire(up, "nightly"))).toBe(LOST[lost]?.[kind]);
    expect(stack.runs("cleanup")).toBe(LOST[lost]?.[kind].startsWith("success") === true ? 1 : 0);
  });

  test("overrides need the role that allows them", async () => {
    const up = await given({ kind }).up(() => {
      cleanup();
    });
    const refused = await stack.fire(up, "more");
    expect(outcomeOf(refused)).toBe("failed 403");
    expect(refused.reason).toContain("run.jobs.runWithOverrides");
    stack.delivery.stop();

    const wider = await given({ kind }).up(() => {
      cleanup(RunJobRole.ExecutorWithOverrides);
    });
    expect(outcomeOf(await stack.fire(wider, "more"))).toBe("success 200");
  });
});

describe.each(["default", "hardened"] as const)("a queue in a %s project", (kind) => {
  const program = () => {
    const caller = new CallerIdentity("caller", { accessTokens: true, deployers: deployers() });
    const job = new CloudRunJob("cleanup", { image: "clean", region: REGION, deployers: deployers() });
    new TaskQueue("queue", { region: REGION, target: job.authorize(caller) });
  };

  /** The first attempt of one task, whatever the task itself says of address and token. */
  async function task(deployed: Deployed): Promise<Attempt | undefined> {
    stack.delivery.tasks.buffer(
      stack.cloud.deployer(PROJECT.id),
      deployed.resource("Queue", "queue").id ?? "",
    );
    await stack.clock.advance(1_000);
    return stack.delivery.attempts[0];
  }

  test("runs a job with an access token, and needs the grants to do so", async () => {
    const up = await given({ kind }).up(program);
    expect(up.resource("Queue", "queue").inputs.httpTarget).toMatchObject({
      oauthToken: { scope: CLOUD_PLATFORM },
      uriOverride: { host: "run.googleapis.com" },
    });
    const attempt = await task(up);
    expect(attempt && outcomeOf(attempt)).toBe("success 200");
    expect(attempt).toMatchObject({ audience: undefined, scope: CLOUD_PLATFORM });
    expect(stack.runs("cleanup")).toBe(1);
    expect(trustGraph(up.resources).edges).toMatchObject([
      { source: { kind: "task-queue" }, target: { kind: "run-job" }, scope: CLOUD_PLATFORM, granted: true },
    ]);
  });

  test("is not let to mint once the grant is gone, unless the project's role allows it", async () => {
    const up = await given({ kind }).up(program);
    const { role, member, serviceAccountId } = up.resource("IAMMember", "caller-access-tasks").outputs;
    const email = String(serviceAccountId).split("/").at(-1) ?? "";
    stack.cloud.iam.revoke(serviceAccountName(PROJECT.id, email), {
      role: String(role),
      member: String(member),
    });
    const attempt = await task(up);
    const expected = kind === "default" ? "success 200" : "not minted: iam.serviceAccounts.getAccessToken";
    expect(attempt && outcomeOf(attempt)).toBe(expected);
  });
});

test("a queue's access token is for Google's APIs, and one token is enough", async () => {
  const account = "caller@my-project.iam.gserviceaccount.com";
  const oauthToken = { serviceAccountEmail: account, scope: CLOUD_PLATFORM };
  const make = (httpTarget: object) => () => {
    new cloudtasks.Queue("queue", { name: "queue", location: REGION, httpTarget });
  };
  given();
  const uriOverride = { host: "run.googleapis.com", scheme: "HTTPS" };
  const REFUSED: readonly [httpTarget: object, words: string][] = [
    [
      { oauthToken, uriOverride: { ...uriOverride, host: "hello.example" } },
      'is for Google\'s APIs (*.googleapis.com) only, and the host is "hello.example"',
    ],
    [{ oauthToken }, 'the host is "each task\'s own"'],
    [
      { oauthToken, uriOverride, oidcToken: { serviceAccountEmail: account, audience: "a" } },
      'conflicts with "httpTarget.oidcToken": a request carries one token',
    ],
    [{ oauthToken, uriOverride: { ...uriOverride, scheme: "HTTP" } }, "is for https only"],
    [
      { oauthToken, uriOverride: { ...uriOverride, uriOverrideEnforceMode: "IF_NOT_EXISTS" } },
      "each task's own address would go before the queue's",
    ],
    [
      { oauthToken: { serviceAccountEmail: account }, uriOverride },
      '"httpTarget.oauthToken.scope" is required',
    ],
    [{ oauthToken: { ...oauthToken, scope: "rubbish" }, uriOverride }, "it must be an OAuth scope"],
  ];
  for (const [httpTarget, words] of REFUSED) {
    await expect(stack.preview(make(httpTarget))).rejects.toThrow(words);
  }
  await expect(stack.preview(make({ oauthToken, uriOverride }))).resolves.toBeDefined();
});

test("without accessTokens a hardened project's Scheduler mints none, and a default one's does", async () => {
  const program = () => {
    const caller = new CallerIdentity("caller", { deployers: deployers() });
    const job = new CloudRunJob("cleanup", { image: "clean", region: REGION, deployers: deployers() });
    new SchedulerJob("nightly", { schedule: "0 3 * * *", target: job.authorize(caller) });
  };
  const hardened = await given({ kind: "hardened" }).up(program);
  expect(outcomeOf(await stack.fire(hardened, "nightly"))).toBe(
    "not minted: iam.serviceAccounts.getAccessToken",
  );
  stack.delivery.stop();
  const usual = await given().up(program);
  expect(outcomeOf(await stack.fire(usual, "nightly"))).toBe("success 200");
});

test("a job of another project, and one that was made elsewhere, are run by a grant on the job alone", async () => {
  const up = await given({ projects: [PROJECT, OTHER] }).up(() => {
    const caller = new CallerIdentity("caller");
    const far = new CloudRunJob("far", { image: "clean", region: "europe-west1", project: OTHER.id });
    new SchedulerJob("calls-far", { schedule: "0 3 * * *", target: far.authorize(caller) });
    const near = new CloudRunJob("near", { image: "clean", region: REGION });
    const target = new RunJobInvoker("near-by-hand", { job: near.jobName, region: REGION, caller });
    new SchedulerJob("calls-near", { schedule: "0 3 * * *", target });
  });
  expect(outcomeOf(await stack.fire(up, "calls-far"))).toBe("success 200");
  expect(outcomeOf(await stack.fire(up, "calls-near"))).toBe("success 200");
  expect([stack.runs("far"), stack.runs("near")]).toEqual([1, 1]);
});

test("an API that the sandbox does not have is refused by name, whoever calls", async () => {
  const up = await given().up(() => {
    const caller = new CallerIdentity("caller");
    const target = new GoogleApiTarget("start", {
      url: "https://workflowexecutions.googleapis.com/v1/projects/p/locations/l/workflows/w/executions",
      caller,
      grant: "roles/workflows.invoker",
    });
    new SchedulerJob("nightly", { schedule: "0 3 * * *", target });
  });
  const attempt = await stack.fire(up, "nightly");
  expect(attempt.response?.status).toBe(501);
  expect(attempt.reason).toContain(
    "Of workflowexecutions.googleapis.com the sandbox does not model POST /v1/",
  );
  const graph = trustGraph(up.resources);
  expect(graph.edges).toMatchObject([{ scope: CLOUD_PLATFORM, audience: undefined, granted: false }]);
  expect(attempts(graph)).toEqual([]);
  expect(mermaid(graph)).toContain("decides itself");
});

describe("the Cloud Run API", () => {
  const JOB = `projects/${PROJECT.id}/locations/${REGION}/jobs/cleanup`;
  const URL = `https://run.googleapis.com/v2/${JOB}:run`;
  let caller: string;

  beforeEach(async () => {
    const up = await given({ projects: [PROJECT, OTHER] }).up(() => {
      const identity = new CallerIdentity("caller");
      const job = new CloudRunJob("cleanup", { image: "clean", region: REGION, jobName: "cleanup" });
      job.authorize(identity);
    });
    caller = String(up.resource("Account", "caller").outputs.email);
  });

  const access = (scopes = [CLOUD_PLATFORM], lifetime?: number) =>
    stack.cloud.tokens.mintAccess({ member: `serviceAccount:${caller}`, scopes, lifetime }).token;

  async function call(
    token: string | undefined,
    change: { url?: string; method?: string; body?: string } = {},
  ) {
    const headers = token === undefined ? [] : ([["Authorization", `Bearer ${token}`]] as const);
    const request = { method: "POST", url: URL, body: "", ...change, headers };
    const { response, verdict } = await stack.ingress.handle(request);
    const isJson = response.headers["content-type"]?.startsWith("application/json") === true;
    const { error } = (isJson ? JSON.parse(response.body) : {}) as {
      error?: { code: number; status: string; message: string; details?: { reason: string }[] };
    };
    return { status: response.status, error, reason: error?.details?.[0]?.reason, verdict };
  }

  test("takes the access token of who may, and nothing else", async () => {
    expect(await call(access())).toMatchObject({ status: 200, error: undefined });
    const idToken = await stack.cloud.tokens.mint({ email: caller, audience: URL });
    const CASES: readonly [token: string | undefined, status: number, code: string, reason: string][] = [
      [undefined, 401, "UNAUTHENTICATED", "CREDENTIALS_MISSING"],
      [idToken, 401, "UNAUTHENTICATED", "ACCESS_TOKEN_TYPE_UNSUPPORTED"],
      ["ya29.made-up", 401, "UNAUTHENTICATED", "ACCESS_TOKEN_EXPIRED"],
      [access([CLOUD_PLATFORM], 0), 401, "UNAUTHENTICATED", "ACCESS_TOKEN_EXPIRED"],
      [access([READ_ONLY]), 403, "PERMISSION_DENIED", "ACCESS_TOKEN_SCOPE_INSUFFICIENT"],
    ];
    for (const [token, status, code, reason] of CASES) {
      const answer = await call(token);
      expect(answer).toMatchObject({ status, error: { code: status, status: code }, reason });
      expect(answer.verdict.outcome).toBe("refused");
    }
    expect(stack.runs("cleanup")).toBe(1);
  });

  test("an access token is good for an hour", async () => {
    const token = access();
    await stack.clock.advance(3_599_000);
    expect((await call(token)).status).toBe(200);
    await stack.clock.advance(1_000);
    expect((await call(token)).reason).toBe("ACCESS_TOKEN_EXPIRED");
  });

  test("says which permission a stranger lacks, and the same of a job that is not there", async () => {
    const email = "stranger@my-project.iam.gserviceaccount.com";
    stack.cloud.iam.addAccount({ email, uniqueId: "100000000000000000007", project: PROJECT.id });
    const token = stack.cloud.tokens.mintAccess({ member: `serviceAccount:${email}` }).token;
    for (const job of [JOB, JOB.replace("cleanup", "nothing")]) {
      const answer = await call(token, { url: `https://run.googleapis.com/v2/${job}:run` });
      expect(answer).toMatchObject({ status: 403, reason: "IAM_PERMISSION_DENIED" });
      expect(answer.error?.message).toBe(
        `Permission 'run.jobs.run' denied on resource '${job}' (or resource may not exist).`,
      );
    }
    const owner = stack.cloud.tokens.mintAccess({ member: "user:owner@example.com" }).token;
    const gone = { url: `https://run.googleapis.com/v2/${JOB.replace("cleanup", "nothing")}:run` };
    expect(await call(owner, gone)).toMatchObject({ status: 404, error: { status: "NOT_FOUND" } });
  });

  test("knows a token no more when its account is gone, disabled or another", async () => {
    const token = access();
    const account = stack.cloud.iam.account(caller);
    if (account === undefined) throw new Error("no caller");
    stack.cloud.iam.addAccount({ ...account, disabled: true });
    expect((await call(token)).reason).toBe("ACCOUNT_STATE_INVALID");
    stack.cloud.iam.removeAccount(caller);
    expect((await call(token)).reason).toBe("ACCOUNT_STATE_INVALID");
    stack.cloud.iam.addAccount({ ...account, uniqueId: "100000000000000000008" });
    expect((await call(token)).reason).toBe("ACCOUNT_STATE_INVALID");
  });

  test("is closed where it is not enabled", async () => {
    stack.cloud.apis.disable(PROJECT.id, "run.googleapis.com");
    expect(await call(access())).toMatchObject({ status: 403, reason: "SERVICE_DISABLED" });
  });

  test("runs with overrides that the job can have, and begins nothing with others", async () => {
    const owner = stack.cloud.tokens.mintAccess({ member: "user:owner@example.com" }).token;
    const say = async (overrides: unknown) => {
      const { status, error } = await call(owner, { body: JSON.stringify({ overrides }) });
      return [status, error?.message];
    };
    const RIGHT = [
      null,
      {},
      { taskCount: 3, timeout: "60.5s" },
      { containerOverrides: [{ args: ["a"], env: [{ name: "A", value: "1" }] }] },
      { containerOverrides: [{ clearArgs: true }], taskCount: null },
    ];
    for (const overrides of RIGHT)
      expect([overrides, ...(await say(overrides))]).toEqual([overrides, 200, undefined]);
    expect(stack.runs("cleanup")).toBe(RIGHT.length);
    const WRONG: readonly [overrides: unknown, words: string][] = [
      [5, "Invalid value at 'overrides': "],
      [{ bogus: 1 }, "Unknown name \"bogus\" at 'overrides': Cannot find field."],
      [{ taskCount: -7 }, "Invalid value at 'overrides.taskCount': "],
      [{ taskCount: 0.5 }, "Invalid value at 'overrides.taskCount': "],
      [{ timeout: "x" }, "Invalid value at 'overrides.timeout': "],
      [{ timeout: 60 }, "Invalid value at 'overrides.timeout': "],
      [{ timeout: "604801s" }, "Invalid value at 'overrides.timeout': "],
      [{ containerOverrides: {} }, "Invalid value at 'overrides.containerOverrides': "],
      [{ containerOverrides: [{ foo: 1 }] }, "Unknown name \"foo\" at 'overrides.containerOverrides[0]'"],
      [{ containerOverrides: [{ args: "a" }] }, "Invalid value at 'overrides.containerOverrides[0].args': "],
      [
        { containerOverrides: [{ env: [{ value: "1" }] }] },
        "Invalid value at 'overrides.containerOverrides[0].env[0].name': ",
      ],
      [{ containerOverrides: [{ name: "nosuch" }] }, 'the job has no container "nosuch"'],
    ];
    for (const [overrides, words] of WRONG) {
      expect(await say(overrides)).toEqual([400, expect.stringContaining(words)]);
    }
    expect(stack.runs("cleanup")).toBe(RIGHT.length);
  });

  test("says the same of a project that is not there as of one that is closed", async () => {
    const url = URL.replace(PROJECT.id, "no-such-project");
    expect(await call(access(), { url })).toMatchObject({
      status: 403,
      reason: "IAM_PERMISSION_DENIED",
      verdict: { reason: expect.stringContaining('no project "no-such-project"') as string },
    });
  });

  test("refuses what it does not understand, and refuses by name what the sandbox does not model", async () => {
    for (const body of ["no json", "[]", '{"override":{}}']) {
      expect(await call(access(), { body })).toMatchObject({
        status: 400,
        error: { status: "INVALID_ARGUMENT" },
      });
    }
    const NOT_MODELLED: readonly { url?: string; method?: string; body?: string; named?: string }[] = [
      { url: URL.replace("run.", "us-central1-run.") },
      { url: URL.replace("https:", "http:") },
      { url: URL.replace(":run", ":cancel") },
      { url: URL.replace("/v2/", "/v1/") },
      { method: "GET" },
      { body: '{"validateOnly":true}', named: "validateOnly" },
      { body: '{"validateOnly":"true"}', named: "validateOnly" },
      { body: '{"overrides":{"task_count":1}}', named: '"task_count" spelled like that' },
      { body: '{"etag":"x"}', named: "etag" },
      { url: `${URL}?validateOnly=true&foo=bar`, named: "?validateOnly, ?foo" },
    ];
    for (const { named = "", ...change } of NOT_MODELLED) {
      const { status, verdict } = await call(access(), change);
      expect([change, status]).toEqual([change, 501]);
      expect(verdict.reason).toContain("does not model");
      expect(verdict.reason).toContain(named);
    }
    expect((await call(access(), { body: '{"validateOnly":false,"etag":null}' })).status).toBe(200);
    expect(stack.runs("cleanup")).toBe(1);
  });

  test("a role on the project lets in, and Run's other roles do not", async () => {
    const member = `serviceAccount:${caller}`;
    const { iam } = stack.cloud;
    iam.revoke(runJobName(PROJECT.id, REGION, "cleanup"), { role: "roles/run.jobsExecutor", member });
    const tried = [];
    for (const role of ["roles/run.servicesInvoker", "roles/run.invoker", "roles/editor"]) {
      iam.grant(projectName(PROJECT.id), { role, member });
      tried.push([role, (await call(access())).status]);
      iam.revoke(projectName(PROJECT.id), { role, member });
    }
    expect(tried).toEqual([
      ["roles/run.servicesInvoker", 403],
      ["roles/run.invoker", 200],
      ["roles/editor", 200],
    ]);
  });
});

test("Pub/Sub's agent is never let to mint access tokens", async () => {
  const up = await given({ kind: "hardened" }).up(() => {
    new CallerIdentity("caller", { accessTokens: true });
  });
  const agent = `serviceAccount:${agentEmail("pubsub", PROJECT.number)}`;
  const email = String(up.resource("Account", "caller").outputs.email);
  const q = { member: agent, resource: serviceAccountName(PROJECT.id, email) };
  const may = (permission: string) => stack.cloud.iam.decide({ ...q, permission }).allowed;
  expect(up.lines().filter((line) => line.includes("access-pubsub"))).toEqual([]);
  expect(may("iam.serviceAccounts.getAccessToken")).toBe(false);
});

test("the graph and the doctor know the edge: who gets in, and what each intruder is answered", async () => {
  const up = await given().up(() => {
    cleanup();
  });
  const graph = trustGraph(up.resources);
  expect(graph.edges.find(({ source }) => source.name === "nightly")).toMatchObject({
    target: { kind: "run-job", name: "cleanup" },
    audience: undefined,
    scope: CLOUD_PLATFORM,
    granted: true,
    grant: { role: "roles/run.jobsExecutor" },
  });
  expect(mermaid(graph)).toContain('"cleanup<br/>Run job"');
  const { tokens, iam } = stack.cloud;
  const world: World = {
    stranger: () => {
      const email = "stranger@my-project.iam.gserviceaccount.com";
      if (iam.account(email) === undefined) {
        iam.addAccount({ email, uniqueId: "100000000000000000007", project: PROJECT.id });
      }
      return Promise.resolve(email);
    },
    token: ({ email, audience, scope, flaw }) =>
      scope === undefined
        ? tokens.mint({ email, audience })
        : Promise.resolve(
            tokens.mintAccess({
              member: `serviceAccount:${email}`,
              scopes: [scope],
              lifetime: flaw === undefined ? undefined : 0,
            }).token,
          ),
    call: async ({ method = "GET", url, token }) => {
      const headers = token === undefined ? [] : ([["Authorization", `Bearer ${token}`]] as const);
      const { response, verdict } = await stack.ingress.handle({ method, url, headers, body: "" });
      return { status: response.status, body: response.body, letIn: verdict.outcome === "let in" };
    },
    without: async (grants, work) => {
      const bindings = grants.map(({ role, member, place }) => ({
        on: runJobName(PROJECT.id, REGION, place?.name ?? ""),
        binding: { role, member },
      }));
      for (const { on, binding } of bindings) iam.revoke(on, binding);
      try {
        return await work();
      } finally {
        for (const { on, binding } of bindings) iam.grant(on, binding);
      }
    },
  };
  const findings = await examine(attempts(graph), world);
  expect(findings.map(({ attempt, answer }) => [attempt.who, answer?.status])).toEqual([
    ["no token", 401],
    ["stranger", 403],
    ["id_token", 401],
    ["wrong scope", 403],
    ["expired token", 401],
    ["grant removed", 403],
    ["caller", 200],
  ]);
  expect(findings.filter(({ asExpected }) => !asExpected)).toEqual([]);
});
