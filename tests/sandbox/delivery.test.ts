import { decodeJwt } from "jose";
import { serviceAccountName } from "../../sandbox/cloud/names";
import { parseFilter } from "../../sandbox/cloud/resources/pubsub-filter";
import { redeliveryDelay } from "../../sandbox/delivery/pubsub/backoff";
import { retries, retryInterval } from "../../sandbox/delivery/scheduler/backoff";
import { nextRun } from "../../sandbox/delivery/scheduler/cron";
import type { HttpResponse } from "../../sandbox/ingress/http";
import { CALLER, FIRST, HELLO, OTHER_PROJECT, PROJECT, START } from "./gates";
import {
  DEAD_SUBSCRIPTION,
  DEAD_TOPIC,
  header,
  JOB,
  PUBSUB_AGENT,
  SCHEDULER_AGENT,
  Sources,
  SUBSCRIPTION,
  TOPIC,
} from "./sources";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

let sources: Sources;

function given(...options: ConstructorParameters<typeof Sources>): Sources {
  sources = new Sources(...options);
  return sources;
}

afterEach(() => {
  sources.delivery.stop();
  expect(sources.clock.pending).toBe(0);
});

function status(code: number, headers: Record<string, string> = {}): HttpResponse {
  return { status: code, headers, body: "" };
}

describe("cron", () => {
  beforeEach(() => given());
  const due = (schedule: string, zone: string, after: string, runs: number): string[] => {
    const times: number[] = [];
    for (let run = 0; run < runs; run++)
      times.push(nextRun(schedule, zone, times.at(-1) ?? Date.parse(after)));
    return times.map((time) => new Date(time).toISOString().slice(0, 16));
  };

  test("nine in Berlin is eight in winter and seven in summer", () => {
    expect(due("0 9 * * *", "Europe/Berlin", "2026-03-27T12:00Z", 3)).toEqual([
      "2026-03-28T08:00",
      "2026-03-29T07:00",
      "2026-03-30T07:00",
    ]);
    expect(due("0 9 * * *", "Europe/Berlin", "2026-10-24T12:00Z", 1)).toEqual(["2026-10-25T08:00"]);
  });

  test("days of the week, steps and lists", () => {
    expect(due("30 6 * * MON-FRI", "Etc/UTC", "2026-12-04T12:00Z", 2)).toEqual([
      "2026-12-07T06:30",
      "2026-12-08T06:30",
    ]);
    expect(due("*/20 0,12 1 * *", "Etc/UTC", "2026-12-01T00:20Z", 2)).toEqual([
      "2026-12-01T00:40",
      "2026-12-01T12:00",
    ]);
  });

  test.each([
    "every 5 minutes",
    "* * * *",
    "0 0 9 * * *",
    "60 * * * *",
    "@daily",
    "0 9 L * *",
    "H * * * *",
    "",
  ])('refuses "%s"', (schedule) => {
    expect(() => nextRun(schedule, "Etc/UTC", START)).toThrow(`Schedule "${schedule}"`);
  });

  test("refuses a time zone that does not exist", () => {
    expect(() => nextRun("* * * * *", "Europe/Nowhere", START)).toThrow('in "Europe/Nowhere" is not valid');
  });
});

describe("a job's retries", () => {
  beforeEach(() => given());

  test("intervals are doubled, then grow by the same step, up to the maximum", () => {
    const config = { minBackoffDuration: "10s", maxBackoffDuration: "300s", maxDoublings: 3 };
    const intervals = [0, 1, 2, 3, 4, 5, 6, 7].map((retry) => retryInterval(config, retry) / SECOND);
    // The example of Google's documentation.
    expect(intervals).toEqual([10, 20, 40, 80, 160, 240, 300, 300]);
    expect([0, 1, 5, 6].map((retry) => retryInterval({}, retry) / SECOND)).toEqual([5, 10, 160, 320]);
    expect(retryInterval({ maxDoublings: 0 }, 2)).toBe(15 * SECOND);
    expect(retryInterval({ minBackoffDuration: "0s", maxBackoffDuration: "0s" }, 0)).toBeGreaterThan(0);
  });

  test.each([
    { config: {}, made: 0, elapsed: 0, again: false },
    { config: { retryCount: 2 }, made: 1, elapsed: DAY, again: true },
    { config: { retryCount: 2 }, made: 2, elapsed: 0, again: false },
    { config: { maxRetryDuration: "60s" }, made: 9, elapsed: 59 * SECOND, again: true },
    { config: { maxRetryDuration: "60s" }, made: 0, elapsed: 60 * SECOND, again: false },
    { config: { retryCount: 2, maxRetryDuration: "60s" }, made: 2, elapsed: 59 * SECOND, again: true },
    { config: { retryCount: 2, maxRetryDuration: "60s" }, made: 1, elapsed: 61 * SECOND, again: true },
    { config: { retryCount: 2, maxRetryDuration: "60s" }, made: 2, elapsed: 60 * SECOND, again: false },
  ])("$config, $made made after $elapsed ms: $again", ({ config, made, elapsed, again }) => {
    expect(retries(config, made, elapsed)).toBe(again);
  });
});

