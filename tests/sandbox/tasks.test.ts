import { CloudError } from "../../sandbox/cloud/errors";
import { projectName, queueName, serviceAccountName } from "../../sandbox/cloud/names";
import { calledUrl } from "../../sandbox/delivery/tasks/called-url";
import { isTriedAgain, retryDelay } from "../../sandbox/delivery/tasks/queue";
import type { StoredQueue } from "../../sandbox/delivery/tasks/queue";
import { TokenBucket } from "../../sandbox/delivery/tasks/token-bucket";
import { readTasksHeaders } from "../../verify/index";
import type { HttpResponse } from "../../sandbox/ingress/http";
import { CALLER, HELLO, OTHER_PROJECT, PROJECT, START, STRANGER } from "./gates";
import { header, OWNER, QUEUE, Sources, TASKS_AGENT } from "./sources";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const ORDERS = queueName(PROJECT, "europe-west1", "orders");
const SHOP = `serviceAccount:${STRANGER}`;

let sources: Sources;

/** The caller may call "hello", and "orders" sends there. */
function given(
  state: object = {},
  target: object = {},
  ...options: ConstructorParameters<typeof Sources>
): Sources {
  sources = new Sources(...options);
  sources.letIn();
  sources.putQueue(state, target);
  return sources;
}

afterEach(() => {
  sources.delivery.stop();
  expect(sources.clock.pending).toBe(0);
});

function status(code: number, headers: Record<string, string> = {}): HttpResponse {
  return { status: code, headers, body: "" };
}

function http(more: object = {}): { httpRequest: object } {
  return { httpRequest: { url: "https://task.example/own", ...more } };
}

/** As its owner. */
function create(task: object = http(), who = OWNER): ReturnType<typeof sources.delivery.tasks.create> {
  return sources.delivery.tasks.create(who, QUEUE, task);
}

function refusal(work: () => unknown): [string, string] {
  try {
    work();
  } catch (error) {
    if (error instanceof CloudError) return [error.status, error.message];
    throw error;
  }
  throw new Error("nothing was refused");
}

const containing = (text: string): string => expect.stringContaining(text) as string;
const stored = (state: object) => ({ state: { name: "q", ...state } }) as unknown as StoredQueue;

describe("a queue's retries", () => {
  beforeEach(() => given());

  test("wait as Google's example has it, and as its defaults have it", () => {
    const config = stored({ retryConfig: { minBackoff: "10s", maxBackoff: "300s", maxDoublings: 3 } });
    expect([0, 1, 2, 3, 4, 5, 6, 7].map((retry) => retryDelay(config, retry) / SECOND)).toEqual([
      10, 20, 40, 80, 160, 240, 300, 300,
    ]);
    expect([0, 1, 15, 16, 99].map((retry) => retryDelay(stored({}), retry) / SECOND)).toEqual([
      0.1, 0.2, 3276.8, 3600, 3600,
    ]);
  });

  test.each([
    [{}, 99, DAY, true],
    [{}, 100, 0, false],
    [{ maxAttempts: 1 }, 1, 0, false],
    [{ maxAttempts: 3, maxRetryDuration: "60s" }, 3, 59 * SECOND, true],
    [{ maxAttempts: 3, maxRetryDuration: "60s" }, 2, 61 * SECOND, true],
    [{ maxAttempts: 3, maxRetryDuration: "60s" }, 3, 60 * SECOND, false],
    [{ maxAttempts: -1 }, 5000, 30 * DAY, true],
    [{ maxAttempts: -1, maxRetryDuration: "60s" }, 5000, 30 * DAY, true],
  ])("%j, %d attempts in %d ms: another one %s", (retryConfig, attempts, elapsed, again) => {
    expect(isTriedAgain(stored({ retryConfig }), attempts, elapsed)).toBe(again);
  });
});

