import {
  PubSubMessage,
  readPubSubHeaders,
  readPubSubPush,
  readSchedulerHeaders,
  readTasksHeaders,
} from "../../verify/index";
import { jobRequest } from "../../sandbox/delivery/scheduler/job-request";
import { pushRequest } from "../../sandbox/delivery/pubsub/push-request";
import { NOW, refusal } from "./receiver";

type Subscription = Parameters<typeof pushRequest>[0];
type Job = Parameters<typeof jobRequest>[0];

const SUBSCRIPTION = "projects/my-project/subscriptions/orders";
const MESSAGE = {
  id: "42",
  data: '{"id":7}',
  attributes: { kind: "order", __proto__: "x" },
  publishTime: NOW,
  orderingKey: "k",
};
const push = (noWrapper?: object, attempt?: number, message: object = MESSAGE) =>
  pushRequest(
    {
      id: SUBSCRIPTION,
      state: { pushConfig: { pushEndpoint: "https://x.example", noWrapper } },
    } as unknown as Subscription,
    "https://x.example",
    message as never,
    "a.b.c",
    attempt,
  );

const thrown = (work: () => unknown) => refusal(Promise.resolve().then(work));

describe("readPubSubPush", () => {
  it("reads what the embedded Pub/Sub sends, in each form", () => {
    const { body } = push(undefined, 3);
    for (const form of [body, Buffer.from(body), new TextEncoder().encode(body), JSON.parse(body)]) {
      const { message, subscription, deliveryAttempt } = readPubSubPush(form);
      expect({ subscription, deliveryAttempt }).toEqual({ subscription: SUBSCRIPTION, deliveryAttempt: 3 });
      expect(message).toMatchObject({ messageId: "42", publishTime: NOW, orderingKey: "k" });
      expect(message.attributes.get("kind")).toBe("order");
      expect(message.text()).toBe('{"id":7}');
      expect(message.json()).toEqual({ id: 7 });
    }
  });

  it("reads the least that there can be, and names in snake case alone", () => {
    const { message, deliveryAttempt } = readPubSubPush({
      message: { message_id: "1", publish_time: "2026-01-01T00:00:00Z" },
      subscription: SUBSCRIPTION,
    });
    expect(deliveryAttempt).toBeUndefined();
    expect(message).toEqual(new PubSubMessage("1", Date.UTC(2026, 0, 1), Buffer.alloc(0), new Map(), ""));
  });

  it("reads as much as Pub/Sub takes in one message", () => {
    const data = Buffer.alloc(10_000_000, "x");
    const whole = { messageId: "1", publishTime: "2026-01-01T00:00:00Z", data: data.toString("base64") };
    expect(data.equals(readPubSubPush({ message: whole, subscription: "s" }).message.data)).toBe(true);
  });

  it("takes attributes that are named like an object's own parts for attributes", () => {
    const body = `{"message":{"messageId":"1","publishTime":"2026-01-01T00:00:00Z","attributes":{"__proto__":"x","constructor":"y"}},"subscription":"s"}`;
    const { attributes } = readPubSubPush(body).message;
    expect([...attributes]).toEqual([
      ["__proto__", "x"],
      ["constructor", "y"],
    ]);
  });

  const whole = () => ({
    message: { messageId: "1", publishTime: "2026-01-01T00:00:00Z" },
    subscription: "s",
  });
  it.each<[string, unknown]>([
    ["no message", undefined],
    ["no message", []],
    ["no message", { subscription: "s" }],
    ["not JSON", "hello"],
    ["no subscription", { ...whole(), subscription: 5 }],
    ["deliveryAttempt is no number", { ...whole(), deliveryAttempt: "1" }],
    ["no messageId", { ...whole(), message: {} }],
    ["no publishTime", { ...whole(), message: { messageId: "1" } }],
    ["no publishTime", { ...whole(), message: { messageId: "1", publishTime: "5" } }],
    ["no publishTime", { ...whole(), message: { messageId: "1", publishTime: 5 } }],
    ["data is not base64", { ...whole(), message: { ...whole().message, data: "%%%%" } }],
    ["data is not base64", { ...whole(), message: { ...whole().message, data: "eyJpZCI6N30" } }],
    ["data is no text", { ...whole(), message: { ...whole().message, data: 5 } }],
    ["orderingKey is no text", { ...whole(), message: { ...whole().message, orderingKey: 5 } }],
    ["attributes are no object", { ...whole(), message: { ...whole().message, attributes: [] } }],
    ["an attribute is no text", { ...whole(), message: { ...whole().message, attributes: { a: 5 } } }],
  ])("says what is wrong: %s", async (detail, body) => {
    expect(await thrown(() => readPubSubPush(body))).toMatchObject({
      code: "ERR_PUSH_MALFORMED",
      status: 400,
      message: `the body is not a Pub/Sub push message: ${detail}`,
    });
  });

  it("says that the data is not JSON without repeating it", async () => {
    const { message } = readPubSubPush(push(undefined, 1, { ...MESSAGE, data: "s3cret" }).body);
    expect((await thrown(() => message.json())).message).toBe(
      "the body is not a Pub/Sub push message: the data is not JSON",
    );
  });
});

