import * as cloudrunv2 from "@pulumi/gcp/cloudrunv2";
import * as pubsub from "@pulumi/gcp/pubsub";
import type * as pulumi from "@pulumi/pulumi";
import {
  CallerIdentity,
  CloudRunService,
  PushSubscription,
  RunInvokerRole,
  SchedulerJob,
  TaskQueue,
} from "../../components";
import type { CallerIdentityArgs, CloudRunServiceArgs } from "../../components";
import { seededRandom } from "../support/random";
import { describeWithCli } from "../support/real-engine";
import { PROJECT, REGION, UnderChange } from "../support/under-change";

const MINUTE = 60_000;
jest.setTimeout(2 * MINUTE);
const INVOKER = "roles/run.invoker";
const SERVICES_INVOKER = "roles/run.servicesInvoker";

interface Variant {
  role?: RunInvokerRole;
  caller?: Partial<CallerIdentityArgs>;
  service?: Partial<CloudRunServiceArgs>;
  /** Logical names, each with the alias that Pulumi asks for when it is not the first one. */
  names?: { caller?: string; service?: string; job?: string; push?: string; queue?: string };
}

/** One caller, one service, and every kind of source. */
function program({ role, caller = {}, service = {}, names = {} }: Variant = {}): () => Promise<void> {
  return () => {
    const who = new CallerIdentity(
      names.caller ?? "caller",
      { projectNumber: PROJECT.number, createPubSubAgent: true, ...caller },
      renamed("caller", names.caller),
    );
    const what = new CloudRunService(
      names.service ?? "hello",
      { region: REGION, image: "hello", deletionProtection: false, ...service },
      renamed("hello", names.service),
    );
    const target = what.authorize(who, role && { role });
    new SchedulerJob(
      names.job ?? "job",
      { region: REGION, schedule: "5 * * * *", target },
      renamed("job", names.job),
    );
    const topic = new pubsub.Topic("topic", {}).id;
    new PushSubscription(names.push ?? "push", { topic, target }, renamed("push", names.push));
    new TaskQueue(names.queue ?? "queue", { region: REGION, target }, renamed("queue", names.queue));
    return Promise.resolve();
  };
}

function renamed(first: string, now: string | undefined): pulumi.ComponentResourceOptions {
  return now === undefined ? {} : { aliases: [{ name: first }] };
}

/** Three callers whom one service lets in, each with a job of its own. */
function invokers(keys: readonly string[]): () => Promise<void> {
  return () => {
    const callers = keys.map(
      (key) => new CallerIdentity(key, { projectNumber: PROJECT.number, accountId: `${key}-caller` }),
    );
    const hello = new CloudRunService("hello", {
      region: REGION,
      image: "hello",
      deletionProtection: false,
      invokers: Object.fromEntries(callers.map((caller, index) => [keys[index] ?? "", caller.member])),
    });
    for (const [index, caller] of callers.entries()) {
      const target = { url: hello.uri, serviceAccountEmail: caller.email, audience: hello.uri };
      new SchedulerJob(`${keys[index] ?? ""}-job`, { region: REGION, schedule: "5 * * * *", target });
    }
    return Promise.resolve();
  };
}

/** How long Google takes to spread a change: as typically, and as it pleases. */
const DELAYS: readonly [string, () => number | (() => number)][] = [
  ["two minutes", () => 2 * MINUTE],
  ["up to seven minutes, each change on its own", () => spread(seededRandom(7))],
];
const spread = (random: () => number) => () => random() * 7 * MINUTE;

