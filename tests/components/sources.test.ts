import * as pubsub from "@pulumi/gcp/pubsub";
import * as pulumi from "@pulumi/pulumi";
import {
  CallerIdentity,
  CloudRunService,
  PushSubscription,
  RunInvoker,
  SchedulerJob,
  TaskQueue,
} from "../../components";
import type {
  AuthorizedTarget,
  HttpMethod,
  PushSubscriptionArgs,
  SchedulerJobArgs,
  TaskQueueArgs,
} from "../../components";
import { agentEmail } from "../../sandbox/cloud/names";
import { UNKNOWN } from "../../sandbox/cloud/resources/values";
import type { Props } from "../../sandbox/cloud/resources/values";
import { argumentsOf, asked, differences, later, laterLeaves, probe, refusal } from "../support/arguments";
import { label, orphans, unknownInputs } from "../support/graph";
import { PROJECT, TestStack } from "../support/stack";
import type { Deployed } from "../support/stack";

const ADDRESS = "https://hello.example";
const CALLER = "caller@my-project.iam.gserviceaccount.com";
const OTHER_CALLER = "b@my-project.iam.gserviceaccount.com";
const OTHER = { id: "other-project", number: "987654321098" };
/** Of no project that its address names, so that a source may lie in any. */
const ANYWHERE = "123456789012-compute@developer.gserviceaccount.com";
const TARGET: AuthorizedTarget = { url: ADDRESS, serviceAccountEmail: CALLER, audience: ADDRESS };
const FROM_ELSEWHERE = { ...TARGET, serviceAccountEmail: "caller@p-other.iam.gserviceaccount.com" };
const TOKEN = { serviceAccountEmail: CALLER, audience: ADDRESS };

/** Stacks that are only previewed, never deployed. */
const nothing = new TestStack({ projects: [PROJECT, OTHER] });

function makeJob(args: Partial<SchedulerJobArgs> = {}, name = "job"): SchedulerJob {
  return new SchedulerJob(name, { schedule: "5 * * * *", target: TARGET, ...args });
}

function makeSubscription(args: Partial<PushSubscriptionArgs> = {}, name = "push"): PushSubscription {
  return new PushSubscription(name, { target: TARGET, ...args });
}

function makeQueue(args: Partial<TaskQueueArgs> = {}, name = "queue"): TaskQueue {
  return new TaskQueue(name, { region: "us-central1", target: TARGET, ...args });
}

/** What all are told in the same way, and refuse in the same words. */
const REQUESTS: readonly [args: Pick<SchedulerJobArgs, "path" | "query">, url: string][] = [
  [{ path: "tasks/nightly" }, `${ADDRESS}/tasks/nightly`],
  [{ path: "/" }, `${ADDRESS}/`],
  [{ query: { from: "a b", to: "c&d" } }, `${ADDRESS}?from=a+b&to=c%26d`],
  [{ path: "/tasks", query: { all: "" } }, `${ADDRESS}/tasks?all=`],
];

const HTTPS = "is not https; a token sent in clear text can be stolen. Use the https address";
const QUERY =
  "has a query or a fragment. Give these to the source as `query`, so that they never become part of the audience";
const AUDIENCE =
  "is missing; Google would send the whole address, which most targets refuse with 401. Use what authorize(caller) returns, or give the audience that the target accepts";
const OAUTH =
  "asks for an access token, and this source can send id_tokens only. Use a target with an audience; Google's APIs can be called by a SchedulerJob or a TaskQueue";
const MIXED =
  "is given together with a scope; a request carries one token, an id_token for an audience or an access token of a scope. Use what authorize(caller) returns, which has one of the two";
const NO_ID_TOKEN =
  "is one of Google's APIs, which take access tokens and refuse id_tokens. Use a target with a scope: CloudRunJob, or GoogleApiTarget for any other API";
const NO_ACCESS_TOKEN =
  "is none of Google's APIs (https://….googleapis.com); whoever gets an access token can use it for all that its account may. Send a service of your own an id_token: a target with an audience, which authorize(caller) of its component returns";
const RUN_JOB = "https://run.googleapis.com/v2/projects/my-project/locations/us-central1/jobs/cleanup:run";
const SCOPE = "https://www.googleapis.com/auth/cloud-platform";
const API: AuthorizedTarget = { url: RUN_JOB, serviceAccountEmail: CALLER, scope: SCOPE };
const EMPTY = "is empty. Give a value, or leave the argument out";
const RANGE = "Choose a value in that range";
const NO_DURATION = 'is not a duration. Write seconds with an s behind them, such as "30s"';

const elsewhere = (own: string, source: string) =>
  `is an account of project "${own}", and this source lies in "${source}"; Google takes accounts of the source's own project only. Call as an account of "${source}", or put the source into "${own}"; the target may lie in any project`;

const REFUSED_REQUESTS: readonly [args: Partial<SchedulerJobArgs>, message: string][] = [
  [{ target: { ...TARGET, url: "http://a.example" } }, `target.url "http://a.example" ${HTTPS}`],
  [{ target: { ...TARGET, url: "https://a.example?b" } }, `target.url "https://a.example?b" ${QUERY}`],
  [
    { target: { ...TARGET, url: "a.example" } },
    'target.url "a.example" is not an address. Give a whole one, such as https://example.com/tasks',
  ],
  [
    { target: { ...TARGET, serviceAccountEmail: "me@example.com" } },
    'target.serviceAccountEmail "me@example.com" is not a service account\'s address. Give an address such as caller@my-project.iam.gserviceaccount.com',
  ],
  [
    { target: { ...TARGET, serviceAccountEmail: agentEmail("scheduler", "1") } },
    `target.serviceAccountEmail "${agentEmail("scheduler", "1")}" is one of Google's service agents, which cannot be what a source calls as. Give a service account of your own; the agent only mints its tokens`,
  ],
  [{ target: { ...TARGET, audience: " " } }, `target.audience " " ${EMPTY}`],
  [{ project: OTHER.id }, `target.serviceAccountEmail "${CALLER}" ${elsewhere(PROJECT.id, OTHER.id)}`],
  [{ target: { ...TARGET, url: RUN_JOB } }, `target.url "${RUN_JOB}" ${NO_ID_TOKEN}`],
  [
    { path: "a?b=c" },
    'path "a?b=c" has a query, a fragment or white space. Give parameters as `query`; encode the rest',
  ],
  [
    { path: "../a" },
    'path "../a" climbs out of the target\'s address. Write the path without . and .. in it',
  ],
  [{ path: "//a" }, 'path "//a" has an empty part. Write it with single slashes'],
  [
    { path: "x".repeat(2083) },
    `url "${ADDRESS}/${"x".repeat(94)}… is 2105 characters long. Google takes 2083; shorten path or query`,
  ],
];

