import { mermaid } from "../trust/mermaid";
import { trustGraph } from "../trust/graph";
import type { ResourceState } from "../trust/resources";

const PROJECT = "demo";
const REGION = "europe-west1";
const CALLER = "schedulerunner-1a2b@demo.iam.gserviceaccount.com";

function urn(type: string, name: string): string {
  return `urn:pulumi:dev::stack::${type}::${name}`;
}

function resource(
  type: string,
  name: string,
  outputs: Record<string, unknown>,
  more: Partial<ResourceState> = {},
): ResourceState {
  return { urn: urn(type, name), type, name, inputs: {}, outputs, ...more };
}

const TYPE = {
  account: "gcp:serviceaccount/account:Account",
  minting: "gcp:serviceaccount/iAMMember:IAMMember",
  run: "gcp:cloudrunv2/service:Service",
  runGrant: "gcp:cloudrunv2/serviceIamMember:ServiceIamMember",
  functionV2: "gcp:cloudfunctionsv2/function:Function",
  functionV2Grant: "gcp:cloudfunctionsv2/functionIamMember:FunctionIamMember",
  functionV1: "gcp:cloudfunctions/function:Function",
  functionV1Grant: "gcp:cloudfunctions/functionIamMember:FunctionIamMember",
  projectGrant: "gcp:projects/iAMMember:IAMMember",
  job: "gcp:cloudscheduler/job:Job",
  subscription: "gcp:pubsub/subscription:Subscription",
  queue: "gcp:cloudtasks/queue:Queue",
} as const;

const account = (name = "schedulerunner", email = CALLER): ResourceState =>
  resource(TYPE.account, name, { email, project: PROJECT });

const run = (name = "hello", outputs: Record<string, unknown> = {}): ResourceState =>
  resource(TYPE.run, name, {
    name: `${name}-77aa`,
    location: REGION,
    project: PROJECT,
    uri: `https://${name}-77aa-123.europe-west1.run.app`,
    urls: [`https://${name}-77aa-123.europe-west1.run.app`, `https://${name}-77aa-xyz-ew.a.run.app`],
    ...outputs,
  });

const runGrant = (service = "hello", outputs: Record<string, unknown> = {}): ResourceState =>
  resource(TYPE.runGrant, `${service}-invoker`, {
    // The provider gives the whole path back.
    name: `projects/${PROJECT}/locations/${REGION}/services/${service}-77aa`,
    location: REGION,
    project: PROJECT,
    role: "roles/run.invoker",
    member: `serviceAccount:${CALLER}`,
    ...outputs,
  });

const functionV2 = (): ResourceState =>
  resource(TYPE.functionV2, "authfn", {
    name: "authfn_1",
    location: REGION,
    project: PROJECT,
    url: "https://europe-west1-demo.cloudfunctions.net/authfn_1",
    serviceConfig: {
      uri: "https://authfn-1-123.europe-west1.run.app",
      service: `projects/${PROJECT}/locations/${REGION}/services/authfn-1`,
    },
  });

const functionV1 = (): ResourceState =>
  resource(TYPE.functionV1, "authfn-v1", {
    name: "authfn-v1",
    region: REGION,
    project: PROJECT,
    httpsTriggerUrl: "https://europe-west1-demo.cloudfunctions.net/authfn-v1",
  });

const functionV1Grant = (): ResourceState =>
  resource(TYPE.functionV1Grant, "authfn-v1-invoker", {
    cloudFunction: `projects/${PROJECT}/locations/${REGION}/functions/authfn-v1`,
    region: REGION,
    project: PROJECT,
    role: "roles/cloudfunctions.invoker",
    member: `serviceAccount:${CALLER}`,
  });

const job = (name: string, uri: string, audience?: string, serviceAccountEmail = CALLER): ResourceState =>
  resource(TYPE.job, name, { name, httpTarget: { uri, oidcToken: { serviceAccountEmail, audience } } });

const HELLO = "https://hello-77aa-123.europe-west1.run.app";

function onlyEdge(...resources: ResourceState[]) {
  const { edges } = trustGraph(resources);
  expect(edges).toHaveLength(1);
  const [edge] = edges;
  if (edge === undefined) throw new Error("no edge");
  return edge;
}

