import {
  agentEmail,
  defaultComputeAccount,
  projectName,
  repositoryName,
  serviceAccountName,
} from "../../sandbox/cloud/names";
import { UNKNOWN, type Props } from "../../sandbox/cloud/resources/values";
import { Bench, sampleOf, START } from "./resources.bench";
import {
  BUILDER,
  CALLER,
  NUMBER,
  openApi,
  PROJECT,
  REGION,
  REPOSITORY,
  SECRET,
  SERVICE,
  TOPIC,
} from "./resources.samples";

const DAY = 24 * 60 * 60_000;
const ACCOUNT = "gcp:serviceaccount/account:Account";
const RUN = "gcp:cloudrunv2/service:Service";
const RUN_JOB = "gcp:cloudrunv2/job:Job";
const JOB = "gcp:cloudscheduler/job:Job";
const SUBSCRIPTION = "gcp:pubsub/subscription:Subscription";
const QUEUE = "gcp:cloudtasks/queue:Queue";
const FUNCTION = "gcp:cloudfunctionsv2/function:Function";
const FUNCTION_V1 = "gcp:cloudfunctions/function:Function";
const BUCKET = "gcp:storage/bucket:Bucket";
const OBJECT = "gcp:storage/bucketObject:BucketObject";
const ROLE = "gcp:projects/iAMCustomRole:IAMCustomRole";
const PROJECT_MEMBER = "gcp:projects/iAMMember:IAMMember";
const ACCOUNT_MEMBER = "gcp:serviceaccount/iAMMember:IAMMember";
const RUN_MEMBER = "gcp:cloudrunv2/serviceIamMember:ServiceIamMember";
const STRING = "random:index/randomString:RandomString";
const AGENT = `service-${NUMBER}@gcp-sa-pubsub.iam.gserviceaccount.com`;

const CLIENTS = "accessSettings.oauthSettings.programmaticClients";

/** An input with one property changed, wherever it lies. */
function changed(props: Props, path: string, value: unknown): Props {
  const [head = "", ...rest] = path.split(".");
  if (rest.length === 0) return { ...props, [head]: value };
  const below = props[head];
  const next: unknown = Array.isArray(below)
    ? below.map((item: unknown, index) =>
        String(index) === rest[0] ? changed(item as Props, rest.slice(1).join("."), value) : item,
      )
    : changed((below ?? {}) as Props, rest.join("."), value);
  return { ...props, [head]: next };
}

