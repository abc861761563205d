import { readFileSync } from "node:fs";
import { WITHOUT_FRONTS } from "../bench/devStack";
import * as components from "../components";
import {
  CallerIdentity,
  CloudFunction,
  CloudRunService,
  PushSubscription,
  SchedulerJob,
} from "../components";
import type { CallerIdentityArgs } from "../components";
import type { ProjectKind } from "../sandbox/cloud/projects";
import { Provider } from "../sandbox/cloud/resources/provider";
import { isProps } from "../sandbox/cloud/resources/values";
import type { DeployedResource } from "../sandbox/doors/in-process/engine";
import { trustGraph } from "../trust/graph";
import { APPLICATION, BROUGHT, everything, prepare } from "./support/everything";
import { label } from "./support/graph";
import { Live } from "./support/live";
import type { Application, Told } from "./support/live";
import { Probes } from "./support/probes";
import { stackConfig, stackProgram, STACKS } from "./support/program";
import type { StackName } from "./support/program";
import { DEPLOYER, PROJECT, TestStack } from "./support/stack";
import type { Deployed, TestStackOptions } from "./support/stack";

const KINDS: readonly ProjectKind[] = ["default", "hardened"];
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/**
 * index.ts deployed, with its own application behind the address in its settings, told what the stack exports for it.
 * Without gateways, mesh and Envoy: these are tried with their documents in tests/matrix.test.ts.
 */
async function deployStack(name: StackName, kind: ProjectKind, options: TestStackOptions = {}) {
  const config = { ...stackConfig(name), ...WITHOUT_FRONTS };
  const id = config["gcp:project"] ?? "";
  const stack = new TestStack({
    projects: [{ id, number: PROJECT.number, kind }],
    pulumiProject: "automatic-oidc",
    stack: name,
    config,
    ...options,
  });
  if (kind === "hardened") stack.config["automatic-oidc:deployers"] = `["${stack.cloud.deployer(id)}"]`;
  const deployed = await stack.up(stackProgram());
  return { stack, deployed, live: new Live(stack, deployed.resources, [applicationOf(deployed, config)]) };
}

function applicationOf({ outputs }: Deployed, config: Readonly<Record<string, string>>): Application {
  const { audience, allowedCallers } = outputs.verifier as Told;
  return { host: new URL(config["automatic-oidc:applicationUrl"] ?? "").host, audience, allowedCallers };
}

/** The same outcome for every source. */
function all(sources: Readonly<Record<string, unknown>>, outcome: unknown): Record<string, unknown> {
  return Object.fromEntries(Object.keys(sources).map((source) => [source, outcome]));
}

describe.each(STACKS)("the edges of index.ts as stack %s", (name) => {
  test.each(KINDS)("all get in, in a %s project", async (kind) => {
    const { deployed, live } = await deployStack(name, kind);
    const outcomes = await live.fireOnce();
    const edges = trustGraph(deployed.resources).edges;
    expect(Object.keys(outcomes).sort()).toEqual(edges.map(({ source }) => source.name).sort());
    expect(outcomes).toEqual(all(outcomes, `200 ${String(deployed.outputs.caller)}`));
    expect(edges).toHaveLength({ dev: 7, prod: 8 }[name]);
    // That Scheduler's agent can do without its role on the project is not documented, so it must be said.
    const assumed = live.delivery.attempts.filter(({ reason }) => reason.includes("Assumed in minting"));
    expect(assumed).toHaveLength(kind === "default" ? 0 : { dev: 5, prod: 6 }[name]);
  });
});