describe("Scheduler", () => {
  test("fires every job when it is due, with a fresh token and Google's headers", async () => {
    const { delivery, clock } = given();
    sources.letIn();
    sources.putJob();
    delivery.start();
    await clock.advance(21 * HOUR - 1);
    expect(delivery.attempts).toEqual([]);
    await clock.advance(1);
    await clock.advance(DAY);

    const [first, second] = delivery.attempts;
    expect(delivery.attempts.map(({ at }) => new Date(at).toISOString())).toEqual([
      "2026-12-02T09:00:00.000Z",
      "2026-12-03T09:00:00.000Z",
    ]);
    expect(first).toMatchObject({
      source: { kind: "scheduler-job", name: "nightly", id: JOB },
      number: 1,
      url: `${HELLO.url}/work?day=1`,
      caller: CALLER,
      audience: HELLO.url,
      outcome: "success",
      minted: { ok: true, claims: { email: CALLER, aud: HELLO.url } },
    });
    expect(first?.reason).toContain("Let in, answered 200. roles/run.invoker");
    expect(first?.minted).not.toEqual(second?.minted);
    const [request] = sources.requests;
    expect(request?.method).toBe("POST");
    expect(request?.headers.slice(0, -1)).toEqual([
      ["User-Agent", "Google-Cloud-Scheduler"],
      ["X-CloudScheduler", "true"],
      ["X-CloudScheduler-JobName", "nightly"],
      ["X-CloudScheduler-ScheduleTime", "2026-12-02T09:00:00Z"],
    ]);
  });

  test("jobs that come later are armed, changed ones armed anew, paused and deleted ones never fire", async () => {
    const { delivery, clock, cloud } = given();
    sources.letIn();
    delivery.start();
    sources.putJob({ schedule: "0 13 * * *" });
    sources.putJob({ schedule: "30 13 * * *" });
    await clock.advance(HOUR + 29 * MINUTE);
    expect(delivery.attempts).toHaveLength(0);
    await clock.advance(MINUTE);
    expect(delivery.attempts).toHaveLength(1);
    sources.putJob({ schedule: "30 13 * * *", paused: true });
    await clock.advance(2 * DAY);
    expect(delivery.attempts).toHaveLength(1);
    sources.putJob({ schedule: "30 13 * * *" });
    await clock.advance(DAY);
    expect(delivery.attempts).toHaveLength(2);
    cloud.store.remove("gcp:cloudscheduler/job:Job", JOB);
    expect(clock.pending).toBe(0);
  });

  test("retries as configured, the schedule time staying the same", async () => {
    const { delivery, clock } = given();
    sources.letIn();
    sources.answer = () => status(503);
    sources.putJob({ retryConfig: { retryCount: 3, minBackoffDuration: "10s", maxDoublings: 1 } });
    delivery.start();
    await clock.advance(DAY);
    expect(sources.seconds).toEqual([0, 10, 30, 70]);
    expect(delivery.attempts.map(({ number, outcome }) => [number, outcome])).toEqual([
      [1, "failed"],
      [2, "failed"],
      [3, "failed"],
      [4, "failed"],
    ]);
    const times = sources.requests.map((request) => header(request, "X-CloudScheduler-ScheduleTime"));
    expect(new Set(times)).toEqual(new Set(["2026-12-02T09:00:00Z"]));
  });

  test("with both limits set it retries until both are reached", async () => {
    const { delivery, clock } = given();
    sources.letIn();
    sources.answer = () => status(500);
    sources.putJob({
      retryConfig: {
        retryCount: 1,
        maxRetryDuration: "60s",
        minBackoffDuration: "20s",
        maxBackoffDuration: "20s",
      },
    });
    delivery.start();
    await clock.advance(DAY);
    expect(sources.seconds).toEqual([0, 20, 40, 60]);
  });

  test("executions never overlap: one that is due while another retries is left out", async () => {
    const { delivery, clock } = given();
    sources.letIn();
    sources.answer = () => status(500);
    sources.putJob({ schedule: "* * * * *", retryConfig: { retryCount: 1, minBackoffDuration: "90s" } });
    delivery.start();
    await clock.advance(5 * MINUTE);
    expect(sources.seconds).toEqual([0, 90, 120, 210, 240]);
    expect(delivery.attempts.map(({ number }) => number)).toEqual([1, 2, 1, 2, 1]);
  });

  test("a forced run happens at once, also of a paused job, and has no schedule time", async () => {
    const { delivery, clock } = given();
    sources.letIn();
    sources.putJob({ paused: true, retryConfig: { retryCount: 1, minBackoffDuration: "5s" } });
    sources.answer = () => status(sources.arrived.length === 1 ? 500 : 299);
    const run = delivery.runJob(JOB);
    await clock.advance(MINUTE);
    expect((await run).map(({ outcome }) => outcome)).toEqual(["failed", "success"]);
    expect(sources.seconds).toEqual([0, 5]);
    expect(header(sources.requests[0], "X-CloudScheduler-ScheduleTime")).toBeUndefined();
    await expect(delivery.runJob(`${JOB}x`)).rejects.toThrow("does not exist");
  });

  test.each([
    { deadline: undefined, seconds: 180 },
    { deadline: "15s", seconds: 15 },
  ])("gives up after attemptDeadline $deadline", async ({ deadline, seconds }) => {
    const { delivery, clock } = given();
    sources.letIn();
    sources.putJob({ attemptDeadline: deadline, retryConfig: { retryCount: 1, minBackoffDuration: "5s" } });
    const done: number[] = [];
    sources.answer = async () => {
      await clock.sleep(1000 * SECOND);
      done.push(clock.now());
      return status(200);
    };
    const run = delivery.runJob(JOB);
    await clock.advance(2000 * SECOND);
    expect((await run).map(({ outcome, reason }) => [outcome, reason])).toEqual(
      Array(2).fill(["deadline exceeded", `No answer within ${seconds} s.`]),
    );
    expect(sources.seconds).toEqual([0, seconds + 5]);
    // The code behind does not know that nobody listens any more.
    expect(done).toHaveLength(2);
  });

  test("method, body and headers are the job's, what Google forces is Google's", async () => {
    const { delivery, clock } = given();
    sources.letIn();
    const body = Buffer.from('{"a":"ü"}').toString("base64");
    const headers = {
      "User-Agent": "me",
      "X-CloudScheduler": "no",
      "X-Google-Foo": "1",
      "X-Own": "yes",
      Authorization: "x",
    };
    sources.putJob({}, { httpMethod: "PUT", body, headers });
    await Promise.all([delivery.runJob(JOB), clock.advance(0)]);
    sources.putJob({}, { httpMethod: "GET", body });
    await Promise.all([delivery.runJob(JOB), clock.advance(0)]);
    sources.putJob({}, { httpMethod: "POST", body, headers: { "content-type": "application/json" } });
    await Promise.all([delivery.runJob(JOB), clock.advance(0)]);
    const [put, read, json] = sources.requests;
    expect(put).toMatchObject({ method: "PUT", body: '{"a":"ü"}' });
    expect(put?.headers.map(([name]) => name)).toEqual([
      "X-Own",
      "Content-Type",
      "User-Agent",
      "X-CloudScheduler",
      "X-CloudScheduler-JobName",
      "Authorization",
    ]);
    expect(header(put, "Content-Type")).toBe("application/octet-stream");
    expect(header(put, "User-Agent")).toBe("Google-Cloud-Scheduler");
    expect(read).toMatchObject({ method: "GET", body: "" });
    expect(header(read, "Content-Type")).toBeUndefined();
    expect(json?.headers.filter(([name]) => /content-type/i.test(name))).toEqual([
      ["content-type", "application/json"],
    ]);
  });

  test("without an audience the token is for the whole address, which a Run service refuses", async () => {
    const { delivery } = given();
    sources.letIn();
    sources.putJob({}, { oidcToken: { serviceAccountEmail: CALLER } });
    const [attempt] = await delivery.runJob(JOB);
    expect(attempt).toMatchObject({
      audience: `${HELLO.url}/work?day=1`,
      outcome: "failed",
      response: { status: 401 },
    });
    expect(attempt?.reason).toContain("Answered 401 at the gate. The token is for the audience");
    expect(attempt?.reason).toContain("Only the path behind it is too much");
  });

  test("redirects are followed, the final answer counts, and no token goes to another host", async () => {
    const { delivery } = given();
    sources.letIn();
    sources.answer = (request) =>
      request.url.includes("elsewhere")
        ? status(201)
        : status(307, { Location: request.url.includes("/two") ? "https://elsewhere.example.com/" : "/two" });
    sources.putJob({}, { body: Buffer.from("x").toString("base64") });
    const [attempt] = await delivery.runJob(JOB);
    expect(attempt).toMatchObject({ outcome: "success", response: { status: 201 } });
    expect(sources.requests.map(({ method, body }) => [method, body])).toEqual(Array(3).fill(["POST", "x"]));
    expect(sources.requests.map((request) => header(request, "Authorization") !== undefined)).toEqual([
      true,
      true,
      false,
    ]);
  });

  test("endless redirects end", async () => {
    const { delivery } = given();
    sources.letIn();
    sources.answer = () => status(302, { location: "/" });
    sources.putJob();
    const [attempt] = await delivery.runJob(JOB);
    expect(attempt).toMatchObject({ outcome: "failed", response: { status: 302 } });
    expect(sources.arrived).toHaveLength(11);
    expect(sources.requests[1]?.method).toBe("GET");
  });

  test("a job without a token is sent without one", async () => {
    const { delivery } = given();
    sources.putJob({}, { oidcToken: undefined });
    const [attempt] = await delivery.runJob(JOB);
    expect(attempt).toMatchObject({
      caller: "",
      audience: undefined,
      outcome: "failed",
      response: { status: 403 },
    });
  });

  test("what is not modelled is said, not done", async () => {
    const { delivery } = given();
    sources.putJob({ httpTarget: undefined });
    const [pubsub] = await delivery.runJob(JOB);
    expect(pubsub?.reason).toContain("does not model a job without an httpTarget");
  });

  test("a backend that breaks is a failed attempt that says why", async () => {
    const { delivery } = given();
    sources.letIn();
    sources.putJob();
    sources.answer = () => Promise.reject(new Error("connection refused"));
    const [attempt] = await delivery.runJob(JOB);
    expect(attempt?.outcome).toBe("failed");
    expect(attempt?.reason).toContain("connection refused");
  });

  test("calls a 1st gen function too", async () => {
    const { delivery } = given();
    sources.grant(FIRST.fullName, "roles/cloudfunctions.invoker");
    sources.putJob({}, { uri: FIRST.url, oidcToken: { serviceAccountEmail: CALLER, audience: FIRST.url } });
    const [attempt] = await delivery.runJob(JOB);
    expect(attempt).toMatchObject({ outcome: "success", verdict: { target: { kind: "function-v1" } } });
  });

  test("stop drops what is under way and leaves nothing", async () => {
    const { delivery, clock } = given();
    sources.letIn();
    sources.putJob({ schedule: "* * * * *" });
    sources.putSubscription();
    delivery.start();
    sources.answer = () => new Promise(() => undefined);
    await delivery.publish(TOPIC, { data: "x" });
    await clock.advance(MINUTE);
    const run = delivery.runJob(JOB);
    await clock.advance(0);
    delivery.stop();
    expect(clock.pending).toBe(0);
    expect(await run).toEqual([]);
    sources.putJob({ schedule: "*/2 * * * *" });
    await clock.advance(DAY);
    expect(clock.pending).toBe(0);
    await expect(delivery.runJob(JOB)).rejects.toThrow("stopped");
    await expect(delivery.publish(TOPIC, { data: "x" })).rejects.toThrow("stopped");
    expect(() => {
      delivery.start();
    }).toThrow("stopped");
  });
});

