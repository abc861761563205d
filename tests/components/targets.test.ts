import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as pubsub from "@pulumi/gcp/pubsub";
import * as pulumi from "@pulumi/pulumi";
import { parseAllDocuments } from "yaml";
import {
  CallerIdentity,
  CloudFunction,
  CloudFunctionV1,
  CloudRunJob,
  CloudRunService,
  EgressSetting,
  EnvoyFront,
  ExternalApplication,
  FunctionIngress,
  FunctionV1Invoker,
  GoogleApiTarget,
  IapInvoker,
  IstioWorkload,
  RunIngress,
  RunInvoker,
  RunInvokerRole,
  RunJobInvoker,
  RunJobRole,
  SchedulerJob,
} from "../../components";
import type {
  CloudFunctionArgs,
  CloudFunctionV1Args,
  CloudRunJobArgs,
  CloudRunServiceArgs,
  EnvoyFrontArgs,
  ExternalApplicationArgs,
  FunctionV1InvokerArgs,
  GoogleApiTargetArgs,
  IapInvokerArgs,
  IstioWorkloadArgs,
  RunInvokerArgs,
  RunJobInvokerArgs,
} from "../../components";
import { agentEmail } from "../../sandbox/cloud/names";
import { UNKNOWN } from "../../sandbox/cloud/resources/values";
import type { Props } from "../../sandbox/cloud/resources/values";
import {
  argumentsOf,
  asked,
  differences,
  later,
  laterLeaves,
  leavesOf,
  probe,
  refusal,
} from "../support/arguments";
import { label, orphans } from "../support/graph";
import { DEPLOYER, PROJECT, TestStack } from "../support/stack";
import type { Deployed } from "../support/stack";

const REGION = "us-central1";
const OTHER = { id: "other-project", number: "987654321098" };
const CALLER = "caller@my-project.iam.gserviceaccount.com";
const BROUGHT = "brought@my-project.iam.gserviceaccount.com";
const USER = "roles/iam.serviceAccountUser";
const SOURCE = { source: "apps/authfn", entryPoint: "helloHttp", region: REGION };
const SUFFIX = expect.objectContaining({ length: 6, special: false, upper: false }) as object;

/** Stacks that are only previewed, never deployed. */
const nothing = new TestStack({ projects: [PROJECT, OTHER] });

const EMPTY = "is empty. Give a value, or leave the argument out";
const RANGE = "Choose a value in that range";
const HTTPS = "is not https; a token sent in clear text can be stolen. Use the https address";
const NO_ACCOUNT =
  "is not a service account's address. Give an address such as caller@my-project.iam.gserviceaccount.com";
const AGENT =
  "is one of Google's service agents, which cannot be what a source calls as. Give a service account of your own; the agent only mints its tokens";
const EVERYBODY =
  "is everybody. Name who may; if the target really is public, declare that grant as a resource of its own";
const CLIENT = "123456789012-abc.apps.googleusercontent.com";
const OTHER_CLIENT = "1-x.apps.googleusercontent.com";
const NO_CLIENT =
  'is not the id of an OAuth client. Copy it from the console, as in "123456789012-abc.apps.googleusercontent.com"';
const NO_MEMBER =
  'is not an IAM member. Put its kind in front: "user:", "group:", "serviceAccount:", "principal:" or "principalSet:"';

const NO_REGION = "is not a region. Name one, such as us-central1";
const TWICE =
  "it would be one binding with two owners, and gone for both with the first of them. Keep it under one key";

type Cases<Args> = readonly [args: Partial<Args>, said: string][];
type Effects<Args> = readonly [args: Partial<Args>, effect: string[]][];

/** Every argument, known at once and later: what it changes, and that it changes nothing else. */
function takes<Args extends object>(
  component: string,
  make: (args: Partial<Args>) => unknown,
  effects: Effects<Args>,
  plain: readonly string[] = [],
): void {
  let usual: Record<string, Props>;
  beforeAll(async () => {
    usual = await asked(nothing, () => make({}));
  });

  test.each(effects)("takes %j, known at once or later, and changes nothing else", async (args, effect) => {
    for (const given of [args, laterLeaves(args, plain)]) {
      expect(differences(usual, await asked(nothing, () => make(given)))).toEqual([...effect].sort());
    }
  });

  test("has tried every argument above", () => {
    const tried = effects.flatMap(([args]) => Object.keys(args));
    expect([...new Set(tried)].sort()).toEqual(argumentsOf(component));
  });
}

/** Every refusal, of values known at once and later, unless they must be plain. */
function refuses<Args extends object>(
  who: string,
  make: (args: Partial<Args>) => unknown,
  cases: Cases<Args>,
  plain: Cases<Args> = [],
): void {
  test.each(cases)("refuses %j, known at once or later: %s", async (args, said) => {
    for (const given of [args, laterLeaves(args)]) {
      expect(await refusal(nothing, () => make(given))).toBe(`${who}: ${said}`);
    }
  });

  if (plain.length === 0) return;
  test.each(plain)("refuses %j: %s", async (args, said) => {
    expect(await refusal(nothing, () => make(args))).toBe(`${who}: ${said}`);
  });
}

function change(of: string, from: unknown, to: unknown): string {
  const [before, after] = [from, to].map((value) =>
    value === undefined ? "(nothing)" : JSON.stringify(value),
  );
  return `${of}: ${before ?? ""} => ${after ?? ""}`;
}

describe("RunInvoker", () => {
  const URL = "https://reports.example";
  const make = (args: Partial<RunInvokerArgs>) => {
    const usual = { service: "reports", region: REGION, url: URL, caller: { email: CALLER } };
    const { url, audience, serviceAccountEmail } = new RunInvoker("reports", { ...usual, ...args });
    probe("probe", { url, audience, serviceAccountEmail });
  };

  test("grants one caller the service, and is what a source needs", async () => {
    const preview = await nothing.preview(() => {
      make({});
    });
    expect(preview.resource("ServiceIamMember", "reports-invoker").inputs).toEqual({
      name: "reports",
      location: REGION,
      role: "roles/run.invoker",
      member: `serviceAccount:${CALLER}`,
    });
    const out = preview.resource("RandomString", "probe");
    expect(out.inputs.keepers).toEqual({ url: URL, audience: URL, serviceAccountEmail: CALLER });
    expect([...preview.waitsFor(out)]).toEqual(["reports-invoker"]);
    expect(orphans(preview.resources)).toEqual(["RandomString probe"]);
  });

  const grant = "ServiceIamMember reports-invoker";
  const keeper = "RandomString probe.keepers";
  takes<RunInvokerArgs>(
    "RunInvoker",
    make,
    [
      [{ service: "other" }, [change(`${grant}.name`, "reports", "other")]],
      [{ region: "europe-west1" }, [change(`${grant}.location`, REGION, "europe-west1")]],
      [{ project: OTHER.id }, [change(`${grant}.project`, undefined, OTHER.id)]],
      [
        { url: "https://other.example/" },
        [
          change(`${keeper}.audience`, URL, "https://other.example"),
          change(`${keeper}.url`, URL, "https://other.example/"),
        ],
      ],
      [{ audience: "https://me.example/" }, [change(`${keeper}.audience`, URL, "https://me.example/")]],
      [
        { caller: { email: BROUGHT } },
        [
          change(`${keeper}.serviceAccountEmail`, CALLER, BROUGHT),
          change(`${grant}.member`, `serviceAccount:${CALLER}`, `serviceAccount:${BROUGHT}`),
        ],
      ],
      [
        { caller: { email: CALLER, member: "principal://x" } },
        [change(`${grant}.member`, `serviceAccount:${CALLER}`, "principal://x")],
      ],
      [
        { role: RunInvokerRole.ServicesInvoker },
        [`${grant}: gone`, "ServiceIamMember reports-services-invoker: made"],
      ],
    ],
    ["role"],
  );

  refuses<RunInvokerArgs>(
    'RunInvoker "reports"',
    make,
    [
      [{ url: "http://reports.example" }, `url "http://reports.example" ${HTTPS}`],
      [{ service: "" }, `service "" ${EMPTY}`],
      [
        { service: "projects/p/locations/us-central1/services/reports" },
        'service "projects/p/locations/us-central1/services/reports" is not the name of a service. Give the service\'s name, not its id or address',
      ],
      [{ region: "" }, `region "" ${EMPTY}`],
      [{ region: "us-central1-a" }, `region "us-central1-a" ${NO_REGION}`],
      [{ audience: " " }, `audience " " ${EMPTY}`],
      [{ caller: { email: "me@example.com" } }, `caller.email "me@example.com" ${NO_ACCOUNT}`],
      [
        { caller: { email: agentEmail("tasks", "1") } },
        `caller.email "${agentEmail("tasks", "1")}" ${AGENT}`,
      ],
    ],
    [
      [
        { role: "roles/run.admin" as RunInvokerRole },
        'role "roles/run.admin" is not known. Choose one of "roles/run.invoker", "roles/run.servicesInvoker"',
      ],
    ],
  );
});

describe("IapInvoker", () => {
  const URL = "https://reports.example";
  const make = (args: Partial<IapInvokerArgs>) => {
    const usual = { service: "reports", region: REGION, url: URL, clientId: CLIENT };
    const all = { ...usual, caller: { email: CALLER }, ...args };
    const { url, audience, serviceAccountEmail } = new IapInvoker("reports", all);
    probe("probe", { url, audience, serviceAccountEmail });
  };
  const behind = { service: undefined, region: undefined, backendService: "web" };

  test("grants one caller the way through IAP, and is what a source needs", async () => {
    const preview = await nothing.preview(() => {
      make({});
    });
    expect(preview.resource("WebCloudRunServiceIamMember", "reports-accessor").inputs).toEqual({
      cloudRunServiceName: "reports",
      location: REGION,
      role: "roles/iap.httpsResourceAccessor",
      member: `serviceAccount:${CALLER}`,
    });
    const out = preview.resource("RandomString", "probe");
    expect(out.inputs.keepers).toEqual({ url: URL, audience: CLIENT, serviceAccountEmail: CALLER });
    expect([...preview.waitsFor(out)]).toEqual(["reports-accessor"]);
    expect(orphans(preview.resources)).toEqual(["RandomString probe"]);
  });

  test("its audience is known in previews while the address is not", async () => {
    const preview = await nothing.preview(() => {
      const { uri } = new CloudRunService("new", { image: "hello", region: REGION });
      make({ url: uri });
    });
    const { keepers } = preview.resource("RandomString", "probe").inputs;
    expect(keepers).toEqual({ url: UNKNOWN, audience: CLIENT, serviceAccountEmail: CALLER });
  });

  test("grants it on a backend service instead", async () => {
    const preview = await nothing.preview(() => {
      make({ ...behind, project: OTHER.id });
    });
    expect(preview.resource("WebBackendServiceIamMember", "reports-accessor").inputs).toEqual({
      webBackendService: "web",
      project: OTHER.id,
      role: "roles/iap.httpsResourceAccessor",
      member: `serviceAccount:${CALLER}`,
    });
  });

  const grant = "WebCloudRunServiceIamMember reports-accessor";
  const keeper = "RandomString probe.keepers";
  takes<IapInvokerArgs>("IapInvoker", make, [
    [{ service: "other" }, [change(`${grant}.cloudRunServiceName`, "reports", "other")]],
    [{ region: "europe-west1" }, [change(`${grant}.location`, REGION, "europe-west1")]],
    [behind, [`${grant}: gone`, "WebBackendServiceIamMember reports-accessor: made"]],
    [{ project: OTHER.id }, [change(`${grant}.project`, undefined, OTHER.id)]],
    [{ url: "https://other.example/" }, [change(`${keeper}.url`, URL, "https://other.example/")]],
    [{ clientId: OTHER_CLIENT }, [change(`${keeper}.audience`, CLIENT, OTHER_CLIENT)]],
    [
      { caller: { email: BROUGHT } },
      [
        change(`${keeper}.serviceAccountEmail`, CALLER, BROUGHT),
        change(`${grant}.member`, `serviceAccount:${CALLER}`, `serviceAccount:${BROUGHT}`),
      ],
    ],
    [
      { caller: { email: CALLER, member: "principal://x" } },
      [change(`${grant}.member`, `serviceAccount:${CALLER}`, "principal://x")],
    ],
  ]);

  const BESIDE =
    "is given together with backendService, which is a global one of a load balancer's. Give service and region of a Run service, or backendService alone";
  const OPEN =
    "does not say what IAP stands before. Give service and region of a Run service, or backendService";
  refuses<IapInvokerArgs>(
    'IapInvoker "reports"',
    make,
    [
      [{ url: "http://reports.example" }, `url "http://reports.example" ${HTTPS}`],
      [{ clientId: URL }, `clientId "${URL}" ${NO_CLIENT}`],
      [{ clientId: "apps.googleusercontent.com" }, `clientId "apps.googleusercontent.com" ${NO_CLIENT}`],
      [{ service: " " }, `service " " ${EMPTY}`],
      [{ region: "" }, `region "" ${EMPTY}`],
      [{ ...behind, backendService: "" }, `backendService "" ${EMPTY}`],
      [{ caller: { email: "me@example.com" } }, `caller.email "me@example.com" ${NO_ACCOUNT}`],
    ],
    [
      [{ backendService: "web" }, `service "reports" ${BESIDE}`],
      [{ ...behind, region: REGION }, `region "${REGION}" ${BESIDE}`],
      [{ service: undefined, region: undefined }, `service (nothing) ${OPEN}`],
      [{ region: undefined }, `region (nothing) ${OPEN}`],
    ],
  );
});