describe("the address that a task calls", () => {
  beforeEach(() => given());
  const own = "https://task.example:81/own?a=1";

  test.each([
    [undefined, own, own],
    [{}, own, own],
    [{ host: "q.example" }, own, "https://q.example:81/own?a=1"],
    [{ scheme: "HTTP", host: "q.example", port: "0" }, own, "http://q.example/own?a=1"],
    [{ host: "q.example", port: "8443", pathOverride: { path: "/p" } }, own, "https://q.example:8443/p?a=1"],
    [{ pathOverride: {}, queryOverride: {} }, own, "https://task.example:81"],
    [{ queryOverride: { queryParams: "b=2" } }, own, "https://task.example:81/own?b=2"],
    [{ host: "q.example" }, "https://task.example/", "https://q.example/"],
    [{ host: "q.example" }, "", "https://q.example"],
    [{ host: "q.example", pathOverride: { path: "/p" } }, "", "https://q.example/p"],
    [
      {
        host: "q.example",
        pathOverride: { path: "/p" },
        queryOverride: { queryParams: "b=2" },
        uriOverrideEnforceMode: "IF_NOT_EXISTS",
      },
      "https://task.example?a=1",
      "https://task.example/p?a=1",
    ],
  ])("%j over %s is %s", (uriOverride, url, called) => {
    expect(calledUrl(uriOverride && { uriOverride }, url)).toBe(called);
  });
});

test("a token bucket lets a burst through and then keeps to the rate", () => {
  given();
  const bucket = new TokenBucket();
  const limits = { rate: 2, burst: 3, concurrent: 1 };
  const times: number[] = [];
  for (let now = 0; times.length < 7;) {
    now = bucket.readyAt(now, limits);
    bucket.take(now, limits);
    times.push(now);
  }
  expect(times).toEqual([0, 0, 0, 500, 1000, 1500, 2000]);
});