describe("edges", () => {
  test("a job calling a Run service with path and query, as a caller that is let in", () => {
    expect(onlyEdge(account(), run(), runGrant(), job("oidctest", `${HELLO}/tasks?a=b`, HELLO))).toEqual({
      source: { kind: "scheduler-job", name: "oidctest", urn: urn(TYPE.job, "oidctest") },
      caller: CALLER,
      callerUrn: urn(TYPE.account, "schedulerunner"),
      target: { kind: "run-service", name: "hello", urn: urn(TYPE.run, "hello") },
      url: `${HELLO}/tasks?a=b`,
      audience: HELLO,
      granted: true,
      grant: { role: "roles/run.invoker", urn: urn(TYPE.runGrant, "hello-invoker") },
    });
  });

  test("the other address of a service means the same service", () => {
    const other = "https://hello-77aa-xyz-ew.a.run.app";
    expect(onlyEdge(account(), run(), runGrant(), job("j", other)).target.name).toBe("hello");
  });

  test("a service by Run's first API", () => {
    const url = "https://older-123.europe-west1.run.app";
    const older = (annotations: Record<string, string> = {}) =>
      resource("gcp:cloudrun/service:Service", "older", {
        name: "older",
        location: REGION,
        project: PROJECT,
        metadata: { annotations },
        statuses: [{ url }],
      });
    const grant = resource("gcp:cloudrun/iamMember:IamMember", "older-invoker", {
      service: "older",
      location: REGION,
      project: PROJECT,
      role: "roles/run.invoker",
      member: `serviceAccount:${CALLER}`,
    });
    const [open, iap] = [
      "run.googleapis.com/invoker-iam-disabled",
      "run.googleapis.com/iap-enabled",
    ] as const;
    const call = job("nightly", url, url);
    expect(onlyEdge(account(), older(), grant, call)).toMatchObject({
      target: { kind: "run-service", name: "older" },
      granted: true,
    });
    expect(onlyEdge(account(), older({ [iap]: "true" }), grant, call).granted).toBe(false);
    const openOf = (annotations: Record<string, string>) => trustGraph([older(annotations)]).targets[0]?.open;
    expect(openOf({ [open]: "true" })).toEqual(["invokerIamDisabled"]);
    expect(openOf({ [open]: "false" })).toEqual([]);
  });

  test("a push subscription", () => {
    const subscription = resource(TYPE.subscription, "psub", {
      pushConfig: { pushEndpoint: HELLO, oidcToken: { serviceAccountEmail: CALLER, audience: HELLO } },
    });
    expect(onlyEdge(account(), run(), runGrant(), subscription)).toMatchObject({
      source: { kind: "push-subscription", name: "psub" },
      granted: true,
    });
  });

  describe("a task queue", () => {
    const host = new URL(HELLO).host;
    const queue = (uriOverride: object | undefined, more: Partial<ResourceState> = {}): ResourceState => {
      const oidcToken = { serviceAccountEmail: CALLER, audience: HELLO };
      return resource(TYPE.queue, "orders", { httpTarget: { uriOverride, oidcToken } }, more);
    };

    test.each([
      [{ host }, HELLO],
      [{ scheme: "HTTPS", host, port: "0" }, HELLO],
      [
        { scheme: "HTTPS", host, pathOverride: { path: "/work" }, queryOverride: { queryParams: "a=b" } },
        `${HELLO}/work?a=b`,
      ],
    ])("that puts %j over its tasks' addresses calls %s", (uriOverride, url) => {
      expect(onlyEdge(account(), run(), runGrant(), queue(uriOverride))).toMatchObject({
        source: { kind: "task-queue", name: "orders" },
        caller: CALLER,
        target: { kind: "run-service", name: "hello" },
        url,
        audience: HELLO,
        granted: true,
      });
    });

    test("on another port calls something else, and so does one in clear text", () => {
      for (const uriOverride of [
        { host, port: "8443" },
        { scheme: "HTTP", host },
      ]) {
        expect(onlyEdge(account(), run(), runGrant(), queue(uriOverride)).target.kind).toBe("external");
      }
    });

    test("whose host is not known yet calls what the host comes from", () => {
      const waiting = queue(undefined, {
        inputs: { httpTarget: { oidcToken: { serviceAccountEmail: CALLER } } },
        propertyDependencies: { httpTarget: [urn(TYPE.run, "hello"), urn(TYPE.account, "schedulerunner")] },
      });
      expect(onlyEdge(account(), run(), runGrant(), waiting)).toMatchObject({
        target: { name: "hello" },
        url: "(known after deployment)",
        granted: true,
      });
    });

    test("that leaves its tasks the address calls what no resource tells", () => {
      const edge = onlyEdge(account(), run(), runGrant(), queue(undefined));
      expect(edge).toMatchObject({
        target: { kind: "external" },
        url: "(known after deployment)",
        granted: false,
      });
    });

    test("is drawn as one", () => {
      const text = mermaid(trustGraph([account(), run(), runGrant(), queue({ host })]));
      expect(text).toContain('source1(["orders<br/>task queue"])');
      expect(text).toContain('source1 -->|"calls hello"| caller1');
    });
  });

  test("sources without an OIDC token are no edges", () => {
    const plain = resource(TYPE.job, "plain", { httpTarget: { uri: HELLO } });
    const pull = resource(TYPE.subscription, "pull", {});
    expect(trustGraph([run(), plain, pull]).edges).toEqual([]);
  });

  test("a null is no token, no audience and no scope", () => {
    const target = (httpTarget: object) =>
      resource(TYPE.job, "j", { httpTarget: { uri: HELLO, ...httpTarget } });
    const oauthToken = { serviceAccountEmail: CALLER, scope: null };
    expect(trustGraph([run(), target({ oidcToken: null, oauthToken: null })]).edges).toEqual([]);
    expect(onlyEdge(account(), target({ oidcToken: null, oauthToken }))).toMatchObject({
      caller: CALLER,
      scope: "https://www.googleapis.com/auth/cloud-platform",
    });
    const oidcToken = { serviceAccountEmail: CALLER, audience: null };
    expect(onlyEdge(account(), target({ oidcToken, oauthToken: null })).audience).toBeUndefined();
  });

  test("an audience that is left to Google's default is undefined, not the url", () => {
    expect(onlyEdge(account(), run(), job("j", HELLO)).audience).toBeUndefined();
  });

  test.each([
    ["run.app", "https://authfn-1-123.europe-west1.run.app"],
    ["cloudfunctions.net", "https://europe-west1-demo.cloudfunctions.net/authfn_1"],
  ])("a 2nd gen function by its %s address, let in by the service underneath", (_, url) => {
    const grant = runGrant("x", { name: "authfn-1" });
    expect(onlyEdge(account(), functionV2(), grant, job("gcftest", url, url))).toMatchObject({
      target: { kind: "function-v2", name: "authfn" },
      granted: true,
    });
  });

  test("cloudfunctions.invoker on a 2nd gen function is found, and opens nothing", () => {
    const futile = resource(TYPE.functionV2Grant, "futile", {
      cloudFunction: "authfn_1",
      location: REGION,
      project: PROJECT,
      role: "roles/cloudfunctions.invoker",
      member: `serviceAccount:${CALLER}`,
    });
    const resources = [
      account(),
      functionV2(),
      futile,
      job("j", "https://authfn-1-123.europe-west1.run.app"),
    ];
    expect(onlyEdge(...resources).granted).toBe(false);
    expect(trustGraph(resources).grants[0]).toMatchObject({
      target: "authfn",
      futile: expect.stringMatching(/run\.invoker on the Run service underneath/) as unknown,
    });
  });

  test("run.invoker behind IAP opens nothing, and IAP's own agent is nobody's caller", () => {
    const agent = "serviceAccount:service-123@gcp-sa-iap.iam.gserviceaccount.com";
    const behind = [account(), run("hello", { iapEnabled: true }), job("j", HELLO)];
    const ofAgent = { ...runGrant("hello", { member: agent }), urn: urn(TYPE.runGrant, "agent") };
    const graph = trustGraph([...behind, runGrant(), ofAgent, runGrant("hello", { member: "allUsers" })]);
    expect(graph.edges).toMatchObject([{ granted: false }]);
    expect(graph.targets).toMatchObject([{ gate: "iap", open: [] }]);
    expect(graph.callers.map(({ email }) => email)).toEqual([CALLER]);
    const bypassed = "IAP decides first, and calls as an agent of its own";
    expect(graph.grants.map(({ target, member, futile }) => [target, member, futile])).toEqual([
      ["hello", "allUsers", bypassed],
      ["hello", `serviceAccount:${CALLER}`, bypassed],
      ["hello", agent, undefined],
    ]);
  });

  test("a 1st gen function by its path, which a longer name of another does not match", () => {
    const url = "https://europe-west1-demo.cloudfunctions.net/authfn-v1";
    expect(onlyEdge(account(), functionV1(), functionV1Grant(), job("j", `${url}/x`))).toMatchObject({
      target: { kind: "function-v1", name: "authfn-v1" },
      granted: true,
    });
    expect(onlyEdge(account(), functionV1(), functionV1Grant(), job("j", `${url}-other`))).toMatchObject({
      target: { kind: "external", name: "europe-west1-demo.cloudfunctions.net" },
      granted: false,
    });
  });

  test("an own application is external, and no grant is claimed", () => {
    const graph = trustGraph([account(), job("apptest", "https://app.example.com/run", "app")]);
    expect(graph.edges[0]).toMatchObject({
      target: { kind: "external", name: "app.example.com" },
      granted: false,
    });
    expect(graph.targets).toMatchObject([{ gate: "application", name: "app.example.com", open: [] }]);
  });

  test("an account that is not among the resources is still a caller", () => {
    const brought = "nightly@other.iam.gserviceaccount.com";
    const grant = runGrant("hello", { member: `serviceAccount:${brought}` });
    const graph = trustGraph([run(), grant, job("j", HELLO, HELLO, brought)]);
    expect(graph.callers).toEqual([{ email: brought, name: "nightly", minting: [] }]);
    expect(graph.edges[0]?.granted).toBe(true);
  });
});