describe("minting", () => {
  const HARDENED = { projects: [{ id: PROJECT, number: "111111111111", kind: "hardened" as const }] };

  test("a hardened project needs the grant on the caller's account, and Scheduler's use of it is assumed", async () => {
    const { delivery } = given(HARDENED);
    sources.letIn();
    sources.putJob();
    const [without] = await delivery.runJob(JOB);
    expect(without).toMatchObject({
      outcome: "not minted",
      minted: {
        ok: false,
        decision: {
          permission: "iam.serviceAccounts.getOpenIdToken",
          resource: serviceAccountName(PROJECT, CALLER),
        },
      },
    });
    expect(without?.reason).toContain("PERMISSION_DENIED (403)");
    expect(without?.reason).toContain(SCHEDULER_AGENT);
    expect(without?.response).toBeUndefined();
    expect(sources.arrived).toEqual([]);

    sources.letMint(SCHEDULER_AGENT);
    const [withGrant] = await delivery.runJob(JOB);
    expect(withGrant?.outcome).toBe("success");
    expect(withGrant?.reason).toContain("Assumed in minting: that Cloud Scheduler's agent");
  });

  test.each([
    {
      name: "missing",
      change: () => {
        sources.cloud.iam.removeAccount(CALLER);
      },
      reason: "does not exist",
    },
    {
      name: "disabled",
      change: () => {
        sources.cloud.iam.addAccount({
          email: CALLER,
          uniqueId: "100000000000000000000",
          project: PROJECT,
          disabled: true,
        });
      },
      reason: "is disabled",
    },
  ])("an account that is $name gets no token", async ({ change, reason }) => {
    const { delivery } = given();
    sources.letIn();
    sources.putJob();
    change();
    const [attempt] = await delivery.runJob(JOB);
    expect(attempt?.outcome).toBe("not minted");
    expect(attempt?.reason).toContain(`${CALLER} ${reason}`);
  });

  test("an account of another project gets no token, although this project's agents may mint for it", async () => {
    const { delivery } = given();
    const email = `caller@${OTHER_PROJECT}.iam.gserviceaccount.com`;
    sources.cloud.iam.addAccount({ email, uniqueId: "100000000000000000009", project: OTHER_PROJECT });
    for (const agent of [SCHEDULER_AGENT, PUBSUB_AGENT]) {
      sources.grant(
        serviceAccountName(OTHER_PROJECT, email),
        "roles/iam.serviceAccountOpenIdTokenCreator",
        agent,
      );
    }
    sources.grant(HELLO.fullName, "roles/run.invoker", email);
    const oidcToken = { serviceAccountEmail: email, audience: HELLO.url };
    sources.putJob({}, { oidcToken });
    sources.putSubscription({ retryPolicy: { minimumBackoff: "10s" } }, { oidcToken });
    await delivery.publish(TOPIC, { data: "x" });
    await sources.clock.advance(SECOND);
    await delivery.runJob(JOB);
    expect(delivery.attempts.map(({ source, outcome }) => [source.kind, outcome])).toEqual([
      ["push-subscription", "not minted"],
      ["scheduler-job", "not minted"],
    ]);
    for (const { reason, minted } of delivery.attempts) {
      expect(reason).toContain(`${email} is of project "${OTHER_PROJECT}", and the source of "${PROJECT}"`);
      const assumed = minted.ok ? undefined : minted.decision.assumed;
      expect(assumed).toContain("names an account of another project gets no token");
    }
  });

  test("a push without a mintable token is tried again until it has one", async () => {
    const { delivery, clock } = given(HARDENED);
    sources.cloud.projects.createServiceIdentity(PROJECT, "pubsub.googleapis.com");
    sources.letIn();
    sources.putSubscription({ retryPolicy: { minimumBackoff: "10s" } });
    await delivery.publish(TOPIC, { data: "x" });
    await clock.advance(9 * SECOND);
    sources.letMint(PUBSUB_AGENT);
    await clock.advance(SECOND);
    expect(delivery.attempts.map(({ outcome }) => outcome)).toEqual(["not minted", "success"]);
    expect(delivery.attempts[1]?.reason).not.toContain("Assumed");
  });
});