describe("wrong values are refused with property and value", () => {
  const env = "template.containers.0.envs.0";
  const rows: [string, string, unknown, string][] = [
    [ACCOUNT, "accountId", "short", 'property "accountId" has an invalid value "short": it must be 6 to 30'],
    [ACCOUNT, "displayName", "é".repeat(51), "at most 100 bytes"],
    [ACCOUNT, "description", "x".repeat(257), "at most 256 bytes"],
    [ROLE, "roleId", "no-dash", 'has an invalid value "no-dash"'],
    [ROLE, "permissions", [], "at least 1 items"],
    ["gcp:projects/service:Service", "service", "run", "as in run.googleapis.com"],
    [PROJECT_MEMBER, "member", "someone", 'has an invalid value "someone": it must be a member'],
    [PROJECT_MEMBER, "role", "run.invoker", "it must be a role"],
    [
      PROJECT_MEMBER,
      "condition",
      { expression: "true" },
      'property "condition" is not modelled by the sandbox',
    ],
    [ACCOUNT_MEMBER, "serviceAccountId", CALLER, "written like projects/{project}/serviceAccounts/"],
    [RUN_MEMBER, "name", "services/hello", "the name alone, or written like projects/{project}/locations/"],
    [RUN, "name", "Hello", "fewer than 50 lower-case letters"],
    [RUN, "name", "h".repeat(50), "fewer than 50"],
    [RUN, "location", "us-mars1", 'property "location" has an invalid value "us-mars1": it must be a region'],
    [RUN, "ingress", "all", 'it must be one of "INGRESS_TRAFFIC_ALL"'],
    [RUN, "customAudiences", ["a".repeat(32_768)], "its JSON form must be at most 32768 characters"],
    [RUN, "template.timeout", "3601s", 'property "template.timeout" has an invalid value "3601s"'],
    [RUN, "template.timeout", "1m", "a duration in seconds"],
    [
      RUN,
      "template.maxInstanceRequestConcurrency",
      1001,
      "has an invalid value 1001: it must be at most 1000",
    ],
    [RUN, "template.scaling.minInstanceCount", 4, "it is more than maxInstanceCount, 3"],
    [RUN, "template.scaling.minInstanceCount", 0.5, "it must be a whole number"],
    [RUN, "template.containers", [], "at least 1 items"],
    [
      RUN,
      `${env}.name`,
      "PORT",
      'property "template.containers[0].envs[0].name" has an invalid value "PORT": Run sets',
    ],
    [
      RUN,
      `${env}.value`,
      5,
      'property "template.containers[0].envs[0].value" has an invalid value: it must be a string',
    ],
    [RUN, `${env}.valueSource`, { secretKeyRef: { secret: "key" } }, "has both a value and a valueSource"],
    [RUN, "template.volumes", [], 'has an invalid value "sql": there is no such volume'],
    [RUN, "template.vpcAccess.connector", "c", "conflicts with networkInterfaces"],
    [
      RUN,
      "template.gpuZonalRedundancyDisabled",
      true,
      `${RUN} "x": property "template.gpuZonalRedundancyDisabled" is not modelled by the sandbox`,
    ],
    [RUN, "labels", { Team: "a" }, "each key of 1 to 63 lower-case letters"],
    [RUN, "labels", { team: "A" }, 'property "labels.team" has an invalid value "A"'],
    ["gcp:pubsub/topic:Topic", "name", "goog-topic", 'not start with "goog"'],
    ["gcp:pubsub/topic:Topic", "messageRetentionDuration", "599s", 'between "600s" and "2678400s"'],
    [SUBSCRIPTION, "name", "ab", "3 to 255"],
    [
      SUBSCRIPTION,
      "pushConfig.pushEndpoint",
      "http://hello.example.com",
      "push endpoints are https addresses",
    ],
    [
      SUBSCRIPTION,
      "pushConfig.noWrapper",
      {},
      'property "pushConfig.noWrapper.writeMetadata" is required but missing',
    ],
    [SUBSCRIPTION, "ackDeadlineSeconds", 9, "has an invalid value 9: it must be at least 10"],
    [SUBSCRIPTION, "retryPolicy.maximumBackoff", "601s", 'between "0s" and "600s"'],
    [SUBSCRIPTION, "retryPolicy.maximumBackoff", "5s", 'it is longer than maximumBackoff, "5s"'],
    [SUBSCRIPTION, "filter", `attributes:"${"é".repeat(123)}"`, "at most 256 bytes"],
    [SUBSCRIPTION, "filter", 'attributes.kind > "a"', "has something unknown at"],
    [
      SUBSCRIPTION,
      "filter",
      'attributes.a = "1" AND attributes.b = "2" OR attributes:c',
      "without parentheses",
    ],
    [SUBSCRIPTION, "pushConfig.attributes", { "x-goog-version": "v1beta1" }, '{ "x-goog-version": "v1" }'],
    [SUBSCRIPTION, "pushConfig.attributes", { tenant: "a" }, '{ "x-goog-version": "v1" }'],
    [SUBSCRIPTION, "expirationPolicy.ttl", "3600s", "of at least a day"],
    [SUBSCRIPTION, "deadLetterPolicy.maxDeliveryAttempts", 4, "at least 5"],
    [SUBSCRIPTION, "deadLetterPolicy.deadLetterTopic", "dead", "it must be the id of a topic"],
    [QUEUE, "name", "a_b", "1 to 100 letters, digits and dashes"],
    [QUEUE, "location", "nowhere", "it must be a region that the sandbox knows"],
    [QUEUE, "desiredState", "DISABLED", 'it must be one of "RUNNING", "PAUSED"'],
    [QUEUE, "httpTarget.httpMethod", "get", 'it must be one of "HTTP_METHOD_UNSPECIFIED", "POST"'],
    [QUEUE, "httpTarget.uriOverride.host", "", "it must be a host"],
    [QUEUE, "httpTarget.uriOverride.host", "a[b", "it must be a host"],
    [QUEUE, "httpTarget.uriOverride.host", "x%zz", "it must be a host"],
    [QUEUE, "httpTarget.uriOverride.host", "a\\b", "it must be a host"],
    [QUEUE, "httpTarget.uriOverride.port", "70000", "it must be a port"],
    [QUEUE, "httpTarget.uriOverride.port", "65536", "it must be a port"],
    [QUEUE, "httpTarget.headerOverrides.0.header.key", "X Shop", "names of headers have letters, digits"],
    [QUEUE, "httpTarget.headerOverrides.0.header.value", "a\r\nX-B: c", "it must not break the line"],
    [QUEUE, "retryConfig.maxRetryDuration", "9007199254740991s", 'between "0s" and "315576000000s"'],
    [QUEUE, "retryConfig.maxBackoff", "315576000001s", 'between "0s" and "315576000000s"'],
    [QUEUE, "httpTarget.uriOverride.scheme", "https", 'it must be one of "HTTP", "HTTPS"'],
    [QUEUE, "httpTarget.oidcToken.audience", "", "for a whole queue Google takes no default"],
    [QUEUE, "httpTarget.oidcToken.audience", undefined, "for a whole queue Google takes no default"],
    [
      QUEUE,
      "httpTarget.oauthToken",
      { serviceAccountEmail: CALLER },
      'conflicts with "httpTarget.oidcToken"',
    ],
    [QUEUE, "rateLimits.maxDispatchesPerSecond", 501, "at most 500"],
    [QUEUE, "rateLimits.maxConcurrentDispatches", 5001, "at most 5000"],
    [QUEUE, "retryConfig.maxAttempts", 0, "it must be -1 for no limit, or at least 1"],
    [QUEUE, "retryConfig.maxAttempts", -2, "at least -1"],
    [QUEUE, "retryConfig.minBackoff", "61s", 'it is longer than maxBackoff, "60s"'],
    [QUEUE, "stackdriverLoggingConfig.samplingRatio", 1.5, "at most 1"],
    [JOB, "name", "a b", "letters, digits, dashes and underscores"],
    [JOB, "schedule", "every 5 minutes", "unix-cron schedule of five fields"],
    [JOB, "timeZone", "Mars/Olympus", 'has an invalid value "Mars/Olympus": it must be a time zone'],
    [JOB, "attemptDeadline", "14s", 'between "15s" and "1800s"'],
    [JOB, "retryConfig.retryCount", 6, "at most 5"],
    [JOB, "retryConfig.maxBackoffDuration", "1s", 'it is longer than maxBackoffDuration, "1s"'],
    [JOB, "description", "x".repeat(501), "at most 500 characters"],
    [JOB, "httpTarget.uri", `https://e.com/${"x".repeat(2083)}`, "at most 2083 characters"],
    [JOB, "httpTarget.body", "{}", "it must be base64"],
    [JOB, "httpTarget.headers", { "X-A": "a\nX-B: c" }, "it must not break the line"],
    [JOB, "httpTarget.headers", { "X:A": "a" }, "names of headers have letters, digits"],
    [JOB, "httpTarget.headers", { "X-A": "a".repeat(81_920) }, "its JSON form must be smaller than 80 KB"],
    [JOB, "httpTarget.body", Buffer.alloc(1_048_577).toString("base64"), "a job may have 1 MB"],
    [JOB, "httpTarget.httpMethod", "GET", "is not allowed with method GET, only with POST, PUT and PATCH"],
    [JOB, "httpTarget.oauthToken", { serviceAccountEmail: CALLER }, 'conflicts with "httpTarget.oidcToken"'],
    [JOB, "httpTarget.oidcToken.serviceAccountEmail", "caller", "the e-mail address of a service account"],
    [JOB, "pubsubTarget", { topicName: TOPIC }, 'property "pubsubTarget" is not modelled by the sandbox'],
    [FUNCTION, "name", "AuthFn", "lower-case letters"],
    [FUNCTION, "buildConfig.serviceAccount", BUILDER, "projects/PROJECT/serviceAccounts/EMAIL"],
    [FUNCTION, "serviceConfig.timeoutSeconds", 3601, "at most 3600"],
    [FUNCTION, "serviceConfig.minInstanceCount", 4, "it is more than the maximum, 3"],
    [FUNCTION, "serviceConfig.environmentVariables", { PORT: "1" }, "which the platform sets itself"],
    [
      FUNCTION,
      "serviceConfig.environmentVariables",
      { KEY: "1" },
      '"KEY" is also a plain environment variable',
    ],
    [FUNCTION_V1, "timeout", 541, "at most 540"],
    [FUNCTION_V1, "availableMemoryMb", 300, "has an invalid value 300: it must be one of 128, 256"],
    [FUNCTION_V1, "triggerHttp", false, "the sandbox models functions that are called over HTTP"],
    [BUCKET, "name", "Sources", "3 to 63 lower-case letters"],
    [BUCKET, "publicAccessPrevention", "on", 'one of "inherited", "enforced"'],
    [OBJECT, "source", "./folder", "it must be an asset or an archive"],
    ["gcp:artifactregistry/repository:Repository", "format", "docker", 'one of "DOCKER"'],
    ["gcp:secretmanager/secret:Secret", "replication", {}, "must have one of auto and userManaged"],
    [
      "gcp:secretmanager/secretVersion:SecretVersion",
      "secretData",
      5,
      'property "secretData" has an invalid value: it must be a string',
    ],
    ["gcp:iap/settings:Settings", CLIENTS, ["https://hello.example"], "it must be the id of an OAuth client"],
    ["gcp:iap/settings:Settings", CLIENTS, [""], "it must be the id of an OAuth client"],
    [STRING, "length", 0, "at least 1"],
    [STRING, "result", "x", 'property "result" is not modelled by the sandbox'],
  ];

  test.each(rows)("%s %s %j", (token, path, value, text) => {
    const failures = new Bench().failures(token, changed(sampleOf(token), path, value));
    expect(failures).toEqual([expect.stringContaining(text)]);
    expect(failures[0]).toMatch(`${token} "x": property "`);
  });

  test("missing ones are named, and so is what the provider's configuration lacks", () => {
    const bench = new Bench({}, {});
    expect(bench.failures(JOB, { schedule: "* * * * *" })).toEqual([
      expect.stringContaining(
        'property "project" is required but missing: give the argument, or set the provider\'s configuration gcp:project',
      ),
      expect.stringContaining(
        'property "region" is required but missing: give the argument, or set the provider\'s configuration gcp:region',
      ),
      expect.stringContaining('property "httpTarget" is required but missing'),
    ]);
  });

  test("a kind or function that is not modelled", () => {
    const { provider } = new Bench();
    const q = { name: "x", news: {}, seed: "" };
    expect(() => provider.check("gcp:sql/databaseInstance:DatabaseInstance", q)).toThrow(
      'resource type "gcp:sql/databaseInstance:DatabaseInstance" is not modelled by the sandbox',
    );
    expect(() => provider.invoke("gcp:storage/getBucket:getBucket", { args: {} })).toThrow(/not modelled/);
    expect(() =>
      provider.invoke("gcp:organizations/getProject:getProject", { args: { surprise: 1 } }),
    ).toThrow(/property "surprise" is not modelled/);
  });
});

