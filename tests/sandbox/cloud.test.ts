import fc from "fast-check";
import { OAuth2Client } from "google-auth-library";
import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify, SignJWT } from "jose";
import { VirtualClock } from "../../sandbox/cloud/clock";
import { RealClock } from "../../sandbox/cloud/real-clock";
import { Cloud, type CloudOptions } from "../../sandbox/cloud/cloud";
import { CloudError, type StatusCode } from "../../sandbox/cloud/errors";
import { Iam } from "../../sandbox/cloud/iam/iam";
import { PERMISSIONS, ROLES } from "../../sandbox/cloud/iam/roles";
import { roleFor } from "../../sandbox/cloud/iam/suggestions";
import * as names from "../../sandbox/cloud/names";
import { Store, type Change } from "../../sandbox/cloud/store";
import { createSigningKey } from "../../sandbox/cloud/tokens/signing-key";
import { verifyIdToken } from "../../sandbox/cloud/tokens/verify";
import { attacks } from "./attacks";

const PROJECT = "demo-project";
const NUMBER = "123456789012";
const MINUTE = 60_000;
const HELLO = names.runServiceName(PROJECT, "europe-west1", "hello");
const CALLER = "schedulerunner@demo-project.iam.gserviceaccount.com";
const CALLER_ID = "112233445566778899001";
const AUDIENCE = "https://hello-123456789012.europe-west1.run.app";
const INVOKER = { role: "roles/run.invoker", member: `serviceAccount:${CALLER}` };
const MINTING = "iam.serviceAccounts.getOpenIdToken";

function cloudWith(options: Partial<CloudOptions> = {}): { cloud: Cloud; clock: VirtualClock } {
  const clock = new VirtualClock();
  const cloud = new Cloud({ projects: [{ id: PROJECT, number: NUMBER }], clock, ...options });
  cloud.iam.addAccount({ email: CALLER, uniqueId: CALLER_ID, project: PROJECT });
  return { cloud, clock };
}

function hardened(options: Partial<CloudOptions> = {}): { cloud: Cloud; clock: VirtualClock } {
  return cloudWith({ projects: [{ id: PROJECT, number: NUMBER, kind: "hardened" }], ...options });
}

function refusal(act: () => unknown): CloudError {
  try {
    act();
  } catch (error) {
    if (error instanceof CloudError) return error;
    throw error;
  }
  throw new Error("Nothing was refused.");
}

function invoke(cloud: Cloud, member = INVOKER.member): ReturnType<Iam["decide"]> {
  return cloud.iam.decide({ member, permission: "run.routes.invoke", resource: HELLO });
}

function mayMint(cloud: Cloud, agent: names.AgentKind): ReturnType<Iam["decide"]> {
  return cloud.iam.decide({
    member: `serviceAccount:${names.agentEmail(agent, NUMBER)}`,
    permission: MINTING,
    resource: names.serviceAccountName(PROJECT, CALLER),
  });
}

describe("VirtualClock", () => {
  it("fires in order of time, and of arming where the time is the same", async () => {
    const clock = new VirtualClock(1000);
    const fired: string[] = [];
    const note = (what: string) => (): void => void fired.push(`${what}@${String(clock.now())}`);
    clock.at(1030, note("c"));
    clock.at(1010, note("a"));
    clock.at(1030, note("d"));
    clock.at(1020, note("b"));
    clock.at(2000, note("never"));
    clock.at(500, note("late"));
    expect(clock.pending).toBe(6);
    await clock.advance(30);
    expect(fired).toEqual(["late@1000", "a@1010", "b@1020", "c@1030", "d@1030"]);
    expect(clock.now()).toBe(1030);
    expect(clock.pending).toBe(1);
  });

  it("fires timers that are armed while it moves, and none that was cancelled", async () => {
    const clock = new VirtualClock(0);
    const fired: number[] = [];
    const every = (ms: number): void => {
      clock.at(clock.now() + ms, () => {
        fired.push(clock.now());
        if (clock.now() === 20) cancelled.cancel();
        every(ms);
      });
    };
    const cancelled = clock.at(35, () => void fired.push(-1));
    every(10);
    await clock.advance(45);
    expect(fired).toEqual([10, 20, 30, 40]);
  });

  it("runs a chain of sleeping and of real work through, each step at its time", async () => {
    const clock = new VirtualClock(0);
    const steps: [string, number][] = [];
    const chain = async (): Promise<void> => {
      await clock.sleep(10);
      steps.push(["slept", clock.now()]);
      await clock.real(new Promise((done) => setTimeout(done, 20)));
      steps.push(["asked", clock.now()]);
      await expect(clock.real(Promise.reject(new Error("no answer")))).rejects.toThrow("no answer");
      for (let tick = 0; tick < 1000; tick++) await Promise.resolve();
      await clock.sleep(10);
      steps.push(["slept", clock.now()]);
    };
    const running = chain();
    await clock.advance(1000);
    expect(steps).toEqual([
      ["slept", 10],
      ["asked", 10],
      ["slept", 20],
    ]);
    await running;
    expect(clock.now()).toBe(1000);
  });

  it("rejects the move with what a timer throws, at once or later, and stays usable", async () => {
    const clock = new VirtualClock(0);
    clock.at(10, () => {
      throw new Error("at once");
    });
    clock.at(20, async () => {
      await clock.sleep(5);
      throw new Error("later");
    });
    await expect(clock.advance(100)).rejects.toThrow("at once");
    expect(clock.now()).toBe(10);
    await expect(clock.advance(100)).rejects.toThrow("later");
    expect(clock.now()).toBe(25);
    await clock.advance(100);
    expect(clock.now()).toBe(125);
  });

  it("refuses to go back, to be moved twice at once, and to spin at one moment", async () => {
    const clock = new VirtualClock(100);
    await expect(clock.advanceTo(99)).rejects.toThrow("cannot go back to 99");
    await expect(clock.advance(Number.NaN)).rejects.toThrow("cannot go back");
    expect(() => clock.at(Number.NaN, () => undefined)).toThrow("not NaN");
    const first = clock.advance(10);
    await expect(clock.advance(10)).rejects.toThrow("moving already");
    await first;
    expect(clock.now()).toBe(110);
    const again = (): void => void clock.at(clock.now(), again);
    again();
    await expect(clock.advance(1)).rejects.toThrow("does one arm itself");
  });

  it("leaves no timer of Node behind", async () => {
    const clock = new VirtualClock();
    const before = process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length;
    void clock.sleep(1_000_000);
    clock.at(clock.now() + 5, () => undefined);
    await clock.advance(10);
    expect(process.getActiveResourcesInfo().filter((kind) => kind === "Timeout")).toHaveLength(before);
  });

  it("is the same as sorting, whatever is armed", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 50 }), { maxLength: 40 }), async (times) => {
        const clock = new VirtualClock(0);
        const fired: [number, number][] = [];
        times.forEach((time, index) => clock.at(time, () => void fired.push([time, index])));
        await clock.advance(25);
        await clock.advance(25);
        const sorted = times.map((time, index): [number, number] => [time, index]);
        expect(fired).toEqual(sorted.sort((one, other) => one[0] - other[0] || one[1] - other[1]));
      }),
      { numRuns: 30 },
    );
  });
});