describe("while changes of IAM spread", () => {
  const CASES = KINDS.flatMap((kind) => [2, 7, 10].map((minutes) => [kind, minutes] as const));

  test.each(CASES)(
    "in a %s project and for %d minutes, calls are late and none is lost",
    async (kind, minutes) => {
      const { deployed, live, stack } = await deployStack("dev", kind, { iamDelay: minutes * MINUTE });
      await live.fire();
      const first = live.outcomes("first");
      const caller = `200 ${String(deployed.outputs.caller)}`;
      // In a project as Google makes it agents may mint from the start, and the application has no policy that spreads.
      const refused =
        kind === "default" ? { ...all(first, "403"), apptest: caller } : all(first, "not minted");
      expect(first).toEqual(refused);

      await stack.clock.advance(HOUR);
      expect(live.outcomes("last")).toEqual(all(first, caller));
      for (const source of ["psub", "psubgcf"]) {
        const { id = "" } = deployed.resource("Subscription", source);
        expect([live.delivery.backlog(id), live.delivery.deadLettered(id)]).toEqual([0, []]);
      }
      const late = live.attemptsOf("oidctest").at(-1);
      expect((late?.at ?? 0) - (live.delivery.attempts[0]?.at ?? 0)).toBeGreaterThanOrEqual(minutes * MINUTE);
      live.delivery.stop();
    },
  );

  test("when the grant never comes, sources give up after as many attempts as they promise", async () => {
    const { deployed, live, stack } = await deployStack("dev", "default");
    const { type, id = "", outputs } = deployed.resource("ServiceIamMember", "hello-schedulerunner-invoker");
    await new Provider(stack.cloud, {}).delete(type, { id, outputs });
    await live.fire();
    await stack.clock.advance(2 * HOUR);
    const statuses = (source: string) => live.attemptsOf(source).map(({ response }) => response?.status);
    expect(statuses("oidctest")).toEqual(Array(6).fill(403));
    expect(statuses("psub")).toEqual(Array(10).fill(403));
    expect(live.delivery.deadLettered(deployed.resource("Subscription", "psub").id ?? "")).toHaveLength(1);
    expect([statuses("gcftest"), statuses("psubgcf")]).toEqual([[200], [200]]);
    live.delivery.stop();
  });

  test("a grant that the program takes away lets in for as long, and no longer", async () => {
    const stack = new TestStack({ iamDelay: 7 * MINUTE });
    const program = (granted: boolean) => () => {
      const caller = new CallerIdentity("caller");
      const hello = new CloudRunService("hello", {
        image: "i",
        region: "us-central1",
        deletionProtection: false,
      });
      if (granted) hello.authorize(caller);
      return { caller: caller.email, uri: hello.uri };
    };
    const { outputs } = await stack.up(program(true));
    const [caller, uri] = [String(outputs.caller), String(outputs.uri)];
    await stack.clock.advance(HOUR);
    const removed = await stack.up(program(false));
    expect(removed.changes()).toEqual([
      "delete RunInvoker hello-caller",
      "delete ServiceIamMember hello-caller-invoker",
    ]);

    const live = new Live(stack, removed.resources);
    expect(await live.call(uri, caller, uri)).toBe(`200 ${caller}`);
    await stack.clock.advance(7 * MINUTE - 1);
    expect(await live.call(uri, caller, uri)).toBe(`200 ${caller}`);
    await stack.clock.advance(1);
    expect(await live.call(uri, caller, uri)).toBe("403");
  });
});