describe("FunctionV1Invoker", () => {
  const URL = "https://us-central1-my-project.cloudfunctions.net/legacy";
  const make = (args: Partial<FunctionV1InvokerArgs>) => {
    const usual = { function: "legacy", url: URL, caller: { email: CALLER } };
    const { url, audience, serviceAccountEmail } = new FunctionV1Invoker("legacy", { ...usual, ...args });
    probe("probe", { url, audience, serviceAccountEmail });
  };

  test("grants one caller the function, and is what a source needs", async () => {
    const preview = await nothing.preview(() => {
      make({});
    });
    expect(preview.resource("FunctionIamMember", "legacy-invoker").inputs).toEqual({
      cloudFunction: "legacy",
      role: "roles/cloudfunctions.invoker",
      member: `serviceAccount:${CALLER}`,
    });
    const out = preview.resource("RandomString", "probe");
    expect(out.inputs.keepers).toEqual({ url: URL, audience: URL, serviceAccountEmail: CALLER });
    expect([...preview.waitsFor(out)]).toEqual(["legacy-invoker"]);
  });

  const grant = "FunctionIamMember legacy-invoker";
  const keeper = "RandomString probe.keepers";
  takes<FunctionV1InvokerArgs>("FunctionV1Invoker", make, [
    [{ function: "other" }, [change(`${grant}.cloudFunction`, "legacy", "other")]],
    [{ region: "europe-west1" }, [change(`${grant}.region`, undefined, "europe-west1")]],
    [{ project: OTHER.id }, [change(`${grant}.project`, undefined, OTHER.id)]],
    [
      { url: `${URL}2/` },
      [change(`${keeper}.audience`, URL, `${URL}2`), change(`${keeper}.url`, URL, `${URL}2/`)],
    ],
    [
      { caller: { email: BROUGHT, member: "principal://x" } },
      [
        change(`${keeper}.serviceAccountEmail`, CALLER, BROUGHT),
        change(`${grant}.member`, `serviceAccount:${CALLER}`, "principal://x"),
      ],
    ],
  ]);

  refuses<FunctionV1InvokerArgs>('FunctionV1Invoker "legacy"', make, [
    [{ url: "http://legacy.example" }, `url "http://legacy.example" ${HTTPS}`],
    [{ function: "" }, `function "" ${EMPTY}`],
    [
      { function: "projects/p/locations/us-central1/functions/legacy" },
      'function "projects/p/locations/us-central1/functions/legacy" is not the name of a function. Give the function\'s name, not its id or address',
    ],
    [{ region: "central" }, `region "central" ${NO_REGION}`],
    [{ caller: { email: "me@example.com" } }, `caller.email "me@example.com" ${NO_ACCOUNT}`],
  ]);
});

describe("ExternalApplication", () => {
  const URL = "https://jobs.example.com/in";
  const make = (args: Partial<ExternalApplicationArgs> = {}) => {
    const callers = { nightly: { email: CALLER } };
    const app = new ExternalApplication("app", { url: URL, callers, ...args });
    const { audience, audiences, issuer, jwksUri, allowedCallers } = app.verifierSettings;
    const all = audiences.apply((list) => list.join(" "));
    const callersText = allowedCallers.apply((emails) => emails.join(" "));
    probe("probe", { uri: app.uri, aud: app.audience, audience, all, issuer, jwksUri, callers: callersText });
    return app;
  };

  test("deploys nothing, and tells its verifier what to look for", async () => {
    const preview = await asked(nothing, () => {
      make();
    });
    expect(Object.keys(preview)).toEqual(["RandomString probe"]);
    expect(preview["RandomString probe"]?.keepers).toEqual({
      uri: URL,
      aud: URL,
      audience: URL,
      all: URL,
      issuer: "https://accounts.google.com",
      jwksUri: "https://www.googleapis.com/oauth2/v3/certs",
      callers: CALLER,
    });
  });

  const keeper = "RandomString probe.keepers";
  takes<ExternalApplicationArgs>(
    "ExternalApplication",
    (args) => {
      make(args);
    },
    [
      [
        { url: "https://other.example" },
        ["all", "aud", "audience", "uri"].map((key) =>
          change(`${keeper}.${key}`, URL, "https://other.example"),
        ),
      ],
      [
        { audience: "urn:x" },
        ["all", "aud", "audience"].map((key) => change(`${keeper}.${key}`, URL, "urn:x")),
      ],
      [
        { formerAudiences: ["urn:old", URL, "urn:older"] },
        [change(`${keeper}.all`, URL, `${URL} urn:old urn:older`)],
      ],
      [
        { callers: { a: { email: CALLER }, b: { email: BROUGHT, member: "principal://x" } } },
        [change(`${keeper}.callers`, CALLER, `${CALLER} ${BROUGHT}`)],
      ],
    ],
  );

  refuses<ExternalApplicationArgs>(
    'ExternalApplication "app"',
    (args) => {
      make(args);
    },
    [
      [{ url: "http://jobs.example.com" }, `url "http://jobs.example.com" ${HTTPS}`],
      [
        { url: "jobs.example.com" },
        'url "jobs.example.com" is not an address. Give a whole one, such as https://example.com/tasks',
      ],
      [{ audience: "" }, `audience "" ${EMPTY}`],
      [{ formerAudiences: ["urn:old", " "] }, `formerAudiences " " ${EMPTY}`],
      [{ callers: { a: { email: "a@example.com" } } }, `callers.a.email "a@example.com" ${NO_ACCOUNT}`],
    ],
    [
      [
        { callers: {} },
        "callers {} is empty, so the application's verifier would let nobody in. Name at least one caller: callers: { nightly: nightlyCaller }",
      ],
    ],
  );

  test("answers its callers, who need no grant, and throws for anybody else", async () => {
    const preview = await nothing.preview(() => {
      const nightly = new CallerIdentity("nightly", { accountId: "nightly" });
      const app = make({ callers: { nightly } });
      const { url, audience, serviceAccountEmail } = app.authorize(nightly);
      probe("out", { url, audience: audience ?? "", serviceAccountEmail });
      const stranger = new CallerIdentity("stranger");
      expect(() => app.authorize(stranger)).toThrow(
        'ExternalApplication "app": authorize "stranger" is not among its callers, so the application\'s verifier would refuse it. Add it to `callers`, and give the application its new verifierSettings',
      );
    });
    const out = preview.resource("RandomString", "out");
    const serviceAccountEmail = "nightly@my-project.iam.gserviceaccount.com";
    expect(out.inputs.keepers).toEqual({ url: URL, audience: URL, serviceAccountEmail });
    expect(preview.waitsFor(out)).toContain("nightly-mint-scheduler");
  });
});

describe("IstioWorkload", () => {
  const URL = "https://ledger.example.com";
  const make = (args: Partial<IstioWorkloadArgs> = {}) => {
    const usual = {
      namespace: "books",
      selector: { app: "ledger" },
      callers: { nightly: { email: CALLER } },
    };
    const mesh = new IstioWorkload("ledger", { url: URL, ...usual, ...args });
    const { requestAuthentication: authn, authorizationPolicy: authz, denyPolicy: deny } = mesh.manifests;
    const documents = leavesOf({ authn, authz, ...(deny && { deny }) });
    probe("probe", { uri: mesh.uri, audience: mesh.audience, ...documents });
    return mesh;
  };
  const keeper = "RandomString probe.keepers";
  const rule = `${keeper}.authz.spec.rules.0`;

  test("deploys nothing, and gives out manifests that belong together", async () => {
    const preview = await nothing.preview(() => ({ manifests: make().manifests }));
    expect(preview.lines().filter((line) => !/^(Stack|IstioWorkload) /.test(line))).toEqual([
      "RandomString probe",
    ]);
    const about = (kind: string) => ({
      apiVersion: "security.istio.io/v1",
      kind,
      metadata: { name: "ledger", namespace: "books" },
    });
    expect(preview.outputs["manifests"]).toEqual({
      requestAuthentication: {
        ...about("RequestAuthentication"),
        spec: {
          selector: { matchLabels: { app: "ledger" } },
          jwtRules: [
            {
              issuer: "https://accounts.google.com",
              audiences: [URL],
              jwksUri: "https://www.googleapis.com/oauth2/v3/certs",
              forwardOriginalToken: true,
            },
          ],
        },
      },
      authorizationPolicy: {
        ...about("AuthorizationPolicy"),
        spec: {
          selector: { matchLabels: { app: "ledger" } },
          action: "ALLOW",
          rules: [
            {
              from: [{ source: { requestPrincipals: ["https://accounts.google.com/*"] } }],
              when: [
                { key: "request.auth.claims[email]", values: [CALLER] },
                { key: "request.auth.audiences", values: [URL] },
              ],
            },
          ],
        },
      },
    });
  });

  test("writes them as YAML, what lets in last", async () => {
    const { outputs } = await nothing.preview(() => {
      const { yaml, manifests } = make({ denyWithoutToken: true });
      return { yaml, manifests };
    });
    const { requestAuthentication, authorizationPolicy, denyPolicy } = outputs["manifests"] as Record<
      string,
      unknown
    >;
    expect(parseAllDocuments(String(outputs["yaml"])).map((each) => each.toJS() as unknown)).toEqual([
      authorizationPolicy,
      denyPolicy,
      requestAuthentication,
    ]);
  });

  const deny = {
    apiVersion: "security.istio.io/v1",
    kind: "AuthorizationPolicy",
    "metadata.name": "ledger.deny",
    "metadata.namespace": "books",
    "spec.selector.matchLabels.app": "ledger",
    "spec.action": "DENY",
    "spec.rules.0.from.0.source.notRequestPrincipals.0": "*",
  };
  takes<IstioWorkloadArgs>(
    "IstioWorkload",
    (args) => {
      make(args);
    },
    [
      [
        { url: "https://other.example" },
        ["uri", "audience", "authn.spec.jwtRules.0.audiences.0", "authz.spec.rules.0.when.1.values.0"].map(
          (key) => change(`${keeper}.${key}`, URL, "https://other.example"),
        ),
      ],
      [
        { audience: "ledger" },
        ["audience", "authn.spec.jwtRules.0.audiences.0", "authz.spec.rules.0.when.1.values.0"].map((key) =>
          change(`${keeper}.${key}`, URL, "ledger"),
        ),
      ],
      [
        { formerAudiences: ["old"] },
        ["authn.spec.jwtRules.0.audiences.1", "authz.spec.rules.0.when.1.values.1"].map((key) =>
          change(`${keeper}.${key}`, undefined, "old"),
        ),
      ],
      [{ callers: { nightly: { email: BROUGHT } } }, [change(`${rule}.when.0.values.0`, CALLER, BROUGHT)]],
      [
        { subjects: { nightly: "112233445566778899000" } },
        [
          change(
            `${rule}.from.0.source.requestPrincipals.0`,
            "https://accounts.google.com/*",
            "https://accounts.google.com/112233445566778899000",
          ),
        ],
      ],
      [
        { namespace: "other" },
        ["authn", "authz"].map((key) => change(`${keeper}.${key}.metadata.namespace`, "books", "other")),
      ],
      [
        { selector: { app: "other" } },
        ["authn", "authz"].map((key) =>
          change(`${keeper}.${key}.spec.selector.matchLabels.app`, "ledger", "other"),
        ),
      ],
      [
        { paths: ["/tasks", "/jobs/*"] },
        [
          change(`${rule}.to.0.operation.paths.0`, undefined, "/tasks"),
          change(`${rule}.to.0.operation.paths.1`, undefined, "/jobs/*"),
        ],
      ],
      [
        { forwardOriginalToken: false },
        [change(`${keeper}.authn.spec.jwtRules.0.forwardOriginalToken`, "true", "false")],
      ],
      [
        { manifestName: "mine" },
        ["authn", "authz"].map((key) => change(`${keeper}.${key}.metadata.name`, "ledger", "mine")),
      ],
      [
        { denyWithoutToken: true },
        Object.entries(deny).map(([key, value]) => change(`${keeper}.deny.${key}`, undefined, value)),
      ],
    ],
    ["denyWithoutToken"],
  );

  const WILDCARD = "begins or ends with *, which Istio takes for anything. Write it out";
  const PATH =
    "has a query, a fragment, white space, braces, or a * that is not at its end. Write a plain path; a * at the end stands for the rest";
  const WHOLE = "does not begin with /. Write the whole path, such as /tasks or /tasks/*";
  const name = (max: number, what: string): string =>
    `is not a ${what}. Kubernetes allows up to ${max} small letters, digits and hyphens, with no hyphen at either end`;
  refuses<IstioWorkloadArgs>(
    'IstioWorkload "ledger"',
    (args) => {
      make(args);
    },
    [
      [{ url: "http://ledger.example.com" }, `url "http://ledger.example.com" ${HTTPS}`],
      [{ url: "https://ledger.example.com/*" }, `url "https://ledger.example.com/*" ${WILDCARD}`],
      [{ audience: "" }, `audience "" ${EMPTY}`],
      [{ audience: "*" }, `audience "*" ${WILDCARD}`],
      [{ audience: "ledger*" }, `audience "ledger*" ${WILDCARD}`],
      [{ formerAudiences: ["*ledger"] }, `formerAudiences "*ledger" ${WILDCARD}`],
      [{ callers: { a: { email: "a@example.com" } } }, `callers.a.email "a@example.com" ${NO_ACCOUNT}`],
      [
        { callers: { a: { email: "*@my-project.iam.gserviceaccount.com" } } },
        `callers.a.email "*@my-project.iam.gserviceaccount.com" ${WILDCARD}`,
      ],
      ...["*", "caller", "12*"].map((id): [Partial<IstioWorkloadArgs>, string] => [
        { subjects: { nightly: id } },
        `subjects.nightly "${id}" is not the numeric id of a service account. Give its uniqueId, such as 112233445566778899000`,
      ]),
      [{ namespace: "Books" }, `namespace "Books" ${name(63, "namespace")}`],
      [{ manifestName: "-x" }, `manifestName "-x" ${name(200, "name of a Kubernetes resource")}`],
      [
        { selector: { app: "*" } },
        'selector.app "*" is not a label\'s value. Kubernetes allows up to 63 letters, digits, hyphens, dots and underscores, with a letter or digit at both ends',
      ],
      [{ paths: ["tasks"] }, `paths "tasks" ${WHOLE}`],
      [{ paths: ["/a*b"] }, `paths "/a*b" ${PATH}`],
      [{ paths: ["/{*}"] }, `paths "/{*}" ${PATH}`],
      [{ paths: ["/a?b"] }, `paths "/a?b" ${PATH}`],
    ],
    [
      [
        { callers: {} },
        "callers {} is empty, so the mesh would let nobody in. Name at least one caller: callers: { nightly: nightlyCaller }",
      ],
      [
        { selector: {} },
        'selector {} is empty, so the manifests would speak of every workload in the namespace. Give labels of the workload\'s pods: selector: { app: "ledger" }',
      ],
      [
        { subjects: { other: "112233445566778899000" } },
        'subjects "other" is no key of `callers`. Give each id under the key of the caller whose it is',
      ],
      [
        { paths: [] },
        "paths [] is empty, which Istio takes for every path. Name the paths, or leave the argument out",
      ],
    ],
  );

  test("gives any logical name a legal one in Kubernetes", async () => {
    const named = async (logicalName: string): Promise<unknown> => {
      const { outputs } = await nothing.preview(() => {
        const usual = { namespace: "books", selector: { app: "x" }, callers: { nightly: { email: CALLER } } };
        return {
          name: new IstioWorkload(logicalName, { url: URL, ...usual }).manifests.authorizationPolicy.metadata
            .name,
        };
      });
      return outputs["name"];
    };
    expect(await named("ledger-a")).toBe("ledger-a");
    expect(await named("My Ledger_2")).toMatch(/^my-ledger-2-[0-9a-f]{8}$/);
    expect(await named("*")).toMatch(/^workload-[0-9a-f]{8}$/);
    expect(await named(`a${"-".repeat(300)}b`)).toMatch(/^a-b-[0-9a-f]{8}$/);
    expect(await named("a".repeat(300))).toMatch(/^a{191}-[0-9a-f]{8}$/);
    const alike = [
      "ledger_a",
      "Ledger-a",
      "ledger-a-",
      "ledger a",
      "ledger-a",
      "b".repeat(201),
      "b".repeat(202),
    ];
    const names = new Set<unknown>();
    for (const text of alike) names.add(await named(text));
    expect(names.size).toBe(alike.length);
  });

  test("answers its callers, and throws for anybody else; one that is not known yet hides nothing else", async () => {
    const preview = await nothing.preview(() => {
      const nightly = new CallerIdentity("nightly", { accountId: "nightly" });
      const fresh = new CallerIdentity("fresh");
      const mesh = make({ callers: { nightly, fresh } });
      const { url, audience, serviceAccountEmail } = mesh.authorize(nightly);
      probe("out", { url, audience: audience ?? "", serviceAccountEmail });
      const stranger = new CallerIdentity("stranger");
      expect(() => mesh.authorize(stranger)).toThrow(
        'IstioWorkload "ledger": authorize "stranger" is not among its callers, so the mesh would refuse it. Add it to `callers`, and apply the new manifests',
      );
    });
    const serviceAccountEmail = "nightly@my-project.iam.gserviceaccount.com";
    const out = preview.resource("RandomString", "out").inputs.keepers;
    expect(out).toEqual({ url: URL, audience: URL, serviceAccountEmail });
    const leaves = preview.resource("RandomString", "probe").inputs.keepers as Props;
    const unknown = Object.keys(leaves).filter((key) => leaves[key] === UNKNOWN);
    expect(unknown).toEqual(["authz.spec.rules.1.when.0.values.0"]);
  });
});