describe("who is let in", () => {
  const call = job("j", HELLO, HELLO);

  test.each<[string, ResourceState[], boolean]>([
    ["without a grant", [], false],
    ["by another service's grant", [runGrant("other")], false],
    [
      "by a grant in another region",
      [runGrant("hello", { name: "hello-77aa", location: "us-east1" })],
      false,
    ],
    ["by another account's grant", [runGrant("hello", { member: "serviceAccount:x@y.z" })], false],
    ["by a role that does not let in", [runGrant("hello", { role: "roles/run.viewer" })], false],
    ["by the narrower role", [runGrant("hello", { role: "roles/run.servicesInvoker" })], true],
    ["by a grant to anybody", [runGrant("hello", { member: "allUsers" })], true],
    ["by a 1st gen function's grant", [functionV1Grant()], false],
    [
      "by a grant on the project",
      [
        resource(TYPE.projectGrant, "wide", {
          project: PROJECT,
          role: "roles/run.invoker",
          member: `serviceAccount:${CALLER}`,
        }),
      ],
      true,
    ],
  ])("%s", (_, grants, granted) => {
    expect(onlyEdge(account(), run(), ...grants, call).granted).toBe(granted);
  });

  test("a binding's members are one grant each", () => {
    const binding = resource("gcp:cloudrunv2/serviceIamBinding:ServiceIamBinding", "all", {
      name: "hello-77aa",
      location: REGION,
      project: PROJECT,
      role: "roles/run.invoker",
      members: [`serviceAccount:${CALLER}`, "user:ann@example.com"],
    });
    const graph = trustGraph([account(), run(), binding, call]);
    expect(graph.grants.map(({ member }) => member)).toEqual([
      `serviceAccount:${CALLER}`,
      "user:ann@example.com",
    ]);
    expect(graph.edges[0]?.granted).toBe(true);
  });

  test("open doors say why they are open", () => {
    const open = (...resources: ResourceState[]) => trustGraph(resources).targets[0]?.open;
    expect(open(run(), runGrant())).toEqual([]);
    expect(open(run(), runGrant("hello", { member: "allAuthenticatedUsers" }))).toEqual([
      "allAuthenticatedUsers",
    ]);
    expect(open(run("hello", { invokerIamDisabled: true }))).toEqual(["invokerIamDisabled"]);
    expect(onlyEdge(account(), run("hello", { invokerIamDisabled: true }), call).granted).toBe(true);
  });

  test("who may mint tokens for a caller", () => {
    const minting = (name: string, role: string, member: string): ResourceState =>
      resource(TYPE.minting, name, {
        serviceAccountId: `projects/${PROJECT}/serviceAccounts/${CALLER}`,
        role,
        member,
      });
    const agent = "serviceAccount:service-1@gcp-sa-cloudscheduler.iam.gserviceaccount.com";
    const graph = trustGraph([
      account(),
      run(),
      call,
      minting("a", "roles/iam.serviceAccountOpenIdTokenCreator", agent),
      minting("b", "projects/demo/roles/mint", "user:ann@example.com"),
      minting("c", "roles/iam.serviceAccountUser", "user:deployer@example.com"),
    ]);
    expect(graph.callers[0]?.minting).toEqual([
      {
        agent: "Scheduler",
        member: agent,
        role: "roles/iam.serviceAccountOpenIdTokenCreator",
        urn: urn(TYPE.minting, "a"),
      },
      {
        agent: "user:ann@example.com",
        member: "user:ann@example.com",
        role: "projects/demo/roles/mint",
        urn: urn(TYPE.minting, "b"),
      },
    ]);
  });
});