/** What fails when one grant is gone, and nothing else does: in a hardened project, with every kind of everything. */
const NEEDED_FOR: Readonly<Record<string, readonly string[]>> = {
  // Who is let in.
  "ServiceIamMember hello-own-invoker": [
    "own-calls-hello: 403",
    "own-pushes-hello: 403",
    "own-queues-hello: 403",
  ],
  "ServiceIamMember second-own-invoker": ["own-calls-second: 403"],
  "ServiceIamMember second-minted-invoker": ["minted-pushes-second: 403"],
  "ServiceIamMember narrow-minted-services-invoker": ["minted-calls-narrow: 403"],
  "ServiceIamMember reports-invoker": ["brought-calls-reports: 403"],
  "FunctionIamMember first-own-invoker": ["own-calls-first: 403"],
  "FunctionIamMember first-brought-invoker": ["brought-pushes-first: 403", "brought-queues-first: 403"],
  "ServiceIamMember hello-invoker-onCall": ["on-call calls hello: 403"],
  "ServiceIamMember second-invoker-onCall": ["on-call calls second: 403"],
  "FunctionIamMember first-invoker-onCall": ["on-call calls first: 403"],
  "WebCloudRunServiceIamMember dashboard-accessor": ["minted-calls-dashboard: 403"],
  "ServiceIamMember iap-calls-dashboard": ["minted-calls-dashboard: 403"],
  // Who runs jobs.
  "JobIamMember cleanup-own-executor": ["own-queues-cleanup: 403", "own-runs-cleanup: 403"],
  "JobIamMember cleanup-brought-executor-with-overrides": ["brought-overrides-cleanup: 403"],
  "JobIamMember sweep-executor": ["brought-queues-sweep: 403"],
  "JobIamMember own-runs-sweep": ["own-asks-for-sweep: 403"],
  // As whom gateways call on, and what the proxy reads before it starts.
  "ServiceIamMember endpoints-backend-invoker": ["own-calls-endpoints: 403"],
  "ServiceIamMember gateway-backend-invoker": ["brought-pushes-gateway: 403", "own-queues-gateway: 403"],
  "ServiceIamMember endpoints-controller": ["own-calls-endpoints: 500"],
  // Whose tokens are minted.
  "IAMMember own-mint-scheduler": [
    "own-calls-application: not minted",
    "own-calls-endpoints: not minted",
    "own-calls-first: not minted",
    "own-calls-hello: not minted",
    "own-calls-second: not minted",
  ],
  "IAMMember own-mint-pubsub": ["own-pushes-hello: not minted"],
  "IAMMember own-mint-tasks": ["own-queues-gateway: not minted", "own-queues-hello: not minted"],
  "IAMMember own-access-scheduler": ["own-asks-for-sweep: not minted", "own-runs-cleanup: not minted"],
  "IAMMember own-access-tasks": ["own-queues-cleanup: not minted"],
  "IAMMember minted-mint-scheduler": [
    "minted-calls-dashboard: not minted",
    "minted-calls-narrow: not minted",
  ],
  "IAMMember minted-mint-pubsub": ["minted-pushes-second: not minted"],
  "IAMMember brought-mint-scheduler": ["brought-calls-reports: not minted"],
  "IAMMember brought-mint-pubsub": ["brought-pushes-first: not minted", "brought-pushes-gateway: not minted"],
  "IAMMember brought-mint-tasks": ["brought-queues-first: not minted"],
  "IAMMember brought-access-scheduler": ["brought-overrides-cleanup: not minted"],
  "IAMMember brought-access-tasks": ["brought-queues-sweep: not minted"],
  // Who enqueues.
  "QueueIamMember own-queues-hello-enqueuer-shop": [
    "tasks plain, from the shop: 403 PERMISSION_DENIED",
    "tasks that name own, from the shop: 403 PERMISSION_DENIED",
  ],
  "IAMMember own-queues-hello-actas-shop": ["tasks that name own, from the shop: 403 PERMISSION_DENIED"],
  // Where undelivered messages go.
  "TopicIAMMember own-pushes-hello-dead-letters-publisher": ["own-pushes-hello puts nothing aside"],
  "SubscriptionIAMMember own-pushes-hello-dead-letters-subscriber": ["own-pushes-hello puts nothing aside"],
  // What is built, and what it reads.
  "IAMMember second-build": ["deploying Function second: 400 FAILED_PRECONDITION"],
  "IAMMember first-build": ["deploying Function first: 400 FAILED_PRECONDITION"],
  "SecretIamMember hello-secret-KEY": ["deploying Service hello: 403 PERMISSION_DENIED"],
  "SecretIamMember second-secret-KEY": ["deploying Function second: 403 PERMISSION_DENIED"],
  "SecretIamMember first-secret-KEY": ["deploying Function first: 403 PERMISSION_DENIED"],
  "SecretIamMember cleanup-secret-KEY": ["deploying Job cleanup: 403 PERMISSION_DENIED"],
  "IAMMember hello-cloudsql": ["hello connects to Cloud SQL: not allowed"],
  "IAMMember cleanup-cloudsql": ["cleanup connects to Cloud SQL: not allowed"],
  // Who attaches accounts.
  "IAMMember hello-runtime-deployer-pipeline": ["deploying Service hello: 403 PERMISSION_DENIED"],
  "IAMMember narrow-runtime-deployer-pipeline": ["deploying Service narrow: 403 PERMISSION_DENIED"],
  "IAMMember orders-runtime-deployer-pipeline": ["deploying Service orders: 403 PERMISSION_DENIED"],
  "IAMMember endpoints-proxy-deployer-pipeline": ["deploying Service endpoints: 403 PERMISSION_DENIED"],
  "IAMMember gateway-proxy-deployer-pipeline": ["deploying ApiConfig gateway-config: 403 PERMISSION_DENIED"],
  "IAMMember cleanup-runtime-deployer-pipeline": ["deploying Job cleanup: 403 PERMISSION_DENIED"],
  "IAMMember second-runtime-deployer-pipeline": ["deploying Function second: 403 PERMISSION_DENIED"],
  "IAMMember second-build-deployer-pipeline": ["deploying Function second: 403 PERMISSION_DENIED"],
  "IAMMember first-runtime-deployer-pipeline": ["deploying Function first: 403 PERMISSION_DENIED"],
  "IAMMember first-build-deployer-pipeline": ["deploying Function first: 403 PERMISSION_DENIED"],
  "IAMMember own-deployer-pipeline": [
    "deploying Job own-asks-for-sweep: 403 PERMISSION_DENIED",
    "deploying Job own-calls-application: 403 PERMISSION_DENIED",
    "deploying Job own-calls-endpoints: 403 PERMISSION_DENIED",
    "deploying Job own-calls-first: 403 PERMISSION_DENIED",
    "deploying Job own-calls-hello: 403 PERMISSION_DENIED",
    "deploying Job own-calls-second: 403 PERMISSION_DENIED",
    "deploying Job own-runs-cleanup: 403 PERMISSION_DENIED",
    "deploying Queue own-queues-cleanup: 403 PERMISSION_DENIED",
    "deploying Queue own-queues-gateway: 403 PERMISSION_DENIED",
    "deploying Queue own-queues-hello: 403 PERMISSION_DENIED",
    "deploying Subscription own-pushes-hello: 403 PERMISSION_DENIED",
  ],
  "IAMMember minted-deployer-pipeline": [
    "deploying Job minted-calls-dashboard: 403 PERMISSION_DENIED",
    "deploying Job minted-calls-narrow: 403 PERMISSION_DENIED",
    "deploying Subscription minted-pushes-second: 403 PERMISSION_DENIED",
  ],
  "IAMMember brought-deployer-pipeline": [
    "deploying Job brought-calls-reports: 403 PERMISSION_DENIED",
    "deploying Job brought-overrides-cleanup: 403 PERMISSION_DENIED",
    "deploying Queue brought-queues-first: 403 PERMISSION_DENIED",
    "deploying Queue brought-queues-sweep: 403 PERMISSION_DENIED",
    "deploying Subscription brought-pushes-first: 403 PERMISSION_DENIED",
    "deploying Subscription brought-pushes-gateway: 403 PERMISSION_DENIED",
  ],
};