describe("EnvoyFront", () => {
  const URL = "https://jobs.example.com";
  const make = (args: Partial<EnvoyFrontArgs> = {}) => {
    const usual = { callers: { nightly: { email: CALLER } }, upstream: { address: "127.0.0.1", port: 3000 } };
    const front = new EnvoyFront("front", { url: URL, ...usual, ...args });
    const { admin, static_resources: parts } = front.bootstrap as Record<string, unknown>;
    const { listeners, clusters } = parts as { listeners: unknown[]; clusters: unknown[] };
    const documents: object = { listener: listeners[0], clusters, ...(admin === undefined ? {} : { admin }) };
    const short = Object.entries(leavesOf(documents)).map(
      ([key, value]) => [key.replace(MANAGER, "manager"), value] as const,
    );
    probe("probe", { uri: front.uri, audience: front.audience, ...Object.fromEntries(short) });
    return front;
  };
  const MANAGER = "listener.filter_chains.0.filters.0.typed_config";
  const keeper = "RandomString probe.keepers";
  const provider = `${keeper}.manager.http_filters.0.typed_config.providers.google`;
  const policies = `${keeper}.manager.http_filters.1.typed_config.rules.policies`;

  test("deploys nothing; its parts and its texts say the same", async () => {
    const preview = await nothing.preview(() => {
      const { bootstrap, pieces, yaml, json } = make({ adminPort: 9901 });
      return { bootstrap, pieces, yaml, json };
    });
    expect(preview.lines().filter((line) => !/^(Stack|EnvoyFront) /.test(line))).toEqual([
      "RandomString probe",
    ]);
    const { bootstrap, pieces, yaml, json } = preview.outputs;
    expect(parseAllDocuments(String(yaml)).map((each) => each.toJS() as unknown)).toEqual([bootstrap]);
    expect(JSON.parse(String(json))).toEqual(bootstrap);
    const { jwtFilter, rbacFilter, keysCluster } = pieces as Record<string, unknown>;
    const text = JSON.stringify(bootstrap);
    for (const piece of [jwtFilter, rbacFilter, keysCluster]) expect(text).toContain(JSON.stringify(piece));
    expect(text.indexOf(JSON.stringify(jwtFilter))).toBeLessThan(text.indexOf(JSON.stringify(rbacFilter)));
  });

  const claim = (ids: string, index: number, name: string) => {
    const path = `${ids}.${index}.metadata`;
    return [
      change(`${path}.filter`, undefined, "envoy.filters.http.jwt_authn"),
      change(`${path}.path.0.key`, undefined, "claims"),
      change(`${path}.path.1.key`, undefined, name),
    ];
  };
  const policyOf = (key: string, email: string): string[] => {
    const ids = `${policies}.${key}.principals.0.and_ids.ids`;
    return [
      change(`${policies}.${key}.permissions.0.any`, undefined, "true"),
      ...claim(ids, 0, "email"),
      change(`${ids}.0.metadata.value.string_match.exact`, undefined, email),
      ...claim(ids, 1, "email_verified"),
      change(`${ids}.1.metadata.value.bool_match`, undefined, "true"),
    ];
  };
  const socket = (place: string): string => `${keeper}.${place}.socket_address`;
  const upstream = socket("clusters.0.load_assignment.endpoints.0.lb_endpoints.0.endpoint.address");
  takes<EnvoyFrontArgs>(
    "EnvoyFront",
    (args) => {
      make(args);
    },
    [
      [
        { url: "https://other.example" },
        [`${keeper}.uri`, `${keeper}.audience`, `${provider}.audiences.0`].map((key) =>
          change(key, URL, "https://other.example"),
        ),
      ],
      [
        { audience: "jobs" },
        [`${keeper}.audience`, `${provider}.audiences.0`].map((key) => change(key, URL, "jobs")),
      ],
      [{ formerAudiences: ["old"] }, [change(`${provider}.audiences.1`, undefined, "old")]],
      [
        { callers: { nightly: { email: CALLER }, b: { email: BROUGHT, member: "principal://x" } } },
        policyOf("b", BROUGHT),
      ],
      [
        { upstream: { address: "app", port: 80 } },
        [change(`${upstream}.address`, "127.0.0.1", "app"), change(`${upstream}.port_value`, "3000", "80")],
      ],
      [{ listenPort: 10000 }, [change(`${socket("listener.address")}.port_value`, "8080", "10000")]],
      [
        { listenAddress: "127.0.0.1" },
        [change(`${socket("listener.address")}.address`, "0.0.0.0", "127.0.0.1")],
      ],
      [{ forwardToken: false }, [change(`${provider}.forward`, "true", "false")]],
      [
        { trustedCa: "/etc/ssl/cert.pem" },
        [
          change(
            `${keeper}.clusters.1.transport_socket.typed_config.common_tls_context.validation_context.trusted_ca.filename`,
            "/etc/ssl/certs/ca-certificates.crt",
            "/etc/ssl/cert.pem",
          ),
        ],
      ],
      [
        { adminPort: 9901 },
        [
          change(`${socket("admin.address")}.address`, undefined, "127.0.0.1"),
          change(`${socket("admin.address")}.port_value`, undefined, "9901"),
        ],
      ],
    ],
  );

  const PORT = `is not a whole number from 1 to 65535. ${RANGE}`;
  const NO_IP = "is not an IP address. Give the one of an interface, or 0.0.0.0 for every one";
  refuses<EnvoyFrontArgs>(
    'EnvoyFront "front"',
    (args) => {
      make(args);
    },
    [
      [{ url: "http://jobs.example.com" }, `url "http://jobs.example.com" ${HTTPS}`],
      [{ audience: "" }, `audience "" ${EMPTY}`],
      [{ formerAudiences: [" "] }, `formerAudiences " " ${EMPTY}`],
      [{ callers: { a: { email: "a@example.com" } } }, `callers.a.email "a@example.com" ${NO_ACCOUNT}`],
      [{ upstream: { address: "", port: 80 } }, `upstream.address "" ${EMPTY}`],
      [{ upstream: { address: "app", port: 0 } }, `upstream.port 0 ${PORT}`],
      [{ listenPort: 65536 }, `listenPort 65536 ${PORT}`],
      [{ listenAddress: "" }, `listenAddress "" ${NO_IP}`],
      [{ listenAddress: "localhost" }, `listenAddress "localhost" ${NO_IP}`],
      [
        { upstream: { address: "http://10.0.0.1:3000/x", port: 80 } },
        'upstream.address "http://10.0.0.1:3000/x" is not a host alone. Give its name or IP address, without scheme and path, and the port as upstream.port',
      ],
      [
        { upstream: { address: "app:3000", port: 3000 } },
        'upstream.address "app:3000" is not a host alone. Give its name or IP address, without scheme and path, and the port as upstream.port',
      ],
      [{ trustedCa: "" }, `trustedCa "" ${EMPTY}`],
      [{ adminPort: 1.5 }, `adminPort 1.5 ${PORT}`],
      [{ adminPort: 8080 }, "adminPort 8080 is listenPort too. Give the admin interface a port of its own"],
      [
        { adminPort: 9901, listenPort: 9901 },
        "adminPort 9901 is listenPort too. Give the admin interface a port of its own",
      ],
    ],
    [
      [
        { callers: {} },
        "callers {} is empty, so Envoy would let nobody in. Name at least one caller: callers: { nightly: nightlyCaller }",
      ],
    ],
  );

  test("answers its callers, and throws for anybody else; one that is not known yet hides nothing else", async () => {
    const preview = await nothing.preview(() => {
      const nightly = new CallerIdentity("nightly", { accountId: "nightly" });
      const fresh = new CallerIdentity("fresh");
      const front = make({ callers: { nightly, fresh } });
      const { url, audience, serviceAccountEmail } = front.authorize(nightly);
      probe("out", { url, audience: audience ?? "", serviceAccountEmail });
      const stranger = new CallerIdentity("stranger");
      expect(() => front.authorize(stranger)).toThrow(
        'EnvoyFront "front": authorize "stranger" is not among its callers, so Envoy would refuse it. Add it to `callers`, and give Envoy its new configuration',
      );
    });
    const serviceAccountEmail = "nightly@my-project.iam.gserviceaccount.com";
    const out = preview.resource("RandomString", "out").inputs.keepers;
    expect(out).toEqual({ url: URL, audience: URL, serviceAccountEmail });
    const leaves = preview.resource("RandomString", "probe").inputs.keepers as Props;
    const unknown = Object.keys(leaves).filter((key) => leaves[key] === UNKNOWN);
    expect(unknown).toEqual([expect.stringMatching(/policies\.fresh\..*\.exact$/)]);
  });
});