describe("RealClock", () => {
  beforeEach(() => {
    jest.useFakeTimers({ now: 1_000_000 });
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  it("goes on by itself, and wakes who waits, however long: a timer of Node's would fire at once", () => {
    const clock = new RealClock({ ahead: 500 });
    const fired: string[] = [];
    const month = 31 * 86_400_000;
    clock.at(clock.now() + month, () => {
      fired.push("month");
    });
    clock.at(0, () => {
      fired.push("past");
    });
    const called = clock.at(clock.now() + 10, () => {
      fired.push("called off");
    });
    called.cancel();
    expect([clock.now(), fired]).toEqual([1_000_500, []]);
    jest.advanceTimersByTime(month - 1);
    expect(fired).toEqual(["past"]);
    jest.advanceTimersByTime(1);
    expect([clock.now(), fired]).toEqual([1_000_500 + month, ["past", "month"]]);
    expect(jest.getTimerCount()).toBe(0);
    expect(() => clock.at(Number.NaN, () => undefined)).toThrow(/A timer needs a time/);
  });

  it("never goes back, and is a minute late at most when the machine has slept", () => {
    const clock = new RealClock();
    let firedAt = 0;
    clock.at(clock.now() + 3_600_000, () => {
      firedAt = clock.now();
    });
    jest.setSystemTime(999_000);
    expect(clock.now()).toBe(1_000_000);
    jest.setSystemTime(1_000_000 + 4_000_000);
    jest.advanceTimersByTime(60_000);
    expect(firedAt - 5_000_000).toBeLessThanOrEqual(60_000);
    expect(firedAt).toBeGreaterThan(0);
  });
});

describe("names", () => {
  it("spells full resource names as Google does, and finds the project in each", () => {
    expect(names.projectName("p")).toBe("//cloudresourcemanager.googleapis.com/projects/p");
    expect(HELLO).toBe("//run.googleapis.com/projects/demo-project/locations/europe-west1/services/hello");
    expect(names.serviceAccountName("p", "a@b.c")).toBe(
      "//iam.googleapis.com/projects/p/serviceAccounts/a@b.c",
    );
    const all = [
      names.projectName("p"),
      names.runServiceName("p", "l", "x"),
      names.functionV1Name("p", "l", "x"),
      names.topicName("p", "x"),
      names.subscriptionName("p", "x"),
      names.serviceAccountName("p", "x"),
      names.queueName("p", "l", "x"),
      names.jobName("p", "l", "x"),
      names.bucketName("p", "x"),
      names.secretName("p", "x"),
      names.repositoryName("p", "l", "x"),
    ];
    expect(new Set(all).size).toBe(all.length);
    for (const name of all) {
      expect(names.projectOf(name)).toBe("p");
      expect(names.describe(name)).toMatch(/^[A-Za-z ]+ "[px]"$/);
    }
    expect(refusal(() => names.projectOf("projects/p/topics/x")).message).toContain("projects/p/topics/x");
  });

  it("knows the agents' addresses", () => {
    expect(names.agentEmail("scheduler", "7")).toBe(
      "service-7@gcp-sa-cloudscheduler.iam.gserviceaccount.com",
    );
    expect(names.agentEmail("tasks", "7")).toBe("service-7@gcp-sa-cloudtasks.iam.gserviceaccount.com");
    expect(names.agentEmail("pubsub", "7")).toBe("service-7@gcp-sa-pubsub.iam.gserviceaccount.com");
    expect(names.agentEmail("run", "7")).toBe("service-7@serverless-robot-prod.iam.gserviceaccount.com");
  });
});

describe("Store and errors", () => {
  it("keeps resources by kind and id, and tells of every change until told not to", () => {
    const store = new Store();
    const changes: Change["op"][] = [];
    const stop = store.onChange((change) => changes.push(change.op));
    const topic = {
      token: "topic",
      id: "t",
      fullName: names.topicName("p", "t"),
      project: "p",
      state: { name: "t" },
    };
    store.put(topic);
    store.put({ ...topic, state: { name: "t", labels: {} } });
    expect(store.get<{ name: string }>("topic", "t")?.state.name).toBe("t");
    expect(store.get("queue", "t")).toBeUndefined();
    expect([store.size, store.list("topic").length, store.list("queue").length]).toEqual([1, 1, 0]);
    store.remove("topic", "t");
    store.remove("topic", "t");
    stop();
    store.put(topic);
    expect(changes).toEqual(["put", "put", "remove"]);
  });

  it.each<[StatusCode, number]>([
    ["INVALID_ARGUMENT", 400],
    ["FAILED_PRECONDITION", 400],
    ["UNAUTHENTICATED", 401],
    ["PERMISSION_DENIED", 403],
    ["NOT_FOUND", 404],
    ["ALREADY_EXISTS", 409],
    ["UNIMPLEMENTED", 501],
  ])("%s is HTTP %i", (status, http) => {
    expect(new CloudError(status, "m").httpStatus).toBe(http);
  });
});

describe("roles", () => {
  it("hold what Google's roles hold where this project turns on it", () => {
    const holders = (permission: string): string[] =>
      [...ROLES].filter(([, permissions]) => permissions.has(permission)).map(([role]) => role.slice(6));
    expect(holders("run.routes.invoke").sort()).toEqual(
      [
        "cloudfunctions.admin",
        "cloudfunctions.developer",
        "editor",
        "owner",
        "run.admin",
        "run.developer",
        "run.invoker",
        "run.serviceAgent",
        "run.servicesInvoker",
        "run.sourceDeveloper",
      ].sort(),
    );
    expect(holders("cloudfunctions.functions.invoke").sort()).toEqual(
      [
        "cloudfunctions.admin",
        "cloudfunctions.developer",
        "cloudfunctions.invoker",
        "editor",
        "owner",
      ].sort(),
    );
    expect(holders(MINTING).sort()).toEqual(
      [
        "cloudscheduler.serviceAgent",
        "cloudtasks.serviceAgent",
        "iam.serviceAccountOpenIdTokenCreator",
        "iam.serviceAccountTokenCreator",
        "iam.workloadIdentityUser",
        "pubsub.serviceAgent",
        "run.serviceAgent",
      ].sort(),
    );
    expect(holders("iam.serviceAccounts.actAs").sort()).toEqual(
      ["editor", "iam.serviceAccountUser", "owner", "run.serviceAgent"].sort(),
    );
    expect(holders("secretmanager.versions.access")).toEqual(["secretmanager.secretAccessor"]);
    // Editor cannot set IAM policies of Run services and functions.
    expect(holders("run.services.setIamPolicy")).not.toContain("editor");
    expect(holders("cloudfunctions.functions.setIamPolicy")).not.toContain("editor");
    expect([...(ROLES.get("roles/iam.serviceAccountOpenIdTokenCreator") ?? [])]).toEqual([MINTING]);
    expect([...(ROLES.get("roles/run.servicesInvoker") ?? [])]).toEqual(["run.routes.invoke"]);
    // Dead letters need grants of their own: the agent's usual role neither publishes nor consumes.
    expect(ROLES.get("roles/pubsub.serviceAgent")).not.toContain("pubsub.topics.publish");
  });

  it("are spelled as permissions, and viewers only read", () => {
    for (const permission of PERMISSIONS) expect(permission).toMatch(/^[a-z]+\.[a-zA-Z]+\.[a-zA-Z]+$/);
    const viewer = [...(ROLES.get("roles/viewer") ?? [])];
    expect(viewer).toContain("run.services.get");
    expect(viewer.filter((permission) => !/\.(get|list)$/.test(permission))).toEqual([]);
  });

  it.each([
    ["run.routes.invoke", "roles/run.invoker"],
    ["cloudfunctions.functions.invoke", "roles/cloudfunctions.invoker"],
    [MINTING, "roles/iam.serviceAccountOpenIdTokenCreator"],
    ["iam.serviceAccounts.actAs", "roles/iam.serviceAccountUser"],
    ["pubsub.topics.publish", "roles/pubsub.publisher"],
    ["pubsub.subscriptions.consume", "roles/pubsub.subscriber"],
    ["secretmanager.versions.access", "roles/secretmanager.secretAccessor"],
    ["logging.logEntries.create", "roles/logging.logWriter"],
    ["cloudtasks.tasks.create", "roles/cloudtasks.enqueuer"],
  ])("for %s suggests %s", (permission, role) => {
    expect(roleFor(permission)).toBe(role);
  });
});

describe("Iam", () => {
  it("lets in by a binding on the resource, and says which", () => {
    const { cloud } = cloudWith();
    expect(invoke(cloud)).toEqual({
      allowed: false,
      member: INVOKER.member,
      permission: "run.routes.invoke",
      resource: HELLO,
      reason:
        `serviceAccount:${CALLER} lacks run.routes.invoke on the Run service "hello" and on the project "demo-project". ` +
        'roles/run.invoker on the Run service "hello" would give it.',
    });
    cloud.iam.grant(HELLO, INVOKER);
    expect(invoke(cloud)).toMatchObject({
      allowed: true,
      reason: `roles/run.invoker for serviceAccount:${CALLER} on the Run service "hello".`,
      binding: { resource: HELLO, ...INVOKER },
    });
    expect(invoke(cloud).assumed).toBeUndefined();
    const elsewhere = names.runServiceName(PROJECT, "europe-west1", "other");
    const other = { member: INVOKER.member, permission: "run.routes.invoke", resource: elsewhere };
    expect(cloud.iam.decide(other).allowed).toBe(false);
  });

  it("lets in by a role on the project: the grant on the resource is named first", () => {
    const { cloud } = cloudWith();
    expect(invoke(cloud, "user:owner@example.com")).toMatchObject({
      allowed: true,
      binding: {
        resource: names.projectName(PROJECT),
        role: "roles/owner",
        member: "user:owner@example.com",
      },
    });
    const compute = `serviceAccount:${names.defaultComputeAccount(NUMBER)}`;
    expect(invoke(cloud, compute).binding?.role).toBe("roles/editor");
    cloud.iam.grant(names.projectName(PROJECT), INVOKER);
    expect(invoke(cloud).binding?.resource).toBe(names.projectName(PROJECT));
    cloud.iam.grant(HELLO, INVOKER);
    expect(invoke(cloud).binding?.resource).toBe(HELLO);
  });

  it("is additive: granting twice is granting once, one revocation ends it, the others stay", () => {
    const { cloud } = cloudWith();
    const owner = { role: "roles/run.invoker", member: "user:Someone@Example.com" };
    expect(cloud.iam.etag(HELLO)).toBe("ACAB");
    cloud.iam.grant(HELLO, INVOKER);
    const etag = cloud.iam.etag(HELLO);
    cloud.iam.grant(HELLO, {
      ...INVOKER,
      member: INVOKER.member.toUpperCase().replace("SERVICEACCOUNT", "serviceAccount"),
    });
    expect(cloud.iam.etag(HELLO)).toBe(etag);
    cloud.iam.grant(HELLO, owner);
    expect(cloud.iam.etag(HELLO)).not.toBe(etag);
    expect(cloud.iam.bindings(HELLO)).toEqual([INVOKER, { ...owner, member: "user:someone@example.com" }]);
    cloud.iam.revoke(HELLO, INVOKER);
    cloud.iam.revoke(HELLO, INVOKER);
    expect(invoke(cloud).allowed).toBe(false);
    expect(invoke(cloud, "user:someone@example.com").allowed).toBe(true);
    cloud.iam.forget(HELLO);
    expect(cloud.iam.bindings(HELLO)).toEqual([]);
    expect(invoke(cloud, "user:someone@example.com").allowed).toBe(false);
  });

  it("knows everybody, everybody with an account, domains, and that it does not know groups", () => {
    const { cloud } = cloudWith();
    const invokers = (member: string): void => {
      cloud.iam.forget(HELLO);
      cloud.iam.grant(HELLO, { role: "roles/run.invoker", member });
    };
    const who = ["allUsers", "user:a@one.example", "user:b@two.example", INVOKER.member];
    const letIn = (): string[] => who.filter((member) => invoke(cloud, member).allowed);
    invokers("allUsers");
    expect(letIn()).toEqual(who);
    invokers("allAuthenticatedUsers");
    expect(letIn()).toEqual(who.slice(1));
    invokers("domain:one.example");
    expect(letIn()).toEqual(["user:a@one.example"]);
    invokers("group:team@one.example");
    expect(letIn()).toEqual([]);
    expect(invoke(cloud, "user:a@one.example").reason).toContain("group:team@one.example");
  });

  it("refuses by name what does not exist and what it does not model", () => {
    const { cloud } = cloudWith();
    const grant = (binding: object, resource = HELLO): string => {
      const error = refusal(() => {
        cloud.iam.grant(resource, { ...INVOKER, ...binding });
      });
      return `${error.status}: ${error.message}`;
    };
    expect(grant({ role: "roles/run.invokr" })).toContain(
      "UNIMPLEMENTED: The sandbox does not know the role roles/run.invokr",
    );
    expect(grant({ role: "organizations/1/roles/caller" })).toContain("UNIMPLEMENTED");
    expect(grant({ role: `projects/${PROJECT}/roles/caller` })).toBe(
      `INVALID_ARGUMENT: Role (projects/${PROJECT}/roles/caller) does not exist in the resource's hierarchy.`,
    );
    expect(grant({ member: "serviceAccount:nobody@demo-project.iam.gserviceaccount.com" })).toBe(
      "INVALID_ARGUMENT: Service account nobody@demo-project.iam.gserviceaccount.com does not exist.",
    );
    const job = names.runJobName(PROJECT, "europe-west1", "cleanup");
    for (const member of ["allUsers", "allAuthenticatedUsers"]) {
      expect(grant({ member }, names.projectName(PROJECT))).toContain(
        "INVALID_ARGUMENT: Request contains an invalid",
      );
      expect(grant({ member }, job)).toBe(
        `INVALID_ARGUMENT: Member ${member} is invalid due to membership type restrictions on the resource.`,
      );
    }
    expect(grant({ member: CALLER })).toContain(`INVALID_ARGUMENT: "${CALLER}" is not a member`);
    expect(grant({ member: "user:" })).toContain("INVALID_ARGUMENT");
    expect(grant({ member: "principalSet://iam.googleapis.com/x" })).toContain("UNIMPLEMENTED");
    expect(grant({ condition: { expression: "false" } })).toContain(
      "UNIMPLEMENTED: The sandbox does not model IAM conditions",
    );
    expect(grant({}, "hello")).toContain('INVALID_ARGUMENT: "hello" is not a full resource name');
    expect(cloud.iam.bindings(HELLO)).toEqual([]);
    const typo = { member: INVOKER.member, permission: "run.route.invoke", resource: HELLO };
    expect(refusal(() => cloud.iam.decide(typo)).status).toBe("UNIMPLEMENTED");
  });

  it("grants a role only on what it is for, and a custom one only in its own project", () => {
    const { cloud } = cloudWith({
      projects: [
        { id: PROJECT, number: NUMBER },
        { id: "other-project", number: "210987654321" },
      ],
    });
    const can = (resource: string, role: string): boolean => {
      try {
        cloud.iam.grant(resource, { ...INVOKER, role });
        return true;
      } catch (error) {
        expect(String(error)).toMatch(
          /CloudError: Role .+ (is not supported for this|does not exist in the) resource/,
        );
        return false;
      }
    };
    const topic = names.topicName(PROJECT, "t");
    const subscription = names.subscriptionName(PROJECT, "s");
    const account = names.serviceAccountName(PROJECT, CALLER);
    const queue = names.queueName(PROJECT, "europe-west1", "q");
    const first = names.functionV1Name(PROJECT, "europe-west1", "f");
    expect(can(HELLO, "roles/run.jobsExecutor")).toBe(true);
    expect(can(HELLO, "roles/viewer")).toBe(true);
    expect(can(HELLO, "roles/cloudfunctions.invoker")).toBe(false);
    expect(can(HELLO, "roles/iam.serviceAccountUser")).toBe(false);
    expect(can(account, "roles/iam.workloadIdentityUser")).toBe(true);
    expect(can(account, "roles/run.invoker")).toBe(false);
    expect(can(topic, "roles/pubsub.subscriber")).toBe(true);
    expect(can(topic, "roles/cloudscheduler.serviceAgent")).toBe(true);
    expect(can(topic, "roles/run.invoker")).toBe(false);
    expect(can(subscription, "roles/pubsub.subscriber")).toBe(true);
    expect(can(subscription, "roles/pubsub.publisher")).toBe(false);
    expect(can(queue, "roles/cloudtasks.enqueuer")).toBe(true);
    expect(can(queue, "roles/cloudtasks.serviceAgent")).toBe(false);
    expect(can(first, "roles/cloudfunctions.invoker")).toBe(true);
    expect(can(first, "roles/run.invoker")).toBe(false);
    expect(can(names.projectName(PROJECT), "roles/run.invoker")).toBe(true);

    const role = `projects/${PROJECT}/roles/caller`;
    cloud.iam.defineRole(role, ["run.routes.invoke"]);
    expect(can(HELLO, role)).toBe(true);
    expect(can(topic, role)).toBe(false);
    expect(can(names.runServiceName("other-project", "europe-west1", "hello"), role)).toBe(false);
    expect(can(names.projectName("other-project"), role)).toBe(false);
    // Disabled, it gives nothing, and whether it can be granted meanwhile is not documented.
    cloud.iam.defineRole(role, []);
    expect(can(topic, role)).toBe(true);
  });

  it("knows custom roles, which give nothing once they are gone", () => {
    const { cloud } = cloudWith();
    const role = `projects/${PROJECT}/roles/minter`;
    const resource = names.serviceAccountName(PROJECT, CALLER);
    const member = "user:dev@example.com";
    expect(
      refusal(() => {
        cloud.iam.grant(resource, { role, member });
      }).message,
    ).toContain(role);
    expect(
      refusal(() => {
        cloud.iam.defineRole(role, ["iam.serviceAccounts.mint"]);
      }).message,
    ).toContain("iam.serviceAccounts.mint");
    cloud.iam.defineRole(role, [MINTING]);
    cloud.iam.grant(resource, { role, member });
    const ask = (): boolean => cloud.iam.decide({ member, permission: MINTING, resource }).allowed;
    expect(ask()).toBe(true);
    cloud.iam.undefineRole(role);
    expect(ask()).toBe(false);
    expect(cloud.iam.bindings(resource)).toEqual([{ role, member }]);
  });

  it("does not take a new account for a deleted one of the same e-mail", () => {
    const { cloud } = cloudWith();
    cloud.iam.grant(HELLO, INVOKER);
    cloud.iam.grant(names.serviceAccountName(PROJECT, CALLER), {
      role: "roles/iam.serviceAccountUser",
      member: "user:a@b.example",
    });
    cloud.iam.removeAccount(CALLER);
    expect(invoke(cloud).reason).toBe(`service account ${CALLER} was deleted.`);
    expect(cloud.iam.bindings(names.serviceAccountName(PROJECT, CALLER))).toEqual([]);
    const ghost = { role: "roles/run.invoker", member: `deleted:serviceAccount:${CALLER}?uid=${CALLER_ID}` };
    expect(cloud.iam.bindings(HELLO)).toEqual([ghost]);

    cloud.iam.addAccount({ email: CALLER, uniqueId: "199999999999999999999", project: PROJECT });
    expect(invoke(cloud).allowed).toBe(false);
    expect(cloud.iam.bindings(HELLO)).toEqual([ghost]);
    expect(
      refusal(() => {
        cloud.iam.grant(HELLO, INVOKER);
      }).message,
    ).toContain(ghost.member);
    cloud.iam.revoke(HELLO, INVOKER);
    expect(cloud.iam.bindings(HELLO)).toEqual([ghost]);
    cloud.iam.revoke(HELLO, ghost);
    cloud.iam.grant(HELLO, INVOKER);
    expect(invoke(cloud).allowed).toBe(true);
    expect(cloud.iam.bindings(HELLO)).toEqual([INVOKER]);
  });

  it("says so when an account is disabled or never was, and lets even those into what is open to all", () => {
    const { cloud } = cloudWith();
    cloud.iam.grant(HELLO, INVOKER);
    cloud.iam.addAccount({ email: CALLER, uniqueId: CALLER_ID, project: PROJECT, disabled: true });
    expect(invoke(cloud)).toMatchObject({ allowed: false, reason: `service account ${CALLER} is disabled.` });
    expect(invoke(cloud, "serviceAccount:x@y.example").reason).toBe(
      "service account x@y.example does not exist.",
    );
    cloud.iam.grant(HELLO, { role: "roles/run.invoker", member: "allUsers" });
    expect(invoke(cloud).allowed).toBe(true);
    cloud.iam.addAccount({ email: CALLER, uniqueId: CALLER_ID, project: PROJECT, disabled: false });
    expect(invoke(cloud).binding?.member).toBe(INVOKER.member);
    expect(
      refusal(() => {
        cloud.iam.addAccount({ email: CALLER, uniqueId: "2", project: PROJECT });
      }).status,
    ).toBe("ALREADY_EXISTS");
  });
});

describe("the spreading of IAM changes", () => {
  it("takes its time for grants and for revocations, and says until when", async () => {
    const { cloud, clock } = cloudWith({ iamDelay: 2 * MINUTE });
    expect(invoke(cloud, "user:owner@example.com").allowed).toBe(true);
    cloud.iam.grant(HELLO, INVOKER);
    expect(cloud.iam.bindings(HELLO)).toEqual([INVOKER]);
    await clock.advance(2 * MINUTE - 1);
    expect(invoke(cloud).allowed).toBe(false);
    const due = new Date(clock.now() + 1).toISOString();
    expect(invoke(cloud).reason).toContain(
      `roles/run.invoker on the Run service "hello" is written, but takes effect only at ${due}.`,
    );
    expect(
      cloud.iam.decide({
        member: INVOKER.member,
        permission: "run.routes.invoke",
        resource: HELLO,
        at: Infinity,
      }).allowed,
    ).toBe(true);
    await clock.advance(1);
    expect(invoke(cloud).allowed).toBe(true);

    cloud.iam.revoke(HELLO, INVOKER);
    expect(cloud.iam.bindings(HELLO)).toEqual([]);
    const until = new Date(clock.now() + 2 * MINUTE).toISOString();
    expect(invoke(cloud)).toMatchObject({
      allowed: true,
      reason: expect.stringContaining(`removed but in effect until ${until}`) as unknown,
    });
    await clock.advance(2 * MINUTE);
    expect(invoke(cloud).allowed).toBe(false);
  });

  it("asks for the delay once per change, and never for what is no change", () => {
    const asked: number[] = [];
    const { cloud } = cloudWith({ iamDelay: () => asked.push(0) });
    cloud.iam.grant(HELLO, INVOKER);
    cloud.iam.grant(HELLO, INVOKER);
    cloud.iam.revoke(HELLO, INVOKER);
    cloud.iam.revoke(HELLO, INVOKER);
    expect(asked).toHaveLength(2);
  });

  it("opens no gap when a binding comes back while its removal spreads", async () => {
    const delays = [0, 5 * MINUTE, MINUTE];
    const { cloud, clock } = cloudWith({ iamDelay: () => delays.shift() ?? 0 });
    cloud.iam.grant(HELLO, INVOKER);
    cloud.iam.revoke(HELLO, INVOKER);
    cloud.iam.grant(HELLO, INVOKER);
    for (let minute = 0; minute < 10; minute++) {
      expect(invoke(cloud).allowed).toBe(true);
      await clock.advance(MINUTE);
    }
  });

  it("never brings back a grant that a faster revocation overtook", async () => {
    const delays = [7 * MINUTE, MINUTE];
    const { cloud, clock } = cloudWith({ iamDelay: () => delays.shift() ?? 0 });
    cloud.iam.grant(HELLO, INVOKER);
    cloud.iam.revoke(HELLO, INVOKER);
    for (let minute = 0; minute < 10; minute++) {
      expect(invoke(cloud).allowed).toBe(false);
      await clock.advance(MINUTE);
    }
  });

  const members = ["user:a@x.example", "user:b@x.example"];
  const roles = ["roles/run.invoker", "roles/run.admin"];
  const resources = [HELLO, names.projectName(PROJECT)];
  const operation = fc.record({
    op: fc.constantFrom<("grant" | "revoke" | "wait")[]>("grant", "revoke", "wait"),
    role: fc.constantFrom(...roles),
    member: fc.constantFrom(...members),
    resource: fc.constantFrom(...resources),
    ms: fc.integer({ min: 1, max: 4 }),
  });
  type Operation = typeof operation extends fc.Arbitrary<infer T> ? T : never;

  /** The policy as plain sets, without any notion of spreading. */
  function naive(log: readonly Operation[], member: string): boolean {
    const set = new Set<string>();
    for (const each of log) {
      const key = `${each.resource} ${each.role} ${each.member}`;
      if (each.op === "grant") set.add(key);
      if (each.op === "revoke") set.delete(key);
    }
    return [...set].some((key) => key.endsWith(` ${member}`));
  }

  function freshIam(clock: VirtualClock, delay: () => number): Iam {
    return new Iam({ clock, delay });
  }

  function apply(iam: Iam, each: Operation): void {
    if (each.op === "grant") iam.grant(each.resource, each);
    if (each.op === "revoke") iam.revoke(each.resource, each);
  }

  function allowed(iam: Iam, member: string): boolean {
    return iam.decide({ member, permission: "run.routes.invoke", resource: HELLO }).allowed;
  }

  it("with one delay for all, is the written policy of that long ago", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(operation, { maxLength: 40 }),
        fc.integer({ min: 0, max: 5 }),
        async (log, delay) => {
          const clock = new VirtualClock(0);
          const iam = freshIam(clock, () => delay);
          const written: { time: number; upTo: number }[] = [];
          for (const [index, each] of log.entries()) {
            if (each.op === "wait") await clock.advance(each.ms);
            else apply(iam, each);
            written.push({ time: clock.now(), upTo: index + 1 });
            const upTo = written.findLast((entry) => entry.time <= clock.now() - delay)?.upTo ?? 0;
            for (const member of members)
              expect(allowed(iam, member)).toBe(naive(log.slice(0, upTo), member));
          }
        },
      ),
      { numRuns: 150 },
    );
  });

  it("with a delay of its own for each change, ends as it was written, and an answer changes only by a change", async () => {
    const delays = fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 40, maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { maxLength: 40 }), delays, async (log, drawn) => {
        const clock = new VirtualClock(0);
        const iam = freshIam(clock, () => drawn.pop() ?? 0);
        for (const each of log) {
          const before = members.map(
            (member) =>
              iam.decide({ member, permission: "run.routes.invoke", resource: HELLO, at: Infinity }).allowed,
          );
          expect(before).toEqual(members.map((member) => naive(log.slice(0, log.indexOf(each)), member)));
          if (each.op === "wait") await clock.advance(each.ms);
          else apply(iam, each);
        }
        await clock.advance(10);
        for (const member of members) expect(allowed(iam, member)).toBe(naive(log, member));
      }),
      { numRuns: 150 },
    );
  });
});