/** Grants that nothing needs here, and what the code says of why they stand. */
const STANDS_ANYWAY: Readonly<Record<string, { readonly file: string; readonly reason: string }>> =
  Object.fromEntries(
    ["own", "brought"].map((caller) => [
      `IAMMember ${caller}-actas-tasks`,
      {
        file: "components/identity/mintingGrants.ts",
        reason:
          "It stands although nothing here fails without it: reports differ on whether Google asks for it.",
      },
    ]),
  );

describe("every grant is needed", () => {
  const stack = new TestStack({ kind: "hardened" });
  let deployed: Deployed;
  let probes: Probes;

  beforeAll(async () => {
    prepare(stack.cloud);
    deployed = await stack.up(everything);
    const own = String(deployed.resource("Account", "own").outputs.email);
    const application = { host: new URL(APPLICATION).host, audience: APPLICATION, allowedCallers: [own] };
    probes = new Probes(stack, deployed, application);
  });

  test("and nothing else is: with all of them everything works", async () => {
    expect(await probes.failures()).toEqual([]);
  });

  test("and every one is tried below", () => {
    const grants = deployed.resources.filter(isGrant).map(label);
    expect(Object.keys({ ...NEEDED_FOR, ...STANDS_ANYWAY }).sort()).toEqual(grants.sort());
  });

  test("and no component that makes grants is left out", () => {
    const makeNone = ["EnvoyFront", "IstioWorkload", "ProjectApis"];
    const all = Object.entries(components).filter(([, made]) => typeof made === "function");
    const used = deployed.resources.map(({ type }) => /^automatic-oidc:index:(.*)$/.exec(type)?.[1]);
    expect([...new Set(used)].filter((name) => name !== undefined).sort()).toEqual(
      all
        .map(([name]) => name)
        .filter((name) => !makeNone.includes(name))
        .sort(),
    );
  });

  test.each(Object.entries(NEEDED_FOR))("without %s exactly these fail: %j", async (grant, failures) => {
    expect(await without(find(grant))).toEqual(failures);
  });

  test.each(Object.entries(STANDS_ANYWAY))(
    "without %s nothing fails, and the code says why it stands",
    async (grant, { file, reason }) => {
      expect(await without(find(grant))).toEqual([]);
      expect(readFileSync(file, "utf8").replace(/\s+\*\s+/g, " ")).toContain(reason);
    },
  );

  test.each([
    [
      "minted-minter",
      [
        "minted-calls-dashboard: not minted",
        "minted-calls-narrow: not minted",
        "minted-pushes-second: not minted",
      ],
    ],
    [
      "own-access-minter",
      ["own-asks-for-sweep: not minted", "own-queues-cleanup: not minted", "own-runs-cleanup: not minted"],
    ],
  ])("the custom role %s is what its grants give", async (role, failures) => {
    expect(await without(deployed.resource("IAMCustomRole", role))).toEqual(failures);
  });

  test("every edge needs its audience, and no other edge does", async () => {
    for (const source of sourcesWith("oidcToken")) {
      const { audience } = tokenOf(source.inputs, "oidcToken") ?? {};
      expect(await withToken(source, { audience: `${String(audience)}/else` })).toEqual([
        `${source.name}: ${/-(endpoints|gateway)$/.test(source.name) ? 403 : 401}`,
      ]);
    }
    expect(await probes.failures()).toEqual([]);
  });

  test("every edge to one of Google's APIs needs its scope, and no other edge does", async () => {
    const scope = "https://www.googleapis.com/auth/devstorage.read_only";
    for (const source of sourcesWith("oauthToken")) {
      expect(await withToken(source, { scope })).toEqual([`${source.name}: 403`]);
    }
    expect(await probes.failures()).toEqual([]);
  });

  test("whoever calls with a custom audience needs the target to know it", async () => {
    const { type, id = "" } = deployed.resource("cloudrunv2/service:Service", "narrow");
    // The deployments that come after the calls put it back.
    Object.assign(stack.cloud.store.get(type, id)?.state ?? {}, { customAudiences: [] });
    expect(await probes.failures()).toEqual(["minted-calls-narrow: 401"]);
    expect(await probes.failures()).toEqual([]);
  });

  test("whoever calls through a gateway needs the service behind it to know them", async () => {
    const { type, id = "", inputs } = deployed.resource("cloudrunv2/service:Service", "orders");
    const own = String(deployed.resource("Account", "own").outputs.email);
    const callers = `${own},${BROUGHT}`;
    const template = JSON.stringify(inputs.template);
    expect(template).toContain(`"${callers}"`);
    // The deployments that come after the calls put it back.
    Object.assign(stack.cloud.store.get(type, id)?.state ?? {}, {
      template: JSON.parse(template.replace(callers, BROUGHT)) as unknown,
    });
    expect(await probes.failures()).toEqual(["own-calls-endpoints: 403", "own-queues-gateway: 403"]);
    expect(await probes.failures()).toEqual([]);
  });

  function find(grant: string): DeployedResource {
    const found = deployed.resources.find((resource) => isGrant(resource) && label(resource) === grant);
    if (found === undefined) throw new Error(`There is no ${grant}`);
    return found;
  }

  function sourcesWith(kind: TokenKind): DeployedResource[] {
    const found = deployed.resources.filter(({ inputs }) => tokenOf(inputs, kind) !== undefined);
    expect(found.length).toBe({ oidcToken: 15, oauthToken: 5 }[kind]);
    return found;
  }

  /** Behind Pulumi's back, and put right afterwards. */
  async function withToken({ type, id = "" }: DeployedResource, change: object): Promise<string[]> {
    const { state = {} } = stack.cloud.store.get(type, id) ?? {};
    const token = tokenOf(state, "oidcToken") ?? tokenOf(state, "oauthToken") ?? {};
    const right = { ...token };
    try {
      Object.assign(token, change);
      return await probes.failures();
    } finally {
      // The probes have deployed the source by itself, with inputs that are the same objects.
      Object.assign(token, right);
    }
  }

  /** Behind Pulumi's back, and given back afterwards. */
  async function without({ type, id = "", inputs, outputs }: DeployedResource): Promise<string[]> {
    await probes.provider.delete(type, { id, outputs });
    try {
      return await probes.failures();
    } finally {
      await probes.provider.create(type, { inputs, preview: false });
    }
  }
});