const REFUSED_TARGETS: readonly [target: pulumi.Input<AuthorizedTarget>, message: string][] = [
  [{ url: ADDRESS, serviceAccountEmail: CALLER }, `target.audience (nothing) ${AUDIENCE}`],
  [
    { ...TARGET, audience: later<string | undefined>(undefined) as pulumi.Output<string> },
    `target.audience (nothing) ${AUDIENCE}`,
  ],
  [later({ url: ADDRESS, serviceAccountEmail: CALLER }), `target.audience (nothing) ${AUDIENCE}`],
  [{ ...TARGET, url: pulumi.secret("http://s3cret.example") }, `target.url [secret] ${HTTPS}`],
];

describe("SchedulerJob", () => {
  const USUAL = {
    name: expect.stringMatching(/^job-[0-9a-f]{7}$/) as string,
    project: PROJECT.id,
    region: "us-central1",
    schedule: "5 * * * *",
    timeZone: "Etc/UTC",
    attemptDeadline: "180s",
    paused: false,
    retryConfig: {
      retryCount: 5,
      maxRetryDuration: "0s",
      minBackoffDuration: "30s",
      maxBackoffDuration: "300s",
      maxDoublings: 5,
    },
    httpTarget: { uri: ADDRESS, httpMethod: "GET", oidcToken: TOKEN },
  };

  let usual: Record<string, Props>;
  beforeAll(async () => {
    usual = await asked(nothing, () => makeJob());
  });

  test("calls with a token of the caller for the target's audience, and tries again for long enough", () => {
    expect(usual).toEqual({ "Job job": USUAL });
  });

  const change = (what: string, from: unknown, to: unknown) =>
    `Job job.${what}: ${from === undefined ? "(nothing)" : JSON.stringify(from)} => ${JSON.stringify(to)}`;
  const posted = (type: string, text: string) => [
    change("httpTarget.body", undefined, Buffer.from(text).toString("base64")),
    change("httpTarget.headers", undefined, { "Content-Type": type }),
    change("httpTarget.httpMethod", "GET", "POST"),
  ];
  const JSON_TYPE = "application/json";

  const ARGUMENTS: readonly [args: Partial<SchedulerJobArgs>, effect: string[]][] = [
    [{ schedule: "0 3 * * MON" }, [change("schedule", "5 * * * *", "0 3 * * MON")]],
    [
      {
        target: {
          url: "https://a.example/f",
          serviceAccountEmail: OTHER_CALLER,
          audience: "c",
        },
      },
      [
        change("httpTarget.oidcToken.audience", ADDRESS, "c"),
        change("httpTarget.oidcToken.serviceAccountEmail", CALLER, OTHER_CALLER),
        change("httpTarget.uri", ADDRESS, "https://a.example/f"),
      ],
    ],
    ...REQUESTS.map(([args, url]): [Partial<SchedulerJobArgs>, string[]] => [
      args,
      [change("httpTarget.uri", ADDRESS, url)],
    ]),
    [{ timeZone: "Europe/Berlin" }, [change("timeZone", "Etc/UTC", "Europe/Berlin")]],
    [{ method: "DELETE" }, [change("httpTarget.httpMethod", "GET", "DELETE")]],
    [{ body: "héllo" }, posted("text/plain; charset=utf-8", "héllo")],
    [{ body: { to: ["all"], n: 1 } }, posted(JSON_TYPE, '{"to":["all"],"n":1}')],
    [{ body: ["all"] }, posted(JSON_TYPE, '["all"]')],
    [{ body: 5 }, posted(JSON_TYPE, "5")],
    [
      { body: "<a/>", method: "PUT", headers: { "content-type": "text/xml" } },
      [
        change("httpTarget.body", undefined, Buffer.from("<a/>").toString("base64")),
        change("httpTarget.headers", undefined, { "content-type": "text/xml" }),
        change("httpTarget.httpMethod", "GET", "PUT"),
      ],
    ],
    [{ headers: { "X-Shop": "eu" } }, [change("httpTarget.headers", undefined, { "X-Shop": "eu" })]],
    [{ headers: {} }, []],
    [
      {
        retry: {
          retryCount: 0,
          maxRetryDuration: "3600s",
          minBackoff: "0.5s",
          maxBackoff: "3600s",
          maxDoublings: 16,
        },
      },
      [
        change("retryConfig.maxBackoffDuration", "300s", "3600s"),
        change("retryConfig.maxDoublings", 5, 16),
        change("retryConfig.maxRetryDuration", "0s", "3600s"),
        change("retryConfig.minBackoffDuration", "30s", "0.5s"),
        change("retryConfig.retryCount", 5, 0),
      ],
    ],
    [{ attemptDeadline: "1800s" }, [change("attemptDeadline", "180s", "1800s")]],
    [{ paused: true }, [change("paused", false, true)]],
    [{ description: "Reports" }, [change("description", undefined, "Reports")]],
    [{ region: "europe-west1" }, [change("region", "us-central1", "europe-west1")]],
    [
      { project: OTHER.id, target: { ...TARGET, serviceAccountEmail: ANYWHERE } },
      [
        change("httpTarget.oidcToken.serviceAccountEmail", CALLER, ANYWHERE),
        change("project", PROJECT.id, OTHER.id),
      ],
    ],
    [{ jobName: "Nightly_1" }, [expect.stringMatching(/^Job job.name: .* => "Nightly_1"$/) as string]],
  ];

  test.each(ARGUMENTS)("takes %j, known at once or later, and changes nothing else", async (args, effect) => {
    expect(differences(usual, await asked(nothing, () => makeJob(args)))).toEqual(effect);
    const known = await asked(nothing, () => makeJob(laterLeaves(args, ["method"])));
    expect(differences(usual, known)).toEqual(effect);
  });

  const WITH_ACCESS: readonly [target: SchedulerJobArgs["target"], of: string][] = [
    [API, "at once"],
    [{ ...API, scope: later(SCOPE) }, "but for its scope"],
    [{ ...API, audience: undefined, url: later(RUN_JOB) }, "but for its address"],
    [later(API), "later as a whole"],
    [Promise.resolve(API), "later as a promise"],
  ];

  test.each(WITH_ACCESS)(
    "sends one of Google's APIs an access token, by POST: %#, known %2$s",
    async (target) => {
      const { "Job job": job } = await asked(nothing, () => makeJob({ target }));
      expect(job?.httpTarget).toEqual({
        uri: RUN_JOB,
        httpMethod: "POST",
        oauthToken: { serviceAccountEmail: CALLER, scope: SCOPE },
      });
    },
  );

  test("takes path, query, method and body for an API too, and says which token it sends", async () => {
    const preview = await nothing.preview(() => {
      const target = { ...API, url: "https://pubsub.googleapis.com/v1/projects/p/topics/t" };
      const job = makeJob({
        target,
        path: "x:publish",
        query: { alt: "json" },
        method: "PUT",
        body: { a: 1 },
      });
      const [id, access] = [makeJob({}, "id"), job].map(({ audience, scope }) =>
        pulumi.all([audience, scope]).apply(([a, s]) => JSON.stringify([a ?? null, s ?? null])),
      );
      probe("probe", { id: id ?? "", access: access ?? "" });
    });
    expect(preview.resource("Job", "job").inputs.httpTarget).toMatchObject({
      uri: "https://pubsub.googleapis.com/v1/projects/p/topics/t/x:publish?alt=json",
      httpMethod: "PUT",
    });
    expect(preview.resource("RandomString", "probe").inputs.keepers).toEqual({
      id: JSON.stringify([ADDRESS, null]),
      access: JSON.stringify([null, SCOPE]),
    });
  });

  test("has tried every argument above", () => {
    const tried = ARGUMENTS.flatMap(([args]) => Object.keys(args));
    expect([...new Set(tried)].sort()).toEqual(argumentsOf("SchedulerJob"));
  });

  const CRON = 'Write minute, hour, day of month, month and day of week, such as "5 * * * *"';
  const SET =
    "is set by Google or carries the token. Leave it out; give what you want to say in a header of your own";
  const REFUSED: readonly [args: Partial<SchedulerJobArgs>, message: string][] = [
    ...REFUSED_REQUESTS,
    [{ target: { ...TARGET, scope: SCOPE } }, `target.audience "${ADDRESS}" ${MIXED}`],
    [
      { target: { ...API, scope: "a b" } },
      `target.scope "a b" is not an OAuth scope. Give one, such as ${SCOPE}, without blanks`,
    ],
    ...[
      ADDRESS,
      "https://googleapis.com/a",
      "https://run.googleapis.com.evil.example/a",
      "https://evilgoogleapis.com/a",
      "https://run.googleapis.com:8443/a",
      "https://run.googleapis.com./a",
    ].map((url): [Partial<SchedulerJobArgs>, string] => [
      { target: { ...API, url } },
      `target.url "${url}" ${NO_ACCESS_TOKEN}`,
    ]),
    [
      { target: { ...API, url: "http://run.googleapis.com/a" } },
      `target.url "http://run.googleapis.com/a" ${HTTPS}`,
    ],
    [
      { target: API, project: OTHER.id },
      `target.serviceAccountEmail "${CALLER}" ${elsewhere(PROJECT.id, OTHER.id)}`,
    ],
    [{ schedule: "@hourly" }, `schedule "@hourly" is not a schedule of five fields. ${CRON}`],
    [
      { schedule: "0 0 L * *" },
      `schedule "0 0 L * *" uses signs that Cloud Scheduler does not know. ${CRON}`,
    ],
    [
      { timeZone: "Mars/Olympus" },
      'timeZone "Mars/Olympus" is not a time zone. Name one as the tz database does, such as "Europe/Berlin"',
    ],
    [
      { attemptDeadline: "14s" },
      'attemptDeadline "14s" is not between 15s and 1800s. Choose a duration in that range',
    ],
    [{ attemptDeadline: "3m" }, `attemptDeadline "3m" ${NO_DURATION}`],
    [{ retry: { retryCount: 6 } }, `retry.retryCount 6 is not a whole number from 0 to 5 retries. ${RANGE}`],
    [{ retry: { maxRetryDuration: "1h" } }, `retry.maxRetryDuration "1h" ${NO_DURATION}`],
    [
      { retry: { minBackoff: "301s" } },
      'retry.minBackoff "301s" is above retry.maxBackoff. Lower it, or raise retry.maxBackoff',
    ],
    [
      { retry: { minBackoff: "20s", maxBackoff: "9.5s" } },
      'retry.minBackoff "20s" is above retry.maxBackoff. Lower it, or raise retry.maxBackoff',
    ],
    [
      { retry: { minBackoff: "3601s" } },
      'retry.minBackoff "3601s" is not between 0s and 3600s. Choose a duration in that range',
    ],
    [
      { retry: { maxBackoff: "3601s" } },
      'retry.maxBackoff "3601s" is not between 0s and 3600s. Choose a duration in that range',
    ],
    [
      { retry: { maxDoublings: 17 } },
      `retry.maxDoublings 17 is not a whole number from 0 to 16 doublings. ${RANGE}`,
    ],
    [
      { description: "x".repeat(501) },
      `description "${"x".repeat(116)}… is too long. Google takes 500 characters`,
    ],
    [
      { jobName: "a b" },
      'jobName "a b" is not a job name. Google allows 1 to 500 characters that match ^[A-Za-z0-9_-]+$',
    ],
    [
      { headers: { "X-Shop": "a\r\nAuthorization: b" } },
      'headers.X-Shop "a\\r\\nAuthorization: b" has a line break in it, which would start another header. Write it on one line',
    ],
    ...["Authorization", "x-serverless-authorization", "HOST", "Content-Length", "User-Agent"].map(
      (name): [Partial<SchedulerJobArgs>, string] => [
        { headers: { [name]: "x" } },
        `headers "${name}" ${SET}`,
      ],
    ),
    ...["X-CloudScheduler", "X-CloudScheduler-JobName", "X-Google-A", "X-AppEngine-B"].map(
      (name): [Partial<SchedulerJobArgs>, string] => [
        { headers: { [name]: "x" } },
        `headers "${name}" ${SET}`,
      ],
    ),
    [
      { headers: { "X Shop": "x" } },
      'headers "X Shop" is not a header\'s name. Use letters, digits and hyphens',
    ],
  ];

  test.each(REFUSED)("refuses %j, known at once or later", async (args, message) => {
    expect(await refusal(nothing, () => makeJob(args))).toBe(`SchedulerJob "job": ${message}`);
    const known = laterLeaves(args);
    expect(await refusal(nothing, () => makeJob(known))).toBe(`SchedulerJob "job": ${message}`);
  });

  const OFFERED = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS".split(", ").map((name) => `"${name}"`);
  const BODILESS = "carries no body, but one is given. Use POST, PUT or PATCH, or leave the body out";
  const REFUSED_AT_ONCE: readonly [args: Partial<SchedulerJobArgs>, message: string][] = [
    ...REFUSED_TARGETS.map(([target, message]): [Partial<SchedulerJobArgs>, string] => [{ target }, message]),
    [{ target: Promise.resolve({ ...TARGET, scope: "s" }) }, `target.audience "${ADDRESS}" ${MIXED}`],
    [{ target: later({ ...API, url: ADDRESS }) }, `target.url "${ADDRESS}" ${NO_ACCESS_TOKEN}`],
    [{ target: later({ ...TARGET, url: RUN_JOB }) }, `target.url "${RUN_JOB}" ${NO_ID_TOKEN}`],
    [{ method: "get" as HttpMethod }, `method "get" is not known. Choose one of ${OFFERED.join(", ")}`],
    [{ method: "GET", body: "a" }, `method "GET" ${BODILESS}`],
    [{ method: "DELETE", body: {} }, `method "DELETE" ${BODILESS}`],
  ];

  test.each(REFUSED_AT_ONCE)("refuses %j: %s", async (args, message) => {
    expect(await refusal(nothing, () => makeJob(args))).toBe(`SchedulerJob "job": ${message}`);
  });

  test("makes nothing that it refuses, however late", async () => {
    const stack = new TestStack();
    const wrong = { ...TARGET, url: later("http://a.example") };
    await expect(stack.up(() => void makeJob({ target: wrong }))).rejects.toThrow(HTTPS);
    expect(stack.cloud.store.size).toBe(0);
  });

  test("keeps what is secret in a body secret, and shows the rest", async () => {
    const { resources } = await nothing.preview(() => void makeJob({ body: { token: pulumi.secret("s") } }));
    const secrets = resources.flatMap((r) => r.secrets.map((path) => `${label(r)}: ${path}`));
    expect(secrets).toEqual(["Job job: httpTarget.body", "Job job: httpTarget.headers.Content-Type"]);
  });

  test("makes a legal name of any logical one", async () => {
    const preview = await asked(nothing, () => makeJob({}, "Nightly report (EU)"));
    expect(Object.keys(preview)).toEqual([
      "RandomString Nightly report (EU)-suffix",
      "Job Nightly report (EU)",
    ]);
    const up = await deployed(() => void makeJob({}, "Nightly report (EU)"));
    expect(up.resource("Job", "Nightly report (EU)").inputs.name).toMatch(/^Nightly-report-EU-[a-z0-9]{6}$/);
  });
});