describe("a task", () => {
  test("goes out at once, with the queue's address, token and headers over its own", async () => {
    const { clock, delivery } = given({}, { headerOverrides: [{ header: { key: "X-Shop", value: "eu" } }] });
    const body = Buffer.from('{"a":"ü"}').toString("base64");
    const headers = {
      "x-shop": "us",
      "X-Own": "1",
      "Content-Type": "application/json",
      Authorization: "Basic x",
      "User-Agent": "me",
      "X-CloudTasks-TaskName": "other",
      "X-Google-A": "1",
    };
    const { name } = create(
      http({ headers, body, oidcToken: { serviceAccountEmail: CALLER, audience: "other" } }),
    );
    await clock.advance(0);
    const [request] = sources.requests;
    expect(request).toMatchObject({ method: "POST", url: `${HELLO.url}/work`, body: '{"a":"ü"}' });
    expect(request?.headers.slice(0, -1)).toEqual([
      ["X-Own", "1"],
      ["Content-Type", "application/json"],
      ["X-Shop", "eu"],
      ["User-Agent", "Google-Cloud-Tasks"],
      ["X-CloudTasks-QueueName", "orders"],
      ["X-CloudTasks-TaskName", name.split("/").at(-1)],
      ["X-CloudTasks-TaskRetryCount", "0"],
      ["X-CloudTasks-TaskExecutionCount", "0"],
      ["X-CloudTasks-TaskETA", `${START / 1000}.000000`],
    ]);
    expect(delivery.attempts).toMatchObject([
      {
        source: { kind: "task-queue", name: "orders", id: QUEUE },
        task: name,
        number: 1,
        url: `${HELLO.url}/work`,
        caller: CALLER,
        audience: HELLO.url,
        minted: { ok: true, claims: { email: CALLER, aud: HELLO.url } },
        outcome: "success",
      },
    ]);
    expect(delivery.backlog(QUEUE)).toBe(0);
  });

  test("names account and audience itself where the queue does not, and without an audience means its address", async () => {
    const { clock, delivery } = given({}, { oidcToken: undefined, uriOverride: undefined });
    const url = `${HELLO.url}/own`;
    const named = { serviceAccountEmail: CALLER };
    for (const call of [
      { httpMethod: "GET", oidcToken: { ...named, audience: HELLO.url } },
      { httpMethod: "GET", oidcToken: named },
      { headers: { Authorization: "Basic x" } },
    ]) {
      create(http({ url, ...call }));
      await clock.advance(0);
    }
    expect(delivery.attempts.map(({ audience, response }) => [audience, response?.status])).toEqual([
      [HELLO.url, 200],
      [url, 401],
      [undefined, 401],
    ]);
  });

  test("is tried again with the headers that were recorded from Google", async () => {
    const { clock } = given({ retryConfig: { minBackoff: "10s" } });
    const answers = [status(503), status(404), status(200)];
    sources.answer = () => answers[sources.arrived.length - 1] ?? status(500);
    create();
    await clock.advance(MINUTE);
    const calls = sources.requests.map(({ headers }) => readTasksHeaders(headers));
    expect(calls.map((call) => ({ ...call, queueName: undefined, taskName: undefined }))).toEqual([
      { retryCount: 0, executionCount: 0, eta: START, previousResponse: undefined, retryReason: undefined },
      { retryCount: 1, executionCount: 0, eta: START + 10 * SECOND, previousResponse: 503, retryReason: "" },
      { retryCount: 2, executionCount: 1, eta: START + 30 * SECOND, previousResponse: 404, retryReason: "" },
    ]);
    expect(new Set(calls.map((call) => call?.taskName)).size).toBe(1);
    expect(sources.seconds).toEqual([0, 10, 30]);
  });

  test("is dropped when its attempts are used up, and when both limits are reached", async () => {
    const { clock, delivery } = given({ retryConfig: { maxAttempts: 3, minBackoff: "1s", maxDoublings: 0 } });
    sources.answer = () => status(400);
    create();
    await clock.advance(HOUR);
    expect(sources.seconds).toEqual([0, 1, 3]);
    expect(delivery.attempts.at(-1)?.reason).toContain("Dropped after 3 attempts.");
    expect(delivery.backlog(QUEUE)).toBe(0);
  });

  test("that gets no answer in time is given up and told of as 504", async () => {
    const { clock, delivery } = given({ retryConfig: { minBackoff: "1s" } });
    sources.answer = async () => {
      if (sources.arrived.length < 3) await clock.sleep(HOUR);
      return status(200);
    };
    create({ ...http(), dispatchDeadline: "15s" });
    await clock.advance(2 * HOUR);
    expect(delivery.attempts.map(({ outcome, reason }) => [outcome, reason.slice(0, 21)])).toEqual([
      ["deadline exceeded", "No answer within 15 s"],
      ["deadline exceeded", "No answer within 15 s"],
      ["success", "Let in, answered 200."],
    ]);
    expect(sources.seconds).toEqual([0, 16, 33]);
    expect(header(sources.requests[2], "X-CloudTasks-TaskPreviousResponse")).toBe("504");
    expect(header(sources.requests[2], "X-CloudTasks-TaskExecutionCount")).toBe("0");
  });

  test("has ten minutes unless it says otherwise", async () => {
    const { clock, delivery } = given({ retryConfig: { maxAttempts: 1 } });
    sources.answer = async () => {
      await clock.sleep(DAY);
      return status(200);
    };
    create();
    await clock.advance(2 * DAY);
    expect(delivery.attempts[0]?.reason).toContain("No answer within 600 s.");
  });

  test("waits for its time, and is gone 31 days after it came whatever became of it", async () => {
    const { clock, delivery } = given({ retryConfig: { maxAttempts: -1, minBackoff: "3600s" } });
    create({ ...http(), scheduleTime: new Date(START + DAY).toISOString() });
    create({ ...http(), scheduleTime: "2000-01-01T00:00:00Z" });
    await clock.advance(DAY - 1);
    expect(delivery.attempts).toHaveLength(1);
    sources.answer = () => status(500);
    await clock.advance(1);
    expect(delivery.attempts).toHaveLength(2);
    expect(header(sources.requests[1], "X-CloudTasks-TaskETA")).toBe(`${(START + DAY) / 1000}.000000`);
    await clock.advance(30 * DAY - 1);
    expect(delivery.backlog(QUEUE)).toBe(1);
    await clock.advance(1);
    expect(delivery.backlog(QUEUE)).toBe(0);
    const tries = delivery.attempts.length;
    await clock.advance(DAY);
    expect(delivery.attempts).toHaveLength(tries);
  });

  test("that is redirected is followed, in the same attempt", async () => {
    const { clock, delivery } = given();
    sources.answer = ({ url }) => (url.endsWith("/work") ? status(307, { location: "/there" }) : status(200));
    create();
    await clock.advance(0);
    expect(sources.requests.map(({ url }) => url)).toEqual([`${HELLO.url}/work`, `${HELLO.url}/there`]);
    expect(delivery.attempts).toMatchObject([{ outcome: "success" }]);
  });

  test("is one of its name for a day after it is gone", async () => {
    const { clock, delivery } = given();
    const { tasks } = delivery;
    const named = { ...http(), name: `${QUEUE}/tasks/one` };
    create(named);
    expect(refusal(() => create(named))).toEqual(["ALREADY_EXISTS", "Requested entity already exists"]);
    await clock.advance(0);
    expect(delivery.attempts).toHaveLength(1);
    await clock.advance(DAY - 1);
    expect(refusal(() => create(named))).toEqual(["ALREADY_EXISTS", "Requested entity already exists"]);
    await clock.advance(1);
    create(named);
    tasks.delete(OWNER, named.name);
    expect(refusal(() => tasks.buffer(OWNER, QUEUE, { id: "one" }))[0]).toBe("ALREADY_EXISTS");
    expect(refusal(() => tasks.get(OWNER, named.name))[1]).toMatch(/^The task no longer exists/);
    for (const gone of [named.name, `${QUEUE}/tasks/never`]) {
      expect(
        refusal(() => {
          tasks.delete(OWNER, gone);
        }),
      ).toEqual(["NOT_FOUND", "Requested entity was not found."]);
    }
  });

  test("deleted while it is under way is not tried again", async () => {
    const { clock, delivery } = given({ retryConfig: { minBackoff: "1s" } });
    sources.answer = async () => {
      await clock.sleep(MINUTE);
      return status(500);
    };
    const { name } = create();
    await clock.advance(SECOND);
    delivery.tasks.delete(OWNER, name);
    await clock.advance(HOUR);
    expect(delivery.attempts).toMatchObject([{ outcome: "failed" }]);
  });

  const TOO_LONG = `https://a.example/${"x".repeat(2083)}`;
  test.each<[object, string, string]>([
    [{}, "INVALID_ARGUMENT", 'property "httpRequest" is required but missing'],
    [http({ url: "ftp://a" }), "INVALID_ARGUMENT", "it must be an http or https address"],
    [http({ url: TOO_LONG }), "INVALID_ARGUMENT", "it is longer than 2083 characters"],
    [http({ httpMethod: "get" }), "INVALID_ARGUMENT", 'it must be one of "HTTP_METHOD_UNSPECIFIED", "POST"'],
    [http({ httpMethod: "GET", body: "aGk=" }), "INVALID_ARGUMENT", "is not allowed with method GET"],
    [http({ body: "hi!" }), "INVALID_ARGUMENT", "it must be base64"],
    [
      http({ body: Buffer.alloc(1_048_576).toString("base64") }),
      "INVALID_ARGUMENT",
      "The task may be 1048576 bytes long",
    ],
    [http({ headers: { a: "x".repeat(81_920) } }), "INVALID_ARGUMENT", "The headers may be 81920 bytes long"],
    [{ ...http(), scheduleTime: "tomorrow" }, "INVALID_ARGUMENT", "it must be a time"],
    [
      { ...http(), scheduleTime: new Date(START + 30 * DAY + 1).toISOString() },
      "INVALID_ARGUMENT",
      "more than 30 days ahead",
    ],
    [{ ...http(), dispatchDeadline: "14s" }, "INVALID_ARGUMENT", 'between "15s" and "1800s"'],
    [{ ...http(), dispatchDeadline: "1801s" }, "INVALID_ARGUMENT", 'between "15s" and "1800s"'],
    [{ ...http(), name: `${QUEUE}/tasks/a b` }, "INVALID_ARGUMENT", 'Task ID "a b" can contain only letters'],
    [
      { ...http(), name: `${QUEUE}-other/tasks/a` },
      "INVALID_ARGUMENT",
      `must be the same as the queue name in the named task ('${QUEUE}-other')`,
    ],
    [{ ...http(), retryConfig: {} }, "UNIMPLEMENTED", '"retryConfig" is not modelled by the sandbox'],
    [{ appEngineHttpRequest: {} }, "UNIMPLEMENTED", '"appEngineHttpRequest" is not modelled by the sandbox'],
    [http({ oauthToken: {} }), "UNIMPLEMENTED", '"httpRequest.oauthToken" is not modelled by the sandbox'],
    [http({ headers: { "X-A": "1\r\nX-B: 1" } }), "INVALID_ARGUMENT", "it must not break the line"],
    [http({ headers: { "X A": "1" } }), "INVALID_ARGUMENT", "names of headers have letters, digits"],
    [http({ body: "aGk" + "=".repeat(3) }), "INVALID_ARGUMENT", "it must be base64"],
  ])("is refused when it is %j", (task, code, words) => {
    given();
    expect(refusal(() => create(task))).toEqual([code, containing(words)]);
    expect(sources.delivery.backlog(QUEUE)).toBe(0);
  });

  test("may be as long as a request, and is refused for what it is", () => {
    given();
    const refused = (body: string) => refusal(() => create(http({ body })));
    expect(refused("A".repeat(8 << 20))).toEqual(["INVALID_ARGUMENT", containing("The task may be 1048576")]);
    expect(refused("!".repeat(8 << 20))).toEqual(["INVALID_ARGUMENT", containing("it must be base64")]);
  });
});