describe("what deployments need, they need again", () => {
  const deployers = { pipeline: DEPLOYER };
  const program = (region: string) => () => {
    new CloudRunService("hello", { image: "i", region, deletionProtection: false, deployers });
    new CloudFunction("authfn", { source: "apps/authfn", entryPoint: "helloHttp", region, deployers });
  };

  test.each([
    [
      "hello-runtime-deployer-pipeline",
      /"hello".*'iam\.serviceAccounts\.actAs' denied on service account hello-runtime-/,
    ],
    [
      "authfn-runtime-deployer-pipeline",
      /"authfn".*'iam\.serviceAccounts\.actAs' denied on service account authfn-runtime-/,
    ],
    [
      "authfn-build-deployer-pipeline",
      /"authfn".*'iam\.serviceAccounts\.actAs' denied on service account authfn-build-/,
    ],
    ["authfn-build", /"authfn".*Build failed.*authfn-build-\S+ does not have storage\.objects\.get/],
  ])("without %s the deployment stops", async (grant, message) => {
    const stack = new TestStack({ kind: "hardened" });
    const before = await stack.up(program("us-central1"));
    const { type, id = "", inputs, outputs } = before.resource("IAMMember", grant);
    const provider = new Provider(stack.cloud, {});
    await provider.delete(type, { id, outputs });
    await expect(stack.up(program("europe-west1"))).rejects.toThrow(message);
    await provider.create(type, { inputs, preview: false });
    await stack.up(program("europe-west1"));
  });
});