describe("before the first deployment", () => {
  const unknowns: [string, unknown][] = [
    ["absent", undefined],
    ["a symbol", Symbol("unknown")],
    ["the text that previews use", "04da6b54-80e4-46f7-96ec-b56ff0331ba9"],
  ];

  test.each(unknowns)("what is unknown (%s) is taken from where it comes from", (_, unknown) => {
    const service = run("hello", { name: unknown, uri: unknown, urls: unknown });
    const who = resource(TYPE.account, "schedulerunner", { email: unknown });
    const grant = resource(
      TYPE.runGrant,
      "hello-invoker",
      { name: unknown, location: REGION, role: "roles/run.invoker", member: unknown },
      { propertyDependencies: { name: [service.urn], member: [who.urn] } },
    );
    const call = resource(
      TYPE.job,
      "oidctest",
      { httpTarget: unknown },
      {
        inputs: {
          httpTarget: { uri: unknown, oidcToken: { serviceAccountEmail: unknown, audience: unknown } },
        },
        propertyDependencies: { httpTarget: [service.urn, grant.urn, who.urn] },
      },
    );
    expect(onlyEdge(service, who, grant, call)).toMatchObject({
      caller: "(known after deployment)",
      callerUrn: who.urn,
      target: { kind: "run-service", name: "hello", urn: service.urn },
      url: "(known after deployment)",
      audience: unknown === undefined ? undefined : "(known after deployment)",
      granted: true,
    });
  });

  test("an e-mail that only its use tells is the account's all the same", () => {
    const unnamed = { ...account("ann"), inputs: { accountId: "ann" }, outputs: {} };
    const email = "ann@demo.iam.gserviceaccount.com";
    const from = { propertyDependencies: { member: [unnamed.urn] } };
    const graph = (accountId: string) =>
      trustGraph([
        { ...unnamed, inputs: { accountId } },
        run(),
        { ...runGrant("hello", { member: `serviceAccount:${email}` }), ...from },
        job("j", HELLO, HELLO, email),
      ]);
    expect(graph("ann").edges).toMatchObject([{ caller: email, callerUrn: unnamed.urn, granted: true }]);
    expect(graph("bob").edges).toMatchObject([{ caller: email, callerUrn: undefined, granted: true }]);
  });

  test("two possible targets are not guessed between", () => {
    const call = resource(
      TYPE.job,
      "j",
      {},
      {
        inputs: { httpTarget: { oidcToken: {} } },
        dependencies: [urn(TYPE.run, "hello"), urn(TYPE.run, "other")],
      },
    );
    expect(onlyEdge(run("hello"), run("other"), call)).toMatchObject({
      target: { kind: "external", name: "(known after deployment)" },
      granted: false,
    });
  });

  test("a service of another stack is let in by the grant that the source waits for", () => {
    const grant = runGrant("elsewhere");
    const call = { ...job("j", "https://elsewhere-9.us-east1.run.app", "a"), dependencies: [grant.urn] };
    expect(onlyEdge(account(), grant, call)).toMatchObject({ target: { kind: "external" }, granted: true });
    expect(onlyEdge(account(), grant, { ...call, dependencies: [] }).granted).toBe(false);
  });
});