describe("a queue", () => {
  test("that makes no address of a task's fails, and goes on when it does", async () => {
    const { clock, delivery } = given({ retryConfig: { minBackoff: "60s" } });
    sources.putQueue({ rateLimits: { maxConcurrentDispatches: 1 } }, { uriOverride: { port: "70000" } });
    create();
    await clock.advance(0);
    expect(delivery.attempts).toMatchObject([
      { outcome: "failed", caller: "", url: "https://task.example/own", reason: containing("Invalid URL") },
    ]);
    sources.putQueue({ rateLimits: { maxConcurrentDispatches: 1 } });
    await clock.advance(MINUTE);
    expect(delivery.attempts.at(-1)).toMatchObject({ outcome: "success", url: `${HELLO.url}/work` });
  });

  test("whose method is unspecified leaves it to its tasks", async () => {
    const { clock } = given({}, { httpMethod: "HTTP_METHOD_UNSPECIFIED" });
    create(http({ httpMethod: "PUT", body: "aGk=" }));
    await clock.advance(0);
    expect(sources.requests).toMatchObject([{ method: "PUT", body: "hi" }]);
  });

  test.each([
    ["http://run.googleapis.com/v2/x", {}],
    ["https://evil.example/steal", {}],
    ["https://run.googleapis.com.evil.example/steal", {}],
    ["https://googleapis.com/steal", {}],
    ["https://evil.example/steal", { uriOverrideEnforceMode: "IF_NOT_EXISTS", host: "run.googleapis.com" }],
  ])("never sends an access token to %s", async (url, uriOverride) => {
    const oauthToken = {
      serviceAccountEmail: CALLER,
      scope: "https://www.googleapis.com/auth/cloud-platform",
    };
    const { clock, delivery } = given({}, { oidcToken: undefined, oauthToken, uriOverride });
    create(http({ url }));
    await clock.advance(0);
    expect(sources.requests).toEqual([]);
    expect(delivery.attempts).toMatchObject([
      { outcome: "failed", reason: containing("https://*.googleapis.com") },
    ]);
  });

  test("keeps to its rate, and to its number at one time", async () => {
    const { clock } = given({ rateLimits: { maxDispatchesPerSecond: 2, maxBurstSize: 2 } });
    for (let i = 0; i < 6; i++) create();
    await clock.advance(MINUTE);
    expect(sources.seconds).toEqual([0, 0, 0.5, 1, 1.5, 2]);

    sources.putQueue({ rateLimits: { maxConcurrentDispatches: 2 } });
    sources.answer = async () => {
      await clock.sleep(10 * SECOND);
      return status(200);
    };
    for (let i = 0; i < 5; i++) create();
    const before = clock.now();
    await clock.advance(MINUTE);
    const begun = sources.delivery.attempts.slice(6).map(({ at }) => (at - before) / SECOND);
    expect(begun).toEqual([0, 0, 10, 10, 20]);
  });

  test("that is paused keeps its tasks, sends what is run all the same, and goes on when it is resumed", async () => {
    const { clock, delivery } = given({ desiredState: "PAUSED" });
    const first = create();
    create();
    await clock.advance(HOUR);
    expect(delivery.attempts).toEqual([]);
    delivery.tasks.run(OWNER, first.name);
    await clock.advance(0);
    expect(delivery.attempts.map(({ task }) => task)).toEqual([first.name]);
    sources.putQueue({ desiredState: "RUNNING" });
    await clock.advance(0);
    expect(delivery.attempts).toHaveLength(2);
  });

  test("is emptied at once, and one that is gone takes its tasks along", async () => {
    const { clock, delivery, cloud } = given({ desiredState: "PAUSED" });
    create();
    create();
    delivery.tasks.purge(OWNER, QUEUE);
    expect(delivery.backlog(QUEUE)).toBe(0);
    create();
    cloud.store.remove("gcp:cloudtasks/queue:Queue", QUEUE);
    expect(refusal(() => create())).toEqual([
      "NOT_FOUND",
      "Queue does not exist. If you just created the queue, wait at least a minute for the queue to initialize.",
    ]);
    sources.putQueue();
    await clock.advance(HOUR);
    expect(delivery.attempts).toEqual([]);
  });

  test("sends waiting tasks to where it points when it sends them", async () => {
    const { clock, delivery } = given();
    sources.answer = () => status(sources.arrived.length === 1 ? 500 : 200);
    sources.putQueue({ retryConfig: { minBackoff: "60s" } });
    create();
    await clock.advance(0);
    sources.putQueue(
      {},
      { uriOverride: { host: new URL(HELLO.url).hostname, pathOverride: { path: "/other" } } },
    );
    await clock.advance(MINUTE);
    expect(delivery.attempts.map(({ url }) => url)).toEqual([`${HELLO.url}/work`, `${HELLO.url}/other`]);
  });

  test.each([429, 503])("leaves a target alone that says %d, for as long as it asks", async (code) => {
    const { clock } = given({ retryConfig: { minBackoff: "1s" } });
    sources.answer = () =>
      sources.arrived.length === 1 ? status(code, { "Retry-After": "30" }) : status(200);
    create();
    await clock.advance(SECOND);
    create();
    await clock.advance(MINUTE);
    // The second task is held back too.
    expect(sources.seconds).toEqual([0, 30, 30]);
  });

  test("takes a date for Retry-After, and minds it only of the overloaded", async () => {
    const { clock } = given({ retryConfig: { minBackoff: "1s" } });
    const later = new Date(START + 20 * SECOND).toUTCString();
    const answers = [status(503, { "retry-after": later }), status(500, { "retry-after": "3600" })];
    sources.answer = () => answers[sources.arrived.length - 1] ?? status(200);
    create();
    await clock.advance(HOUR);
    expect(sources.seconds).toEqual([0, 20, 22]);
  });

  test.each(["99999999999999", "9".repeat(400), "Fri, 31 Dec 9999 23:59:59 GMT"])(
    "leaves a target alone for an hour at most, though it says %s",
    async (wish) => {
      const { clock } = given({ retryConfig: { minBackoff: "1s" } });
      sources.answer = () =>
        sources.arrived.length === 1 ? status(503, { "Retry-After": wish }) : status(200);
      create();
      await clock.advance(SECOND);
      create();
      await clock.advance(2 * HOUR);
      expect(sources.seconds).toEqual([0, 3600, 3600]);
    },
  );

  test("of a run that fails counts the wait from when the run was asked for", async () => {
    const { clock } = given({ retryConfig: { minBackoff: "60s" }, desiredState: "PAUSED" });
    sources.answer = async () => {
      if (sources.arrived.length === 1) await clock.sleep(30 * SECOND);
      return status(sources.arrived.length === 1 ? 500 : 200);
    };
    const { name } = create();
    sources.delivery.tasks.run(OWNER, name);
    sources.putQueue({ retryConfig: { minBackoff: "60s" }, desiredState: "PAUSED" });
    await clock.advance(30 * SECOND);
    sources.putQueue({ retryConfig: { minBackoff: "60s" } });
    await clock.advance(HOUR);
    expect(sources.seconds).toEqual([0, 60]);
  });

  test("without a host of its own has nowhere to send what is buffered", () => {
    given({}, { uriOverride: undefined });
    expect(refusal(() => sources.delivery.tasks.buffer(OWNER, QUEUE))).toEqual([
      "INVALID_ARGUMENT",
      containing("has no HTTP target with a host"),
    ]);
  });

  test("that calls without a token is refused at the gate", async () => {
    const { clock, delivery } = given({ retryConfig: { maxAttempts: 1 } }, { oidcToken: undefined });
    delivery.tasks.buffer(OWNER, QUEUE);
    await clock.advance(0);
    expect(delivery.attempts).toMatchObject([{ caller: "", outcome: "failed", response: { status: 403 } }]);
  });
});