describe("what Istio's webhook refuses", () => {
  const POLICY = "kubernetes:security.istio.io/v1:AuthorizationPolicy";
  const AUTHENTICATION = "kubernetes:security.istio.io/v1:RequestAuthentication";
  test.each<[string, Props, RegExp]>([
    [POLICY, { rules: [{ from: [{ source: {} }] }] }, /`from\.source` must not be empty/],
    [POLICY, { rules: [{ to: [{ operation: {} }] }] }, /`to\.operation` must not be empty/],
    [POLICY, { action: "DENY" }, /a deny policy without `rules`/],
    [POLICY, { action: "DENY", rules: [] }, /a deny policy without `rules`/],
    [POLICY, { selector: { matchLabels: { app: "*" } } }, /wildcard is not supported in selector/],
    [AUTHENTICATION, { jwtRules: [{ issuer: "x", jwksUri: "foo" }] }, /URI scheme that is not supported/],
    [AUTHENTICATION, { jwtRules: [{ issuer: "x", jwks: "{" }] }, /is no JSON/],
  ])("%s %j", (token, spec, text) => {
    const kind = token.split(":").at(-1);
    const metadata = { name: "a", namespace: "books" };
    const news = { apiVersion: "security.istio.io/v1", kind, metadata, spec };
    expect(new Bench().failures(token, news).join()).toMatch(text);
  });
});

describe("names", () => {
  test("are the logical name and seven characters that follow from the seed, within Google's limits", () => {
    const { provider } = new Bench();
    const named = (token: string, name: string, news: Props, olds?: Props, seed = "one") =>
      provider.check(token, { name, news, olds, seed });
    const run = named(RUN, "Hello", { location: REGION, template: { containers: [{ image: "i" }] } }).inputs
      .name;
    expect(run).toMatch(/^hello-[0-9a-f]{7}$/);
    expect(named(RUN, "Hello", {}, { name: run }, "two").inputs.name).toBe(run);
    expect(named(RUN, "Hello", {}, { name: "mine" }, "two").inputs.name).not.toBe("mine");
    expect(named(RUN, "Hello", {}, undefined, "two").inputs.name).not.toBe(run);
    expect(named(RUN, "Hello", { name: "mine" }, { name: run }).inputs.name).toBe("mine");
    expect(named(ACCOUNT, "schedulerunner", {}).inputs.accountId).toMatch(/^schedulerunner-[0-9a-f]{7}$/);
    expect(named(ACCOUNT, "a-name-that-is-too-long", {}).failures[0]?.reason).toMatch(
      /plus 7 random characters is longer than the 30/,
    );
    // The provider's own auto-name of a role id is illegal: a role needs one of its own.
    expect(
      named(ROLE, "minter", { title: "M", permissions: ["run.routes.invoke"] }).failures[0]?.reason,
    ).toMatch(/give the argument "roleId"/);
  });

  test("that are taken are refused, and those that were given are freed before they are taken again", async () => {
    const bench = new Bench();
    const first = await bench.create(ACCOUNT, { accountId: "caller" });
    const taken = await bench.refusal(ACCOUNT, { accountId: "caller" });
    expect(taken).toMatchObject({ status: "ALREADY_EXISTS", httpStatus: 409 });
    const adopted = await bench.create(ACCOUNT, { accountId: "caller", createIgnoreAlreadyExists: true });
    expect(adopted.outputs.uniqueId).toBe(first.outputs.uniqueId);

    const job = (name: string) => bench.checked(JOB, { ...sampleOf(JOB), name });
    const moved = (name: string) =>
      bench.provider.diff(JOB, {
        id: "",
        oldInputs: job(name),
        oldOutputs: {},
        news: { ...job(name), region: "us-east1" },
      });
    expect(moved("mine").deleteBeforeReplace).toBe(true);
    expect(moved("mine-0123abc").deleteBeforeReplace).toBe(false);
    const member = (token: string) =>
      bench.provider.diff(token, {
        id: "",
        oldInputs: sampleOf(token),
        oldOutputs: {},
        news: { ...sampleOf(token), member: "allUsers" },
      });
    expect(member(PROJECT_MEMBER).deleteBeforeReplace).toBe(true);
    expect(member(RUN_MEMBER).deleteBeforeReplace).toBe(false);
  });

  test("an account made again under its old name is another account", async () => {
    const bench = new Bench();
    const { id, outputs } = await bench.create(ACCOUNT, { accountId: "caller" });
    await bench.provider.delete(ACCOUNT, { id, outputs });
    const again = await bench.create(ACCOUNT, { accountId: "caller" });
    expect(again.outputs.email).toBe(outputs.email);
    expect(again.outputs.uniqueId).not.toBe(outputs.uniqueId);
    expect(again.outputs.uniqueId).toMatch(/^[1-9]\d{20}$/);
  });

  test("a role's id stays taken for 37 days, of which the provider undeletes it for 7", async () => {
    for (const [days, free] of [
      [1, true],
      [8, false],
      [36, false],
      [38, true],
    ] as const) {
      const bench = new Bench();
      const { id, outputs } = await bench.create(ROLE, sampleOf(ROLE));
      await bench.provider.delete(ROLE, { id, outputs });
      await bench.clock.advanceTo(START + days * DAY);
      const made = bench.create(ROLE, sampleOf(ROLE));
      if (free) await made;
      else await expect(made).rejects.toThrow(/has been marked for deletion/);
    }
  });
});