describe("the picture", () => {
  const resources = [
    account(),
    run(),
    runGrant(),
    functionV1(),
    job("oidctest", HELLO, HELLO),
    job("gcftest-v1", "https://europe-west1-demo.cloudfunctions.net/authfn-v1"),
    job("apptest", "https://app.example.com/"),
  ];

  test("sources, caller and targets from left to right, missing grants dotted", () => {
    expect(mermaid(trustGraph(resources))).toMatchInlineSnapshot(`
"flowchart LR
  source1(["apptest<br/>Scheduler job"])
  source2(["gcftest-v1<br/>Scheduler job"])
  source3(["oidctest<br/>Scheduler job"])
  caller1{{"schedulerunner<br/>schedulerunner-1a2b@demo.iam.gserviceaccount.com"}}
  target1[/"app.example.com<br/>application"/]
  target2["authfn-v1<br/>function, 1st gen"]
  target3["hello<br/>Run service"]
  source1 -->|"calls app.example.com"| caller1
  source2 -->|"calls authfn-v1"| caller1
  source3 -->|"calls hello"| caller1
  caller1 -->|"decides itself"| target1
  caller1 -.->|"no grant"| target2
  caller1 -->|"run.invoker"| target3
"
`);
  });

  test("the order of the resources does not matter", () => {
    expect(trustGraph([...resources].reverse())).toEqual(trustGraph(resources));
    expect(mermaid(trustGraph([...resources].reverse()))).toBe(mermaid(trustGraph(resources)));
  });

  test("an open door is drawn as one", () => {
    const text = mermaid(trustGraph([account(), run(), runGrant("hello", { member: "allUsers" })]));
    expect(text).toContain('everyone ==>|"allUsers"| target1');
    expect(text).toContain("class everyone,target1 danger");
  });

  test("names cannot break out of their labels", () => {
    const text = mermaid(trustGraph([account(), run(), job('a"]\n x["`<b>#1', HELLO)]));
    expect(text).toContain("a#34;] x[#34;#96;#60;b#62;#35;1<br/>Scheduler job");
  });
});