describe("who may", () => {
  type Call = (who: string) => unknown;
  const now = () => sources.delivery.tasks;
  let name: string;
  const CALLS: Readonly<Record<string, readonly [Call, string]>> = {
    create: [(who) => now().create(who, QUEUE, http()), "cloudtasks.tasks.create"],
    "create and see all": [
      (who) => now().create(who, QUEUE, http(), { full: true }),
      "cloudtasks.tasks.create",
    ],
    buffer: [(who) => now().buffer(who, QUEUE), "cloudtasks.tasks.create"],
    get: [(who) => now().get(who, name), "cloudtasks.tasks.get"],
    "get all of it": [(who) => now().get(who, name, { full: true }), "cloudtasks.tasks.get"],
    list: [(who) => now().list(who, QUEUE), "cloudtasks.tasks.list"],
    run: [(who) => now().run(who, name), "cloudtasks.tasks.run"],
    delete: [
      (who) => {
        now().delete(who, name);
      },
      "cloudtasks.tasks.delete",
    ],
    purge: [(who) => now().purge(who, QUEUE), "cloudtasks.queues.purge"],
    "get the queue": [(who) => now().queue(who, QUEUE), "cloudtasks.queues.get"],
    "list queues": [(who) => now().queues(who, PROJECT, "europe-west1"), "cloudtasks.queues.list"],
  };
  /** What a role on the queue lets do of these. */
  const BY_ROLE: Readonly<Record<string, readonly string[]>> = {
    "roles/cloudtasks.enqueuer": ["create", "create and see all", "buffer"],
  };

  test.each(Object.entries(CALLS))(
    "%s: nobody without the permission, and the owner",
    (_, [call, permission]) => {
      given({ desiredState: "PAUSED" });
      name = create().name;
      expect(refusal(() => call(SHOP))).toEqual([
        "PERMISSION_DENIED",
        expect.stringMatching(
          new RegExp(
            `^The principal \\(user or service account\\) lacks IAM permission "${permission}" for the resource "projects/.*" \\(or the resource may not exist\\)\\. ${SHOP} lacks`,
          ),
        ) as string,
      ]);
      call(OWNER);
    },
  );

  test.each(Object.entries(BY_ROLE))(
    "%s on the queue is enough for %j, and for nothing else",
    (role, wanted) => {
      const able = Object.entries(CALLS).flatMap(([what, [call]]) => {
        given({ desiredState: "PAUSED" });
        name = create().name;
        sources.cloud.iam.grant(ORDERS, { role, member: SHOP });
        try {
          call(SHOP);
          return [what];
        } catch {
          return [];
        }
      });
      expect(able).toEqual(wanted);
    },
  );

  test("a queue that does not exist is told to those alone who may look", () => {
    given();
    const elsewhere = QUEUE.replace("orders", "others");
    expect(refusal(() => now().create(OWNER, elsewhere, http()))[0]).toBe("NOT_FOUND");
    expect(refusal(() => now().create(SHOP, elsewhere, http()))[0]).toBe("PERMISSION_DENIED");
    expect(refusal(() => now().create(OWNER, QUEUE.replace(PROJECT, "nobodys-1"), http()))).toEqual([
      "PERMISSION_DENIED",
      "Permission denied on resource project nobodys-1.",
    ]);
    expect(refusal(() => now().create(OWNER, "orders", http()))[1]).toMatch(/^Queue name must be formatted/);
    sources.cloud.apis.disable(PROJECT, "cloudtasks.googleapis.com");
    expect(refusal(() => create())[1]).toMatch(/^Cloud Tasks API has not been used in project/);
  });

  test("a grant that spreads counts once it has spread, and then the queue takes the project by its number too", async () => {
    const { clock, cloud } = given({}, {}, { iamDelay: 2 * MINUTE });
    await clock.advance(2 * MINUTE);
    cloud.iam.grant(ORDERS, { role: "roles/cloudtasks.enqueuer", member: SHOP });
    expect(refusal(() => create(http(), SHOP))[1]).toContain("is written, but takes effect only at");
    await clock.advance(2 * MINUTE);
    create(http(), SHOP);
    now().create(SHOP, QUEUE.replace(PROJECT, "111111111111"), http());
    await clock.advance(0);
    expect(sources.delivery.attempts.map(({ outcome }) => outcome)).toEqual(["success", "success"]);
  });

  describe("name an account in a task", () => {
    const task = (email: string) => http({ oidcToken: { serviceAccountEmail: email, audience: HELLO.url } });

    test("only who may act as it, and the account must be one's own of the queue's project", () => {
      const { cloud } = given();
      cloud.iam.grant(ORDERS, { role: "roles/cloudtasks.enqueuer", member: SHOP });
      create(http(), SHOP);
      expect(refusal(() => create(task(CALLER), SHOP))).toEqual([
        "PERMISSION_DENIED",
        containing(`lacks IAM permission "iam.serviceAccounts.actAs" for the resource "${CALLER}"`),
      ]);
      const role = "roles/iam.serviceAccountUser";
      cloud.iam.grant(serviceAccountName(PROJECT, CALLER), { role, member: SHOP });
      create(task(CALLER), SHOP);

      const foreign = `caller@${OTHER_PROJECT}.iam.gserviceaccount.com`;
      cloud.iam.addAccount({ email: foreign, uniqueId: "42", project: OTHER_PROJECT });
      for (const email of [foreign, TASKS_AGENT, `nobody@${PROJECT}.iam.gserviceaccount.com`]) {
        expect(refusal(() => create(task(email)))).toEqual([
          "INVALID_ARGUMENT",
          containing("it must be one of your own, in the same project"),
        ]);
      }
    });

    test("nobody needs to where the queue names one; the sandbox says that this is assumed", async () => {
      const { clock, cloud, delivery } = given();
      cloud.iam.grant(ORDERS, { role: "roles/cloudtasks.enqueuer", member: SHOP });
      create(http(), SHOP);
      await clock.advance(0);
      expect(delivery.attempts[0]?.reason).toContain(
        "Assumed in enqueueing: that whoever enqueues needs no iam.serviceAccounts.actAs when the queue names the account",
      );
    });
  });
});