describe("CloudRunService", () => {
  const make = (args: Partial<CloudRunServiceArgs> = {}) =>
    new CloudRunService("hello", { image: "hello", region: REGION, ...args });

  test("is private, runs as an account of its own, and reports no more than it should", async () => {
    expect(await asked(nothing, () => make())).toEqual({
      "RandomString hello-runtime-suffix": SUFFIX,
      "Account hello-runtime": {
        accountId: UNKNOWN,
        project: PROJECT.id,
        displayName: "hello runtime",
        description: "Runs the code; has only what the program grants it",
        disabled: false,
      },
      "Service hello": {
        name: expect.stringMatching(/^hello-[0-9a-f]{7}$/) as string,
        location: REGION,
        project: PROJECT.id,
        ingress: "INGRESS_TRAFFIC_ALL",
        deletionProtection: true,
        scaling: { minInstanceCount: 0 },
        template: {
          serviceAccount: UNKNOWN,
          timeout: "300s",
          maxInstanceRequestConcurrency: 80,
          scaling: { maxInstanceCount: 100 },
          containers: [
            {
              image: "hello",
              envs: [],
              ports: { containerPort: 8080 },
              resources: { limits: { cpu: "1", memory: "512Mi" } },
            },
          ],
        },
      },
    });
  });

  const service = "Service hello";
  const container = `${service}.template.containers[0]`;
  const access = `${service}.template.vpcAccess`;
  const secretEnv = (name: string, secret: string, version: string) => ({
    name,
    valueSource: { secretKeyRef: { secret, version } },
  });

  const BEHIND_IAP = [
    "ServiceIamMember hello-iap-agent: made",
    "ServiceIdentity hello-iap-agent: made",
    "Settings hello-iap: made",
    change(`${service}.iapEnabled`, undefined, true),
  ];
  takes<CloudRunServiceArgs>(
    "CloudRunService",
    make,
    [
      [{ image: "other" }, [change(`${container}.image`, "hello", "other")]],
      [{ region: "europe-west1" }, [change(`${service}.location`, REGION, "europe-west1")]],
      [
        { project: OTHER.id },
        [
          change("Account hello-runtime.project", PROJECT.id, OTHER.id),
          change(`${service}.project`, PROJECT.id, OTHER.id),
        ],
      ],
      [{ serviceName: "exact" }, [expect.stringMatching(/^Service hello\.name: .* => "exact"$/) as string]],
      [{ description: "Says hello" }, [change(`${service}.description`, undefined, "Says hello")]],
      [
        { ingress: RunIngress.Internal },
        [change(`${service}.ingress`, "INGRESS_TRAFFIC_ALL", "INGRESS_TRAFFIC_INTERNAL_ONLY")],
      ],
      [
        { ingress: RunIngress.InternalLoadBalancer },
        [change(`${service}.ingress`, "INGRESS_TRAFFIC_ALL", "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER")],
      ],
      [
        { customAudiences: ["https://a.example", "b"] },
        [change(`${service}.customAudiences`, undefined, ["https://a.example", "b"])],
      ],
      [{ iap: { clientId: CLIENT } }, BEHIND_IAP],
      [{ iap: { clientId: CLIENT, formerClientIds: [OTHER_CLIENT], projectNumber: "1" } }, BEHIND_IAP],
      [
        { iap: { clientId: CLIENT, accessors: { team: "group:t@example.com" } } },
        [...BEHIND_IAP, "WebCloudRunServiceIamMember hello-accessor-team: made"],
      ],
      [{ minInstances: 1 }, [change(`${service}.scaling.minInstanceCount`, 0, 1)]],
      [{ maxInstances: 7 }, [change(`${service}.template.scaling.maxInstanceCount`, 100, 7)]],
      [{ concurrency: 1000 }, [change(`${service}.template.maxInstanceRequestConcurrency`, 80, 1000)]],
      [{ timeout: "3600s" }, [change(`${service}.template.timeout`, "300s", "3600s")]],
      [{ cpu: "2" }, [change(`${container}.resources.limits.cpu`, "1", "2")]],
      [{ memory: "1Gi" }, [change(`${container}.resources.limits.memory`, "512Mi", "1Gi")]],
      [{ port: 80 }, [change(`${container}.ports.containerPort`, 8080, 80)]],
      [
        { serviceAccountEmail: BROUGHT },
        [
          "Account hello-runtime: gone",
          "RandomString hello-runtime-suffix: gone",
          change(`${service}.template.serviceAccount`, "(unknown)", BROUGHT),
        ],
      ],
      [
        { environment: { B: "2", A: "1" }, secrets: { AB: { secret: "key" } } },
        [
          "SecretIamMember hello-secret-key: made",
          change(
            `${container}.envs`,
            [],
            [{ name: "A", value: "1" }, secretEnv("AB", "key", "latest"), { name: "B", value: "2" }],
          ),
        ],
      ],
      [
        { vpcEgress: { network: "net", subnetwork: "sub" } },
        [
          change(access, undefined, {
            egress: "PRIVATE_RANGES_ONLY",
            networkInterfaces: [{ network: "net", subnetwork: "sub" }],
          }),
        ],
      ],
      [
        { vpcEgress: { subnetwork: "sub" } },
        [
          change(access, undefined, {
            egress: "PRIVATE_RANGES_ONLY",
            networkInterfaces: [{ subnetwork: "sub" }],
          }),
        ],
      ],
      [
        { vpcEgress: { connector: "projects/p/locations/l/connectors/c", egress: "ALL_TRAFFIC" } },
        [
          change(access, undefined, {
            connector: "projects/p/locations/l/connectors/c",
            egress: "ALL_TRAFFIC",
          }),
        ],
      ],
      [
        { cloudSqlInstances: ["p:r:db"] },
        [
          "IAMMember hello-cloudsql: made",
          change(`${container}.volumeMounts`, undefined, [{ mountPath: "/cloudsql", name: "cloudsql" }]),
          change(`${service}.template.volumes`, undefined, [
            { cloudSqlInstance: { instances: ["p:r:db"] }, name: "cloudsql" },
          ]),
        ],
      ],
      [{ cloudSqlInstances: [] }, []],
      [{ imageDeployedElsewhere: true }, []],
      [{ deletionProtection: false }, [change(`${service}.deletionProtection`, true, false)]],
      [{ labels: { team: "web" } }, [change(`${service}.labels`, undefined, { team: "web" })]],
      [{ invokers: { team: "group:t@example.com" } }, ["ServiceIamMember hello-invoker-team: made"]],
      [{ deployers: { ci: "group:ci@example.com" } }, ["IAMMember hello-runtime-deployer-ci: made"]],
    ],
    ["ingress", "imageDeployedElsewhere", "secrets"],
  );

  const range = (what: string, of: string) => `${what} is not a whole number from ${of}. ${RANGE}`;
  const NO_INVOKER = (member: string) =>
    `invokers.team ${member} is given together with iap, which decides first and calls as an agent of its own, so run.invoker opens nothing to anybody else. Name it in iap.accessors`;
  refuses<CloudRunServiceArgs>(
    'CloudRunService "hello"',
    make,
    [
      [{ image: "" }, `image "" ${EMPTY}`],
      [{ region: " " }, `region " " ${EMPTY}`],
      [
        { serviceName: "Hello" },
        'serviceName "Hello" is not a Run service name. Google allows 1 to 49 characters that match ^[a-z]([-a-z0-9]*[a-z0-9])?$',
      ],
      [{ customAudiences: ["a", ""] }, `customAudiences "" ${EMPTY}`],
      [{ iap: { clientId: "hello" } }, `iap.clientId "hello" ${NO_CLIENT}`],
      [
        { iap: { clientId: CLIENT, formerClientIds: [OTHER_CLIENT, ""] } },
        `iap.formerClientIds "" ${NO_CLIENT}`,
      ],
      [
        { iap: { clientId: CLIENT, accessors: { all: "allUsers" } } },
        `iap.accessors.all "allUsers" ${EVERYBODY}`,
      ],
      [
        { iap: { clientId: CLIENT, projectNumber: "my-project" } },
        "iap.projectNumber \"my-project\" is not a project's number. Give the number, not the project's id",
      ],
      [{ minInstances: -1 }, range("minInstances -1", "0 to 1000 instances")],
      [{ maxInstances: 0 }, range("maxInstances 0", "1 to 1000 instances")],
      [{ concurrency: 1001 }, range("concurrency 1001", "1 to 1000 requests")],
      [{ port: 0 }, range("port 0", "1 to 65535")],
      [{ timeout: "3601s" }, 'timeout "3601s" is not between 1s and 3600s. Choose a duration in that range'],
      [
        { timeout: "5m" },
        'timeout "5m" is not a duration. Write seconds with an s behind them, such as "30s"',
      ],
      [{ serviceAccountEmail: "default" }, `serviceAccountEmail "default" ${NO_ACCOUNT}`],
      [{ invokers: { all: "allUsers" } }, `invokers.all "allUsers" ${EVERYBODY}`],
      [{ invokers: { me: "me@example.com" } }, `invokers.me "me@example.com" ${NO_MEMBER}`],
      [{ deployers: { all: "allAuthenticatedUsers" } }, `deployers.all "allAuthenticatedUsers" ${EVERYBODY}`],
    ],
    [
      [
        { ingress: "ALL" as RunIngress },
        'ingress "ALL" is not known. Choose one of "INGRESS_TRAFFIC_ALL", "INGRESS_TRAFFIC_INTERNAL_ONLY", "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER"',
      ],
      [
        { iap: { clientId: CLIENT }, invokers: { team: "group:t@example.com" } },
        NO_INVOKER('"group:t@example.com"'),
      ],
      [
        { iap: { clientId: CLIENT }, customAudiences: ["https://a.example"] },
        'customAudiences "https://a.example" is given together with iap, which takes the ids of OAuth clients as audience and nothing else. Leave it out; authorized callers send iap.clientId',
      ],
    ],
  );

  test("behind IAP it asks for what IAP needs, and previews show all of it", async () => {
    const preview = await nothing.preview(() => {
      const accessors = { team: "group:t@example.com" };
      const iap = { clientId: CLIENT, formerClientIds: [OTHER_CLIENT], accessors };
      const hello = make({ serviceName: "hello", iap });
      const target = hello.authorize(new CallerIdentity("caller", { accountId: "the-caller" }));
      expect(hello.authorize(new CallerIdentity("other"), { as: "more" })).not.toBe(target);
      probe("probe", { audience: target.audience ?? "", same: hello.audience });
      probe("url", { url: target.url });
      new SchedulerJob("job", { schedule: "5 * * * *", target });
    });
    expect(preview.resource("Service", "hello").inputs).toMatchObject({ iapEnabled: true });
    expect(preview.resource("ServiceIdentity", "hello-iap-agent").inputs).toEqual({
      project: PROJECT.id,
      service: "iap.googleapis.com",
    });
    expect(preview.resource("ServiceIamMember", "hello-iap-agent").inputs).toMatchObject({
      name: "hello",
      location: REGION,
      role: "roles/run.invoker",
      member: `serviceAccount:${agentEmail("iap", PROJECT.number)}`,
    });
    expect(preview.resource("Settings", "hello-iap").inputs).toEqual({
      name: `projects/${PROJECT.number}/iap_web/cloud_run-${REGION}/services/hello`,
      accessSettings: { oauthSettings: { programmaticClients: [CLIENT, OTHER_CLIENT] } },
    });
    const accessor = { cloudRunServiceName: "hello", role: "roles/iap.httpsResourceAccessor" };
    const grant = (name: string) => preview.resource("WebCloudRunServiceIamMember", name).inputs;
    expect(grant("hello-accessor-team")).toMatchObject({ ...accessor, member: "group:t@example.com" });
    expect(grant("hello-caller-accessor")).toMatchObject(accessor);
    expect(grant("hello-more-accessor")).toMatchObject(accessor);
    expect(preview.resource("RandomString", "probe").inputs.keepers).toEqual({
      audience: CLIENT,
      same: CLIENT,
    });
    const needs = ["hello-caller-accessor", "hello-iap", "hello-iap-agent", "hello"];
    for (const waiting of [preview.resource("RandomString", "url"), preview.resource("Job", "job")]) {
      expect([...preview.waitsFor(waiting)]).toEqual(expect.arrayContaining(needs));
    }
    expect(preview.lines().filter((line) => line.startsWith("RunInvoker"))).toEqual([]);
    // The grants do not wait for one another, so the longest chain is no longer than without IAP.
    const first = preview.waitsFor(preview.resource("WebCloudRunServiceIamMember", "hello-caller-accessor"));
    expect([...first]).not.toContain("hello-iap-agent");
    expect([...first]).not.toContain("hello-iap");
  });

  test("behind IAP it refuses what is an output too", async () => {
    const team = later("group:t@example.com");
    const args = { iap: { clientId: CLIENT } };
    expect(await refusal(nothing, () => make({ ...args, invokers: { team } }))).toBe(
      `CloudRunService "hello": ${NO_INVOKER('"an output"')}`,
    );
    expect(await refusal(nothing, () => make({ ...args, project: later(OTHER.id) }))).toBe(
      'CloudRunService "hello": iap.projectNumber (nothing) is missing, and cannot be looked up with a project that is an output without hiding every grant to an agent in previews. ' +
        'Give gcp.organizations.getProjectOutput({ projectId: "…" }).number, with the plain project id',
    );
  });

  test("behind IAP there is no choice of roles", async () => {
    const authorize = (role: RunInvokerRole) => () =>
      make({ iap: { clientId: CLIENT } }).authorize(new CallerIdentity("caller"), { role });
    for (const role of Object.values(RunInvokerRole)) {
      expect(await refusal(nothing, authorize(role))).toBe(
        `CloudRunService "hello": role "${role}" is given for a service with iap, which looks at roles/iap.httpsResourceAccessor alone. Leave it out`,
      );
    }
  });

  test("grants what its code needs on each thing alone, but for Cloud SQL, before the revision", async () => {
    const args = { cloudSqlInstances: ["p:r:db"], invokers: { team: "group:t@example.com" } };
    const preview = await nothing.preview(() =>
      make({
        ...args,
        secrets: { A: { secret: "key" }, B: { secret: "projects/other-project/secrets/pin", version: "3" } },
      }),
    );
    const secret = (name: string) => preview.resource("SecretIamMember", name).inputs;
    const reads = { role: "roles/secretmanager.secretAccessor", member: UNKNOWN };
    expect(secret("hello-secret-key")).toEqual({ secretId: "key", ...reads });
    expect(secret("hello-secret-pin")).toMatchObject({
      secretId: "projects/other-project/secrets/pin",
      ...reads,
    });
    expect(preview.resource("IAMMember", "hello-cloudsql").inputs).toEqual({
      project: PROJECT.id,
      role: "roles/cloudsql.client",
      member: UNKNOWN,
    });
    const hello = preview.resource("Service", "hello");
    expect(preview.resource("ServiceIamMember", "hello-invoker-team").inputs).toEqual({
      name: hello.inputs.name,
      location: REGION,
      project: PROJECT.id,
      role: "roles/run.invoker",
      member: "group:t@example.com",
    });
    expect([...preview.waitsFor(hello)]).toEqual(
      expect.arrayContaining(["hello-secret-key", "hello-secret-pin", "hello-cloudsql"]),
    );
  });

  test("that another pipeline deploys keeps that pipeline's image, and takes everything else", async () => {
    const stack = new TestStack();
    await stack.up(() => make({ imageDeployedElsewhere: true }));
    const changed = await stack.up(() => make({ imageDeployedElsewhere: true, image: "other", cpu: "2" }));
    expect(changed.changes()).toEqual(["update Service hello"]);
    expect(imageOf(changed)).toBe("hello");
    const taken = await stack.up(() => make({ image: "other", cpu: "2" }));
    expect(imageOf(taken)).toBe("other");
  });

  test("sends the first custom audience, to the letter, where one is declared", async () => {
    const up = await new TestStack().up(() => {
      const hello = make({ customAudiences: ["https://me.example/", "old"] });
      const { audience } = hello.authorize(new CallerIdentity("caller"));
      return { own: hello.audience, sent: audience };
    });
    expect(up.outputs).toEqual({ own: "https://me.example/", sent: "https://me.example/" });
  });

  test("shows a custom audience in the first preview, when the address is not known yet", async () => {
    const preview = await new TestStack().preview(() => {
      const hello = make({ customAudiences: ["https://me.example/"] });
      const target = hello.authorize(new CallerIdentity("caller", { accountId: "the-caller" }));
      new SchedulerJob("job", { schedule: "5 * * * *", target });
    });
    const { httpTarget } = preview.resource("Job", "job").inputs as { httpTarget: Record<string, unknown> };
    expect(httpTarget).toMatchObject({ uri: UNKNOWN, oidcToken: { audience: "https://me.example/" } });
  });

  test("changes an invoker's role without a gap: the new grant first, then the old one goes", async () => {
    const stack = new TestStack();
    const program = (role: RunInvokerRole) => () => {
      const target = make().authorize(new CallerIdentity("caller"), { role });
      new SchedulerJob("job", { schedule: "5 * * * *", target });
    };
    const first = await stack.up(program(RunInvokerRole.Invoker));
    const { member } = first.resource("Account", "caller").outputs;
    const { steps } = await stack.up(program(RunInvokerRole.ServicesInvoker));
    expect(steps.filter(({ op }) => op !== "same").map((step) => `${step.op} ${label(step)}`)).toEqual([
      "create ServiceIamMember hello-caller-services-invoker",
      "delete ServiceIamMember hello-caller-invoker",
    ]);
    const { fullName } = stack.cloud.store.list("gcp:cloudrunv2/service:Service")[0] ?? { fullName: "" };
    expect(stack.cloud.iam.bindings(fullName)).toEqual([{ role: "roles/run.servicesInvoker", member }]);
  });

  test("is let in one caller with one role only", async () => {
    await nothing.preview(() => {
      const [hello, caller] = [make(), new CallerIdentity("caller")];
      hello.authorize(caller);
      expect(() => hello.authorize(caller, { role: RunInvokerRole.ServicesInvoker })).toThrow(
        'CloudRunService "hello": authorize "caller" is authorized already, with roles/run.invoker. One role per caller is enough; authorize it once',
      );
    });
  });
});