describe("projects", () => {
  it("in a project as Google makes it the agents mint by their usual roles", () => {
    const { cloud } = cloudWith();
    for (const agent of ["scheduler", "tasks", "pubsub"] as const) {
      expect(mayMint(cloud, agent)).toMatchObject({
        allowed: true,
        binding: { resource: names.projectName(PROJECT) },
      });
      expect(mayMint(cloud, agent).assumed).toBeUndefined();
    }
    expect(cloud.iam.account(names.agentEmail("scheduler", NUMBER))).toMatchObject({
      agent: true,
      project: PROJECT,
    });
    expect(cloud.iam.account(names.agentEmail("scheduler", NUMBER))?.uniqueId).toMatch(/^1\d{20}$/);
  });

  it("in a hardened project they do not, and a grant on the account helps: for two of them by assumption", () => {
    const { cloud } = hardened();
    for (const agent of ["scheduler", "tasks"] as const) expect(mayMint(cloud, agent).allowed).toBe(false);
    expect(mayMint(cloud, "pubsub").reason).toContain("does not exist");
    const pubsub = cloud.projects.createServiceIdentity(PROJECT, "pubsub.googleapis.com");
    expect(pubsub).toEqual({
      email: names.agentEmail("pubsub", NUMBER),
      member: `serviceAccount:${names.agentEmail("pubsub", NUMBER)}`,
    });
    expect(mayMint(cloud, "pubsub").reason).toContain("lacks iam.serviceAccounts.getOpenIdToken");
    for (const agent of ["scheduler", "tasks", "pubsub"] as const) {
      cloud.iam.grant(names.serviceAccountName(PROJECT, CALLER), {
        role: "roles/iam.serviceAccountOpenIdTokenCreator",
        member: `serviceAccount:${names.agentEmail(agent, NUMBER)}`,
      });
    }
    expect(mayMint(cloud, "scheduler").assumed).toContain("cloudscheduler.serviceAgent");
    expect(mayMint(cloud, "tasks").assumed).toContain("cloudtasks.serviceAgent");
    expect(mayMint(cloud, "pubsub")).toMatchObject({ allowed: true });
    expect(mayMint(cloud, "pubsub").assumed).toBeUndefined();
    cloud.iam.grant(names.projectName(PROJECT), {
      role: "roles/cloudscheduler.serviceAgent",
      member: `serviceAccount:${names.agentEmail("scheduler", NUMBER)}`,
    });
    expect(mayMint(cloud, "scheduler").assumed).toBeUndefined();
  });

  it("have a deployer, who acts as accounts only where an owner deploys", () => {
    const actAs = (cloud: Cloud): boolean =>
      cloud.iam.decide({
        member: cloud.deployer(PROJECT),
        permission: "iam.serviceAccounts.actAs",
        resource: names.serviceAccountName(PROJECT, CALLER),
      }).allowed;
    const { cloud } = cloudWith();
    expect(cloud.deployer(PROJECT)).toBe("user:owner@example.com");
    expect(actAs(cloud)).toBe(true);
    const { cloud: hard } = hardened({ iamDelay: MINUTE });
    expect(hard.deployer(PROJECT)).toBe("serviceAccount:deployer@demo-project.iam.gserviceaccount.com");
    expect(actAs(hard)).toBe(false);
    for (const permission of [
      "run.services.create",
      "iam.serviceAccounts.setIamPolicy",
      "pubsub.topics.create",
    ]) {
      expect(hard.iam.decide({ member: hard.deployer(PROJECT), permission, resource: HELLO }).allowed).toBe(
        true,
      );
    }
    expect(invoke(hard, "user:owner@example.com").allowed).toBe(false);
    expect(invoke(hard, `serviceAccount:${names.defaultComputeAccount(NUMBER)}`).allowed).toBe(false);
  });

  it("get their agents with the API, once", () => {
    const { cloud } = cloudWith({
      projects: [{ id: PROJECT, number: NUMBER, apis: ["iam.googleapis.com"] }],
    });
    const scheduler = names.agentEmail("scheduler", NUMBER);
    expect(cloud.iam.account(scheduler)).toBeUndefined();
    const error = refusal(() => {
      cloud.apis.require(PROJECT, "cloudscheduler.googleapis.com");
    });
    expect([error.httpStatus, error.details]).toMatchObject([403, { reason: "SERVICE_DISABLED" }]);
    expect(error.message).toContain(
      `Cloud Scheduler API has not been used in project ${NUMBER} before or it is disabled.`,
    );
    cloud.apis.enable(PROJECT, "cloudscheduler.googleapis.com");
    cloud.apis.require(PROJECT, "cloudscheduler.googleapis.com");
    expect(mayMint(cloud, "scheduler").allowed).toBe(true);
    const usual = { role: "roles/cloudscheduler.serviceAgent", member: `serviceAccount:${scheduler}` };
    cloud.iam.revoke(names.projectName(PROJECT), usual);
    cloud.apis.disable(PROJECT, "cloudscheduler.googleapis.com");
    expect(cloud.apis.isEnabled(PROJECT, "cloudscheduler.googleapis.com")).toBe(false);
    cloud.apis.enable(PROJECT, "cloudscheduler.googleapis.com");
    expect(mayMint(cloud, "scheduler").allowed).toBe(false);
    expect(cloud.iam.account(names.agentEmail("tasks", NUMBER))).toBeUndefined();
    expect(
      refusal(() => {
        cloud.apis.enable(PROJECT, "run");
      }).message,
    ).toContain('"run"');
  });

  it("are found by id and number, and named when they are not", () => {
    const { cloud } = cloudWith();
    expect(cloud.projects.get(NUMBER)).toEqual({ id: PROJECT, number: NUMBER, kind: "default" });
    expect(cloud.projects.get("elsewhere")).toBeUndefined();
    expect(refusal(() => cloud.deployer("elsewhere")).message).toContain("demo-project");
    expect(refusal(() => cloud.projects.createServiceIdentity(PROJECT, "dns.googleapis.com")).status).toBe(
      "UNIMPLEMENTED",
    );
    const twice = { id: PROJECT, number: NUMBER };
    expect(refusal(() => cloudWith({ projects: [twice, twice] })).status).toBe("ALREADY_EXISTS");
    expect(refusal(() => cloudWith({ projects: [{ id: "Demo", number: "1" }] })).message).toContain('"Demo"');
  });

  it("enforce no organisation policy that the sandbox does not model", () => {
    const under = (policy: string): Cloud =>
      cloudWith({ projects: [{ id: PROJECT, number: NUMBER, orgPolicies: [policy] }] }).cloud;
    expect(under("run.managed.requireInvokerIam").projects.list()).toHaveLength(1);
    const error = refusal(() => under("iam.allowedPolicyMemberDomains"));
    expect([error.status, error.message]).toEqual([
      "UNIMPLEMENTED",
      expect.stringContaining("iam.allowedPolicyMemberDomains"),
    ]);
  });

  it("draw the same random numbers in every cloud", () => {
    const draw = (): number[] => Array.from({ length: 5 }, cloudWith().cloud.random);
    expect(draw()).toEqual(draw());
    expect(new Set(draw()).size).toBe(5);
    for (const drawn of draw()) expect(drawn >= 0 && drawn < 1).toBe(true);
  });
});