describe("PushSubscription", () => {
  const SUBSCRIPTION = {
    name: expect.stringMatching(/^push-[0-9a-f]{7}$/) as string,
    project: PROJECT.id,
    topic: UNKNOWN,
    ackDeadlineSeconds: 60,
    retryPolicy: { minimumBackoff: "10s", maximumBackoff: "600s" },
    messageRetentionDuration: "604800s",
    expirationPolicy: { ttl: "" },
    pushConfig: { pushEndpoint: ADDRESS, oidcToken: TOKEN },
  };

  let usual: Record<string, Props>;
  let withLetters: Record<string, Props>;
  beforeAll(async () => {
    usual = await asked(nothing, () => makeSubscription());
    withLetters = await asked(nothing, () => makeSubscription({ deadLetters: {} }));
  });

  test("pushes with a token of the caller for the target's audience, and never expires", () => {
    expect(usual).toEqual({
      "Topic push-topic": { name: expect.stringMatching(/^push-topic-/) as string, project: PROJECT.id },
      "Subscription push": SUBSCRIPTION,
    });
  });

  test("with dead letters has a topic for them that keeps them, and lets Pub/Sub's agent put them there", () => {
    const member = `serviceAccount:${agentEmail("pubsub", PROJECT.number)}`;
    const name = expect.stringMatching(/^push-dead-letters-/) as string;
    expect(withLetters).toEqual({
      ...usual,
      "Subscription push": {
        ...SUBSCRIPTION,
        deadLetterPolicy: { deadLetterTopic: UNKNOWN, maxDeliveryAttempts: 10 },
      },
      "Topic push-dead-letters": { name, project: PROJECT.id },
      "Subscription push-dead-letters": {
        name,
        project: PROJECT.id,
        topic: UNKNOWN,
        messageRetentionDuration: "604800s",
        expirationPolicy: { ttl: "" },
      },
      "TopicIAMMember push-dead-letters-publisher": {
        topic: UNKNOWN,
        project: PROJECT.id,
        role: "roles/pubsub.publisher",
        member,
      },
      "SubscriptionIAMMember push-dead-letters-subscriber": {
        subscription: expect.stringMatching(/^push-/) as string,
        project: PROJECT.id,
        role: "roles/pubsub.subscriber",
        member,
      },
    });
  });

  const change = (what: string, from: unknown, to: unknown, on = "Subscription push") =>
    `${on}.${what}: ${from === undefined ? "(nothing)" : JSON.stringify(from)} => ${JSON.stringify(to)}`;
  const members = (to: string) =>
    ["SubscriptionIAMMember push-dead-letters-subscriber", "TopicIAMMember push-dead-letters-publisher"].map(
      (grant) =>
        change(
          "member",
          `serviceAccount:${agentEmail("pubsub", PROJECT.number)}`,
          `serviceAccount:${to}`,
          grant,
        ),
    );

  const ARGUMENTS: readonly [args: Partial<PushSubscriptionArgs>, effect: string[]][] = [
    [
      {
        target: {
          url: "https://a.example/f",
          serviceAccountEmail: OTHER_CALLER,
          audience: "c",
        },
      },
      [
        change("pushConfig.oidcToken.audience", ADDRESS, "c"),
        change("pushConfig.oidcToken.serviceAccountEmail", CALLER, OTHER_CALLER),
        change("pushConfig.pushEndpoint", ADDRESS, "https://a.example/f"),
      ],
    ],
    [
      { topic: "projects/my-project/topics/runtopic" },
      [change("topic", "(unknown)", "projects/my-project/topics/runtopic"), "Topic push-topic: gone"],
    ],
    ...REQUESTS.map(([args, url]): [Partial<PushSubscriptionArgs>, string[]] => [
      args,
      [change("pushConfig.pushEndpoint", ADDRESS, url)],
    ]),
    [{ ackDeadlineSeconds: 600 }, [change("ackDeadlineSeconds", 60, 600)]],
    [{ retry: { minimumBackoff: "0s" } }, [change("retryPolicy.minimumBackoff", "10s", "0s")]],
    [{ retry: { maximumBackoff: "20s" } }, [change("retryPolicy.maximumBackoff", "600s", "20s")]],
    [{ filter: 'attributes.kind = "a"' }, [change("filter", undefined, 'attributes.kind = "a"')]],
    [{ ordering: true }, [change("enableMessageOrdering", undefined, true)]],
    [{ unwrapped: true }, [change("pushConfig.noWrapper", undefined, { writeMetadata: false })]],
    [
      { unwrapped: true, writeMetadata: true },
      [change("pushConfig.noWrapper", undefined, { writeMetadata: true })],
    ],
    [{ messageRetention: "2678400s" }, [change("messageRetentionDuration", "604800s", "2678400s")]],
    [
      { labels: { team: "web" } },
      [
        change("labels", undefined, { team: "web" }),
        change("labels", undefined, { team: "web" }, "Topic push-topic"),
      ],
    ],
    [
      { project: OTHER.id, target: { ...TARGET, serviceAccountEmail: ANYWHERE } },
      [
        change("project", PROJECT.id, OTHER.id),
        change("pushConfig.oidcToken.serviceAccountEmail", CALLER, ANYWHERE),
        change("project", PROJECT.id, OTHER.id, "Topic push-topic"),
      ],
    ],
    [
      { subscriptionName: "exact" },
      [expect.stringMatching(/^Subscription push\.name: .* => "exact"$/) as string],
    ],
  ];

  test.each(ARGUMENTS)("takes %j, known at once or later, and changes nothing else", async (args, effect) => {
    expect(differences(usual, await asked(nothing, () => makeSubscription(args)))).toEqual(effect);
    const known = await asked(nothing, () => makeSubscription(laterLeaves(args, ["unwrapped"])));
    expect(differences(usual, known)).toEqual(effect);
  });

  const inOther = (on: string) => change("project", PROJECT.id, OTHER.id, on);
  const labelled = (on: string) => change("labels", undefined, { team: "web" }, on);
  const LETTERS: readonly [args: Partial<PushSubscriptionArgs>, effect: string[]][] = [
    [
      { deadLetters: { topic: "projects/my-project/topics/lost" } },
      [
        "Subscription push-dead-letters: gone",
        change("deadLetterPolicy.deadLetterTopic", "(unknown)", "projects/my-project/topics/lost"),
        "Topic push-dead-letters: gone",
        // Its full name says where it is.
        'TopicIAMMember push-dead-letters-publisher.project: "my-project" => (nothing)',
        change(
          "topic",
          "(unknown)",
          "projects/my-project/topics/lost",
          "TopicIAMMember push-dead-letters-publisher",
        ),
      ],
    ],
    [
      { deadLetters: { maxDeliveryAttempts: 100 } },
      [change("deadLetterPolicy.maxDeliveryAttempts", 10, 100)],
    ],
    [
      { deadLetters: { agentEmail: "a@gcp-sa-pubsub.iam.gserviceaccount.com" } },
      members("a@gcp-sa-pubsub.iam.gserviceaccount.com"),
    ],
    [{ deadLetters: { projectNumber: "42" } }, members(agentEmail("pubsub", "42"))],
    [
      {
        deadLetters: { projectNumber: OTHER.number },
        project: OTHER.id,
        labels: { team: "web" },
        target: { ...TARGET, serviceAccountEmail: ANYWHERE },
      },
      [
        change("pushConfig.oidcToken.serviceAccountEmail", CALLER, ANYWHERE),
        labelled("Subscription push"),
        labelled("Subscription push-dead-letters"),
        labelled("Topic push-dead-letters"),
        labelled("Topic push-topic"),
        ...members(agentEmail("pubsub", OTHER.number)),
        inOther("Subscription push"),
        inOther("Subscription push-dead-letters"),
        inOther("SubscriptionIAMMember push-dead-letters-subscriber"),
        inOther("Topic push-dead-letters"),
        inOther("Topic push-topic"),
        inOther("TopicIAMMember push-dead-letters-publisher"),
      ],
    ],
  ];

  test.each(LETTERS)("takes %j, known at once or later, and changes nothing else", async (args, effect) => {
    const { deadLetters } = args;
    for (const given of [args, laterLeaves(args), { ...args, deadLetters: laterLeaves(deadLetters ?? {}) }]) {
      const changed = await asked(nothing, () => makeSubscription(given));
      expect(differences(withLetters, changed)).toEqual([...effect].sort());
    }
  });

  test("has tried every argument above", () => {
    const tried = [...ARGUMENTS, ...LETTERS].flatMap(([args]) => Object.keys(args));
    expect([...new Set(tried)].sort()).toEqual(argumentsOf("PushSubscription"));
  });

  const REFUSED: readonly [args: Partial<PushSubscriptionArgs>, message: string][] = [
    ...(REFUSED_REQUESTS as [Partial<PushSubscriptionArgs>, string][]),
    [{ target: { ...TARGET, scope: SCOPE } }, `target.scope "${SCOPE}" ${OAUTH}`],
    [{ topic: "" }, `topic "" ${EMPTY}`],
    [
      { subscriptionName: "goog-x" },
      'subscriptionName "goog-x" is not a topic or subscription name. Google allows 3 to 255 characters that match ^(?!goog)[A-Za-z][A-Za-z0-9._~+%-]+$',
    ],
    [
      { ackDeadlineSeconds: 9 },
      `ackDeadlineSeconds 9 is not a whole number from 10 to 600 seconds. ${RANGE}`,
    ],
    [
      { retry: { minimumBackoff: "601s" } },
      'retry.minimumBackoff "601s" is not between 0s and 600s. Choose a duration in that range',
    ],
    [
      { retry: { minimumBackoff: "20s", maximumBackoff: "10s" } },
      'retry.minimumBackoff "20s" is above retry.maximumBackoff. Lower it, or raise retry.maximumBackoff',
    ],
    [{ retry: { maximumBackoff: "10m" } }, `retry.maximumBackoff "10m" ${NO_DURATION}`],
    [
      { filter: "x".repeat(257) },
      `filter "${"x".repeat(116)}… is 257 bytes long. Google takes 256; shorten it`,
    ],
    [
      { filter: "ü".repeat(129) },
      `filter "${"ü".repeat(116)}… is 258 bytes long. Google takes 256; shorten it`,
    ],
    [
      { messageRetention: "599s" },
      'messageRetention "599s" is not between 600s and 2678400s. Choose a duration in that range',
    ],
    [
      { deadLetters: { maxDeliveryAttempts: 4 } },
      `deadLetters.maxDeliveryAttempts 4 is not a whole number from 5 to 100 attempts. ${RANGE}`,
    ],
    [
      { deadLetters: { topic: "lost" } },
      'deadLetters.topic "lost" is not a topic\'s full name. Give its id, such as projects/my-project/topics/dead-letters',
    ],
    [
      { deadLetters: { agentEmail: "a@example.com" } },
      'deadLetters.agentEmail "a@example.com" is not a service agent\'s address. Leave it out, and it is computed',
    ],
    [
      { deadLetters: { projectNumber: "my-project" } },
      "deadLetters.projectNumber \"my-project\" is not a project's number. Give the number, not the project's id",
    ],
  ];

  test.each(REFUSED)("refuses %j, known at once or later", async (args, message) => {
    expect(await refusal(nothing, () => makeSubscription(args))).toBe(`PushSubscription "push": ${message}`);
    const known = laterLeaves(args);
    expect(await refusal(nothing, () => makeSubscription(known))).toBe(`PushSubscription "push": ${message}`);
  });

  const REFUSED_AT_ONCE: readonly [args: Partial<PushSubscriptionArgs>, message: string][] = [
    [{ target: API }, `target.scope "${SCOPE}" ${OAUTH}`],
    ...REFUSED_TARGETS.map(([target, message]): [Partial<PushSubscriptionArgs>, string] => [
      { target },
      message,
    ]),
    [
      { deadLetters: {}, project: later(PROJECT.id) },
      'deadLetters.projectNumber (nothing) is missing, and cannot be looked up with a project that is an output without hiding every grant to an agent in previews. Give gcp.organizations.getProjectOutput({ projectId: "…" }).number, with the plain project id',
    ],
  ];

  test.each(REFUSED_AT_ONCE)("refuses %j: %s", async (args, message) => {
    expect(await refusal(nothing, () => makeSubscription(args))).toBe(`PushSubscription "push": ${message}`);
  });
});