describe("what Google refuses", () => {
  const cases: [string, string, Props, string, RegExp][] = [
    [
      "a job with an account that is not there",
      JOB,
      changed(
        sampleOf(JOB),
        "httpTarget.oidcToken.serviceAccountEmail",
        `no@${PROJECT}.iam.gserviceaccount.com`,
      ),
      "PERMISSION_DENIED",
      /actAs.*denied on service account no@.*may not exist/,
    ],
    [
      "a job with a service agent",
      JOB,
      changed(sampleOf(JOB), "httpTarget.oidcToken.serviceAccountEmail", AGENT),
      "INVALID_ARGUMENT",
      /one of Google's service agents/,
    ],
    [
      "a queue with a service agent",
      QUEUE,
      changed(sampleOf(QUEUE), "httpTarget.oidcToken.serviceAccountEmail", AGENT),
      "INVALID_ARGUMENT",
      /task queue "orders"/,
    ],
    [
      "an enqueuer of a queue that is not there",
      "gcp:cloudtasks/queueIamMember:QueueIamMember",
      sampleOf("gcp:cloudtasks/queueIamMember:QueueIamMember"),
      "NOT_FOUND",
      /Queue does not exist\. If you just created the queue/,
    ],
    [
      "a subscription with a service agent",
      SUBSCRIPTION,
      changed(sampleOf(SUBSCRIPTION), "pushConfig.oidcToken.serviceAccountEmail", AGENT),
      "INVALID_ARGUMENT",
      /push subscription "psub2"/,
    ],
    [
      "a subscription of a topic that is not there",
      SUBSCRIPTION,
      sampleOf(SUBSCRIPTION, { topic: "nowhere" }),
      "NOT_FOUND",
      /Resource not found \(resource=nowhere\)/,
    ],
    [
      "a dead-letter topic that is not there",
      SUBSCRIPTION,
      changed(sampleOf(SUBSCRIPTION), "deadLetterPolicy.deadLetterTopic", `projects/${PROJECT}/topics/dead`),
      "NOT_FOUND",
      /resource=dead/,
    ],
    [
      "a Run service whose secret is not there",
      RUN,
      changed(sampleOf(RUN), "template.containers.0.envs.1.valueSource.secretKeyRef.secret", "nothing"),
      "NOT_FOUND",
      /Secret projects\/my-project\/secrets\/nothing was not found/,
    ],
    [
      "a Run service whose secret has no such version",
      RUN,
      changed(sampleOf(RUN), "template.containers.0.envs.1.valueSource.secretKeyRef.version", "7"),
      "NOT_FOUND",
      /versions\/7 was not found/,
    ],
    [
      "a Run service whose account may not read its secret",
      RUN,
      changed(sampleOf(RUN), "template.serviceAccount", BUILDER),
      "PERMISSION_DENIED",
      /Permission denied on secret: projects\/my-project\/secrets\/key for Run service "hello2", which runs as builder@.*roles\/secretmanager.secretAccessor/,
    ],
    [
      "a grant on a Run service that is not there",
      RUN_MEMBER,
      sampleOf(RUN_MEMBER, { name: "nothing" }),
      "NOT_FOUND",
      /Resource 'nothing' of kind 'SERVICE' in region 'us-central1' in project 'my-project' does not exist/,
    ],
    [
      "a grant to an account that is not there",
      RUN_MEMBER,
      sampleOf(RUN_MEMBER, { member: `serviceAccount:no@${PROJECT}.iam.gserviceaccount.com` }),
      "INVALID_ARGUMENT",
      /does not exist/,
    ],
    [
      "a role that the sandbox does not know",
      RUN_MEMBER,
      sampleOf(RUN_MEMBER, { role: "roles/run.caller" }),
      "UNIMPLEMENTED",
      /roles\/run.caller/,
    ],
    [
      "a role for something else",
      RUN_MEMBER,
      sampleOf(RUN_MEMBER, { role: "roles/cloudfunctions.invoker" }),
      "INVALID_ARGUMENT",
      /Role roles\/cloudfunctions.invoker is not supported for this resource/,
    ],
    [
      "a custom role with what no project can give",
      ROLE,
      sampleOf(ROLE, { roleId: "lister", permissions: ["resourcemanager.projects.list"] }),
      "INVALID_ARGUMENT",
      /Permission resourcemanager.projects.list is not valid/,
    ],
    [
      "Run's invoker role on a function",
      "gcp:cloudfunctionsv2/functionIamMember:FunctionIamMember",
      { cloudFunction: "authfn", location: REGION, role: "roles/run.invoker", member: "allUsers" },
      "INVALID_ARGUMENT",
      /Grant it on the Run service behind the function/,
    ],
    [
      "a function without source",
      FUNCTION,
      changed(sampleOf(FUNCTION, { name: "new" }), "buildConfig.source.storageSource.object", "no.zip"),
      "NOT_FOUND",
      /gs:\/\/sources\/no.zip does not exist/,
    ],
    [
      "a function without repository",
      FUNCTION,
      changed(sampleOf(FUNCTION, { name: "new" }), "buildConfig.dockerRepository", `${REPOSITORY}2`),
      "NOT_FOUND",
      /functions2 of function "new" was not found/,
    ],
    [
      "a decommissioned runtime",
      FUNCTION,
      changed(sampleOf(FUNCTION, { name: "new" }), "buildConfig.runtime", "nodejs20"),
      "INVALID_ARGUMENT",
      /runtime "nodejs20" is decommissioned since 2026-10-30/,
    ],
    [
      "a runtime of the other generation",
      FUNCTION_V1,
      sampleOf(FUNCTION_V1, { name: "new", runtime: "nodejs24" }),
      "INVALID_ARGUMENT",
      /not supported on GCF Gen1/,
    ],
    [
      "a runtime that the sandbox does not know",
      FUNCTION_V1,
      sampleOf(FUNCTION_V1, { name: "new", runtime: "cobol85" }),
      "INVALID_ARGUMENT",
      /runtime "cobol85" is not modelled/,
    ],
    [
      "a build by an account without roles",
      FUNCTION,
      changed(
        sampleOf(FUNCTION, { name: "new" }),
        "buildConfig.serviceAccount",
        `projects/${PROJECT}/serviceAccounts/${CALLER}`,
      ),
      "FAILED_PRECONDITION",
      /Build failed:.*"new".*missing permission on the build service account. caller@.* does not have storage.objects.get on gs:\/\/gcf-v2-sources-123456789012-us-central1/,
    ],
    [
      "a function whose Run service is taken",
      FUNCTION,
      sampleOf(FUNCTION, { name: "hello" }),
      "ALREADY_EXISTS",
      /A Cloud Run service with this name already exists/,
    ],
    [
      "an object in no bucket",
      OBJECT,
      sampleOf(OBJECT, { bucket: "nowhere" }),
      "NOT_FOUND",
      /bucket does not exist: nowhere/,
    ],
    [
      "a version of no secret",
      "gcp:secretmanager/secretVersion:SecretVersion",
      { secret: `${SECRET}2`, secretData: "x" },
      "NOT_FOUND",
      /not found/,
    ],
    ...[
      [{ image: "a" }, { image: "b" }],
      [
        { image: "a", ports: { containerPort: 1 } },
        { image: "b", ports: { containerPort: 2 } },
      ],
    ].map((containers): [string, string, Props, string, RegExp] => [
      `a service with ${containers.length} containers, ${containers.filter((each) => "ports" in each).length} of them with a port`,
      RUN,
      changed(sampleOf(RUN), "template.containers", containers),
      "INVALID_ARGUMENT",
      /"hello2": template\.containers: Revision template should contain exactly one container with an exposed port/,
    ]),
    [
      "a project that is not there",
      "gcp:pubsub/topic:Topic",
      { name: "topic", project: "nowhere-at-all" },
      "NOT_FOUND",
      /nowhere-at-all/,
    ],
  ];

  test.each(cases)("%s", async (_title, token, news, status, text) => {
    const bench = new Bench();
    await bench.upTo(JOB);
    // The sample itself is there already.
    const named = [SUBSCRIPTION, RUN].includes(token) ? { ...news, name: `${String(news.name)}2` } : news;
    const error = await bench.refusal(token, named);
    expect(error.status).toBe(status);
    expect(error.message).toMatch(text);
  });

  test.each([RUN, RUN_JOB])(
    "an image of another project that Run's agent or the deployer may not read: %s",
    async (token) => {
      const bench = new Bench({
        projects: [
          { id: PROJECT, number: NUMBER, kind: "hardened" },
          { id: "other-project", number: "210987654321" },
        ],
      });
      const bare = { containers: [{ image: "europe-docker.pkg.dev/other-project/apps/hello:1" }] };
      const news = {
        location: REGION,
        name: "reader",
        template: token === RUN ? bare : { template: bare },
      };
      const compute = serviceAccountName(PROJECT, defaultComputeAccount(NUMBER));
      const deployer = bench.cloud.deployer(PROJECT);
      bench.cloud.iam.grant(compute, { role: "roles/iam.serviceAccountUser", member: deployer });
      const repository = repositoryName("other-project", "europe", "apps");
      const reader = { role: "roles/artifactregistry.reader" };
      const { status, message } = await bench.refusal(token, news);
      expect(status).toBe("PERMISSION_DENIED");
      expect(message).toMatch(/^User must have permission to read the image, .* from project other-project/);
      bench.cloud.iam.grant(repository, { ...reader, member: deployer });
      expect((await bench.refusal(token, news)).message).toMatch(
        /^Google Cloud Run Service Agent must have permission/,
      );
      const agent = `serviceAccount:${agentEmail("run", NUMBER)}`;
      bench.cloud.iam.grant(repository, { ...reader, member: agent });
      await bench.create(token, news);
    },
  );

  test("an account of another project as the caller of a source", async () => {
    const bench = new Bench();
    await bench.upTo(JOB);
    const { outputs } = await bench.create(ACCOUNT, { accountId: "stranger", project: "other-project" });
    for (const [token, path] of [
      [JOB, "httpTarget.oidcToken.serviceAccountEmail"],
      [SUBSCRIPTION, "pushConfig.oidcToken.serviceAccountEmail"],
      [QUEUE, "httpTarget.oidcToken.serviceAccountEmail"],
    ] as const) {
      const error = await bench.refusal(token, {
        ...changed(sampleOf(token), path, outputs.email),
        name: "other",
      });
      expect(error.status).toBe("INVALID_ARGUMENT");
      expect(error.message).toMatch(/Both must be of the same project/);
    }
  });

  test("attaching an account without actAs, for every kind that attaches one", async () => {
    const bench = new Bench({ projects: [{ id: PROJECT, number: NUMBER, kind: "hardened" }] });
    const deployer = bench.cloud.deployer(PROJECT);
    const resource = `//iam.googleapis.com/projects/${PROJECT}/serviceAccounts/`;
    const actAs = { role: "roles/iam.serviceAccountUser", member: deployer };
    await bench.create(ACCOUNT, { accountId: "caller" });
    await bench.create(ACCOUNT, { accountId: "builder" });
    await bench.create("gcp:pubsub/topic:Topic", sampleOf("gcp:pubsub/topic:Topic"));
    await bench.create(PROJECT_MEMBER, {
      project: PROJECT,
      role: "roles/run.builder",
      member: `serviceAccount:${BUILDER}`,
    });
    await bench.create(
      "gcp:artifactregistry/repository:Repository",
      sampleOf("gcp:artifactregistry/repository:Repository"),
    );
    await bench.create(BUCKET, sampleOf(BUCKET));
    await bench.create(OBJECT, sampleOf(OBJECT));
    const withoutSecrets = (token: string): Props => {
      const inputs = sampleOf(token);
      if (token === FUNCTION) return changed(inputs, "serviceConfig.secretEnvironmentVariables", undefined);
      if (token === RUN) return changed(inputs, "template.containers.0.envs", undefined);
      return { ...inputs, secretEnvironmentVariables: undefined };
    };
    for (const token of [RUN, JOB, SUBSCRIPTION, QUEUE, FUNCTION, FUNCTION_V1]) {
      const error = await bench.refusal(token, withoutSecrets(token));
      expect(error.status).toBe("PERMISSION_DENIED");
      expect(error.message).toMatch(
        /Permission 'iam.serviceAccounts.actAs' denied on service account caller@.*: serviceAccount:deployer@my-project.*Grant .* roles\/iam.serviceAccountUser/,
      );
    }
    bench.cloud.iam.grant(resource + CALLER, actAs);
    for (const token of [FUNCTION, FUNCTION_V1]) {
      const error = await bench.refusal(token, withoutSecrets(token));
      expect(error.message).toMatch(/denied on service account builder@.*the build of function/);
    }
    bench.cloud.iam.grant(resource + BUILDER, actAs);
    for (const token of [RUN, JOB, SUBSCRIPTION, QUEUE, FUNCTION, FUNCTION_V1])
      await bench.create(token, withoutSecrets(token));
  });

  test("each permission of a build, one taken away at a time", async () => {
    const permissions = [
      "storage.objects.get",
      "logging.logEntries.create",
      "artifactregistry.repositories.uploadArtifacts",
    ];
    for (const missing of permissions) {
      const bench = new Bench();
      await bench.upTo("gcp:cloudrunv2/service:Service");
      const project = `//cloudresourcemanager.googleapis.com/projects/${PROJECT}`;
      bench.cloud.iam.revoke(project, { role: "roles/run.builder", member: `serviceAccount:${BUILDER}` });
      const name = `projects/${PROJECT}/roles/nearly`;
      bench.cloud.iam.defineRole(
        name,
        permissions.filter((permission) => permission !== missing),
      );
      bench.cloud.iam.grant(project, { role: name, member: `serviceAccount:${BUILDER}` });
      for (const token of [FUNCTION, FUNCTION_V1]) {
        const error = await bench.refusal(token, sampleOf(token));
        expect(error.message).toMatch(`${BUILDER} does not have ${missing} on `);
      }
      bench.cloud.iam.defineRole(name, permissions);
      for (const token of [FUNCTION, FUNCTION_V1]) await bench.create(token, sampleOf(token));
    }
  });

  test("the default account builds as long as it is an editor of the project", async () => {
    const defaultAccount = (token: string): Props => {
      const path = token === FUNCTION ? "buildConfig.serviceAccount" : "buildServiceAccount";
      return changed(sampleOf(token), path, undefined);
    };
    const editor = {
      role: "roles/editor",
      member: `serviceAccount:${defaultComputeAccount(NUMBER)}`,
    };
    for (const token of [FUNCTION, FUNCTION_V1]) {
      const bench = new Bench();
      await bench.upTo(token);
      bench.cloud.iam.revoke(projectName(PROJECT), editor);
      expect((await bench.refusal(token, defaultAccount(token))).message).toMatch(
        /does not have storage.objects.get/,
      );
      bench.cloud.iam.grant(projectName(PROJECT), editor);
      await bench.create(token, defaultAccount(token));
    }
  });

  test("deleting what is protected or not empty", async () => {
    const bench = new Bench();
    await bench.upTo(RUN);
    const run = await bench.create(RUN, sampleOf(RUN, { deletionProtection: undefined }));
    expect(run.outputs.deletionProtection).toBe(true);
    await expect(bench.provider.delete(RUN, run)).rejects.toThrow(
      /cannot destroy service .* without setting deletionProtection to false/,
    );

    const bucket = { id: "sources", outputs: {} };
    await expect(bench.provider.delete(BUCKET, bucket)).rejects.toThrow(
      /bucket sources containing objects without forceDestroy/,
    );
    const news = bench.checked(BUCKET, sampleOf(BUCKET, { forceDestroy: true }));
    await bench.provider.update(BUCKET, { id: "sources", oldOutputs: {}, news, preview: false });
    await bench.provider.delete(BUCKET, bucket);
    expect(bench.cloud.store.list(OBJECT)).toEqual([]);

    const secret = "gcp:secretmanager/secret:Secret";
    const kept = await bench.create(secret, {
      secretId: "kept",
      replication: { auto: {} },
      deletionProtection: true,
    });
    await expect(bench.provider.delete(secret, kept)).rejects.toThrow(/cannot destroy secret/);
  });

  test("updating what somebody else has deleted", async () => {
    const bench = new Bench();
    const { id, inputs, outputs } = await bench.create("gcp:pubsub/topic:Topic", { name: "topic" });
    bench.cloud.store.remove("gcp:pubsub/topic:Topic", id);
    const q = { id, oldOutputs: outputs, news: inputs, preview: false };
    await expect(bench.provider.update("gcp:pubsub/topic:Topic", q)).rejects.toThrow(
      /was not found. Run a refresh/,
    );
  });
});