const SCOPE = "https://www.googleapis.com/auth/cloud-platform";
const NO_SCOPE = `is not an OAuth scope. Give one, such as ${SCOPE}, without blanks`;
const jobUrl = (project: string, region: string, job: string) =>
  `https://run.googleapis.com/v2/projects/${project}/locations/${region}/jobs/${job}:run`;

describe("RunJobInvoker", () => {
  const make = (args: Partial<RunJobInvokerArgs>) => {
    const usual = { job: "cleanup", region: REGION, caller: { email: CALLER } };
    const { url, scope, serviceAccountEmail } = new RunJobInvoker("cleanup", { ...usual, ...args });
    probe("probe", { url, scope, serviceAccountEmail });
  };

  test("grants one caller the job, and is what a source needs", async () => {
    const preview = await nothing.preview(() => {
      make({});
    });
    expect(preview.resource("JobIamMember", "cleanup-executor").inputs).toEqual({
      name: "cleanup",
      location: REGION,
      role: "roles/run.jobsExecutor",
      member: `serviceAccount:${CALLER}`,
    });
    const out = preview.resource("RandomString", "probe");
    const url = jobUrl(PROJECT.id, REGION, "cleanup");
    expect(out.inputs.keepers).toEqual({ url, scope: SCOPE, serviceAccountEmail: CALLER });
    expect([...preview.waitsFor(out)]).toEqual(["cleanup-executor"]);
    expect(orphans(preview.resources)).toEqual(["RandomString probe"]);
  });

  const grant = "JobIamMember cleanup-executor";
  const keeper = "RandomString probe.keepers";
  const before = jobUrl(PROJECT.id, REGION, "cleanup");
  takes<RunJobInvokerArgs>(
    "RunJobInvoker",
    make,
    [
      [
        { job: "other" },
        [
          change(`${grant}.name`, "cleanup", "other"),
          change(`${keeper}.url`, before, jobUrl(PROJECT.id, REGION, "other")),
        ],
      ],
      [
        { region: "europe-west1" },
        [
          change(`${grant}.location`, REGION, "europe-west1"),
          change(`${keeper}.url`, before, jobUrl(PROJECT.id, "europe-west1", "cleanup")),
        ],
      ],
      [
        { project: OTHER.id },
        [
          change(`${grant}.project`, undefined, OTHER.id),
          change(`${keeper}.url`, before, jobUrl(OTHER.id, REGION, "cleanup")),
        ],
      ],
      [
        { caller: { email: BROUGHT, member: "principal://x" } },
        [
          change(`${keeper}.serviceAccountEmail`, CALLER, BROUGHT),
          change(`${grant}.member`, `serviceAccount:${CALLER}`, "principal://x"),
        ],
      ],
      [
        { role: RunJobRole.ExecutorWithOverrides },
        [`${grant}: gone`, "JobIamMember cleanup-executor-with-overrides: made"],
      ],
    ],
    ["role"],
  );

  refuses<RunJobInvokerArgs>(
    'RunJobInvoker "cleanup"',
    make,
    [
      [{ job: "" }, `job "" ${EMPTY}`],
      [
        { job: "projects/p/locations/us-central1/jobs/cleanup" },
        'job "projects/p/locations/us-central1/jobs/cleanup" is not the name of a job. Give the job\'s name, not its id or address',
      ],
      [{ region: " " }, `region " " ${EMPTY}`],
      [
        { region: "projects/p/locations/us-central1" },
        `region "projects/p/locations/us-central1" ${NO_REGION}`,
      ],
      [{ caller: { email: "me@example.com" } }, `caller.email "me@example.com" ${NO_ACCOUNT}`],
    ],
    [
      [
        { role: "roles/run.admin" as RunJobRole },
        'role "roles/run.admin" is not known. Choose one of "roles/run.jobsExecutor", "roles/run.jobsExecutorWithOverrides"',
      ],
    ],
  );
});

describe("GoogleApiTarget", () => {
  const URL = "https://pubsub.googleapis.com/v1/projects/my-project/topics/events:publish";
  const make = (args: Partial<GoogleApiTargetArgs>) => {
    const usual = { url: URL, caller: { email: CALLER }, grant: "roles/pubsub.publisher" };
    const { url, scope, serviceAccountEmail } = new GoogleApiTarget("publish", { ...usual, ...args });
    probe("probe", { url, scope, serviceAccountEmail });
  };

  test("makes nothing, and waits for the grant that somebody else makes", async () => {
    const preview = await nothing.preview(() => {
      const member = `serviceAccount:${CALLER}`;
      const mayPublish = new pubsub.TopicIAMMember("publishes", {
        topic: "events",
        role: "roles/pubsub.publisher",
        member,
      });
      make({ grant: mayPublish.role });
    });
    const out = preview.resource("RandomString", "probe");
    expect(out.inputs.keepers).toEqual({ url: URL, scope: SCOPE, serviceAccountEmail: CALLER });
    expect([...preview.waitsFor(out)]).toEqual(["publishes"]);
    expect(orphans(preview.resources)).toEqual(["RandomString probe", "TopicIAMMember publishes"]);
    expect(preview.resources.filter(({ custom }) => custom)).toHaveLength(2);
  });

  const keeper = "RandomString probe.keepers";
  const read = "https://www.googleapis.com/auth/devstorage.read_only";
  takes<GoogleApiTargetArgs>("GoogleApiTarget", make, [
    [
      { url: "https://storage.googleapis.com/b/o" },
      [change(`${keeper}.url`, URL, "https://storage.googleapis.com/b/o")],
    ],
    [{ caller: { email: BROUGHT } }, [change(`${keeper}.serviceAccountEmail`, CALLER, BROUGHT)]],
    [{ grant: "roles/pubsub.admin" }, []],
    [{ scope: read }, [change(`${keeper}.scope`, SCOPE, read)]],
  ]);

  refuses<GoogleApiTargetArgs>('GoogleApiTarget "publish"', make, [
    [{ url: "http://pubsub.googleapis.com/a" }, `url "http://pubsub.googleapis.com/a" ${HTTPS}`],
    [
      { url: "https://pubsub.example.com/a" },
      'url "https://pubsub.example.com/a" is none of Google\'s APIs (https://….googleapis.com); whoever gets an access token can use it for all that its account may. Send a service of your own an id_token: a target with an audience, which authorize(caller) of its component returns',
    ],
    [{ caller: { email: "me@example.com" } }, `caller.email "me@example.com" ${NO_ACCOUNT}`],
    [{ scope: "" }, `scope "" ${NO_SCOPE}`],
    [{ scope: "a b" }, `scope "a b" ${NO_SCOPE}`],
    [{ grant: "" }, `grant "" ${EMPTY}`],
  ]);
});