describe("TaskQueue", () => {
  const USUAL = {
    // Google keeps the name of a deleted queue, so it ends in a suffix that is not known before.
    name: UNKNOWN,
    location: "us-central1",
    project: PROJECT.id,
    desiredState: "RUNNING",
    httpTarget: {
      uriOverride: { scheme: "HTTPS", host: "hello.example", uriOverrideEnforceMode: "ALWAYS" },
      oidcToken: TOKEN,
    },
    rateLimits: { maxDispatchesPerSecond: 500, maxConcurrentDispatches: 1000 },
    retryConfig: {
      maxAttempts: 100,
      maxRetryDuration: "0s",
      minBackoff: "10s",
      maxBackoff: "3600s",
      maxDoublings: 16,
    },
  };

  let usual: Record<string, Props>;
  beforeAll(async () => {
    usual = await asked(nothing, () => makeQueue());
  });

  test("says for all its tasks where to and as whom, tries again for long enough, and lets nobody enqueue", () => {
    const suffix = {
      length: 6,
      lower: true,
      numeric: true,
      special: false,
      upper: false,
      keepers: { region: "us-central1" },
    };
    expect(usual).toEqual({ "RandomString queue-suffix": suffix, "Queue queue": USUAL });
  });

  const change = (what: string, from: unknown, to: unknown) =>
    `Queue queue.${what}: ${from === undefined ? "(nothing)" : JSON.stringify(from)} => ${JSON.stringify(to)}`;
  const override = (what: string, to: unknown) => change(`httpTarget.uriOverride.${what}`, undefined, to);

  const ARGUMENTS: readonly [args: Partial<TaskQueueArgs>, effect: string[]][] = [
    [
      {
        target: {
          url: "https://a.example:8443/f",
          serviceAccountEmail: OTHER_CALLER,
          audience: "c",
        },
      },
      [
        change("httpTarget.oidcToken.audience", ADDRESS, "c"),
        change("httpTarget.oidcToken.serviceAccountEmail", CALLER, OTHER_CALLER),
        change("httpTarget.uriOverride.host", "hello.example", "a.example"),
        override("pathOverride", { path: "/f" }),
        override("port", "8443"),
      ],
    ],
    [{ path: "tasks/nightly" }, [override("pathOverride", { path: "/tasks/nightly" })]],
    [{ path: "/" }, [override("pathOverride", { path: "/" })]],
    [
      { query: { from: "a b", to: "c&d" } },
      [override("queryOverride", { queryParams: "from=a+b&to=c%26d" })],
    ],
    [{ query: {} }, [override("queryOverride", { queryParams: "" })]],
    [{ method: "PUT" }, [change("httpTarget.httpMethod", undefined, "PUT")]],
    [
      { headers: { "X-Shop": "eu", "Content-Type": "text/csv" } },
      [
        change("httpTarget.headerOverrides", undefined, [
          { header: { key: "X-Shop", value: "eu" } },
          { header: { key: "Content-Type", value: "text/csv" } },
        ]),
      ],
    ],
    [{ headers: {} }, []],
    [
      { rateLimits: { maxDispatchesPerSecond: 0.5, maxConcurrentDispatches: 5000 } },
      [
        change("rateLimits.maxConcurrentDispatches", 1000, 5000),
        change("rateLimits.maxDispatchesPerSecond", 500, 0.5),
      ],
    ],
    [
      {
        retry: {
          maxAttempts: -1,
          maxRetryDuration: "3600s",
          minBackoff: "1s",
          maxBackoff: "60s",
          maxDoublings: 0,
        },
      },
      [
        change("retryConfig.maxAttempts", 100, -1),
        change("retryConfig.maxBackoff", "3600s", "60s"),
        change("retryConfig.maxDoublings", 16, 0),
        change("retryConfig.maxRetryDuration", "0s", "3600s"),
        change("retryConfig.minBackoff", "10s", "1s"),
      ],
    ],
    [{ paused: true }, [change("desiredState", "RUNNING", "PAUSED")]],
    [
      { region: "europe-west1" },
      [
        change("location", "us-central1", "europe-west1"),
        'RandomString queue-suffix.keepers.region: "us-central1" => "europe-west1"',
      ],
    ],
    [
      { project: OTHER.id, target: { ...TARGET, serviceAccountEmail: ANYWHERE } },
      [
        change("httpTarget.oidcToken.serviceAccountEmail", CALLER, ANYWHERE),
        change("project", PROJECT.id, OTHER.id),
      ],
    ],
    [{ queueName: "Orders-1" }, [change("name", "(unknown)", "Orders-1"), "RandomString queue-suffix: gone"]],
    [{ enqueuers: { shop: "user:shop@example.com" } }, ["QueueIamMember queue-enqueuer-shop: made"]],
    [
      { enqueuers: { shop: "user:shop@example.com" }, tasksNameCaller: true },
      ["IAMMember queue-actas-shop: made", "QueueIamMember queue-enqueuer-shop: made"],
    ],
    [{ tasksNameCaller: true }, []],
  ];

  test.each(ARGUMENTS)("takes %j, known at once or later, and changes nothing else", async (args, effect) => {
    expect(differences(usual, await asked(nothing, () => makeQueue(args)))).toEqual(effect);
    const known = await asked(nothing, () => makeQueue(laterLeaves(args, ["method", "tasksNameCaller"])));
    expect(differences(usual, known)).toEqual(effect);
  });

  test("has tried every argument above", () => {
    const tried = ARGUMENTS.flatMap(([args]) => Object.keys(args));
    expect([...new Set(tried)].sort()).toEqual(argumentsOf("TaskQueue"));
  });

  test("lets enqueuers do that and nothing more: on this queue, and on the one account if their tasks name it", async () => {
    const program = () => {
      const enqueuers = { shop: "user:shop@example.com" };
      return makeQueue({ enqueuers, tasksNameCaller: true, queueName: "orders" });
    };
    const preview = await asked(nothing, program);
    expect(preview["QueueIamMember queue-enqueuer-shop"]).toEqual({
      name: "orders",
      location: "us-central1",
      project: PROJECT.id,
      role: "roles/cloudtasks.enqueuer",
      member: "user:shop@example.com",
    });
    expect(preview["IAMMember queue-actas-shop"]).toEqual({
      serviceAccountId: `projects/my-project/serviceAccounts/${CALLER}`,
      role: "roles/iam.serviceAccountUser",
      member: "user:shop@example.com",
    });
  });

  const SET =
    "is set by Google or carries the token. Leave it out; give what you want to say in a header of your own";
  const REFUSED: readonly [args: Partial<TaskQueueArgs>, message: string][] = [
    ...(REFUSED_REQUESTS as [Partial<TaskQueueArgs>, string][]),
    [{ region: "" }, `region "" ${EMPTY}`],
    [
      { rateLimits: { maxDispatchesPerSecond: 501 } },
      `rateLimits.maxDispatchesPerSecond 501 is not a number from 0.001 to 500 tasks. ${RANGE}`,
    ],
    [
      { rateLimits: { maxDispatchesPerSecond: 0 } },
      `rateLimits.maxDispatchesPerSecond 0 is not a number from 0.001 to 500 tasks. ${RANGE}`,
    ],
    [
      { rateLimits: { maxConcurrentDispatches: 5001 } },
      `rateLimits.maxConcurrentDispatches 5001 is not a whole number from 1 to 5000 tasks. ${RANGE}`,
    ],
    [
      { retry: { maxAttempts: 0 } },
      "retry.maxAttempts 0 is no attempt at all. Give 1 or more, or -1 for no limit",
    ],
    [
      { retry: { maxAttempts: -2 } },
      `retry.maxAttempts -2 is not a whole number from -1 to 2147483647 attempts. ${RANGE}`,
    ],
    [
      { retry: { minBackoff: "20s", maxBackoff: "15s" } },
      'retry.minBackoff "20s" is above retry.maxBackoff. Lower it, or raise retry.maxBackoff',
    ],
    [
      { retry: { minBackoff: "3601s" } },
      'retry.minBackoff "3601s" is above retry.maxBackoff. Lower it, or raise retry.maxBackoff',
    ],
    [{ retry: { maxRetryDuration: "1h" } }, `retry.maxRetryDuration "1h" ${NO_DURATION}`],
    [{ retry: { minBackoff: "10" } }, `retry.minBackoff "10" ${NO_DURATION}`],
    [{ retry: { maxBackoff: "" } }, `retry.maxBackoff "" ${NO_DURATION}`],
    [
      { retry: { maxDoublings: 1.5 } },
      `retry.maxDoublings 1.5 is not a whole number from 0 to 2147483647 doublings. ${RANGE}`,
    ],
    [
      { queueName: "a_b" },
      'queueName "a_b" is not a queue name. Google allows 1 to 100 characters that match ^[A-Za-z0-9-]+$',
    ],
    [
      { enqueuers: { shop: "shop@example.com" } },
      'enqueuers.shop "shop@example.com" is not an IAM member. Put its kind in front: "user:", "group:", "serviceAccount:", "principal:" or "principalSet:"',
    ],
    [
      { enqueuers: { all: "allUsers" } },
      'enqueuers.all "allUsers" is everybody. Name who may; if the target really is public, declare that grant as a resource of its own',
    ],
    ...["Authorization", "X-CloudTasks-TaskName", "X-CloudScheduler", "Host"].map(
      (name): [Partial<TaskQueueArgs>, string] => [{ headers: { [name]: "x" } }, `headers "${name}" ${SET}`],
    ),
  ];

  test.each(REFUSED)("refuses %j, known at once or later", async (args, message) => {
    expect(await refusal(nothing, () => makeQueue(args))).toBe(`TaskQueue "queue": ${message}`);
    const known = laterLeaves(args);
    expect(await refusal(nothing, () => makeQueue(known))).toBe(`TaskQueue "queue": ${message}`);
  });

  const OFFERED = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS".split(", ").map((name) => `"${name}"`);
  const REFUSED_AT_ONCE: readonly [args: Partial<TaskQueueArgs>, message: string][] = [
    [
      { enqueuers: { shop: "user:ann@example.com", web: "user:ann@example.com" } },
      'enqueuers.shop "user:ann@example.com" is the member of enqueuers.web too; it would be one binding with two owners, and gone for both with the first of them. Keep it under one key',
    ],
    ...REFUSED_TARGETS.map(([target, message]): [Partial<TaskQueueArgs>, string] => [{ target }, message]),
    [{ method: "get" as HttpMethod }, `method "get" is not known. Choose one of ${OFFERED.join(", ")}`],
  ];

  test.each(REFUSED_AT_ONCE)("refuses %j: %s", async (args, message) => {
    expect(await refusal(nothing, () => makeQueue(args))).toBe(`TaskQueue "queue": ${message}`);
  });

  test("makes a legal name of any logical one", async () => {
    const up = await deployed(() => void makeQueue({}, "Nightly_report (EU)"));
    expect(up.resource("Queue", "Nightly_report (EU)").inputs.name).toMatch(
      /^Nightly-report-EU-[a-z0-9]{6}$/,
    );
  });
});

