import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RealClock } from "../../sandbox/cloud/real-clock";
import { restored, snapshotOf } from "../../sandbox/cloud/snapshot";
import type { Cloud } from "../../sandbox/cloud/cloud";
import type { Attempt } from "../../sandbox/delivery/attempt";
import { authenticator } from "../../sandbox/doors/rest/principal";
import { RestDoor } from "../../sandbox/doors/rest/rest-door";
import { ServedDelivery } from "../../sandbox/host/served-delivery";
import { APP, APPS, CALLER, REGION, sources } from "../support/served";
import { sharedSigningKey } from "../support/signing-key";
import { PROJECT, TestStack } from "../support/stack";

const OWNER = "user:owner@example.com";
const QUEUE = `projects/${PROJECT.id}/locations/${REGION}/queues/orders`;
const JOBS = `/v1/projects/${PROJECT.id}/locations/${REGION}/jobs`;
const RUN_SERVICE = "gcp:cloudrunv2/service:Service";

let root: string;
let stack: TestStack;
let saves: number;
const toStop: (() => Promise<unknown>)[] = [];

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), "served-"));
  for (const folder of ["apps", "app"]) mkdirSync(join(root, folder));
  writeFileSync(join(root, "apps/local.json"), APPS);
  writeFileSync(join(root, "app/index.js"), APP);
  saves = 0;
  stack = new TestStack();
  await stack.up(sources);
});

afterEach(async () => {
  for (const stop of toStop.splice(0).reverse()) await stop();
  rmSync(root, { recursive: true, force: true });
});

type Kept = ConstructorParameters<typeof ServedDelivery>[1];

function serve(cloud: Cloud, before?: Kept): ServedDelivery {
  const keys = () => ({ certificates: "", jwks: "" });
  const save = () => {
    saves++;
    return Promise.resolve();
  };
  const served = new ServedDelivery(cloud, before, { root, keys, save });
  toStop.push(() => served.stop());
  return served;
}

/** The same cloud in real time. */
function inRealTime(): Cloud {
  const clock = new RealClock({ ahead: Math.max(0, stack.clock.now() - Date.now()) });
  return restored(snapshotOf(stack.cloud), { clock, signingKey: sharedSigningKey });
}