describe("readPubSubHeaders", () => {
  it("reads what the embedded Pub/Sub writes without the envelope", () => {
    const { headers } = push({ writeMetadata: true });
    expect(readPubSubHeaders(headers)).toEqual({
      subscription: SUBSCRIPTION,
      messageId: "42",
      publishTime: NOW,
    });
    expect(readPubSubHeaders(push({ writeMetadata: false }).headers)).toBeUndefined();
  });
});

describe("readSchedulerHeaders", () => {
  const job = { name: "nightly", httpTarget: { uri: "https://x.example" } } as unknown as Job;

  it("reads what the embedded Scheduler sends, in each form of headers", () => {
    const { headers } = jobRequest(job, "a.b.c", NOW);
    const forms = [
      headers,
      headers.flat(),
      new Headers(headers.map(([k, v]) => [k, v])),
      Object.fromEntries(headers),
    ];
    for (const form of forms)
      expect(readSchedulerHeaders(form)).toEqual({ jobName: "nightly", scheduleTime: NOW });
  });

  it("tells a run by hand, and a request from elsewhere", () => {
    expect(readSchedulerHeaders(jobRequest(job, "a.b.c", undefined).headers)).toEqual({ jobName: "nightly" });
    expect(readSchedulerHeaders({ "x-cloudscheduler-jobname": "nightly" })).toBeUndefined();
    expect(readSchedulerHeaders({})).toBeUndefined();
  });

  it("says which header is wrong", async () => {
    const headers = { "x-cloudscheduler": "true", "x-cloudscheduler-jobname": ["nightly"] };
    expect((await thrown(() => readSchedulerHeaders({ "x-cloudscheduler": "true" }))).message).toBe(
      "a header of the source has an unexpected form: X-CloudScheduler-JobName is missing",
    );
    for (const time of ["tomorrow", "5", "2026-99-99T00:00:00Z"]) {
      const error = await thrown(() =>
        readSchedulerHeaders({ ...headers, "x-cloudscheduler-scheduletime": time }),
      );
      expect(error).toMatchObject({ code: "ERR_HEADER_MALFORMED", status: 400 });
      expect(error.message).toContain("X-CloudScheduler-ScheduleTime is no time");
    }
  });
});

describe("readTasksHeaders", () => {
  const headers = {
    "X-CloudTasks-QueueName": "orders",
    "X-CloudTasks-TaskName": "7",
    "X-CloudTasks-TaskRetryCount": "2",
    "X-CloudTasks-TaskExecutionCount": "1",
    "X-CloudTasks-TaskETA": "1767225600.5",
  };

  it("reads a first attempt and a later one", () => {
    const first = {
      queueName: "orders",
      taskName: "7",
      retryCount: 2,
      executionCount: 1,
      eta: 1767225600500,
      previousResponse: undefined,
      retryReason: undefined,
    };
    expect(readTasksHeaders(headers)).toEqual(first);
    // Measured on the real service: the reason is sent, and empty. github.com/aertje/cloud-tasks-emulator, conformance/golden
    const again = {
      ...headers,
      "X-CloudTasks-TaskPreviousResponse": "504",
      "X-CloudTasks-TaskRetryReason": "",
    };
    expect(readTasksHeaders(Object.entries(again))).toEqual({
      ...first,
      previousResponse: 504,
      retryReason: "",
    });
  });

  it("tells a request from elsewhere, and which header is wrong", async () => {
    expect(readTasksHeaders({ "X-CloudTasks-TaskName": "7" })).toBeUndefined();
    const changes: [string, string | undefined, string][] = [
      ["X-CloudTasks-TaskName", undefined, "X-CloudTasks-TaskName is missing"],
      ["X-CloudTasks-TaskRetryCount", "-1", "X-CloudTasks-TaskRetryCount is no whole number"],
      ["X-CloudTasks-TaskExecutionCount", "1e3", "X-CloudTasks-TaskExecutionCount is no whole number"],
      ["X-CloudTasks-TaskETA", "soon", "X-CloudTasks-TaskETA is no time"],
      ["X-CloudTasks-TaskPreviousResponse", "", "X-CloudTasks-TaskPreviousResponse is no whole number"],
    ];
    for (const [name, value, message] of changes) {
      expect((await thrown(() => readTasksHeaders({ ...headers, [name]: value }))).message).toContain(
        message,
      );
    }
  });
});