describe("sources and their targets", () => {
  /** A service that may be there already, and two sources that call it as somebody who may not be. */
  function calls({ new: callerIsNew }: { new: boolean }, extra: () => void = () => undefined) {
    return () => {
      const hello = new CloudRunService("hello", { image: "hello", region: "us-central1" });
      const topic = new pubsub.Topic("topic");
      extra();
      if (!callerIsNew) return {};
      const caller = new CallerIdentity("caller");
      const job = makeJob({ target: hello.authorize(caller) });
      const push = makeSubscription({ target: hello.authorize(caller), topic: topic.id, deadLetters: {} });
      const queue = makeQueue({
        target: hello.authorize(caller),
        enqueuers: { shop: "user:owner@example.com" },
      });
      const { jobName, url, audience } = job;
      const { subscriptionName, topic: from } = push;
      const { enqueuerSettings, ...queueOutputs } = queue;
      return {
        ...{ jobName, url, audience, subscriptionName, from, pushes: push.url, aud: push.audience },
        ...{ queueName: queueOutputs.queueName, enqueues: queueOutputs.url, queueAud: queueOutputs.audience },
        enqueuerSettings,
      };
    };
  }

  test("wait for the grant and for minting, have a component above them, and settle at once", async () => {
    const stack = new TestStack();
    const up = await stack.up(calls({ new: true }));
    const sources = [
      up.resource("Job", "job"),
      up.resource("Subscription", "push"),
      up.resource("Queue", "queue"),
    ];
    for (const source of sources) {
      expect([...up.waitsFor(source)]).toEqual(
        expect.arrayContaining([
          "hello-caller-invoker",
          "hello",
          "caller-mint-scheduler",
          "caller-mint-pubsub",
          "caller-mint-tasks",
        ]),
      );
    }
    const enqueuer = up.waitsFor(up.resource("QueueIamMember", "queue-enqueuer-shop"));
    expect([...enqueuer]).toContain("queue");
    const dead = up.waitsFor(up.resource("SubscriptionIAMMember", "push-dead-letters-subscriber"));
    expect([...dead]).toContain("push");
    expect(orphans(up.resources)).toEqual(["Topic topic"]);
    const { uri } = up.resource("Service", "hello").outputs;
    const { outputs: topic } = up.resource("Topic", "topic");
    const { outputs: queue } = up.resource("Queue", "queue");
    expect(up.outputs).toEqual({
      jobName: up.resource("Job", "job").outputs.name,
      url: uri,
      audience: uri,
      subscriptionName: up.resource("Subscription", "push").outputs.name,
      from: topic.id ?? `projects/my-project/topics/${String(topic.name)}`,
      pushes: uri,
      queueName: queue.name,
      enqueues: uri,
      queueAud: uri,
      enqueuerSettings: {
        queue: queue.id ?? `projects/my-project/locations/us-central1/queues/${String(queue.name)}`,
        url: uri,
        serviceAccountEmail: up.resource("Account", "caller").outputs.email,
        audience: uri,
      },
      aud: uri,
    });
    expect((await stack.up(calls({ new: true }))).changes()).toEqual([]);
  });

  test("that call what exists as somebody new show in the preview where to, and with which audience", async () => {
    const stack = new TestStack();
    const first = await stack.up(calls({ new: false }));
    const preview = await stack.preview(calls({ new: true }));
    const { uri } = first.resource("Service", "hello").outputs;
    expect(preview.resource("Job", "job").inputs.httpTarget).toEqual({
      uri,
      httpMethod: "GET",
      oidcToken: { serviceAccountEmail: UNKNOWN, audience: uri },
    });
    expect(preview.resource("Subscription", "push").inputs.pushConfig).toEqual({
      pushEndpoint: uri,
      oidcToken: { serviceAccountEmail: UNKNOWN, audience: uri },
    });
    expect(preview.resource("Queue", "queue").inputs.httpTarget).toEqual({
      uriOverride: {
        scheme: "HTTPS",
        host: new URL(String(uri)).hostname,
        uriOverrideEnforceMode: "ALWAYS",
      },
      oidcToken: { serviceAccountEmail: UNKNOWN, audience: uri },
    });
    const sources = preview.resources.filter(({ type }) => /:(Job|Subscription|Queue)$/.test(type));
    const open = unknownInputs(sources);
    expect(open).toEqual([
      "Job job: httpTarget.oidcToken.serviceAccountEmail",
      "Queue queue: httpTarget.oidcToken.serviceAccountEmail",
      "Queue queue: name",
      "Subscription push-dead-letters: topic",
      "Subscription push: deadLetterPolicy.deadLetterTopic",
      "Subscription push: pushConfig.oidcToken.serviceAccountEmail",
    ]);
  });

  test("with path, query and body show all that is known, too", async () => {
    const stack = new TestStack();
    const program = (callerIsThere: boolean) => () => {
      const hello = new CloudRunService("hello", { image: "hello", region: "us-central1" });
      if (!callerIsThere) return;
      const target = hello.authorize(new CallerIdentity("caller"));
      makeJob({ target, path: "a", query: { b: "c" }, body: { d: 1 } });
    };
    const first = await stack.up(program(false));
    const { inputs } = (await stack.preview(program(true))).resource("Job", "job");
    const { uri } = first.resource("Service", "hello").outputs;
    expect(inputs.httpTarget).toMatchObject({ uri: `${String(uri)}/a?b=c`, oidcToken: { audience: uri } });
    expect(unknownInputs((await stack.preview(program(true))).resources)).not.toContainEqual(
      expect.stringContaining("httpTarget.body"),
    );
  });

  const BY_A_STRANGER: readonly [component: string, name: string, program: () => unknown][] = [
    ["SchedulerJob", "job", () => void makeJob({ target: FROM_ELSEWHERE })],
    ["PushSubscription", "push", () => void makeSubscription({ target: FROM_ELSEWHERE })],
    ["TaskQueue", "queue", () => void makeQueue({ target: FROM_ELSEWHERE })],
  ];

  test.each(BY_A_STRANGER)(
    "%s is refused an account of another project in the preview when the provider names the project",
    async (component, name, program) => {
      const said = elsewhere("p-other", PROJECT.id);
      const whole = `${component} "${name}": target.serviceAccountEmail "${FROM_ELSEWHERE.serviceAccountEmail}" ${said}`;
      await expect(nothing.preview(program)).rejects.toThrow(whole);
    },
  );

  test("call as an account whose address names no project, and say so", async () => {
    const target = { ...TARGET, serviceAccountEmail: ANYWHERE };
    const preview = await nothing.preview(() => {
      const job = makeJob({ target, project: OTHER.id });
      const push = makeSubscription({ target });
      const queue = makeQueue({ target });
      const emails = {
        job: job.serviceAccountEmail,
        push: push.serviceAccountEmail,
        queue: queue.serviceAccountEmail,
      };
      probe("probe", emails);
    });
    expect(preview.resource("RandomString", "probe").inputs.keepers).toEqual({
      job: ANYWHERE,
      push: ANYWHERE,
      queue: ANYWHERE,
    });
  });

  test("take an invoker for a target, and a target that is known later as a whole", async () => {
    const invoker = () =>
      new RunInvoker("reports", {
        service: "reports",
        region: "us-central1",
        url: "https://reports.example",
        caller: { email: CALLER },
      });
    const preview = await nothing.preview(() => {
      const target = invoker();
      makeJob({ target });
      makeSubscription({ target: later({ ...TARGET, audience: "a" }) });
    });
    const { httpTarget } = preview.resource("Job", "job").inputs;
    expect(httpTarget).toMatchObject({
      uri: "https://reports.example",
      oidcToken: { audience: "https://reports.example" },
    });
    expect(preview.waitsFor(preview.resource("Job", "job"))).toContain("reports-invoker");
    expect(preview.resource("Subscription", "push").inputs.pushConfig).toMatchObject({
      oidcToken: { audience: "a" },
    });
  });
});

async function deployed(program: () => unknown): Promise<Deployed> {
  const stack = new TestStack();
  stack.cloud.iam.addAccount({ email: CALLER, uniqueId: "100", project: PROJECT.id });
  return stack.up(program);
}