describe("Pub/Sub push", () => {
  async function publish(...messages: Parameters<Sources["delivery"]["publish"]>[1][]): Promise<string[]> {
    const ids: string[] = [];
    for (const message of messages) ids.push(await sources.delivery.publish(TOPIC, message));
    await sources.clock.advance(0);
    return ids;
  }

  test("wraps the message, some names in both spellings", async () => {
    given();
    sources.letIn();
    sources.putSubscription();
    const [id] = await publish({ data: "grüezi", attributes: { kind: "a" }, orderingKey: "k" });
    const [request] = sources.requests;
    expect(request).toMatchObject({ method: "POST", url: `${HELLO.url}/push` });
    expect(header(request, "Content-Type")).toBe("application/json");
    const time = "2026-12-01T12:00:00.000Z";
    expect(JSON.parse(request?.body ?? "")).toEqual({
      message: {
        attributes: { kind: "a" },
        data: Buffer.from("grüezi").toString("base64"),
        messageId: id,
        message_id: id,
        orderingKey: "k",
        publishTime: time,
        publish_time: time,
      },
      subscription: SUBSCRIPTION,
    });
    expect(id).toMatch(/^\d+$/);
    expect(sources.delivery.backlog(SUBSCRIPTION)).toBe(0);
  });

  test.each([
    [102, "success"],
    [200, "success"],
    [201, "success"],
    [202, "success"],
    [204, "success"],
    [203, "failed"],
    [206, "failed"],
    [299, "failed"],
    [301, "failed"],
    [400, "failed"],
    [500, "failed"],
  ] as const)("%i is %s", async (code, outcome) => {
    given();
    sources.letIn();
    sources.putSubscription();
    sources.answer = () => status(code, { location: "/elsewhere" });
    await publish({ data: "x" });
    expect(sources.delivery.attempts.map((attempt) => attempt.outcome)).toEqual([outcome]);
    expect(sources.delivery.backlog(SUBSCRIPTION)).toBe(outcome === "success" ? 0 : 1);
  });

  test("the ack deadline is how long an answer may take", async () => {
    given();
    sources.letIn();
    sources.putSubscription({ ackDeadlineSeconds: 30, retryPolicy: { minimumBackoff: "10s" } });
    sources.answer = async () => {
      await sources.clock.sleep(sources.arrived.length === 1 ? 31 * SECOND : 29 * SECOND);
      return status(200);
    };
    await publish({ data: "x" });
    await sources.clock.advance(5 * MINUTE);
    expect(sources.delivery.attempts.map(({ outcome }) => outcome)).toEqual(["deadline exceeded", "success"]);
    expect(sources.seconds).toEqual([0, 40]);
  });

  test("back-off doubles between minimum and maximum", async () => {
    given();
    sources.letIn();
    sources.putSubscription({ retryPolicy: { minimumBackoff: "10s", maximumBackoff: "60s" } });
    sources.answer = () => status(sources.arrived.length === 6 ? 204 : 500);
    await publish({ data: "x" });
    await sources.clock.advance(HOUR);
    expect(sources.seconds).toEqual([0, 10, 30, 70, 130, 190]);
    expect([1, 2, 11, 40].map((failures) => redeliveryDelay(undefined, failures))).toEqual([
      100, 200, 60_000, 60_000,
    ]);
    expect(redeliveryDelay({}, 1)).toBe(10_000);
    expect(redeliveryDelay({}, 9)).toBe(600_000);
    expect(redeliveryDelay({ minimumBackoff: "0s", maximumBackoff: "0s" }, 3)).toBeGreaterThan(0);
  });

  test("unwrapped: the data is the body, metadata and attributes are headers if wanted", async () => {
    given();
    sources.letIn();
    sources.putSubscription({}, { noWrapper: { writeMetadata: true } });
    const [id = ""] = await publish({
      data: '{"a":1}',
      attributes: { "Content-Type": "application/json" },
      orderingKey: "k",
    });
    sources.putSubscription({}, { noWrapper: { writeMetadata: false } });
    await publish({ data: "plain", attributes: { kind: "a" } });
    const [rich, plain] = sources.requests;
    expect(rich?.body).toBe('{"a":1}');
    expect(rich?.headers.slice(0, -2)).toEqual([
      ["x-goog-pubsub-subscription-name", SUBSCRIPTION],
      ["x-goog-pubsub-message-id", id],
      ["x-goog-pubsub-publish-time", "2026-12-01T12:00:00.000Z"],
      ["x-goog-pubsub-ordering-key", "k"],
      ["Content-Type", "application/json"],
    ]);
    expect(plain?.body).toBe("plain");
    expect(plain?.headers.map(([name]) => name)).toEqual(["User-Agent", "Authorization"]);
  });

  test("an attribute that becomes an Authorization header does not help its publisher in", async () => {
    given();
    sources.letIn();
    sources.putSubscription({}, { noWrapper: { writeMetadata: true } });
    await publish({ data: "x", attributes: { Authorization: "Bearer forged" } });
    expect(sources.delivery.attempts[0]?.response?.status).toBe(401);
  });

  test("a topic with several subscriptions: one message each, filters apart; without any, the message is lost", async () => {
    given();
    sources.letIn();
    await publish({ data: "lost" });
    sources.putSubscription();
    const second = `projects/${PROJECT}/subscriptions/second`;
    sources.putSubscription(
      { topic: "events", filter: 'attributes.kind = "a"' },
      { pushEndpoint: `${HELLO.url}/two` },
      second,
    );
    await publish({ data: "1", attributes: { kind: "a" } }, { data: "2", attributes: { kind: "b" } });
    const paths = sources.requests.map(({ url }) => new URL(url).pathname);
    expect(paths.sort()).toEqual(["/push", "/push", "/two"]);
    expect(sources.delivery.backlog(second)).toBe(0);
  });

  test("jobs and pushes of the same project count as internal", async () => {
    const { delivery } = given();
    sources.letIn();
    sources.putHello({ ingress: "INGRESS_TRAFFIC_INTERNAL_ONLY" });
    sources.putJob();
    sources.putSubscription();
    await publish({ data: "x" });
    await delivery.runJob(JOB);
    expect(delivery.attempts.map(({ source, outcome }) => [source.kind, outcome])).toEqual([
      ["push-subscription", "success"],
      ["scheduler-job", "success"],
    ]);
  });

  test("what nobody can publish is refused", async () => {
    const { delivery } = given();
    await expect(delivery.publish(`${TOPIC}x`, { data: "x" })).rejects.toThrow(`${TOPIC}x`);
    await expect(delivery.publish(TOPIC, {})).rejects.toThrow("must have data or at least one attribute");
    const many = Object.fromEntries(Array.from({ length: 101 }, (_, index) => [`k${index}`, "v"]));
    await expect(delivery.publish(TOPIC, { attributes: many })).rejects.toThrow("100 attributes");
    await expect(delivery.publish(TOPIC, { data: "x".repeat(10_000_001) })).rejects.toThrow("too large");
    sources.putSubscription({ filter: "attributes.a > 1" });
    await expect(delivery.publish(TOPIC, { data: "x" })).rejects.toThrow("Filter");
  });

  test("with ordering, messages of one key wait for the one before, those of others do not", async () => {
    given();
    sources.letIn();
    sources.putSubscription({ enableMessageOrdering: true, retryPolicy: { minimumBackoff: "10s" } });
    let failures = 2;
    sources.answer = (request) => {
      const { message } = JSON.parse(request.body) as { message: { data: string } };
      return status(Buffer.from(message.data, "base64").toString() === "a1" && failures-- > 0 ? 500 : 200);
    };
    await publish(
      { data: "a1", orderingKey: "a" },
      { data: "a2", orderingKey: "a" },
      { data: "b1", orderingKey: "b" },
      { data: "free" },
    );
    await sources.clock.advance(MINUTE);
    const order = sources.requests.map(({ body }) => {
      const { message } = JSON.parse(body) as { message: { data: string } };
      return Buffer.from(message.data, "base64").toString();
    });
    expect(order.slice(0, 3).sort()).toEqual(["a1", "b1", "free"]);
    expect(order.slice(3)).toEqual(["a1", "a1", "a2"]);
  });

  test("after the retention a message is gone", async () => {
    given();
    sources.putSubscription({
      messageRetentionDuration: "600s",
      retryPolicy: { minimumBackoff: "100s", maximumBackoff: "100s" },
    });
    await publish({ data: "x" });
    await sources.clock.advance(599 * SECOND);
    expect(sources.delivery.attempts).toHaveLength(6);
    expect(sources.delivery.backlog(SUBSCRIPTION)).toBe(1);
    await sources.clock.advance(HOUR);
    expect(sources.delivery.attempts).toHaveLength(6);
    expect(sources.delivery.backlog(SUBSCRIPTION)).toBe(0);
    expect(sources.clock.pending).toBe(0);
  });

  test("an idle subscription expires after 31 days, unless it says never", async () => {
    const { cloud, delivery, clock } = given();
    sources.letIn();
    const never = `projects/${PROJECT}/subscriptions/never`;
    sources.putSubscription({ expirationPolicy: undefined });
    sources.putSubscription({}, {}, never);
    delivery.start();
    await clock.advance(31 * DAY);
    await publish({ data: "just in time" });
    await clock.advance(31 * DAY + 1);
    await publish({ data: "too late" });
    // Two are sent at the same moment, and whose token is signed first nobody can tell.
    const called = sources.delivery.attempts.map(({ source }) => source.name).sort();
    expect(called).toEqual(["never", "never", "push"]);
    expect(cloud.store.get("gcp:pubsub/subscription:Subscription", SUBSCRIPTION)).toBeUndefined();
  });

  test("a subscription that goes takes its messages along; its namesake starts afresh", async () => {
    const { cloud, delivery, clock } = given();
    sources.putSubscription({ retryPolicy: { minimumBackoff: "10s" } });
    delivery.start();
    await publish({ data: "x" });
    cloud.store.remove("gcp:pubsub/subscription:Subscription", SUBSCRIPTION);
    sources.putSubscription();
    sources.letIn();
    await clock.advance(HOUR);
    expect(delivery.attempts).toHaveLength(1);
    expect(delivery.backlog(SUBSCRIPTION)).toBe(0);
  });

  test("what was left to be pulled is pushed once there is somewhere to push it to", async () => {
    const { delivery, clock } = given();
    sources.letIn();
    sources.putSubscription({ pushConfig: undefined });
    delivery.start();
    await publish({ data: "1" }, { data: "2" });
    await clock.advance(HOUR);
    expect([delivery.attempts.length, delivery.backlog(SUBSCRIPTION)]).toEqual([0, 2]);
    sources.putSubscription();
    await clock.advance(0);
    expect([delivery.attempts.length, delivery.backlog(SUBSCRIPTION)]).toEqual([2, 0]);
  });

  test("one token serves all pushes of a subscription for an hour", async () => {
    given();
    sources.letIn();
    sources.putSubscription();
    const issued = (): number[] =>
      sources.delivery.attempts.map(({ minted }) =>
        minted.ok && minted.claims ? (minted.claims.iat * 1000 - START) / MINUTE : NaN,
      );
    await publish({ data: "1" });
    await sources.clock.advance(59 * MINUTE);
    await publish({ data: "2" });
    await sources.clock.advance(MINUTE);
    await publish({ data: "3" });
    sources.putSubscription({}, { oidcToken: { serviceAccountEmail: CALLER, audience: HELLO.hashUrl } });
    await sources.clock.advance(MINUTE);
    await publish({ data: "4" });
    expect(issued()).toEqual([0, 0, 60, 61]);
    expect(sources.delivery.attempts.every(({ outcome }) => outcome === "success")).toBe(true);
    const claims = decodeJwt(header(sources.requests[3], "Authorization")?.split(" ")[1] ?? "");
    expect(claims.aud).toBe(HELLO.hashUrl);
  });
});