describe("CloudRunJob", () => {
  const make = (args: Partial<CloudRunJobArgs> = {}) =>
    new CloudRunJob("cleanup", { image: "clean", region: REGION, ...args });

  const container = { image: "clean", resources: { limits: { cpu: "1", memory: "512Mi" } }, envs: [] };
  const USUAL = {
    "RandomString cleanup-runtime-suffix": SUFFIX,
    "Account cleanup-runtime": expect.objectContaining({ displayName: "cleanup runtime" }) as object,
    "Job cleanup": {
      name: expect.stringMatching(/^cleanup-[0-9a-f]{7}$/) as string,
      location: REGION,
      project: PROJECT.id,
      deletionProtection: true,
      template: {
        taskCount: 1,
        parallelism: 0,
        template: { serviceAccount: UNKNOWN, timeout: "600s", maxRetries: 3, containers: [container] },
      },
    },
  };

  test("is a job that runs as an account of its own", async () => {
    expect(await asked(nothing, () => make())).toEqual(USUAL);
  });

  const job = "Job cleanup";
  const task = `${job}.template.template`;
  const first = `${task}.containers[0]`;
  takes<CloudRunJobArgs>(
    "CloudRunJob",
    make,
    [
      [{ image: "other" }, [change(`${first}.image`, "clean", "other")]],
      [{ region: "europe-west1" }, [change(`${job}.location`, REGION, "europe-west1")]],
      [
        { project: OTHER.id },
        [
          change("Account cleanup-runtime.project", PROJECT.id, OTHER.id),
          change(`${job}.project`, PROJECT.id, OTHER.id),
        ],
      ],
      [{ jobName: "exact" }, [expect.stringMatching(/^Job cleanup\.name: .* => "exact"$/) as string]],
      [{ command: ["clean"] }, [change(`${first}.commands`, undefined, ["clean"])]],
      [{ arguments: ["--all"] }, [change(`${first}.args`, undefined, ["--all"])]],
      [{ tasks: 10 }, [change(`${job}.template.taskCount`, 1, 10)]],
      [
        { tasks: 10, parallelism: 2 },
        [change(`${job}.template.parallelism`, 0, 2), change(`${job}.template.taskCount`, 1, 10)],
      ],
      [{ maxRetries: 0 }, [change(`${task}.maxRetries`, 3, 0)]],
      [{ timeout: "3600s" }, [change(`${task}.timeout`, "600s", "3600s")]],
      [{ cpu: "2" }, [change(`${first}.resources.limits.cpu`, "1", "2")]],
      [{ memory: "1Gi" }, [change(`${first}.resources.limits.memory`, "512Mi", "1Gi")]],
      [
        { serviceAccountEmail: BROUGHT },
        [
          "Account cleanup-runtime: gone",
          "RandomString cleanup-runtime-suffix: gone",
          change(`${task}.serviceAccount`, "(unknown)", BROUGHT),
        ],
      ],
      [{ environment: { A: "1" } }, [change(`${first}.envs`, [], [{ name: "A", value: "1" }])]],
      [
        { secrets: { A: { secret: "key" } } },
        [
          "SecretIamMember cleanup-secret-key: made",
          change(
            `${first}.envs`,
            [],
            [{ name: "A", valueSource: { secretKeyRef: { secret: "key", version: "latest" } } }],
          ),
        ],
      ],
      [
        { vpcEgress: { network: "default", egress: EgressSetting.AllTraffic } },
        [
          change(`${task}.vpcAccess`, undefined, {
            egress: "ALL_TRAFFIC",
            networkInterfaces: [{ network: "default" }],
          }),
        ],
      ],
      [
        { cloudSqlInstances: ["p:r:i"] },
        [
          "IAMMember cleanup-cloudsql: made",
          change(`${first}.volumeMounts`, undefined, [{ mountPath: "/cloudsql", name: "cloudsql" }]),
          change(`${task}.volumes`, undefined, [
            { cloudSqlInstance: { instances: ["p:r:i"] }, name: "cloudsql" },
          ]),
        ],
      ],
      [{ imageDeployedElsewhere: true }, []],
      [{ deletionProtection: false }, [change(`${job}.deletionProtection`, true, false)]],
      [{ labels: { team: "web" } }, [change(`${job}.labels`, undefined, { team: "web" })]],
      [{ deployers: { ci: "group:ci@example.com" } }, ["IAMMember cleanup-runtime-deployer-ci: made"]],
    ],
    ["imageDeployedElsewhere", "vpcEgress", "secrets"],
  );

  refuses<CloudRunJobArgs>('CloudRunJob "cleanup"', make, [
    [{ image: "" }, `image "" ${EMPTY}`],
    [{ region: "" }, `region "" ${EMPTY}`],
    [{ tasks: 0 }, `tasks 0 is not a whole number from 1 to 10000 tasks. ${RANGE}`],
    [{ parallelism: 2 }, "parallelism 2 is above tasks. Lower it, or raise tasks"],
    [{ tasks: 5, parallelism: 6 }, "parallelism 6 is above tasks. Lower it, or raise tasks"],
    [{ parallelism: 0 }, `parallelism 0 is not a whole number from 1 to 10000 tasks. ${RANGE}`],
    [{ maxRetries: 11 }, `maxRetries 11 is not a whole number from 0 to 10 retries. ${RANGE}`],
    [
      { timeout: "604801s" },
      'timeout "604801s" is not between 1s and 604800s. Choose a duration in that range',
    ],
    [{ serviceAccountEmail: "me@example.com" }, `serviceAccountEmail "me@example.com" ${NO_ACCOUNT}`],
    [
      { jobName: "Exact" },
      'jobName "Exact" is not a Run job name. Google allows 1 to 49 characters that match ^[a-z]([-a-z0-9]*[a-z0-9])?$',
    ],
    [{ deployers: { all: "allUsers" } }, `deployers.all "allUsers" ${EVERYBODY}`],
  ]);

  test("gives its limit of tasks at one time back when it is taken out", async () => {
    const stack = new TestStack();
    const limitOf = async (parallelism?: number): Promise<unknown> => {
      const { template } = (await stack.up(() => make({ tasks: 10, parallelism }))).resource(
        "Job",
        "cleanup",
      ).outputs;
      return (template as Props).parallelism;
    };
    expect([await limitOf(2), await limitOf()]).toEqual([2, 0]);
  });

  test("hands out its address with the grant, once for each caller, and knows it in previews", async () => {
    const stack = new TestStack();
    const program = (callerIsThere: boolean) => () => {
      const cleanup = make();
      if (!callerIsThere) return;
      const caller = new CallerIdentity("caller", { accessTokens: true });
      const target = cleanup.authorize(caller);
      expect(cleanup.authorize(caller)).toBe(target);
      expect(() => cleanup.authorize(caller, { role: RunJobRole.ExecutorWithOverrides })).toThrow(
        'CloudRunJob "cleanup": authorize "caller" is authorized already, with roles/run.jobsExecutor',
      );
      new SchedulerJob("nightly", { schedule: "0 3 * * *", target });
    };
    const first = await stack.up(program(false));
    const { name } = first.resource("Job", "cleanup").outputs;
    const preview = await stack.preview(program(true));
    expect(preview.resource("Job", "nightly").inputs.httpTarget).toEqual({
      uri: jobUrl(PROJECT.id, REGION, String(name)),
      httpMethod: "POST",
      oauthToken: { serviceAccountEmail: UNKNOWN, scope: SCOPE },
    });
    const up = await stack.up(program(true));
    expect([...up.waitsFor(up.resource("Job", "nightly"))]).toEqual(
      expect.arrayContaining(["cleanup-caller-executor", "caller-access-scheduler"]),
    );
    expect((await stack.up(program(true))).changes()).toEqual([]);
  });
});

/** What both generations of functions are built with. */
const BUILD = {
  "RandomString fn-images-suffix": SUFFIX,
  "RandomString fn-build-suffix": SUFFIX,
  "RandomString fn-runtime-suffix": SUFFIX,
  "Bucket fn-source": {
    name: expect.stringMatching(/^fn-source-/) as string,
    project: PROJECT.id,
    location: REGION,
    uniformBucketLevelAccess: true,
    publicAccessPrevention: "enforced",
    forceDestroy: true,
  },
  "BucketObject fn-source": {
    name: expect.stringMatching(/^[0-9a-f]{64}\.zip$/) as string,
    bucket: expect.stringMatching(/^fn-source-/) as string,
    source: expect.anything() as object,
  },
  "Repository fn-images": {
    repositoryId: UNKNOWN,
    project: PROJECT.id,
    location: REGION,
    format: "DOCKER",
    description: "Images of the function fn",
  },
  "Account fn-build": {
    accountId: UNKNOWN,
    project: PROJECT.id,
    displayName: "fn build",
    description: "Builds the function's image; runs nothing",
    disabled: false,
  },
  "IAMMember fn-build": { project: PROJECT.id, role: "roles/run.builder", member: UNKNOWN },
  "Account fn-runtime": {
    accountId: UNKNOWN,
    project: PROJECT.id,
    displayName: "fn runtime",
    description: "Runs the code; has only what the program grants it",
    disabled: false,
  },
};

type FunctionArgs = Omit<CloudFunctionArgs, "memory" | "concurrency">;

/** The arguments that both generations have, with the places that they reach. */
function functionArguments(at: {
  location: string;
  runtime: string;
  oldRuntime: string;
  entryPoint: string;
  ingress: string;
  min: string;
  max: string;
  timeout: string;
  account: string;
  environment: string;
  secrets: string;
  secretProject: object;
  grant: string;
}): Effects<FunctionArgs> {
  const fn = "Function fn";
  const place = (region: string) => [
    change("Bucket fn-source.location", REGION, region),
    change("Repository fn-images.location", REGION, region),
    change(`${fn}.${at.location}`, REGION, region),
  ];
  const all = ["Bucket fn-source", fn, "Repository fn-images"];
  return [
    [{ entryPoint: "main" }, [change(`${fn}.${at.entryPoint}`, "helloHttp", "main")]],
    [{ region: "europe-west1" }, place("europe-west1")],
    [
      { project: OTHER.id },
      [...all, "Account fn-build", "Account fn-runtime", "IAMMember fn-build"].map((resource) =>
        change(`${resource}.project`, PROJECT.id, OTHER.id),
      ),
    ],
    [{ functionName: "exact" }, [expect.stringMatching(/^Function fn\.name: .* => "exact"$/) as string]],
    [{ description: "Says" }, [change(`${fn}.description`, undefined, "Says")]],
    [{ runtime: "python313" }, [change(`${fn}.${at.runtime}`, at.oldRuntime, "python313")]],
    [
      { ingress: FunctionIngress.Internal },
      [change(`${fn}.${at.ingress}`, "ALLOW_ALL", "ALLOW_INTERNAL_ONLY")],
    ],
    [{ minInstances: 1 }, [change(`${fn}.${at.min}`, 0, 1)]],
    [{ maxInstances: 7 }, [change(`${fn}.${at.max}`, 100, 7)]],
    [{ timeoutSeconds: 540 }, [change(`${fn}.${at.timeout}`, 300, 540)]],
    [
      { serviceAccountEmail: BROUGHT },
      [
        "Account fn-runtime: gone",
        "RandomString fn-runtime-suffix: gone",
        change(`${fn}.${at.account}`, "(unknown)", BROUGHT),
      ],
    ],
    [{ environment: { A: "1" } }, [change(`${fn}.${at.environment}`, undefined, { A: "1" })]],
    [
      { secrets: { B: { secret: "key", version: "3" }, A: { secret: "key" } } },
      [
        "SecretIamMember fn-secret-key: made",
        change(
          `${fn}.${at.secrets}`,
          [],
          [
            { key: "A", ...at.secretProject, secret: "key", version: "latest" },
            { key: "B", ...at.secretProject, secret: "key", version: "3" },
          ],
        ),
      ],
    ],
    [{ labels: { team: "web" } }, all.map((one) => change(`${one}.labels`, undefined, { team: "web" }))],
    [{ invokers: { team: "group:t@example.com" } }, [`${at.grant} fn-invoker-team: made`]],
    [
      { deployers: { ci: "group:ci@example.com" } },
      ["IAMMember fn-build-deployer-ci: made", "IAMMember fn-runtime-deployer-ci: made"],
    ],
  ];
}

const REFUSED_FUNCTIONS: Cases<FunctionArgs> = [
  [{ entryPoint: "" }, `entryPoint "" ${EMPTY}`],
  [{ region: "" }, `region "" ${EMPTY}`],
  [
    { functionName: "Fn" },
    'functionName "Fn" is not a function name. Google allows 1 to 49 characters that match ^[a-z]([-a-z0-9]*[a-z0-9])?$',
  ],
  [{ minInstances: 1.5 }, `minInstances 1.5 is not a whole number from 0 to 1000 instances. ${RANGE}`],
  [{ serviceAccountEmail: "default" }, `serviceAccountEmail "default" ${NO_ACCOUNT}`],
  [{ invokers: { all: "allUsers" } }, `invokers.all "allUsers" ${EVERYBODY}`],
  [{ deployers: { ci: "ci@example.com" } }, `deployers.ci "ci@example.com" ${NO_MEMBER}`],
];

const REFUSED_SOURCES: Cases<FunctionArgs> = [
  [
    { source: "apps/missing" },
    `source "apps/missing" does not exist, seen from ${process.cwd()}. Give the path of a folder, or of a .zip file, relative to the Pulumi program's folder`,
  ],
  [
    { source: "package.json" },
    'source "package.json" is neither a folder nor a .zip file. Give one of the two',
  ],
  [
    { ingress: "ALL" as FunctionIngress },
    'ingress "ALL" is not known. Choose one of "ALLOW_ALL", "ALLOW_INTERNAL_ONLY", "ALLOW_INTERNAL_AND_GCLB"',
  ],
];

const lists = "or another one that Google lists as supported";