test("what is granted right before it is used counts for the control plane while it spreads", async () => {
  const minutes = (count: number) => new Bench({ iamDelay: count * 60_000 });
  await minutes(7).upTo(JOB, true);
  await expect(minutes(11).upTo(JOB, true)).rejects.toThrow(/Permission denied on secret/);
});

describe("what the cloud adds", () => {
  test("both addresses of a Run service, unless the label of one is too long", async () => {
    const bench = new Bench();
    await bench.upTo(RUN);
    const { outputs } = await bench.create(RUN, sampleOf(RUN));
    const [deterministic, hashed] = outputs.urls as string[];
    expect(deterministic).toBe(`https://hello-${NUMBER}.${REGION}.run.app`);
    expect(hashed).toMatch(/^https:\/\/hello-[a-z0-9]{10}-uc\.a\.run\.app$/);
    expect(outputs.uri).toBe(hashed);
    expect(outputs).toMatchObject({
      generation: "1",
      ingress: "INGRESS_TRAFFIC_INTERNAL_ONLY",
      launchStage: "GA",
    });
    expect(outputs.uid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-/);

    const number = "1".repeat(20);
    const long = new Bench({ projects: [{ id: PROJECT, number }] });
    await long.upTo(RUN);
    const service = await long.create(RUN, sampleOf(RUN, { name: "h".repeat(49) }));
    expect(service.outputs.urls).toEqual([service.outputs.uri]);
  });

  test("a revision for a changed template only, and unknowns in the preview of what moves", async () => {
    const bench = new Bench();
    await bench.upTo(RUN);
    const { id, outputs } = await bench.create(RUN, sampleOf(RUN));
    const step = async (news: Props, oldOutputs: Props, preview = false) =>
      (await bench.provider.update(RUN, { id, oldOutputs, news: bench.checked(RUN, news), preview })).outputs;
    const preview = await step(sampleOf(RUN, { description: "new" }), outputs, true);
    expect(preview).toMatchObject({
      uri: outputs.uri,
      uid: outputs.uid,
      etag: UNKNOWN,
      generation: UNKNOWN,
      latestReadyRevision: UNKNOWN,
    });
    const described = await step(sampleOf(RUN, { description: "new" }), outputs);
    expect(described.generation).toBe("2");
    expect(described.etag).not.toBe(outputs.etag);
    expect(described.latestReadyRevision).toBe(outputs.latestReadyRevision);
    const moved = await step(changed(sampleOf(RUN), "template.timeout", "90s"), described);
    expect(moved.latestReadyRevision).toMatch(/^hello-00003-[a-z0-9]{3}$/);
    expect(moved.uri).toBe(outputs.uri);
  });

  test("the Run service behind a function, which takes grants and goes with it", async () => {
    const bench = new Bench();
    await bench.upTo(FUNCTION);
    const { id, inputs, outputs } = await bench.create(FUNCTION, sampleOf(FUNCTION, { name: "auth_fn" }));
    const config = outputs.serviceConfig as Props;
    expect(outputs).toMatchObject({
      state: "ACTIVE",
      environment: "GEN_2",
      url: `https://${REGION}-${PROJECT}.cloudfunctions.net/auth_fn`,
    });
    expect(config.service).toBe(`projects/${PROJECT}/locations/${REGION}/services/auth-fn`);
    const service = bench.cloud.store.get(RUN, String(config.service));
    expect(service?.state).toMatchObject({
      uri: config.uri,
      ingress: "INGRESS_TRAFFIC_ALL",
      template: {
        serviceAccount: CALLER,
        timeout: "60s",
        containers: [{ envs: [{ name: "GREETING", value: "hello" }, { name: "KEY" }] }],
      },
    });
    const grant = {
      name: config.service,
      location: REGION,
      role: "roles/run.invoker",
      member: `serviceAccount:${CALLER}`,
    };
    await bench.create(RUN_MEMBER, grant);
    const q = { member: grant.member, permission: "run.routes.invoke", resource: service?.fullName ?? "" };
    expect(bench.cloud.iam.decide(q).allowed).toBe(true);

    const news = changed(inputs, "serviceConfig.ingressSettings", "ALLOW_INTERNAL_ONLY");
    await bench.provider.update(FUNCTION, { id, oldOutputs: outputs, news, preview: false });
    const after = bench.cloud.store.get(RUN, String(config.service))?.state;
    expect(after).toMatchObject({
      uri: config.uri,
      uid: service?.state.uid,
      generation: "2",
      ingress: "INGRESS_TRAFFIC_INTERNAL_ONLY",
    });
    // Saying nothing again opens it again: the provider's default is ALLOW_ALL.
    expect(bench.checked(FUNCTION, sampleOf(FUNCTION))).toMatchObject({
      serviceConfig: { ingressSettings: "ALLOW_ALL" },
    });

    await bench.provider.delete(FUNCTION, { id, outputs });
    expect(bench.cloud.store.get(RUN, String(config.service))).toBeUndefined();
    expect(bench.cloud.iam.decide(q).allowed).toBe(false);
  });

  test("a function of the 1st generation", async () => {
    const bench = new Bench();
    await bench.upTo(FUNCTION_V1, true);
    const [stored] = bench.cloud.store.list(FUNCTION_V1);
    expect(stored?.state).toMatchObject({
      httpsTriggerUrl: `https://${REGION}-${PROJECT}.cloudfunctions.net/authfn-v1`,
      httpsTriggerSecurityLevel: "SECURE_ALWAYS",
      availableMemoryMb: 256,
      versionId: "1",
      status: "ACTIVE",
    });
  });

  test("grants are sets, and removing one leaves the others", async () => {
    const bench = new Bench();
    await bench.upTo(RUN, true);
    const one = await bench.create(RUN_MEMBER, sampleOf(RUN_MEMBER));
    const twin = await bench.create(RUN_MEMBER, { ...sampleOf(RUN_MEMBER), name: SERVICE });
    expect(twin.id).toBe(one.id);
    expect(twin.outputs.etag).toBe(one.outputs.etag);
    const whole = { id: one.id, oldInputs: one.inputs, oldOutputs: one.outputs, news: twin.inputs };
    expect(bench.provider.diff(RUN_MEMBER, whole).changes).toBe(false);
    const everyone = await bench.create(RUN_MEMBER, sampleOf(RUN_MEMBER, { member: "allUsers" }));
    const imported = one.id.replace(/\/(roles\/[^/]+)\//, " $1 ");
    expect((await bench.provider.read(RUN_MEMBER, { id: imported }))?.inputs).toEqual({
      name: "hello",
      location: REGION,
      project: PROJECT,
      role: "roles/run.invoker",
      member: `serviceAccount:${CALLER}`,
    });
    await bench.provider.delete(RUN_MEMBER, { id: one.id, outputs: one.outputs });
    expect(await bench.provider.read(RUN_MEMBER, { id: twin.id })).toBeUndefined();
    expect(await bench.provider.read(RUN_MEMBER, { id: everyone.id })).toBeDefined();
  });

  test("a deleted topic leaves its subscriptions behind, for good", async () => {
    const bench = new Bench();
    await bench.upTo(SUBSCRIPTION, true);
    await bench.provider.delete("gcp:pubsub/topic:Topic", { id: TOPIC, outputs: {} });
    await bench.create("gcp:pubsub/topic:Topic", sampleOf("gcp:pubsub/topic:Topic"));
    expect(bench.cloud.store.list(SUBSCRIPTION)[0]?.state.topic).toBe("_deleted-topic_");
  });

  test("a topic by its short name is the same topic", async () => {
    const bench = new Bench();
    await bench.upTo(SUBSCRIPTION);
    const { inputs, outputs, id } = await bench.create(
      SUBSCRIPTION,
      sampleOf(SUBSCRIPTION, { topic: "runtopic" }),
    );
    expect(outputs.topic).toBe(TOPIC);
    const news = { ...inputs, topic: TOPIC };
    expect(
      bench.provider.diff(SUBSCRIPTION, { id, oldInputs: inputs, oldOutputs: outputs, news }).changes,
    ).toBe(false);
  });

  test("random values that stay, until a keeper changes", async () => {
    const [one, two] = [new Bench(), new Bench()];
    const news = { length: 8, special: false, upper: false, keepers: { a: "1" } };
    const first = await one.create(STRING, news);
    expect(first.outputs.result).toMatch(/^[a-z0-9]{8}$/);
    expect((await two.create(STRING, news)).outputs.result).toBe(first.outputs.result);
    expect((await one.create(STRING, news)).outputs.result).not.toBe(first.outputs.result);
    const diff = one.provider.diff(STRING, {
      id: "",
      oldInputs: first.inputs,
      oldOutputs: first.outputs,
      news: { ...first.inputs, keepers: { a: "2" } },
    });
    expect(diff).toEqual({
      changes: true,
      replaces: ["keepers.a"],
      deleteBeforeReplace: false,
      detailed: { "keepers.a": "update-replace" },
    });
  });

  test("the project's number, looked up", async () => {
    const bench = new Bench();
    const found = await bench.provider.invoke("gcp:organizations/getProject:getProject", {
      args: { projectId: "other-project" },
    });
    expect(found).toMatchObject({
      projectId: "other-project",
      number: "210987654321",
      id: "projects/other-project",
    });
  });
});

test("a diff names every change by its path", async () => {
  const bench = new Bench();
  await bench.upTo(RUN);
  const { id, inputs, outputs } = await bench.create(RUN, sampleOf(RUN));
  let news = changed(inputs, "template.containers.0.image", "us-docker.pkg.dev/cloudrun/container/hello:2");
  news = changed(news, "template.containers.0.envs", [{ name: "GREETING", value: "hi" }]);
  news = { ...news, labels: undefined, description: "new", ingress: undefined, project: "other-project" };
  const diff = bench.provider.diff(RUN, { id, oldInputs: inputs, oldOutputs: outputs, news });
  expect(diff).toEqual({
    changes: true,
    replaces: ["project"],
    deleteBeforeReplace: true,
    detailed: {
      "template.containers[0].image": "update",
      "template.containers[0].envs[0].value": "update",
      "template.containers[0].envs[1]": "delete",
      labels: "delete",
      description: "add",
      project: "update-replace",
    },
  });
});

describe("what every object has", () => {
  test("is not taken for what was there before, or is there now", async () => {
    const bench = new Bench();
    await bench.upTo(RUN);
    const plain = sampleOf(RUN);
    const labelled = { ...plain, labels: { ...(plain.labels as Props), constructor: "x" } };
    const { id, outputs } = await bench.create(RUN, plain);
    const [olds, news] = [bench.checked(RUN, plain), bench.checked(RUN, labelled)];
    const q = { id, oldOutputs: outputs };
    expect(bench.provider.diff(RUN, { ...q, oldInputs: olds, news }).detailed).toEqual({
      "labels.constructor": "add",
    });
    expect(bench.provider.diff(RUN, { ...q, oldInputs: news, news: olds }).detailed).toEqual({
      "labels.constructor": "delete",
    });
  });

  test("is no variable, no runtime and no region", async () => {
    const bench = new Bench();
    await bench.upTo(FUNCTION);
    const sample = sampleOf(FUNCTION);
    const secret = { key: "constructor", projectId: PROJECT, secret: "s", version: "latest" };
    const withSecret = changed(sample, "serviceConfig.secretEnvironmentVariables", [secret]);
    expect(bench.failures(FUNCTION, withSecret)).toEqual([]);
    await expect(
      bench.create(FUNCTION, changed(sample, "buildConfig.runtime", "constructor")),
    ).rejects.toThrow('runtime "constructor" is not modelled');
  });
});

describe("gateways", () => {
  const MANAGED_SERVICE = "gcp:endpoints/service:Service";
  const API = "gcp:apigateway/api:Api";
  const CONFIG = "gcp:apigateway/apiConfig:ApiConfig";
  const GATEWAY = "gcp:apigateway/gateway:Gateway";

  test.each<[string, Props, string, RegExp]>([
    [
      "a managed service with a name of another project",
      { serviceName: "orders.endpoints.other-project.cloud.goog" },
      "PERMISSION_DENIED",
      /names in this project end in \.endpoints\.my-project\.cloud\.goog/,
    ],
    [
      "a document that is for another managed service",
      { openapiConfig: openApi("/a", { host: "other.endpoints.my-project.cloud.goog" }) },
      "INVALID_ARGUMENT",
      /for the host "other\.endpoints\.my-project\.cloud\.goog", and the managed service is "orders\./,
    ],
    ["a document that is none", { openapiConfig: "hello" }, "INVALID_ARGUMENT", /it is not a map/],
    [
      "a document of version 3, which is not modelled there",
      {
        openapiConfig: JSON.stringify({
          openapi: "3.0.4",
          info: { title: "t", version: "1" },
          "x-google-api-management": {
            backends: { b: { address: "https://b.example.com", pathTranslation: "APPEND_PATH_TO_ADDRESS" } },
          },
          "x-google-backend": "b",
          paths: { "/a": { get: { operationId: "get" } } },
        }),
      },
      "UNIMPLEMENTED",
      /version 3 for Cloud Endpoints are not modelled/,
    ],
  ])("refuse %s", async (_, change, status, message) => {
    const bench = new Bench();
    await bench.upTo(MANAGED_SERVICE);
    const error = await bench.refusal(MANAGED_SERVICE, sampleOf(MANAGED_SERVICE, change));
    expect([error.status, error.message]).toEqual([status, expect.stringMatching(message)]);
  });

  const says = (operationId?: string, more: Props = {}): Props => ({ operationId, responses: {}, ...more });
  const address = "https://b.example.com";
  test.each<[string, Props, RegExp]>([
    [
      "an operation without an id",
      { paths: { "/a": { get: says() } } },
      /paths\.\/a\.get has no operationId/,
    ],
    [
      "two operations with one id",
      { paths: { "/a": { get: says("x") }, "/b": { put: says("x") } } },
      /paths\.\/b\.put has the operationId "x" of paths\.\/a\.get/,
    ],
    [
      "a slash at the end",
      { paths: { "/a/": { get: says("x") } } },
      /a slash at the end of paths\.\/a\/ is not/,
    ],
    [
      "one path twice",
      { paths: { "/a/{x}": { get: says("x") }, "/a/{y}": { put: says("y") } } },
      /the paths \/a\/\{x\} and \/a\/\{y\} are the same but for names/,
    ],
    [
      "a switch that is none",
      { "x-google-backend": { address, disable_auth: "true" } },
      /disables the proxy's own token with "true", which is no boolean/,
    ],
    [
      "an audience for a token that is switched off",
      { "x-google-backend": { address, disable_auth: true, jwt_audience: "z" } },
      /both an audience for the proxy's own token and the switch/,
    ],
    ["a method in capitals", { paths: { "/a": { GET: says("x") } } }, /paths\.\/a\.GET is not modelled/],
    ["a method that is none", { paths: { "/a": { get: says("x"), fetch: {} } } }, /paths\.\/a\.fetch is not/],
    [
      "x-google-allow in an operation",
      { paths: { "/a": { get: says("x", { "x-google-allow": "all" }) } } },
      /paths\.\/a\.get\.x-google-allow is not modelled/,
    ],
    [
      "x-google-backend on a path",
      { paths: { "/a": { get: says("x"), "x-google-backend": { address } } } },
      /paths\.\/a\.x-google-backend is not modelled/,
    ],
    ["what is of version 3", { "x-google-api-management": {} }, /x-google-api-management is not modelled/],
    [
      "an extension by its former name",
      { paths: { "/a": { get: says("x", { "x-security": [] }) } } },
      /paths\.\/a\.get\.x-security is not modelled/,
    ],
  ])("refuse a document with %s", async (_, more, message) => {
    const bench = new Bench();
    await bench.upTo(MANAGED_SERVICE);
    const openapiConfig = openApi("/a", more);
    const error = await bench.refusal(MANAGED_SERVICE, sampleOf(MANAGED_SERVICE, { openapiConfig }));
    expect(error.message).toMatch(message);
  });

  test.each<[string, Props, RegExp]>([
    [MANAGED_SERVICE, { serviceName: "api.example.com" }, /does not model names of other domains/],
    [API, { apiId: "Orders" }, /up to 63 lower-case letters/],
    [CONFIG, { openapiDocuments: [] }, /openapiDocuments/],
    [CONFIG, { apiConfigId: undefined }, /"apiConfigId" is required but missing/],
    [GATEWAY, { region: "europe-north1" }, /it must be one of "asia-northeast1"/],
    [GATEWAY, { apiConfig: "orders-1" }, /it must be projects\/…\/locations\/global/],
  ])("refuse %s with %j", (token, change, message) => {
    expect(new Bench().failures(token, sampleOf(token, change)).join()).toMatch(message);
  });

  test("go from the outside in: what is in use is not deleted", async () => {
    const bench = new Bench();
    await bench.upTo(GATEWAY, true);
    const { provider, cloud } = bench;
    const idOf = (token: string) => cloud.store.list(token)[0]?.id ?? "";
    const remove = (token: string) => provider.delete(token, { id: idOf(token), outputs: {} });
    await expect(remove(API)).rejects.toThrow(
      /is in use by the configuration .*orders-1\. Delete that first/,
    );
    await expect(remove(CONFIG)).rejects.toThrow(/is in use by the gateway .*\/gateways\/orders/);
    await remove(GATEWAY);
    await remove(CONFIG);
    await remove(API);
    expect([GATEWAY, CONFIG, API].flatMap((token) => cloud.store.list(token))).toEqual([]);
  });

  test("need what they stand on", async () => {
    const bench = new Bench();
    await bench.upTo(API);
    expect((await bench.refusal(CONFIG, sampleOf(CONFIG))).message).toMatch(/apis\/orders' was not found/);
    expect((await bench.refusal(GATEWAY, sampleOf(GATEWAY))).message).toMatch(
      /configs\/orders-1' was not found/,
    );
  });
});