describe("dead letters", () => {
  const POLICY = { deadLetterPolicy: { deadLetterTopic: DEAD_TOPIC, maxDeliveryAttempts: 5 } };
  const RETRY = { retryPolicy: { minimumBackoff: "10s", maximumBackoff: "600s" } };

  test("after the last attempt the message goes to the dead-letter topic, with where it comes from", async () => {
    const { delivery, clock } = given();
    sources.letIn();
    sources.answer = () => status(500);
    sources.putSubscription({ ...POLICY, ...RETRY });
    sources.putDeadLetters({ publish: true, acknowledge: true });
    const id = await delivery.publish(TOPIC, { data: "x", attributes: { kind: "a" } });
    await clock.advance(150 * SECOND);
    expect(sources.seconds).toEqual([0, 10, 30, 70, 150]);
    expect(
      sources.requests.map(({ body }) => (JSON.parse(body) as { deliveryAttempt: number }).deliveryAttempt),
    ).toEqual([1, 2, 3, 4, 5]);
    expect(delivery.attempts.at(-1)?.reason).toContain(`Dead-lettered on "${DEAD_TOPIC}" after 5 attempts.`);
    expect(delivery.deadLettered(SUBSCRIPTION)).toMatchObject([
      { id, data: "x", at: START + 150 * SECOND, deliveryAttempts: 5, topic: DEAD_TOPIC },
    ]);
    expect([delivery.backlog(SUBSCRIPTION), delivery.backlog(DEAD_SUBSCRIPTION)]).toEqual([0, 1]);
    await clock.advance(DAY);
    expect(delivery.attempts).toHaveLength(5);
  });

  test("a pushed dead letter says where it comes from", async () => {
    const { delivery, clock } = given();
    sources.letIn();
    sources.answer = (request) => status(request.url.endsWith("/dead") ? 200 : 500);
    sources.putSubscription({ ...POLICY, ...RETRY });
    sources.putDeadLetters({ publish: true, acknowledge: true });
    sources.putSubscription({ topic: DEAD_TOPIC }, { pushEndpoint: `${HELLO.url}/dead` }, DEAD_SUBSCRIPTION);
    await delivery.publish(TOPIC, { data: "x", attributes: { kind: "a" } });
    await clock.advance(HOUR);
    const { message } = JSON.parse(sources.requests.at(-1)?.body ?? "") as {
      message: { attributes: object };
    };
    expect(message.attributes).toEqual({
      kind: "a",
      CloudPubSubDeadLetterSourceDeliveryCount: "5",
      CloudPubSubDeadLetterSourceSubscription: "push",
      CloudPubSubDeadLetterSourceSubscriptionProject: PROJECT,
      CloudPubSubDeadLetterSourceTopicPublishTime: "2026-12-01T12:00:00.000Z",
    });
  });

  // Pub/Sub's usual role on the project holds both permissions or it does not; a hardened project has no such role.
  test.each([
    { publish: false, acknowledge: true, missing: "pubsub.topics.publish" },
    { publish: true, acknowledge: false, missing: "pubsub.subscriptions.consume" },
    { publish: false, acknowledge: false, missing: "pubsub.topics.publish" },
  ])(
    "without a grant (publish $publish, acknowledge $acknowledge) it goes on being retried",
    async (grants) => {
      const { delivery, clock, cloud } = given({
        projects: [{ id: PROJECT, number: "111111111111", kind: "hardened" }],
      });
      cloud.projects.createServiceIdentity(PROJECT, "pubsub.googleapis.com");
      sources.letMint(PUBSUB_AGENT);
      sources.letIn();
      sources.answer = () => status(500);
      sources.putSubscription({ ...POLICY, ...RETRY });
      sources.putDeadLetters(grants);
      await delivery.publish(TOPIC, { data: "x" });
      await clock.advance(HOUR);
      expect(delivery.deadLettered(SUBSCRIPTION)).toEqual([]);
      expect(delivery.attempts.length).toBeGreaterThan(8);
      expect(delivery.attempts.at(-1)?.reason).toContain("Not dead-lettered after");
      expect(delivery.attempts.at(-1)?.reason).toContain(grants.missing);
      expect(delivery.backlog(SUBSCRIPTION)).toBe(1);
      sources.putDeadLetters({ publish: true, acknowledge: true });
      await clock.advance(10 * MINUTE);
      expect(delivery.deadLettered(SUBSCRIPTION)).toHaveLength(1);
    },
  );

  test("without a dead-letter topic to go to, too", async () => {
    const { delivery, clock } = given();
    sources.answer = () => status(500);
    sources.putSubscription({ ...POLICY, ...RETRY });
    await delivery.publish(TOPIC, { data: "x" });
    await clock.advance(HOUR);
    expect(delivery.attempts.at(-1)?.reason).toContain(
      `The dead-letter topic "${DEAD_TOPIC}" does not exist.`,
    );
  });
});