describe("tokens", () => {
  // One key for all: making one takes a while.
  const { cloud, clock } = cloudWith();
  const { tokens } = cloud;
  const request = { email: CALLER, audience: AUDIENCE };

  it("look exactly like Google's", async () => {
    const token = await tokens.mint(request);
    const kid = (await tokens.jwks()).keys[0]?.kid ?? "";
    expect(decodeProtectedHeader(token)).toEqual({ alg: "RS256", kid, typ: "JWT" });
    expect(kid).toMatch(/^[0-9a-f]{40}$/);
    const iat = Math.floor(clock.now() / 1000);
    expect(decodeJwt(token)).toEqual({
      aud: AUDIENCE,
      azp: CALLER_ID,
      email: CALLER,
      email_verified: true,
      exp: iat + 3600,
      iat,
      iss: "https://accounts.google.com",
      sub: CALLER_ID,
    });
    expect(await tokens.verify(token)).toEqual({ ok: true, claims: decodeJwt(token) });
    const bare = decodeJwt(await tokens.mint({ ...request, includeEmail: false }));
    expect(Object.keys(bare).sort()).toEqual(["aud", "azp", "exp", "iat", "iss", "sub"]);
  });

  it("come with key documents of Google's shapes", async () => {
    const { keys } = await tokens.jwks();
    expect(keys).toHaveLength(1);
    expect(Object.keys(keys[0] ?? {}).sort()).toEqual(["alg", "e", "kid", "kty", "n", "use"]);
    expect(keys[0]).toMatchObject({ alg: "RS256", kty: "RSA", use: "sig", e: "AQAB" });
    expect(Object.keys(await tokens.pem())).toEqual([keys[0]?.kid]);
    const { keys: others } = await cloudWith().cloud.tokens.jwks();
    expect(others[0]?.kid).not.toBe(keys[0]?.kid);
  });

  it("satisfy jose", async () => {
    const token = await tokens.mint(request);
    const keys = createLocalJWKSet(await tokens.jwks());
    const options = { issuer: "https://accounts.google.com", audience: AUDIENCE, algorithms: ["RS256"] };
    const { payload } = await jwtVerify(token, keys, options);
    expect(payload.email).toBe(CALLER);
    await expect(jwtVerify(token, keys, { ...options, audience: "https://other.example" })).rejects.toThrow(
      "aud",
    );
  });

  it("satisfy google-auth-library, with certificates that are bare public keys", async () => {
    const token = await tokens.mint(request);
    const client = new OAuth2Client();
    const certs = await tokens.pem();
    const issuers = ["https://accounts.google.com"];
    const ticket = await client.verifySignedJwtWithCertsAsync(token, certs, AUDIENCE, issuers);
    expect(ticket.getPayload()).toMatchObject({ email: CALLER, email_verified: true, sub: CALLER_ID });
    const wrong = client.verifySignedJwtWithCertsAsync(token, certs, `${AUDIENCE}/path`, issuers);
    await expect(wrong).rejects.toThrow("Wrong recipient");
    const foreign = await cloudWith().cloud.tokens.mint(request);
    await expect(client.verifySignedJwtWithCertsAsync(foreign, certs, AUDIENCE, issuers)).rejects.toThrow(
      "No pem found",
    );
  });

  it("live for an hour, and five minutes longer for clocks that differ", async () => {
    const at = new VirtualClock(1_700_000_000_000);
    const { tokens: own, iam } = new Cloud({ projects: [{ id: PROJECT, number: NUMBER }], clock: at });
    iam.addAccount({ email: CALLER, uniqueId: CALLER_ID, project: PROJECT });
    const token = await own.mint(request);
    await at.advance(65 * MINUTE);
    expect(await own.verify(token)).toMatchObject({ ok: true });
    await at.advance(1000);
    expect(await own.verify(token)).toEqual({ ok: false, why: "expired" });
    const early = await own.mint({ ...request, issuedAt: at.now() + 5 * MINUTE });
    expect(await own.verify(early)).toMatchObject({ ok: true });
    const tooEarly = await own.mint({ ...request, issuedAt: at.now() + 5 * MINUTE + 1000 });
    expect(await own.verify(tooEarly)).toEqual({ ok: false, why: "issued in the future" });
    expect(at.pending).toBe(0);
  });

  it("are minted while time stands still", async () => {
    const seen: number[] = [];
    const { cloud: own, clock: at } = cloudWith();
    const started = at.now();
    at.at(started + 10, async () => {
      expect((await own.tokens.jwks()).keys).toHaveLength(1);
      const token = await own.tokens.mint(request);
      seen.push(at.now() - started);
      expect((await own.tokens.verify(token)).ok).toBe(true);
      seen.push(at.now() - started);
    });
    await at.advance(1000);
    expect(seen).toEqual([10, 10]);
  });

  it("are not minted for an account that is disabled or gone", async () => {
    const { cloud: own } = cloudWith();
    own.iam.addAccount({ email: CALLER, uniqueId: CALLER_ID, project: PROJECT, disabled: true });
    await expect(own.tokens.mint(request)).rejects.toThrow(
      `No token for ${CALLER}: the service account is disabled.`,
    );
    own.iam.removeAccount(CALLER);
    await expect(own.tokens.mint(request)).rejects.toThrow(
      `No token for ${CALLER}: the service account does not exist.`,
    );
  });

  it("let no attack through", async () => {
    const corpus = await attacks(tokens, { ...request, now: clock.now() });
    expect(corpus.length).toBeGreaterThan(50);
    expect(new Set(corpus.map((attack) => attack.name)).size).toBe(corpus.length);
    const got = await Promise.all(
      corpus.map(async ({ name, token }) => ({ name, verification: await tokens.verify(token) })),
    );
    expect(got.filter(({ verification }) => verification.ok).map(({ name }) => name)).toEqual([]);
    const why = Object.fromEntries(
      got.map(({ name, verification }) => [name, verification.ok ? "" : verification.why]),
    );
    expect(why).toMatchObject({
      empty: "malformed",
      'alg "none" without a signature': "wrong algorithm",
      "HS256 with the public key as the secret": "wrong algorithm",
      "foreign key under our key id": "bad signature",
      "foreign key under its own key id": "unknown key",
      "foreign key, critical extension": "malformed",
      "tampered e-mail": "bad signature",
      "another spelling of the signature": "malformed",
      "the token twice, with a dot": "malformed",
      huge: "malformed",
      expired: "expired",
      "issued in the future": "issued in the future",
      "valid for a month": "valid for too long",
      "missing e-mail": "no verified email",
    });
  });

  it("are judged by their claims even when the signature is right", async () => {
    const key = await createSigningKey();
    const now = 1_700_000_000_000;
    const good = {
      aud: AUDIENCE,
      azp: CALLER_ID,
      email: CALLER,
      email_verified: true,
      exp: now / 1000 + 3600,
      iat: now / 1000,
      iss: "https://accounts.google.com",
      sub: CALLER_ID,
    };
    const judge = async (change: object): Promise<string> => {
      const jwt = new SignJWT({ ...good, ...change }).setProtectedHeader({
        alg: "RS256",
        kid: key.kid,
        typ: "JWT",
      });
      const verification = await verifyIdToken(await jwt.sign(key.privateKey), [key], now);
      return verification.ok ? "ok" : verification.why;
    };
    expect(await judge({})).toBe("ok");
    expect(await judge({ iss: "accounts.google.com" })).toBe("ok");
    expect(await judge({ iss: "https://accounts.google.com/" })).toBe("wrong issuer");
    expect(await judge({ iss: CALLER })).toBe("wrong issuer");
    expect(await judge({ aud: [AUDIENCE, "https://other.example"] })).toBe("not an id_token");
    expect(await judge({ aud: undefined })).toBe("not an id_token");
    expect(await judge({ sub: "" })).toBe("not an id_token");
    expect(await judge({ exp: undefined })).toBe("not an id_token");
    expect(await judge({ exp: "never" })).toBe("not an id_token");
    expect(await judge({ email_verified: "true" })).toBe("not an id_token");
    expect(await judge({ email_verified: false })).toBe("no verified email");
    expect(await judge({ email: undefined })).toBe("no verified email");
    expect(await judge({ exp: now / 1000 + 86_400 })).toBe("valid for too long");
  });

  it("are refused whatever single letter is changed", async () => {
    const token = await tokens.mint(request);
    const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=";
    await fc.assert(
      fc.asyncProperty(fc.nat(token.length - 1), fc.nat(alphabet.length - 1), async (place, index) => {
        const letter = alphabet.charAt(index);
        fc.pre(token.charAt(place) !== letter);
        const changed = token.slice(0, place) + letter + token.slice(place + 1);
        expect((await tokens.verify(changed)).ok).toBe(false);
      }),
      { numRuns: 300 },
    );
  });
});