async function door(cloud: Cloud, served: ServedDelivery) {
  const rest = await RestDoor.start({ apis: served.apis(), authenticate: authenticator(cloud) });
  toStop.push(() => rest.stop());
  return async (method: string, path: string, body?: unknown, member = OWNER): Promise<[number, unknown]> => {
    const { token } = cloud.tokens.mintAccess({ member });
    const answered = await fetch(rest.url(path), {
      method,
      headers: { Authorization: `Bearer ${token}` },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    return [answered.status, await answered.json()];
  };
}

async function attempts(served: ServedDelivery, count: number): Promise<readonly Attempt[]> {
  const end = Date.now() + 20_000;
  while (served.attempts.length < count && Date.now() < end)
    await new Promise((done) => setTimeout(done, 20));
  expect(served.attempts).toHaveLength(count);
  return served.attempts;
}

const answerOf = ({ response }: Attempt) => JSON.parse(response?.body ?? "{}") as Record<string, unknown>;

describe("the sources of a cloud that stays up", () => {
  test("work by themselves: a schedule fires when it is due", async () => {
    const served = serve(stack.cloud);
    await stack.clock.advance(3_600_000);
    const [attempt] = await attempts(served, 1);
    expect(attempt).toMatchObject({ outcome: "success", source: { name: "hourly-job" }, caller: CALLER });
    expect(saves).toBe(1);
  });

  test("can be told to, by any of their names, and those that are none are answered with those that there are", async () => {
    const cloud = inRealTime();
    const served = serve(cloud);
    const [id = ""] = cloud.store.list("gcp:pubsub/subscription:Subscription").map((each) => each.id);
    const made = [
      {
        urn: "urn:pulumi:dev::test::a$b::logical",
        token: "gcp:cloudscheduler/job:Job",
        id: `${JOBS.slice(4)}/hourly-job`,
      },
    ];
    for (const name of ["logical", "hourly-job", "held", QUEUE, id]) {
      expect(await served.fire(made, name, "hello")).toMatchObject({
        outcome: "success",
        response: { status: 200 },
      });
    }
    await expect(served.fire(made, "none", "hello")).rejects.toThrow(
      /No job, push subscription or queue is called "none"\. There are: .*held, logical, /,
    );
  });
});

describe("the code behind the targets of a cloud that stays up", () => {
  const fire = (served: ServedDelivery, name: string, data = "hello") => served.fire([], name, data);

  test("starts with the first request, once for all, and goes on in a new process when it has ended", async () => {
    const served = serve(inRealTime());
    const first = await Promise.all([fire(served, "hourly-job"), fire(served, "orders")]);
    const pids = first.map((attempt) => answerOf(attempt).pid);
    expect(pids[0]).toBe(pids[1]);
    expect(pids[0]).toBeGreaterThan(0);
    await fire(served, "orders", "end");
    await gone(Number(pids[0]));
    const after = await fire(served, "orders");
    expect(after.outcome).toBe("success");
    expect(answerOf(after).pid).not.toBe(pids[0]);
  });

  test("ends when its target changes, and the next request meets what is deployed then", async () => {
    const cloud = inRealTime();
    const served = serve(cloud);
    const { pid } = answerOf(await fire(served, "hourly-job"));
    const service = cloud.store
      .list<{ template: object }>(RUN_SERVICE)
      .find(({ id }) => id.includes("/hello"));
    if (service === undefined) throw new Error("no service");
    const envs = [{ name: "GREETING", value: "new" }];
    const template = { ...service.state.template, containers: [{ image: "hello", envs }] };
    cloud.store.put({ ...service, state: { ...service.state, template } });
    await gone(Number(pid));
    expect(answerOf(await fire(served, "hourly-job")).greeting).toBe("new");
  });

  test("that cannot be started is no instance, and keeps nobody else from running", async () => {
    const served = serve(inRealTime());
    const [name = ""] = stack.cloud.store
      .list<{ name: string }>("gcp:cloudscheduler/job:Job")
      .map(({ state }) => state.name)
      .filter((each) => each.startsWith("nowhere"));
    const [attempt, other] = await Promise.all([fire(served, name), fire(served, "hourly-job")]);
    expect(other.outcome).toBe("success");
    expect([attempt.outcome, attempt.response?.status]).toEqual(["failed", 500]);
    expect(attempt.reason).toMatch(
      /But no instance answers: No local app stands behind Run service "absent-\w+": apps\/local\.json does not list its image absent/,
    );
  });

  test("that fails at its start is tried anew by the next request", async () => {
    writeFileSync(join(root, "app/index.js"), "process.exit(3)");
    const served = serve(inRealTime());
    expect((await fire(served, "hourly-job")).reason).toMatch(/does not start: it ended with exit code 3/);
    writeFileSync(join(root, "app/index.js"), APP);
    expect((await fire(served, "hourly-job")).outcome).toBe("success");
  });

  test("behind a host that is not Google's is not there, and said to be", async () => {
    const served = serve(inRealTime());
    const { response, verdict } = await served.ingress.handle({
      method: "GET",
      url: "https://own.example.com",
      headers: [],
      body: "",
    });
    expect(response.status).toBe(500);
    expect(verdict.reason).toContain("runs nothing behind own.example.com, which is not Google's");
  });
});

describe("what is not done when a cloud goes down", () => {
  test("is done by the next one; names and ids are not given twice", async () => {
    const cloud = inRealTime();
    const first = serve(cloud);
    const ask = await door(cloud, first);
    const taken = {
      task: { name: `${QUEUE}/tasks/mine`, httpRequest: { url: "https://x.example", body: base64("fail") } },
    };
    expect((await ask("POST", `/v2/${QUEUE}/tasks`, taken))[0]).toBe(200);
    const [, quick] = await ask("POST", `/v2/${QUEUE}/tasks:buffer`, "hello");
    const message = { data: base64("fail") };
    const [, published] = await ask("POST", `/v1/projects/${PROJECT.id}/topics/news:publish`, {
      messages: [message],
    });
    expect(saves).toBeGreaterThanOrEqual(3);
    await attempts(first, 3);
    const kept = JSON.parse(JSON.stringify(first.kept())) as ReturnType<ServedDelivery["kept"]>;
    await first.stop();
    expect(kept.tasks.tasks).toMatchObject([{ name: `${QUEUE}/tasks/mine`, dispatchCount: 1 }]);

    writeFileSync(join(root, "app/index.js"), APP.replace('"fail"', '"nothing"'));
    const second = serve(cloud, kept);
    const again = await door(cloud, second);
    const [pushed] = await attempts(second, 1);
    expect(pushed).toMatchObject({ outcome: "success", number: 1, source: { kind: "push-subscription" } });
    const [, listed] = await again("GET", `/v2/${QUEUE}/tasks`);
    expect(listed).toMatchObject({ tasks: [{ name: `${QUEUE}/tasks/mine`, dispatchCount: 1 }] });
    expect((await again("POST", `/v2/${QUEUE}/tasks/mine:run`, {}))[0]).toBe(200);
    expect((await attempts(second, 2))[1]).toMatchObject({ outcome: "success", number: 2 });
    expect((await again("POST", `/v2/${QUEUE}/tasks`, taken))[0]).toBe(409);
    const names = [quick, (await again("POST", `/v2/${QUEUE}/tasks:buffer`, "hello"))[1]] as {
      task: { name: string };
    }[];
    expect(names[0]?.task.name).not.toBe(names[1]?.task.name);
    const [, later] = await again("POST", `/v1/projects/${PROJECT.id}/topics/news:publish`, {
      messages: [message],
    });
    expect(later).not.toEqual(published);
  });

  test("goes with its queue and its subscription", async () => {
    const cloud = inRealTime();
    const first = serve(cloud);
    const ask = await door(cloud, first);
    await ask("POST", `/v2/${QUEUE.replace("orders", "held")}/tasks:buffer`, "hello");
    const kept = first.kept();
    await first.stop();
    expect(kept.tasks.tasks).toHaveLength(1);
    cloud.store.remove("gcp:cloudtasks/queue:Queue", QUEUE.replace("orders", "held"));
    expect(serve(cloud, kept).kept().tasks.tasks).toEqual([]);
  });
});

describe("the APIs that make sources work", () => {
  let ask: Awaited<ReturnType<typeof door>>;
  let served: ServedDelivery;
  beforeEach(async () => {
    const cloud = inRealTime();
    served = serve(cloud);
    ask = await door(cloud, served);
  });

  test("run a job, for whoever may, and do not wait for its target", async () => {
    const name = `${JOBS.slice(4)}/hourly-job`;
    expect(await ask("POST", `${JOBS}/hourly-job:run`, {})).toMatchObject([
      200,
      { name, schedule: "0 * * * *", state: "ENABLED", httpTarget: { httpMethod: "GET" } },
    ]);
    expect((await attempts(served, 1))[0]).toMatchObject({ outcome: "success", source: { id: name } });
    expect(await ask("GET", `${JOBS}/hourly-job`)).toMatchObject([200, { name }]);
    const [, { jobs }] = (await ask("GET", JOBS)) as [number, { jobs: { name: string }[] }];
    expect(jobs.map((job) => job.name).sort()).toEqual([name, expect.stringContaining("/nowhere-")]);
    expect(await ask("POST", `${JOBS}/hourly-job:run`, {}, `serviceAccount:${CALLER}`)).toMatchObject([
      403,
      {
        error: { message: "Permission 'cloudscheduler.jobs.run' denied on resource (or it may not exist)." },
      },
    ]);
    expect((await ask("POST", `${JOBS}/none:run`, {}))[0]).toBe(404);
    expect((await ask("POST", `${JOBS}/hourly-job:pause`, {}))[0]).toBe(501);
    expect((await ask("GET", JOBS.replace(PROJECT.id, "nobodys")))[0]).toBe(403);
  });

  test("publish messages of text, for whoever may", async () => {
    const topic = `/v1/projects/${PROJECT.id}/topics/news:publish`;
    const message = { data: base64("hello"), attributes: { a: "b" } };
    const [status, body] = await ask("POST", topic, { messages: [message, { attributes: { a: "c" } }] });
    expect([status, (body as { messageIds: string[] }).messageIds]).toEqual([
      200,
      expect.arrayContaining([expect.stringMatching(/^\d+$/)]) as unknown,
    ]);
    const outcomes = (await attempts(served, 2)).map(({ outcome }) => outcome);
    expect(outcomes).toEqual(["success", "success"]);
    const binary = { messages: [{ data: Buffer.from([0xff, 0xfe]).toString("base64") }] };
    expect((await ask("POST", topic, binary))[0]).toBe(501);
    expect((await ask("POST", topic, { messages: [] }))[0]).toBe(400);
    // All or none.
    expect((await ask("POST", topic, { messages: [message, {}] }))[0]).toBe(400);
    expect(served.attempts).toHaveLength(2);
    expect((await ask("POST", topic, { messages: [message] }, `serviceAccount:${CALLER}`))[0]).toBe(403);
    expect((await ask("POST", topic.replace("news", "none"), { messages: [message] }))[0]).toBe(404);
  });
});

function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}

async function gone(pid: number): Promise<void> {
  const end = Date.now() + 5_000;
  while (isAlive(pid) && Date.now() < end) await new Promise((done) => setTimeout(done, 20));
  expect(isAlive(pid)).toBe(false);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