describeWithCli("with Pulumi's planner, every edge fired after every step", () => {
  let stack: UnderChange;
  afterEach(() => stack.close());

  describe.each(DELAYS)("while IAM changes spread in %s", (_title, delay) => {
    /** Whether the changes of IAM take effect in the order in which they are made. */
    const inOrder = typeof delay() === "number";

    async function changed(before: () => Promise<void>, after: () => Promise<void>) {
      stack = await UnderChange.start(delay());
      await stack.up(before);
      const changes = await stack.up(after);
      return changes;
    }

    /** Every call arrived, late at worst; nothing that was asked for is missing, and Pulumi has nothing left to do. */
    async function delivered(jobs: readonly string[], after: () => Promise<void>) {
      for (const job of jobs) expect(new Set(stack.runs(job).last)).toEqual(new Set(["success"]));
      if (jobs.includes("job")) expect(new Set(stack.tasks())).toEqual(new Set(["success"]));
      expect(stack.undelivered()).toEqual({ waiting: 0, givenUp: 0 });
      expect(await stack.up(after)).toEqual({});
    }

    test("another role: the new grant comes first, and no call is late", async () => {
      const after = program({ role: RunInvokerRole.ServicesInvoker });
      expect(await changed(program(), after)).toEqual({ create: 1, delete: 1 });
      if (inOrder) expect(new Set(stack.runs("job").first)).toEqual(new Set(["success"]));
      expect(stack.grants("hello")).toEqual([
        expect.stringMatching(`^${SERVICES_INVOKER} serviceAccount:caller-`),
      ]);
      await delivered(["job"], after);
    });

    test("another account: whoever calls, and whatever is called, go over to it", async () => {
      const before = program({ caller: { accountId: "first-caller" } });
      const after = program({ caller: { accountId: "second-caller" } });
      const changes = await changed(before, after);
      expect(changes).toMatchObject({ replace: expect.any(Number) as number, update: 3 });
      expect(stack.grants("hello")).toEqual([`${INVOKER} serviceAccount:second-caller`]);
      await delivered(["job"], after);
    });

    test("another service in its place: every source goes over to it", async () => {
      const after = program({ service: { region: "europe-west1" } });
      expect(await changed(program(), after)).toEqual({ replace: 2, update: 3 });
      expect(stack.grants("hello")).toEqual([expect.stringMatching(`^${INVOKER} serviceAccount:caller-`)]);
      await delivered(["job"], after);
    });

    test("another service of the same fixed name: calls are late, and none is lost", async () => {
      const fixed = { serviceName: "hello-fixed" };
      const after = program({ service: { ...fixed, region: "europe-west1" } });
      expect(await changed(program({ service: fixed }), after)).toEqual({ replace: 2, update: 3 });
      expect(stack.grants("hello")).toEqual([expect.stringMatching(`^${INVOKER} serviceAccount:caller-`)]);
      await delivered(["job"], after);
    });

    test("one of three invokers taken out: the others do not notice", async () => {
      const after = invokers(["alpha", "gamma"]);
      const changes = await changed(invokers(["alpha", "bravo", "gamma"]), after);
      expect(Object.keys(changes)).toEqual(["delete"]);
      for (const job of ["alpha-job", "gamma-job"])
        expect(new Set(stack.runs(job).first)).toEqual(new Set(["success"]));
      expect(stack.grants("hello")).toEqual([
        `${INVOKER} serviceAccount:alpha-caller`,
        `${INVOKER} serviceAccount:gamma-caller`,
      ]);
      await delivered(["alpha-job", "gamma-job"], after);
    });
  });

  test("names: caller, target and sources renamed with their aliases change nothing but what people read", async () => {
    stack = await UnderChange.start(0);
    await stack.up(program());
    const grants = stack.grants("hello");
    const names: Variant["names"] = {};
    for (const [key, name, changes] of [
      // The account's display name.
      ["caller", "runner", { update: 1 }],
      // That of the account which it runs as.
      ["service", "greeter", { update: 1 }],
      ["job", "hourly", {}],
      ["push", "pushed", {}],
      ["queue", "queued", {}],
    ] as const) {
      names[key] = name;
      expect({ key, changes: await stack.up(program({ names })) }).toEqual({ key, changes });
      expect(stack.grants("hello")).toEqual(grants);
      expect(new Set(stack.runs("job").first)).toEqual(new Set(["success"]));
    }
  });

  test("a grant that goes before its successor comes is noticed: this is no blind test", async () => {
    const handMade = (role: string) => () => {
      const who = new CallerIdentity("caller", { projectNumber: PROJECT.number });
      const hello = new CloudRunService("hello", {
        region: REGION,
        image: "hello",
        deletionProtection: false,
      });
      const grant = new cloudrunv2.ServiceIamMember(
        "grant",
        { name: hello.serviceName, location: REGION, role, member: who.member },
        { deleteBeforeReplace: true },
      );
      const target = { url: hello.uri, serviceAccountEmail: who.email, audience: hello.uri };
      const schedule = "5 * * * *";
      new SchedulerJob("job", { region: REGION, schedule, target }, { dependsOn: grant });
      return Promise.resolve();
    };
    stack = await UnderChange.start(2 * MINUTE);
    await stack.up(handMade(INVOKER));
    await stack.up(handMade(SERVICES_INVOKER));
    expect(new Set(stack.runs("job").first).size).toBeGreaterThan(1);
  });
});