describe("the token", () => {
  const minter = {
    role: "roles/iam.serviceAccountOpenIdTokenCreator",
    member: `serviceAccount:${TASKS_AGENT}`,
  };
  const user = { role: "roles/iam.serviceAccountUser", member: `serviceAccount:${TASKS_AGENT}` };
  const usual = { role: "roles/cloudtasks.serviceAgent", member: `serviceAccount:${TASKS_AGENT}` };
  const account = serviceAccountName(PROJECT, CALLER);

  async function firstReason(): Promise<string | undefined> {
    create();
    await sources.clock.advance(0);
    return sources.delivery.attempts[0]?.reason;
  }

  test("is minted by the queue's project's agent alone, and an attempt without one is a failure that is tried again", async () => {
    const { clock, cloud, delivery } = given({ retryConfig: { minBackoff: "60s" } });
    cloud.iam.revoke(projectName(PROJECT), usual);
    expect(await firstReason()).toContain(
      `PERMISSION_DENIED (403): no token was minted, so no request was sent. ${usual.member} lacks`,
    );
    expect(sources.requests).toEqual([]);
    cloud.iam.grant(account, minter);
    await clock.advance(MINUTE);
    expect(delivery.attempts.map(({ outcome }) => outcome)).toEqual(["not minted", "success"]);
    expect(header(sources.requests[0], "X-CloudTasks-TaskRetryCount")).toBe("1");
    expect(header(sources.requests[0], "X-CloudTasks-TaskPreviousResponse")).toBeUndefined();
  });

  test("rests on an assumption where the agent lacks its role on the project, and on another without actAs", async () => {
    const { cloud } = given();
    expect(await firstReason()).toContain("can mint without roles/iam.serviceAccountUser on the account");
    given();
    sources.cloud.iam.grant(account, user);
    expect(await firstReason()).not.toContain("Assumed in minting");
    given();
    sources.cloud.iam.revoke(projectName(PROJECT), usual);
    sources.cloud.iam.grant(account, minter);
    expect(await firstReason()).toMatch(
      /Assumed in minting: that Cloud Tasks' agent .*; and that Cloud Tasks' agent/,
    );
    expect(cloud.iam.account(TASKS_AGENT)).toBeDefined();
  });

  test("is another one at each attempt", async () => {
    const { clock } = given({ retryConfig: { minBackoff: "60s" } });
    sources.answer = () => status(sources.arrived.length === 1 ? 500 : 200);
    create();
    await clock.advance(MINUTE);
    const [first, second] = sources.delivery.attempts.map(({ minted }) =>
      minted.ok ? minted.claims?.iat : 0,
    );
    expect((second ?? 0) - (first ?? 0)).toBe(60);
  });
});

test("a stopped delivery takes and sends nothing any more", async () => {
  const { clock, delivery } = given();
  create({ ...http(), scheduleTime: new Date(START + HOUR).toISOString() });
  const { tasks } = delivery;
  delivery.stop();
  expect(clock.pending).toBe(0);
  expect(() => delivery.tasks).toThrow("This delivery was stopped");
  sources.putQueue();
  await clock.advance(2 * HOUR);
  expect(tasks.backlog(QUEUE)).toBe(0);
  expect(delivery.attempts).toEqual([]);
});