describe("IAM changes that spread", () => {
  const DELAY = 7 * MINUTE;
  const PATIENT = {
    deadLetterPolicy: { deadLetterTopic: DEAD_TOPIC, maxDeliveryAttempts: 10 },
    retryPolicy: { minimumBackoff: "10s", maximumBackoff: "600s" },
  };

  test("a message right after the grant is refused, later delivered, never dead-lettered", async () => {
    const { delivery, clock } = given({ iamDelay: DELAY });
    sources.putSubscription(PATIENT);
    sources.putDeadLetters({ publish: true, acknowledge: true });
    sources.letIn();
    await delivery.publish(TOPIC, { data: "x" });
    await clock.advance(DAY);
    const statuses = delivery.attempts.map(({ response }) => response?.status);
    expect(statuses).toEqual([403, 403, 403, 403, 403, 403, 200]);
    expect(delivery.attempts[0]?.reason).toContain("takes effect only at");
    expect(delivery.deadLettered(SUBSCRIPTION)).toEqual([]);
    expect(sources.seconds.at(-1)).toBe(630);
  });

  test("five attempts at ten seconds do not outlast it", async () => {
    const { delivery, clock } = given({ iamDelay: DELAY });
    sources.putSubscription({
      deadLetterPolicy: { deadLetterTopic: DEAD_TOPIC, maxDeliveryAttempts: 5 },
      retryPolicy: { minimumBackoff: "10s", maximumBackoff: "10s" },
    });
    // In effect already: only the new caller's grant is late.
    sources.putDeadLetters({ publish: true, acknowledge: true });
    await clock.advance(DELAY);
    sources.letIn();
    await delivery.publish(TOPIC, { data: "x" });
    await clock.advance(DAY);
    expect(delivery.deadLettered(SUBSCRIPTION)).toHaveLength(1);
  });

  test("a removed grant lets in for as long", async () => {
    const { delivery, clock, cloud } = given({ iamDelay: DELAY });
    sources.letIn();
    sources.putJob();
    await clock.advance(DELAY);
    cloud.iam.revoke(HELLO.fullName, { role: "roles/run.invoker", member: `serviceAccount:${CALLER}` });
    await clock.advance(DELAY - 1);
    expect((await delivery.runJob(JOB))[0]).toMatchObject({ outcome: "success" });
    await clock.advance(1);
    expect((await delivery.runJob(JOB))[0]).toMatchObject({ outcome: "failed", response: { status: 403 } });
  });

  test("a job's retries outlast it if they are told to", async () => {
    const { delivery, clock } = given({ iamDelay: DELAY });
    sources.letIn();
    sources.putJob({ retryConfig: { retryCount: 5, minBackoffDuration: "30s", maxBackoffDuration: "600s" } });
    const run = delivery.runJob(JOB);
    await clock.advance(HOUR);
    expect((await run).map(({ response }) => response?.status)).toEqual([403, 403, 403, 403, 200]);
    expect(sources.seconds).toEqual([0, 30, 90, 210, 450]);
  });
});