describe("the agents' usual roles", () => {
  const program = (args: CallerIdentityArgs) => () => {
    const caller = new CallerIdentity("caller", { ...args, deployers: { pipeline: DEPLOYER } });
    const hello = new CloudRunService("hello", {
      image: "i",
      region: "us-central1",
      deployers: { pipeline: DEPLOYER },
    });
    const target = hello.authorize(caller);
    new SchedulerJob("job", { schedule: "0 3 * * *", region: "us-central1", target });
    new PushSubscription("push", { target });
  };

  /** Whether the caller's sources got in; its deployer is an account in both kinds of project. */
  async function fired(kind: ProjectKind, args: CallerIdentityArgs) {
    const stack = new TestStack({ kind });
    if (kind === "default") {
      const email = DEPLOYER.replace("serviceAccount:", "");
      stack.cloud.iam.addAccount({ email, uniqueId: "100000000000000000009", project: PROJECT.id });
    }
    const deployed = await stack.up(program(args));
    const first = async () => {
      const outcomes = await new Live(stack, deployed.resources).fireOnce();
      return [outcomes.job?.slice(0, 3), outcomes.push?.slice(0, 3)];
    };
    return { stack, deployed, first };
  }

  test("do in a default project what the minting grants do in a hardened one", async () => {
    const inDefault = await fired("default", { mintingGrants: false });
    expect(await inDefault.first()).toEqual(["200", "200"]);
    const inHardened = await fired("hardened", { mintingGrants: false });
    expect(await inHardened.first()).toEqual(["not", "not"]);
  });

  test("where Pub/Sub's agent is not there yet, it has to be made", async () => {
    const stack = new TestStack({ kind: "hardened" });
    await expect(stack.up(program({}))).rejects.toThrow(
      /"caller-mint-pubsub".*service-123456789012@gcp-sa-pubsub\.iam\.gserviceaccount\.com does not exist/,
    );
  });

  test("Pub/Sub's, where it is made here, is its usual role beside the grant: one of the two is enough", async () => {
    const { deployed, first, stack } = await fired("hardened", { createPubSubAgent: true });
    const grants = ["caller-mint-pubsub", "caller-pubsub-agent"].map((n) =>
      deployed.resource("IAMMember", n),
    );
    const provider = new Provider(stack.cloud, {});
    const remove = ({ type, id = "", outputs }: DeployedResource) => provider.delete(type, { id, outputs });
    for (const grant of grants) {
      await remove(grant);
      expect(await first()).toEqual(["200", "200"]);
      await provider.create(grant.type, { inputs: grant.inputs, preview: false });
    }
    for (const grant of grants) await remove(grant);
    expect(await first()).toEqual(["200", "not"]);
    // Neither is one too many: the grant is the caller's own, and the role is Google's own, which all others rely on.
    expect(readFileSync("components/identity/CallerIdentity.ts", "utf8").replace(/\s+\*\s+/g, " ")).toContain(
      "Google's own to its own agent, and never taken away again, since every subscription in the project relies on it",
    );
    const { retainOnDelete } = deployed.resource("IAMMember", "caller-pubsub-agent");
    expect(retainOnDelete).toBe(true);
  });
});

function isGrant({ type }: { type: string }): boolean {
  return /I[aA][mM]Member$/.test(type);
}

type TokenKind = "oidcToken" | "oauthToken";

function tokenOf(properties: Record<string, unknown>, kind: TokenKind): Record<string, unknown> | undefined {
  const block = [properties.httpTarget, properties.pushConfig].find(isProps);
  const token = block?.[kind];
  return isProps(token) ? token : undefined;
}