describe("CloudFunction", () => {
  const make = (args: Partial<CloudFunctionArgs> = {}) => new CloudFunction("fn", { ...SOURCE, ...args });

  test("is built by one account, runs as another, and waits for what the first may", async () => {
    const preview = await nothing.preview(() => make());
    expect(Object.fromEntries(inputsBy(preview))).toEqual({
      ...BUILD,
      "Function fn": {
        name: expect.stringMatching(/^fn-[0-9a-f]{7}$/) as string,
        location: REGION,
        project: PROJECT.id,
        buildConfig: {
          runtime: "nodejs24",
          entryPoint: "helloHttp",
          serviceAccount: UNKNOWN,
          dockerRepository: UNKNOWN,
          source: {
            storageSource: {
              bucket: expect.stringMatching(/^fn-source-/) as string,
              object: expect.stringMatching(/^[0-9a-f]{64}\.zip$/) as string,
            },
          },
        },
        serviceConfig: {
          serviceAccountEmail: UNKNOWN,
          ingressSettings: "ALLOW_ALL",
          minInstanceCount: 0,
          maxInstanceCount: 100,
          maxInstanceRequestConcurrency: 1,
          timeoutSeconds: 300,
          availableMemory: "256Mi",
          allTrafficOnLatestRevision: true,
          secretEnvironmentVariables: [],
        },
      },
    });
    expect(preview.waitsFor(preview.resource("Function", "fn"))).toContain("fn-build");
  });

  takes<CloudFunctionArgs>(
    "CloudFunction",
    make,
    [
      ...functionArguments({
        location: "location",
        runtime: "buildConfig.runtime",
        oldRuntime: "nodejs24",
        entryPoint: "buildConfig.entryPoint",
        ingress: "serviceConfig.ingressSettings",
        min: "serviceConfig.minInstanceCount",
        max: "serviceConfig.maxInstanceCount",
        timeout: "serviceConfig.timeoutSeconds",
        account: "serviceConfig.serviceAccountEmail",
        environment: "serviceConfig.environmentVariables",
        secrets: "serviceConfig.secretEnvironmentVariables",
        secretProject: { projectId: PROJECT.id },
        grant: "ServiceIamMember",
      }),
      [{ source: "apps/authfn" }, []],
      [{ concurrency: 80 }, [change("Function fn.serviceConfig.maxInstanceRequestConcurrency", 1, 80)]],
      [{ memory: "1Gi" }, [change("Function fn.serviceConfig.availableMemory", "256Mi", "1Gi")]],
    ],
    ["source", "ingress", "secrets"],
  );

  refuses<CloudFunctionArgs>(
    'CloudFunction "fn"',
    make,
    [
      ...REFUSED_FUNCTIONS,
      [
        { runtime: "nodejs18" },
        `runtime "nodejs18" was decommissioned by Google in 2025-10-30. Use "nodejs24" ${lists}`,
      ],
      [{ maxInstances: 1001 }, `maxInstances 1001 is not a whole number from 1 to 1000 instances. ${RANGE}`],
      [{ concurrency: 0 }, `concurrency 0 is not a whole number from 1 to 1000 requests. ${RANGE}`],
      [
        { timeoutSeconds: 3601 },
        `timeoutSeconds 3601 is not a whole number from 1 to 3600 seconds. ${RANGE}`,
      ],
    ],
    REFUSED_SOURCES,
  );
});

describe("CloudFunctionV1", () => {
  const make = (args: Partial<CloudFunctionV1Args> = {}) => new CloudFunctionV1("fn", { ...SOURCE, ...args });

  test("is built by one account, runs as another, and lets nobody in by plain http", async () => {
    const preview = await nothing.preview(() => make());
    expect(Object.fromEntries(inputsBy(preview))).toEqual({
      ...BUILD,
      "Function fn": {
        name: expect.stringMatching(/^fn-[0-9a-f]{7}$/) as string,
        region: REGION,
        project: PROJECT.id,
        runtime: "nodejs22",
        entryPoint: "helloHttp",
        triggerHttp: true,
        httpsTriggerSecurityLevel: "SECURE_ALWAYS",
        sourceArchiveBucket: expect.stringMatching(/^fn-source-/) as string,
        sourceArchiveObject: expect.stringMatching(/^[0-9a-f]{64}\.zip$/) as string,
        buildServiceAccount: UNKNOWN,
        dockerRepository: UNKNOWN,
        serviceAccountEmail: UNKNOWN,
        ingressSettings: "ALLOW_ALL",
        minInstances: 0,
        maxInstances: 100,
        timeout: 300,
        availableMemoryMb: 256,
        secretEnvironmentVariables: [],
      },
    });
    expect(preview.waitsFor(preview.resource("Function", "fn"))).toContain("fn-build");
  });

  takes<CloudFunctionV1Args>(
    "CloudFunctionV1",
    make,
    [
      ...functionArguments({
        location: "region",
        runtime: "runtime",
        oldRuntime: "nodejs22",
        entryPoint: "entryPoint",
        ingress: "ingressSettings",
        min: "minInstances",
        max: "maxInstances",
        timeout: "timeout",
        account: "serviceAccountEmail",
        environment: "environmentVariables",
        secrets: "secretEnvironmentVariables",
        secretProject: {},
        grant: "FunctionIamMember",
      }),
      [{ source: "apps/authfn" }, []],
      [{ memoryMb: 512 }, [change("Function fn.availableMemoryMb", 256, 512)]],
    ],
    ["source", "ingress", "secrets"],
  );

  refuses<CloudFunctionV1Args>(
    'CloudFunctionV1 "fn"',
    make,
    [
      ...REFUSED_FUNCTIONS,
      [
        { runtime: "nodejs24" },
        `runtime "nodejs24" is offered to 2nd gen functions only. Use "nodejs22" ${lists}`,
      ],
      [{ maxInstances: 3001 }, `maxInstances 3001 is not a whole number from 1 to 3000 instances. ${RANGE}`],
      [{ timeoutSeconds: 541 }, `timeoutSeconds 541 is not a whole number from 1 to 540 seconds. ${RANGE}`],
      [{ memoryMb: 100 }, `memoryMb 100 is not a whole number from 128 to 8192 MiB. ${RANGE}`],
    ],
    REFUSED_SOURCES,
  );
});

describe("a function's source", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "source-"));
    mkdirSync(join(folder, "lib"));
    writeFileSync(join(folder, "index.js"), "exports.main = 1;");
    writeFileSync(join(folder, "lib", "more.js"), "exports.more = 2;");
  });
  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  const make = () => new CloudFunction("fn", { ...SOURCE, source: folder });
  const objectName = async () => (await asked(nothing, make))["BucketObject fn-source"]?.name;

  test("redeploys when it has changed, and only then", async () => {
    const stack = new TestStack();
    const first = await stack.up(make);
    const { source } = first.resource("BucketObject", "fn-source").inputs;
    expect(Object.keys((source as { files: object }).files)).toEqual(["index.js", "lib/more.js"]);

    for (const left of ["node_modules", ".git"]) {
      mkdirSync(join(folder, left));
      writeFileSync(join(folder, left, "index.js"), left);
    }
    utimesSync(join(folder, "index.js"), new Date(0), new Date(0));
    expect((await stack.up(make)).changes()).toEqual([]);

    writeFileSync(join(folder, "lib", "more.js"), "exports.more = 3;");
    expect((await stack.up(make)).changes()).toEqual([
      "replace BucketObject fn-source",
      "update Function fn",
    ]);
  });

  test("is named by all of its content: a byte that moves, and a file that is renamed", async () => {
    const names = [await objectName()];
    writeFileSync(join(folder, "index.js"), "exports.main = 1");
    writeFileSync(join(folder, "lib", "more.js"), ";exports.more = 2;");
    names.push(await objectName());
    rmSync(join(folder, "lib"), { recursive: true });
    writeFileSync(join(folder, "more.js"), ";exports.more = 2;");
    names.push(await objectName());
    expect(new Set(names).size).toBe(3);
  });

  test("may be an archive, which is taken as it is", async () => {
    const source = join(folder, "source.zip");
    writeFileSync(source, "PK");
    const make = () => new CloudFunctionV1("fn", { ...SOURCE, source });
    const before = (await asked(nothing, make))["BucketObject fn-source"];
    expect(before?.source).toMatchObject({ kind: "archive", path: source });
    writeFileSync(source, "PK2");
    expect((await asked(nothing, make))["BucketObject fn-source"]?.name).not.toBe(before?.name);
  });

  test("without a file in it is refused", async () => {
    rmSync(join(folder, "lib"), { recursive: true });
    rmSync(join(folder, "index.js"));
    expect(await refusal(nothing, make)).toBe(
      `CloudFunction "fn": source ${JSON.stringify(folder)} has no files in it. Give the folder that holds the code`,
    );
  });
});

type CommonArgs = Pick<
  CloudRunServiceArgs,
  "invokers" | "deployers" | "secrets" | "serviceAccountEmail" | "project" | "minInstances" | "maxInstances"
>;
type Target = CloudRunService | CloudFunction | CloudFunctionV1;
type Make = (name: string, args?: CommonArgs, opts?: pulumi.ComponentResourceOptions) => Target;

const TARGETS: readonly [component: string, make: Make][] = [
  [
    "CloudRunService",
    (name, args, opts) => new CloudRunService(name, { image: "hello", region: REGION, ...args }, opts),
  ],
  ["CloudFunction", (name, args, opts) => new CloudFunction(name, { ...SOURCE, ...args }, opts)],
  ["CloudFunctionV1", (name, args, opts) => new CloudFunctionV1(name, { ...SOURCE, ...args }, opts)],
];