describe("gateways", () => {
  const PROXY = "gate-proxy@demo.iam.gserviceaccount.com";
  const GATE = "https://gate-77aa-123.europe-west1.run.app";
  const document = (more: object = {}): string =>
    JSON.stringify({
      swagger: "2.0",
      security: [{ google_id_token: [] }],
      paths: { "/a": { get: {} } },
      ...more,
    });
  const envs = (name = "gate.endpoints.demo.cloud.goog") => [{ name: "ENDPOINTS_SERVICE_NAME", value: name }];
  const proxy = (container: object = { envs: envs() }): ResourceState =>
    run("gate", {
      uri: GATE,
      urls: [GATE],
      invokerIamDisabled: true,
      template: { serviceAccount: PROXY, containers: [container] },
    });
  const managed = (openapiConfig = document()): ResourceState =>
    resource("gcp:endpoints/service:Service", "gate-document", {
      serviceName: "gate.endpoints.demo.cloud.goog",
      openapiConfig,
    });
  const job = (uri: string): ResourceState =>
    resource(TYPE.job, "nightly", {
      httpTarget: { uri, oidcToken: { serviceAccountEmail: CALLER, audience: "https://orders.example.com" } },
    });
  const proxyGrant = (): ResourceState => runGrant("hello", { member: `serviceAccount:${PROXY}` });

  test("of Cloud Endpoints are not open Run services: their document is the gate", () => {
    const graph = trustGraph([
      account(),
      account("gate-proxy", PROXY),
      proxy(),
      managed(),
      run(),
      proxyGrant(),
      job(`${GATE}/a`),
    ]);
    expect(graph.targets.find(({ name }) => name === "gate")).toEqual({
      kind: "endpoints",
      name: "gate",
      urn: urn(TYPE.run, "gate"),
      gate: "gateway",
      url: GATE,
      urls: [GATE],
      open: [],
      callsAs: PROXY,
    });
    expect(graph.edges).toMatchObject([{ target: { kind: "endpoints", name: "gate" }, granted: false }]);
    // What the proxy may is a grant like any other.
    expect(graph.grants).toMatchObject([{ target: "hello", caller: PROXY }]);
    const drawing = mermaid(graph);
    expect(drawing).toContain('["gate<br/>Cloud Endpoints"]');
    expect(drawing).toContain('|"token in order, then the backend decides"|');
    expect(drawing).toContain('|"passes on"|');
  });

  test.each([
    [document({ security: [] }), ["GET /a without security"]],
    [document({ security: undefined }), ["GET /a without security"]],
    [
      document({ paths: { "/a": { get: { security: [{ google_id_token: [] }, {}] }, post: {} } } }),
      ["GET /a without security"],
    ],
    [document({ "x-google-allow": "all" }), ["x-google-allow: all"]],
    ["paths: [", []],
  ])("with the document %s are open by %j", (text, open) => {
    const [target] = trustGraph([proxy(), managed(text)]).targets;
    expect(target?.open).toEqual(open);
  });

  test("are told by their image too, and by what their document comes from while its name is not known", () => {
    const image = "gcr.io/endpoints-release/endpoints-runtime-serverless:2";
    const [byImage] = trustGraph([proxy({ image })]).targets;
    expect(byImage).toMatchObject({ kind: "endpoints", open: [] });
    const later = proxy({ envs: [{ name: "ENDPOINTS_SERVICE_NAME" }] });
    const config = managed(document({ security: [] }));
    const [waiting] = trustGraph([
      { ...later, propertyDependencies: { template: [config.urn] } },
      config,
    ]).targets;
    expect(waiting?.open).toEqual(["GET /a without security"]);
  });

  test("are told by the container that requests come to", () => {
    const image = "gcr.io/endpoints-release/endpoints-runtime-serverless:2";
    const ports = { containerPort: 8080 };
    const kindOf = (...containers: object[]) =>
      trustGraph([run("gate", { uri: GATE, urls: [GATE], template: { containers } })]).targets[0]?.kind;
    expect(kindOf({ image: "app" }, { image, ports })).toBe("endpoints");
    expect(kindOf({ image, ports }, { image: "app" })).toBe("endpoints");
    expect(kindOf({ image }, { image: "app", ports })).toBe("run-service");
  });

  test("of API Gateway are read with their configuration", () => {
    const host = "gate-abcdefgh.ew.gateway.dev";
    const contents = Buffer.from(document({ "x-google-allow": "all" })).toString("base64");
    const config = resource(
      "gcp:apigateway/apiConfig:ApiConfig",
      "gate-config",
      {
        openapiDocuments: [{ document: { path: "openapi.json", contents } }],
        gatewayConfig: { backendConfig: { googleServiceAccount: PROXY } },
      },
      { id: "projects/demo/locations/global/apis/gate/configs/one" },
    );
    const gateway = resource("gcp:apigateway/gateway:Gateway", "gate", {
      defaultHostname: host,
      apiConfig: config.id,
    });
    const graph = trustGraph([account(), config, gateway, job(`https://${host}/a`)]);
    expect(graph.targets).toEqual([
      {
        kind: "api-gateway",
        name: "gate",
        urn: gateway.urn,
        gate: "gateway",
        url: `https://${host}`,
        urls: [`https://${host}`],
        open: ["x-google-allow: all"],
        callsAs: PROXY,
      },
    ]);
    expect(graph.edges).toMatchObject([{ target: { kind: "api-gateway" }, granted: false }]);
    // Of another stack: the address says what it is.
    expect(trustGraph([account(), job(`https://${host}/a`)]).targets).toMatchObject([
      { kind: "external", gate: "gateway" },
    ]);
  });
});