describe("filters", () => {
  beforeEach(() => given());

  const MESSAGE = { kind: "order", "iana.org/language": "en", quoted: 'a"b', empty: "" };

  test.each([
    ['attributes.kind = "order"', true],
    ['attributes.kind="other"', false],
    ['attributes.kind != "other"', true],
    ['attributes.missing != "x"', true],
    ['attributes.missing = ""', false],
    ['attributes.empty = ""', true],
    ["attributes:kind", true],
    ["attributes:missing", false],
    ["attributes:toString", false],
    ['attributes:"iana.org/language"', true],
    ['attributes.quoted = "a\\"b"', true],
    ['hasPrefix(attributes.kind, "ord")', true],
    ['hasPrefix(attributes.kind, "x")', false],
    ['NOT attributes.kind = "order"', false],
    ["-attributes:missing", true],
    ['attributes:kind AND NOT attributes:missing AND attributes.kind = "order"', true],
    ['attributes:missing OR (attributes:kind AND attributes.kind != "x")', true],
    ["NOT (attributes:missing OR attributes:kind)", false],
  ])("%s is %s", (filter, expected) => {
    expect(parseFilter(filter)(MESSAGE)).toBe(expected);
  });

  test.each([
    ["attributes:a AND attributes:b OR attributes:c", "mixes AND and OR"],
    ["attributes.a > 1", "something unknown"],
    ["data = x", 'unexpected "data"'],
    ["attributes.a", "ends too early"],
    ["attributes:a attributes:b", 'unexpected "attributes"'],
    ["(attributes:a", "ends too early"],
    ["attributes.a = b", 'unexpected "b"'],
    ["attributes:a and attributes:b", 'unexpected "and"'],
    ['hasSuffix(attributes.a, "b")', 'unexpected "hasSuffix"'],
    ["   ", "ends too early"],
  ])("%s is refused", (filter, why) => {
    expect(() => parseFilter(filter)).toThrow(why);
  });
});