describe.each(TARGETS)("%s and its callers", (component, make) => {
  const grants = ({ resources }: Deployed) =>
    resources
      .filter(({ type }) => /:(Service|Function)IamMember$/.test(type))
      .map(({ name }) => name)
      .sort();
  const job = (name: string, target: ReturnType<Target["authorize"]>) =>
    new SchedulerJob(name, { schedule: "5 * * * *", target });

  test("make one grant each, first of all, with nothing outside a component, and settle at once", async () => {
    const stack = new TestStack({ kind: "hardened" });
    const program = () => {
      const deployers = { me: DEPLOYER };
      const target = make("target", { deployers });
      const caller = new CallerIdentity("caller", { deployers, createPubSubAgent: true });
      const authorized = target.authorize(caller);
      expect(target.authorize(caller)).toBe(authorized);
      job("job", authorized);
      job("again", target.authorize(caller));
      return { uri: target.uri, audience: target.audience, runtime: target.runtimeEmail };
    };
    const up = await stack.up(program);
    expect(grants(up)).toEqual(["target-caller-invoker"]);
    expect(up.waitsFor(up.resource("Job", "job"))).toContain("target-caller-invoker");
    expect(orphans(up.resources)).toEqual([]);
    const { uri, audience, runtime } = up.outputs;
    expect([audience, runtime]).toEqual([uri, up.resource("Account", "target-runtime").outputs.email]);
    expect(up.resource("Job", "job").inputs.httpTarget).toMatchObject({
      uri,
      oidcToken: { audience, serviceAccountEmail: up.resource("Account", "caller").outputs.email },
    });
    expect((await stack.up(program)).changes()).toEqual([]);
  });

  test("when they are new, a preview shows where they call, and the grant's place and role", async () => {
    const stack = new TestStack();
    const program = (callerIsThere: boolean) => () => {
      const target = make("target");
      if (callerIsThere) job("job", target.authorize(new CallerIdentity("caller")));
      return { uri: target.uri, audience: target.audience };
    };
    const { uri, audience } = (await stack.up(program(false))).outputs;
    const preview = await stack.preview(program(true));
    expect(preview.resource("Job", "job").inputs.httpTarget).toEqual({
      uri,
      httpMethod: "GET",
      oidcToken: { audience, serviceAccountEmail: UNKNOWN },
    });
    const grant = preview.resources.find(({ name }) => name === "target-caller-invoker");
    const open = Object.entries(grant?.inputs ?? {}).filter(([, value]) => value === UNKNOWN);
    expect(open.map(([key]) => key)).toEqual(["member"]);
  });

  test("of one name are told apart by names of their own, or refused", async () => {
    const preview = await nothing.preview(() => {
      const target = make("target");
      // A parent's type is part of a resource's identity, its name is not.
      const parents = ["A", "B"].map((type) => new pulumi.ComponentResource(`test:index:${type}`, "team"));
      const [one, other] = parents.map((parent) => new CallerIdentity("caller", {}, { parent }));
      if (one === undefined || other === undefined) return;
      target.authorize(one);
      expect(() => target.authorize(other)).toThrow(
        `${component} "target": authorize "caller" is the name of two different callers, and grants are named after their caller. Give one of them a name of its own here: authorize(caller, { as: "…" })`,
      );
      expect(target.authorize(other, { as: "second" })).toBe(target.authorize(other, { as: "second" }));
    });
    expect(grants(preview)).toEqual(["target-caller-invoker", "target-second-invoker"]);
  });

  test("is authorized under one name, and keeps its grant when that name comes, changes and goes", async () => {
    const stack = new TestStack();
    const program = (options?: { as?: string; formerly?: string[] }) => () => {
      const target = make("target");
      const caller = new CallerIdentity("caller");
      job("job", target.authorize(caller, options));
      expect(target.authorize(caller)).toBe(target.authorize(caller, options));
      const second = options?.as ?? "caller";
      expect(() => target.authorize(caller, { as: "second" })).toThrow(
        `${component} "target": authorize "second" is a second name for a caller that is authorized already, as "${second}"; it would be one binding with two owners, and gone for both with the first of them. Authorize it once, and use what that answers wherever it is needed`,
      );
    };
    await stack.up(program());
    const bindings = bindingsOf(stack);
    const names = [{ as: "nightly" }, { as: "daily", formerly: ["nightly"] }, { formerly: ["daily"] }];
    for (const options of names) {
      const renamed = await stack.up(program(options));
      expect(renamed.changes()).toEqual([]);
      expect(grants(renamed)).toEqual([`target-${options.as ?? "caller"}-invoker`]);
      expect(bindingsOf(stack)).toEqual(bindings);
    }
  });

  test("of one name keep a grant each, whichever of them is named", async () => {
    const stack = new TestStack();
    const program = (named: boolean, namedFirst: boolean) => () => {
      const target = make("target");
      const [one, other] = ["A", "B"].map(
        (type) =>
          new CallerIdentity(
            "caller",
            {},
            { parent: new pulumi.ComponentResource(`test:index:${type}`, "team") },
          ),
      ) as [CallerIdentity, CallerIdentity];
      if (named && namedFirst) target.authorize(other, { as: "second" });
      target.authorize(one);
      if (named) target.authorize(other, { as: "second" });
    };
    await stack.up(program(false, false));
    const { steps } = await stack.up(program(true, false));
    expect(
      steps
        .filter(({ op, type }) => op !== "same" && type.endsWith("IamMember"))
        .map((s) => `${s.op} ${s.name}`),
    ).toEqual(["create target-second-invoker"]);
    await expect(stack.up(program(true, true))).rejects.toThrow(
      `${component} "target": authorize "caller" is also what the grant "second", of another caller, may have been called before. Authorize this one first, so that each keeps its own`,
    );
  });

  const RENAMES: readonly [what: string, callers: [string, string], targets: [string, string]][] = [
    ["caller", ["caller", "new-caller"], ["target", "target"]],
    ["target", ["caller", "caller"], ["target", "new-target"]],
    ["caller and target", ["caller", "new-caller"], ["target", "new-target"]],
    ["target, whose name Google does not allow,", ["caller", "caller"], ["My Target", "Our Target"]],
  ];

  test.each(RENAMES)(
    "keep grants, and all else, when the %s is renamed with an alias",
    async (_, callers, targets) => {
      const stack = new TestStack();
      const program = (time: 0 | 1) => () => {
        const aliased = ([before, now]: [string, string]) =>
          time === 0 || now === before ? {} : { aliases: [{ name: before }] };
        const invokers = { team: "group:t@example.com" };
        const target = make(targets[time], { invokers }, aliased(targets));
        const caller = new CallerIdentity(callers[time], {}, aliased(callers));
        job("job", target.authorize(caller));
        target.authorize(new CallerIdentity("other", { agents: [] }), { as: "pinned" });
      };
      const first = await stack.up(program(0));
      expect(grants(first)).toHaveLength(3);
      const bindings = bindingsOf(stack);
      const { steps } = await stack.up(program(1));
      const changed = steps.filter(({ op }) => op !== "same");
      // What people read is called after the component, and nothing else is.
      expect(
        changed.filter(({ op, type }) => op !== "update" || !/:(Account|Repository)$/.test(type)),
      ).toEqual([]);
      expect(bindingsOf(stack)).toEqual(bindings);
      expect((await stack.up(program(1))).changes()).toEqual([]);
    },
  );

  test.each(["invokers", "deployers"])("take nobody twice among %s", async (property) => {
    const said = (key: string, other: string, member: string) =>
      `${component} "target": ${property}.${key} ${member} is the member of ${property}.${other} too; ${TWICE}`;
    const both = (a: pulumi.Input<string>, b: pulumi.Input<string>) =>
      refusal(nothing, () => make("target", { [property]: { a, b } }));
    const shown = '"user:ann@example.com"';
    expect(await both("user:ann@example.com", "user:Ann@example.com")).toBe(said("a", "b", shown));
    expect(await both("user:ann@example.com", later("user:ann@example.com"))).toBe(said("b", "a", shown));
    const output = later("user:ann@example.com");
    expect(await both(output, output)).toBe(said("a", "b", '"an output"'));
  });

  test("are not authorized beside being invokers already, which is the same binding", async () => {
    const said = `${component} "target": authorize "caller" is the member of invokers.app too; ${TWICE.replace(/Keep.*/, "Take it out of invokers")}`;
    const both =
      (member: (caller: CallerIdentity) => pulumi.Input<string>, role?: "roles/run.servicesInvoker") =>
      () => {
        const caller = new CallerIdentity("caller", { existingEmail: BROUGHT });
        const target = make("target", { invokers: { app: member(caller), other: "group:o@example.com" } });
        target.authorize(caller, { role });
      };
    const brought = `serviceAccount:${BROUGHT}`;
    expect(
      await refusal(
        nothing,
        both(({ member }) => member),
      ),
    ).toBe(said);
    expect(
      await refusal(
        nothing,
        both(() => brought),
      ),
    ).toBe(said);
    expect(
      await refusal(
        nothing,
        both(() => brought.toUpperCase().replace("SERVICEACCOUNT", "serviceAccount")),
      ),
    ).toBe(said);
    // Two that come to be the same are the program's business: one that is not known yet would hide the other.
    await nothing.preview(both(() => later(brought)));
    if (component !== "CloudFunctionV1")
      await nothing.preview(both(() => brought, "roles/run.servicesInvoker"));
  });

  test("are refused more instances ready than there may be", async () => {
    const limits = (minInstances: pulumi.Input<number>, maxInstances?: pulumi.Input<number>) =>
      refusal(nothing, () => make("target", { minInstances, maxInstances }));
    const said = `${component} "target": minInstances`;
    const above = "is above maxInstances. Lower it, or raise maxInstances";
    expect(await limits(3, 2)).toBe(`${said} 3 ${above}`);
    expect(await limits(later(3), later(2))).toBe(`${said} 3 ${above}`);
    expect(await limits(101)).toBe(`${said} 101 ${above}`);
  });

  test("and its invokers and deployers go one by one", async () => {
    const stack = new TestStack();
    const all = { a: "group:a@example.com", b: "group:b@example.com", c: "group:c@example.com" };
    const others = { a: all.a, c: all.c };
    await stack.up(() => make("target", { invokers: all, deployers: all }));
    const { steps } = await stack.up(() => make("target", { invokers: others, deployers: all }));
    expect(steps.filter(({ op }) => op !== "same").map(({ op, name }) => `${op} ${name}`)).toEqual([
      "delete target-invoker-b",
    ]);
    const without = await stack.up(() => make("target", { invokers: others, deployers: others }));
    expect(without.changes()).toEqual(
      ["delete IAMMember target-build-deployer-b", "delete IAMMember target-runtime-deployer-b"].filter(
        (line) => component !== "CloudRunService" || !line.includes("build"),
      ),
    );
  });

  test("runs as an account that was brought along, which gets what it needs and nothing else", async () => {
    const preview = await nothing.preview(() =>
      make("target", {
        serviceAccountEmail: BROUGHT,
        deployers: { ci: "group:ci@example.com" },
        secrets: { KEY: { secret: "key" } },
      }),
    );
    expect(preview.resource("IAMMember", "target-runtime-deployer-ci").inputs).toEqual({
      serviceAccountId: `projects/my-project/serviceAccounts/${BROUGHT}`,
      role: USER,
      member: "group:ci@example.com",
    });
    expect(preview.resource("SecretIamMember", "target-secret-key").inputs).toMatchObject({
      member: `serviceAccount:${BROUGHT}`,
    });
    const main = preview.resources.find(({ name, custom }) => name === "target" && custom);
    expect(main && [...preview.waitsFor(main)]).toEqual(
      expect.arrayContaining(["target-runtime-deployer-ci", "target-secret-key"]),
    );
  });

  test("reads a secret by one grant, however many variables hold it", async () => {
    const key = later("pin");
    const preview = await nothing.preview(() =>
      make("target", {
        secrets: {
          A: { secret: "key" },
          B: { secret: "key", version: "2" },
          C: { secret: key },
          D: { secret: key },
        },
      }),
    );
    const secrets = preview.resources.filter(({ type }) => type.endsWith(":SecretIamMember"));
    expect(secrets.map(({ name }) => name).sort()).toEqual(["target-secret-C", "target-secret-key"]);
  });
});

describe("CloudRunService behind IAP and its callers", () => {
  const make = (name: string, accessors: Record<string, pulumi.Input<string>> = {}, opts = {}) =>
    new CloudRunService(name, { image: "hello", region: REGION, iap: { clientId: CLIENT, accessors } }, opts);

  test("when they are new, a preview shows all of the call, and the grant's place and role", async () => {
    const stack = new TestStack();
    const program = (callerIsThere: boolean) => () => {
      const target = make("target");
      if (!callerIsThere) return { uri: target.uri };
      const authorized = target.authorize(new CallerIdentity("caller"));
      new SchedulerJob("job", { schedule: "5 * * * *", target: authorized });
      return {};
    };
    const { uri } = (await stack.up(program(false))).outputs;
    const preview = await stack.preview(program(true));
    expect(preview.resource("Job", "job").inputs.httpTarget).toEqual({
      uri,
      httpMethod: "GET",
      oidcToken: { audience: CLIENT, serviceAccountEmail: UNKNOWN },
    });
    const { inputs } = preview.resource("WebCloudRunServiceIamMember", "target-caller-accessor");
    expect(Object.keys(inputs).filter((key) => inputs[key] === UNKNOWN)).toEqual(["member"]);
    await stack.up(program(true));
    expect((await stack.up(program(true))).changes()).toEqual([]);
  });

  test("keep grants, and all else, when both are renamed with an alias", async () => {
    const stack = new TestStack();
    const program = (targetName: string, callerName: string, renamed: boolean) => () => {
      const aliased = (before: string) => (renamed ? { aliases: [{ name: before }] } : {});
      const target = make(targetName, { team: "group:t@example.com" }, aliased("target"));
      target.authorize(new CallerIdentity(callerName, {}, aliased("caller")));
    };
    await stack.up(program("target", "caller", false));
    const bindings = bindingsOf(stack);
    const changes = (await stack.up(program("new-target", "new-caller", true))).changes();
    expect(changes).toEqual(["update Account new-caller", "update Account new-target-runtime"]);
    expect(bindingsOf(stack)).toEqual(bindings);
  });

  test("let nobody through twice, whoever asks for it", async () => {
    const both = (a: pulumi.Input<string>, b: pulumi.Input<string>) =>
      refusal(nothing, () => make("target", { a, b }));
    const said = (rest: string) => `CloudRunService "target": ${rest}`;
    expect(await both("group:t@example.com", "group:T@example.com")).toBe(
      said(`iap.accessors.a "group:t@example.com" is the member of iap.accessors.b too; ${TWICE}`),
    );
    const authorized = refusal(nothing, () => {
      const caller = new CallerIdentity("caller", { existingEmail: BROUGHT });
      make("target", { app: caller.member }).authorize(caller);
    });
    const remedy = TWICE.replace(/Keep.*/, "Take it out of iap.accessors");
    expect(await authorized).toBe(
      said(`authorize "caller" is the member of iap.accessors.app too; ${remedy}`),
    );
  });

  test("and who else gets through go one by one", async () => {
    const stack = new TestStack();
    const all = { a: "group:a@example.com", b: "group:b@example.com", c: "group:c@example.com" };
    await stack.up(() => make("target", all));
    const { a, c } = all;
    expect((await stack.up(() => make("target", { a, c }))).changes()).toEqual([
      "delete WebCloudRunServiceIamMember target-accessor-b",
    ]);
  });

  test("another client comes beside the former one, and nothing is made again", async () => {
    const stack = new TestStack();
    const program = (iap: { clientId: string; formerClientIds?: string[] }) => () => {
      const target = new CloudRunService("target", { image: "hello", region: REGION, iap });
      new SchedulerJob("job", {
        schedule: "5 * * * *",
        target: target.authorize(new CallerIdentity("caller")),
      });
    };
    await stack.up(program({ clientId: CLIENT }));
    const changed = await stack.up(program({ clientId: OTHER_CLIENT, formerClientIds: [CLIENT] }));
    expect(changed.changes()).toEqual(["update Job job", "update Settings target-iap"]);
    const order = changed.steps.filter(({ op }) => op === "update").map(({ name }) => name);
    expect(order).toEqual(["target-iap", "job"]);
  });
});

function inputsBy({ resources }: Deployed): [string, Props][] {
  return resources.filter(({ custom }) => custom).map((r) => [label(r), r.inputs]);
}

function imageOf(deployed: Deployed): unknown {
  const { template } = deployed.resource("Service", "hello").inputs as {
    template: { containers: { image: unknown }[] };
  };
  return template.containers[0]?.image;
}

/** Who holds what on everything that is deployed. */
function bindingsOf({ cloud, engine }: TestStack): unknown {
  const names = engine.resources.flatMap(({ type, id }) =>
    id === undefined ? [] : [cloud.store.get(type, id)?.fullName ?? ""],
  );
  return [...new Set(names)]
    .sort()
    .flatMap((name) => cloud.iam.bindings(name).map((b) => [name, b.role, b.member]));
}
