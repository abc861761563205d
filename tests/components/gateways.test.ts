import fc from "fast-check";
import {
  ApiGateway,
  BackendCallers,
  CallerIdentity,
  CloudRunService,
  EndpointsService,
} from "../../components";
import type { ApiGatewayArgs, BackendCallersArgs, EndpointsServiceArgs } from "../../components";
import { completed } from "../../components/wiring/openapi/completing";
import { doorsIn } from "../../components/wiring/openapi/doors";
import { readDocument } from "../../components/wiring/openapi/reading";
import { readServiceConfig } from "../../sandbox/cloud/openapi/read";
import { isProps } from "../../sandbox/cloud/resources/values";
import type { Props } from "../../sandbox/cloud/resources/values";
import { openIn } from "../../trust/documents";
import { argumentsOf, asked, differences, later, laterLeaves, probe, refusal } from "../support/arguments";
import { orphans, unknownInputs } from "../support/graph";
import { PROJECT, TestStack } from "../support/stack";

const REGION = "us-central1";
const CALLER = "caller@my-project.iam.gserviceaccount.com";
const OTHER = "other@my-project.iam.gserviceaccount.com";
const AUDIENCE = "https://orders.example.com";
const HOST = `orders.endpoints.${PROJECT.id}.cloud.goog`;
const BACKEND = { service: "orders", region: REGION, url: "https://orders-x-uc.a.run.app" };
const EMPTY = "is empty. Give a value, or leave the argument out";

/** Stacks that are only previewed, never deployed. */
const nothing = new TestStack({ projects: [PROJECT, { id: "other-project", number: "987654321098" }] });

const NO_NAME = "is not the name of a service. Give the service's name, not its id or address";
const LABEL =
  "Google allows up to 63 small letters, digits, hyphens and underscores, and a letter at the beginning of a key";

type Kind = "EndpointsService" | "ApiGateway";
type Args = Partial<EndpointsServiceArgs & ApiGatewayArgs>;

const KINDS: readonly Kind[] = ["EndpointsService", "ApiGateway"];

/** All that is known before anything is deployed is known: so that previews of the document can be looked at. */
function make(kind: Kind, args: Args = {}): EndpointsService | ApiGateway {
  const usual = {
    audience: AUDIENCE,
    callers: { nightly: { email: CALLER } },
    region: REGION,
    backend: BACKEND,
    ...args,
  };
  return kind === "EndpointsService"
    ? new EndpointsService("gate", { managedServiceName: HOST, ...usual })
    : new ApiGateway("gate", usual);
}

async function documentOf(kind: Kind, args: Args = {}): Promise<Props> {
  const preview = await asked(nothing, () => {
    probe("probe", { document: make(kind, args).document });
  });
  const keepers = preview["RandomString probe"]?.["keepers"];
  return JSON.parse(String(isProps(keepers) ? keepers["document"] : undefined)) as Props;
}

const openapi = (more: Props = {}, operation: Props = {}): string =>
  JSON.stringify({
    swagger: "2.0",
    info: { title: "Orders", version: "7" },
    paths: {
      "/orders": { get: { operationId: "list", responses: { 200: { description: "x" } }, ...operation } },
    },
    ...more,
  });

describe.each(KINDS)("%s", (kind) => {
  const who = `${kind} "gate"`;

  test("writes a document that requires its callers' token on every path", async () => {
    const document = await documentOf(kind);
    expect(document).toMatchObject({
      swagger: "2.0",
      "x-google-backend": {
        address: BACKEND.url,
        jwt_audience: BACKEND.url,
        path_translation: "APPEND_PATH_TO_ADDRESS",
        deadline: 300,
      },
      securityDefinitions: {
        google_id_token: {
          type: "oauth2",
          flow: "implicit",
          authorizationUrl: "",
          "x-google-issuer": "https://accounts.google.com",
          "x-google-jwks_uri": "https://www.googleapis.com/oauth2/v3/certs",
          "x-google-audiences": AUDIENCE,
        },
      },
      security: [{ google_id_token: [] }],
    });
    expect(document["host"]).toBe(kind === "EndpointsService" ? HOST : undefined);
    expect(Object.keys(document["paths"] as Props)).toEqual(["/{path=**}"]);
  });

  test("completes a document of the user's own and keeps its paths", async () => {
    const own = openapi(
      { definitions: { Order: { type: "object" } }, basePath: "/v1" },
      { summary: "All orders" },
    );
    for (const text of [own, later(own)]) {
      const document = await documentOf(kind, {
        openapi: text,
        formerAudiences: ["https://old.example.com"],
      });
      expect(document).toMatchObject({ ...(JSON.parse(own) as Props), security: [{ google_id_token: [] }] });
      expect(JSON.stringify(document)).toContain(
        '"x-google-audiences":"https://orders.example.com,https://old.example.com"',
      );
    }
  });

  test("gives operations the ids that they lack, and leaves the others", async () => {
    const responses = { 200: { description: "x" } };
    const own = openapi({
      paths: {
        "/a": { get: { responses }, post: { operationId: "make", responses } },
        "/b": { parameters: [], put: { operationId: "get0", responses }, get: { responses } },
      },
    });
    expect((await documentOf(kind, { openapi: own }))["paths"]).toEqual({
      "/a": { get: { operationId: "get0_", responses }, post: { operationId: "make", responses } },
      "/b": {
        parameters: [],
        put: { operationId: "get0", responses },
        get: { operationId: "get1", responses },
      },
    });
  });

  test("takes YAML, with what older readers make of merge keys", async () => {
    const yaml = `
swagger: "2.0"
info: { title: Orders, version: "1" }
x-common: &common { operationId: list, responses: { default: { description: x } } }
paths:
  /orders:
    get: { <<: *common }
`;
    const document = await documentOf(kind, { openapi: yaml });
    expect(document["paths"]).toMatchObject({ "/orders": { get: { operationId: "list" } } });
    expect(JSON.stringify(document)).not.toContain("<<");
    const merged = yaml.replace("&common {", "&common { security: [],");
    expect(await refusal(nothing, () => make(kind, { openapi: merged }))).toMatch(
      /openapi\.paths\.\/orders\.get\.security \[\] requires nothing, so everybody gets in/,
    );
  });

  const UNKNOWN = "is an extension that is not known here. Take it out; whom it would let in cannot be told";
  const TOKEN_ONLY =
    "Write security as [{ google_id_token: [] }], or leave it out: the whole document then requires the token";
  const NOBODY_ASKED = `requires nothing, so everybody gets in. ${TOKEN_ONLY}`;
  const OWN = "is given. Leave it out; the component writes it";
  const google = (more: Props) => ({
    securityDefinitions: {
      google_id_token: {
        "x-google-issuer": "https://accounts.google.com",
        "x-google-jwks_uri": "https://www.googleapis.com/oauth2/v3/certs",
        "x-google-audiences": AUDIENCE,
        ...more,
      },
    },
  });
  const DEF = "openapi.securityDefinitions.google_id_token";
  const ORELSE = "or leave google_id_token out; the component writes it";

  test.each<[string, string]>([
    [openapi({ security: [] }), `openapi.security [] ${NOBODY_ASKED}`],
    [openapi({ security: [{}] }), `openapi.security[0] {} ${NOBODY_ASKED}`],
    [openapi({}, { security: [] }), `openapi.paths./orders.get.security [] ${NOBODY_ASKED}`],
    [
      openapi({}, { security: [{ google_id_token: [] }, {}] }),
      `openapi.paths./orders.get.security[1] {} ${NOBODY_ASKED}`,
    ],
    [
      openapi({}, { security: [{ key: [] }] }),
      `openapi.paths./orders.get.security[0] {"key":[]} asks for something else than the callers' token. ${TOKEN_ONLY}`,
    ],
    [
      openapi({}, { security: [{ google_id_token: [], key: [] }] }),
      `openapi.paths./orders.get.security[0] {"google_id_token":[],"key":[]} asks for something else than the callers' token. ${TOKEN_ONLY}`,
    ],
    [
      openapi({ "x-google-allow": "all" }),
      'openapi.x-google-allow "all" lets requests through to paths that are not in the document, with or without a token. Leave it out, and name each path',
    ],
    [
      openapi({ "x-google-endpoints": [{ name: HOST, allowCors: true }] }),
      `openapi.x-google-endpoints [{"name":"${HOST}","allowCors":true}] is an extension that is not known here. Take it out; whom it would let in cannot be told`,
    ],
    [
      openapi({}, { "x-google-quota": {} }),
      "openapi.paths./orders.get.x-google-quota {} is an extension that is not known here. Take it out; whom it would let in cannot be told",
    ],
    ...["x-security", "x-issuer", "x-jwks_uri"].flatMap((name): [string, string][] => [
      [openapi({ [name]: "x" }), `openapi.${name} "x" ${UNKNOWN}`],
      [openapi({}, { [name]: "x" }), `openapi.paths./orders.get.${name} "x" ${UNKNOWN}`],
    ]),
    [openapi({}, { "x-google-auth": {} }), `openapi.paths./orders.get.x-google-auth {} ${UNKNOWN}`],
    [openapi({ "x-google-api-management": {} }), `openapi.x-google-api-management {} ${UNKNOWN}`],
    ...["x-google-issuer", "x-google-jwks_uri", "x-google-audiences", "x-google-jwt-locations"].map(
      (name): [string, string] => [
        openapi({}, { [name]: "x" }),
        `openapi.paths./orders.get.${name} "x" is an extension of Google's that has no meaning here. Take it out`,
      ],
    ),
    [
      openapi({}, { "x-google-allow": "configured" }),
      'openapi.paths./orders.get.x-google-allow "configured" is an extension of Google\'s that has no meaning here. Take it out',
    ],
    [
      openapi({ paths: { "/orders": { get: {}, "x-google-backend": {} } } }),
      "openapi.paths./orders.x-google-backend {} is an extension of Google's that has no meaning here. Take it out",
    ],
    [openapi({ host: "other.example.com" }), `openapi.host "other.example.com" ${OWN}`],
    [openapi({ "x-google-backend": {} }), `openapi.x-google-backend {} ${OWN}`],
    [openapi({}, { "x-google-backend": {} }), `openapi.paths./orders.get.x-google-backend {} ${OWN}`],
    [
      openapi({ paths: { "/a": { $ref: "https://example.com/a.json" }, "/b": { get: {} } } }),
      'openapi.paths./a.$ref "https://example.com/a.json" points to where nothing can be checked. Write the path out here',
    ],
    [
      openapi({ paths: {} }),
      "openapi.paths {} has no operation. Name at least one path with a method, or leave the document out: then all paths are served",
    ],
    [
      openapi({ securityDefinitions: { firebase: {} } }),
      "openapi.securityDefinitions.firebase {} would let in whoever meets it. Take it out; only google_id_token is checked, and the component writes it",
    ],
    [
      openapi({ securityDefinitions: [] }),
      "openapi.securityDefinitions [] is not a map of schemes. Leave it out; the component writes it",
    ],
    [
      openapi(google({ "x-google-issuer": "https://evil.example.com" })),
      `${DEF}.x-google-issuer "https://evil.example.com" is not "https://accounts.google.com", and whoever signs for that issuer would get in. Write that, ${ORELSE}`,
    ],
    [
      openapi(google({ "x-google-jwks_uri": undefined })),
      `${DEF}.x-google-jwks_uri (nothing) is not "https://www.googleapis.com/oauth2/v3/certs", and whoever signs for that issuer would get in. Write that, ${ORELSE}`,
    ],
    [
      openapi(google({ "x-google-audiences": "" })),
      `${DEF}.x-google-audiences "" is missing, and then tokens for another audience than the one that callers send get in. Write this target's audience there, ${ORELSE}`,
    ],
    [
      openapi(google({ "x-google-audiences": `${AUDIENCE}, https://other.example.com` })),
      `${DEF}.x-google-audiences "https://other.example.com" is not an audience of this target, and tokens that are meant for another would get in. Take it out, or name it in \`audience\` or \`formerAudiences\``,
    ],
    [
      openapi(google({ "x-google-jwt-locations": [{ query: "t" }] })),
      `${DEF}.x-google-jwt-locations [{"query":"t"}] looks for tokens elsewhere. Leave it out; sources send them as Authorization`,
    ],
  ])("refuses %s, known at once or later", async (text, said) => {
    for (const given of [text, later(text)]) {
      expect(await refusal(nothing, () => make(kind, { openapi: given }))).toBe(`${who}: ${said}`);
    }
  });

  test("refuses a foreign audience also when its own is only known later", async () => {
    const text = openapi(google({ "x-google-audiences": "https://other.example.com" }));
    const said = await refusal(nothing, () => make(kind, { openapi: text, audience: later(AUDIENCE) }));
    expect(said).toMatch(
      /x-google-audiences "https:\/\/other\.example\.com" is not an audience of this target/,
    );
  });

  test("takes a document that says the same as the component would", async () => {
    const text = openapi({
      ...google({}),
      security: [{ google_id_token: [] }],
      "x-google-allow": "configured",
    });
    expect((await documentOf(kind, { openapi: text }))["security"]).toEqual([{ google_id_token: [] }]);
  });

  test.each<[Args, string]>([
    [{ audience: " " }, `audience " " ${EMPTY}`],
    [
      { audience: "a,b" },
      'audience "a,b" has a comma or white space, where the proxy would split it. Use a text without, such as an https address',
    ],
    [{ formerAudiences: [""] }, `formerAudiences "" ${EMPTY}`],
    [{ backend: { ...BACKEND, service: "" } }, `backend.service "" ${EMPTY}`],
    [{ backend: { ...BACKEND, region: "" } }, `backend.region "" ${EMPTY}`],
    [{ backend: { ...BACKEND, project: "" } }, `backend.project "" ${EMPTY}`],
    [{ backend: { ...BACKEND, audience: "" } }, `backend.audience "" ${EMPTY}`],
    [
      { backend: { ...BACKEND, url: "http://orders.example" } },
      'backend.url "http://orders.example" is not https; a token sent in clear text can be stolen. Use the https address',
    ],
    [{ region: "" }, `region "" ${EMPTY}`],
    [{ backend: { ...BACKEND, service: "https://a" } }, `backend.service "https://a" ${NO_NAME}`],
    [
      { backend: { ...BACKEND, region: "a" } },
      'backend.region "a" is not a region. Name one, such as us-central1',
    ],
    [{ labels: { team: "Web Team" } }, `labels.team "Web Team" is not a label's value. ${LABEL}`],
    [{ timeout: "5m" }, 'timeout "5m" is not a duration. Write seconds with an s behind them, such as "30s"'],
    [{ timeout: "3601s" }, 'timeout "3601s" is not between 1s and 3600s. Choose a duration in that range'],
    [
      { callers: { a: { email: "a@example.com" } } },
      'callers.a.email "a@example.com" is not a service account\'s address. Give an address such as caller@my-project.iam.gserviceaccount.com',
    ],
    [
      { deployers: { all: "allUsers" } },
      'deployers.all "allUsers" is everybody. Name who may; if the target really is public, declare that grant as a resource of its own',
    ],
  ])("refuses %j, known at once or later", async (args, said) => {
    for (const given of [args, laterLeaves(args)]) {
      expect(await refusal(nothing, () => make(kind, given))).toBe(`${who}: ${said}`);
    }
  });

  const VERSIONS = kind === "ApiGateway" ? 'swagger: "2.0", or openapi: 3.0.x or 3.1.x' : 'swagger: "2.0"';

  test.each<[Args, string]>([
    [{ labels: { "1st": "a" } }, `labels "1st" is not a label's key. ${LABEL}`],
    [
      { labels: Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`l${i}`, ""])) },
      "labels 65 are too many. Google takes 64 labels",
    ],
    [
      { callers: {} },
      "callers {} is empty, so the backend's verifier would let nobody in. Name at least one caller: callers: { nightly: nightlyCaller }",
    ],
    [
      { openapi: "a: [" },
      `openapi "a: [" is not an OpenAPI document with ${VERSIONS}. Give the document itself, as YAML or JSON text`,
    ],
    [
      { openapi: "swagger: 2.0" },
      `openapi "swagger: 2.0" is not an OpenAPI document with ${VERSIONS}. Give the document itself, as YAML or JSON text`,
    ],
    [
      { openapi: openapi(), paths: ["/a"] },
      'paths ["/a"] are given beside a document of your own. Write them in the document, or leave it out',
    ],
    [
      { paths: ["/a", "b"] },
      'paths "b" is not a path. Write it as OpenAPI does: "/orders/{order}", or "/orders/{rest=**}" for all below',
    ],
  ])("refuses %j", async (args, said) => {
    expect(await refusal(nothing, () => make(kind, args))).toBe(`${who}: ${said}`);
  });

  test.each(["/", "/a", "/{a}", "/{a=*}/b", "/a/{rest=**}", "/{rest=**}"])(
    "takes the path %s",
    async (path) => {
      expect(Object.keys((await documentOf(kind, { paths: [path] }))["paths"] as Props)).toEqual([path]);
    },
  );

  test.each(["", "a", "/a?b", "/a#b", "/{a", "/*", "/{rest=**}/a", "/a b", "//"])(
    "refuses the path %j",
    async (path) => {
      expect(await refusal(nothing, () => make(kind, { paths: [path] }))).toContain("is not a path");
    },
  );

  test("answers its callers once the grant is written, and throws for anybody else", async () => {
    const preview = await nothing.preview(() => {
      const nightly = new CallerIdentity("nightly", { accountId: "nightly" });
      const gateway = make(kind, { callers: { nightly } });
      const { url, audience, serviceAccountEmail } = gateway.authorize(nightly);
      probe("out", { url, audience: audience ?? "", serviceAccountEmail });
      const stranger = new CallerIdentity("stranger");
      expect(() => gateway.authorize(stranger)).toThrow(
        `${who}: authorize "stranger" is not among its callers, so the backend's verifier would refuse it. Add it to \`callers\`, and give the backend its new environment`,
      );
    });
    const out = preview.resource("RandomString", "out");
    expect(out.inputs["keepers"]).toMatchObject({
      audience: AUDIENCE,
      serviceAccountEmail: `nightly@${PROJECT.id}.iam.gserviceaccount.com`,
    });
    const waits = preview.waitsFor(out);
    expect(waits).toContain("gate-backend-invoker");
    expect(waits).toContain("nightly-mint-scheduler");
    if (kind === "EndpointsService") expect(waits).toContain("gate-controller");
    expect(orphans(preview.resources)).toEqual(expect.not.arrayContaining([expect.stringContaining("gate")]));
  });

  test("tells the backend what its verifier needs, as BackendCallers does", async () => {
    const told = await asked(nothing, () => {
      const shared = { audience: AUDIENCE, formerAudiences: ["https://old.example.com"] };
      const callers = { a: { email: CALLER }, b: { email: OTHER } };
      probe("gateway", make(kind, { ...shared, callers }).backendEnvironment);
      probe("beforehand", new BackendCallers("orders", { ...shared, callers }).environment);
    });
    const expected = {
      AUDIENCE: `${AUDIENCE},https://old.example.com`,
      CALLERS: `${CALLER},${OTHER}`,
      TOKEN_HEADER: "X-Forwarded-Authorization",
    };
    expect(told["RandomString gateway"]?.["keepers"]).toEqual(expected);
    expect(told["RandomString beforehand"]?.["keepers"]).toEqual(expected);
  });

  test("without an audience takes its managed service for one", async () => {
    const stack = new TestStack();
    const { outputs, resources } = await stack.up(() => {
      const { audience } = gatewayOnService(kind);
      return { audience };
    });
    const managed = resources
      .map(
        (r) =>
          r.outputs["managedService"] ??
          (r.type.startsWith("gcp:endpoints/service:") ? r.outputs["serviceName"] : undefined),
      )
      .find((name) => name !== undefined);
    expect(outputs["audience"]).toBe(`https://${managed as string}`);
  });

  test("keeps what is known known in previews, though the caller is new", async () => {
    const preview = await nothing.preview(() => {
      make(kind, { callers: { nightly: new CallerIdentity("nightly") } });
    });
    expect(unknownInputs(preview.resources.filter(({ name }) => name.startsWith("gate")))).toEqual(
      kind === "EndpointsService"
        ? [
            "Service gate: template.containers[0].envs[1].value",
            "Service gate: template.serviceAccount",
            "ServiceIamMember gate-backend-invoker: member",
            "ServiceIamMember gate-controller: member",
            "Account gate-proxy: accountId",
          ].sort()
        : [
            "Account gate-proxy: accountId",
            "Api gate-api: apiId",
            "ApiConfig gate-config: api",
            "ApiConfig gate-config: apiConfigId",
            "ApiConfig gate-config: gatewayConfig.backendConfig.googleServiceAccount",
            "Gateway gate: apiConfig",
            "Gateway gate: gatewayId",
            "ServiceIamMember gate-backend-invoker: member",
          ].sort(),
    );
  });
});

/** A gateway before a service that is there, for programs that are deployed. */
function gatewayOnService(kind: Kind): EndpointsService | ApiGateway {
  const orders = new CloudRunService("orders", {
    image: "orders",
    region: REGION,
    deletionProtection: false,
  });
  const args = {
    callers: { nightly: new CallerIdentity("nightly") },
    region: REGION,
    backend: { service: orders.serviceName, region: REGION, url: orders.uri },
  };
  return kind === "EndpointsService" ? new EndpointsService("gate", args) : new ApiGateway("gate", args);
}

describe("arguments", () => {
  const LABELS = { team: "orders" };
  const common: readonly [Args, RegExp[]][] = [
    [
      {
        backend: {
          ...BACKEND,
          service: "other",
          region: "europe-west1",
          project: "other-project",
          audience: "urn:x",
        },
      },
      [/ServiceIamMember gate-backend-invoker\.name/, /\.location/, /\.project/, /./],
    ],
    [{ callers: { a: { email: OTHER } } }, []],
    [{ region: "europe-west1" }, [/(Service|Gateway) gate\.(location|region)/]],
    [{ openapi: openapi() }, [/./]],
    [{ paths: ["/a"] }, [/./]],
    [{ audience: "urn:x" }, [/./]],
    [{ formerAudiences: ["urn:x"] }, [/./]],
    [{ timeout: "60s" }, [/./]],
    [{ labels: LABELS }, [/labels/]],
    [{ deployers: { ci: "group:ci@example.com" } }, [/IAMMember gate-proxy-deployer-ci: made/]],
  ];
  const own: Readonly<Record<Kind, readonly [Args, RegExp[]][]>> = {
    EndpointsService: [
      [
        { project: "other-project", managedServiceName: "gate.endpoints.other-project.cloud.goog" },
        [/Service gate-document\.serviceName/, /Service gate\.project/],
      ],
      [
        { managedServiceName: `other.endpoints.${PROJECT.id}.cloud.goog` },
        [/Service gate-document\.serviceName/],
      ],
      [{ serviceName: "exact" }, [/Service gate\.name/]],
      [{ image: "example.com/espv2" }, [/Service gate\.template\.containers\[0\]\.image/]],
      [{ minInstances: 1 }, [/scaling\.minInstanceCount/]],
      [{ maxInstances: 3 }, [/scaling\.maxInstanceCount/]],
      [{ deletionProtection: false }, [/Service gate\.deletionProtection/]],
    ],
    ApiGateway: [
      [{ project: "other-project" }, [/./]],
      [{ gatewayId: "exact" }, [/Gateway gate\.gatewayId/]],
      [{ apiId: "exact" }, [/Api gate-api\.apiId/]],
    ],
  };

  test.each(KINDS)("of %s each change something that is theirs, and all are tried", async (kind) => {
    const cases = [...common, ...own[kind]];
    const usual = await asked(nothing, () => make(kind));
    for (const [args, expected] of cases) {
      const changed = differences(usual, await asked(nothing, () => make(kind, args)));
      for (const pattern of expected)
        expect([args, changed.join("\n")]).toEqual([args, expect.stringMatching(pattern)]);
    }
    expect([...new Set(cases.flatMap(([args]) => Object.keys(args)))].sort()).toEqual(argumentsOf(kind));
  });

  test.each<[Args, string]>([
    [
      { managedServiceName: "orders" },
      'managedServiceName "orders" is not the name of a managed service. Write it as NAME.endpoints.PROJECT.cloud.goog, with the project\'s id',
    ],
    [
      { project: PROJECT.id, managedServiceName: "orders.endpoints.other-project.cloud.goog" },
      `managedServiceName "orders.endpoints.other-project.cloud.goog" is a name of project "other-project", and the managed service lies in "${PROJECT.id}". Write it as NAME.endpoints.${PROJECT.id}.cloud.goog, or leave it out`,
    ],
    [
      { minInstances: 5, maxInstances: 4 },
      "minInstances 5 is above maxInstances. Lower it, or raise maxInstances",
    ],
    [{ image: "" }, `image "" ${EMPTY}`],
    [
      { serviceName: "Orders" },
      'serviceName "Orders" is not a Run service name. Google allows 1 to 49 characters that match ^[a-z]([-a-z0-9]*[a-z0-9])?$',
    ],
    [
      { minInstances: -1 },
      "minInstances -1 is not a whole number from 0 to 1000 instances. Choose a value in that range",
    ],
    [
      { maxInstances: 0 },
      "maxInstances 0 is not a whole number from 1 to 1000 instances. Choose a value in that range",
    ],
  ])("of EndpointsService are refused: %j", async (args, said) => {
    for (const given of [args, laterLeaves(args)]) {
      expect(await refusal(nothing, () => make("EndpointsService", given))).toBe(
        `EndpointsService "gate": ${said}`,
      );
    }
  });

  test.each<[Args, string]>([
    [{ gatewayId: "Gate" }, 'gatewayId "Gate" is not a API or gateway id'],
    [{ apiId: "-" }, 'apiId "-" is not a API or gateway id'],
    [
      { openapi: JSON.stringify({ openapi: "3.0.0", paths: { "/a": { get: {} } }, servers: [] }) },
      "openapi.servers [] is given",
    ],
    [
      {
        openapi: JSON.stringify({
          openapi: "3.1.0",
          paths: { "/a": { get: {} } },
          "x-google-api-management": {},
        }),
      },
      "openapi.x-google-api-management {} is given",
    ],
    [
      {
        openapi: JSON.stringify({ openapi: "3.0.0", paths: { "/a": { servers: [], get: { servers: [] } } } }),
      },
      "openapi.paths./a.get.servers [] is given",
    ],
    [
      {
        openapi: JSON.stringify({
          openapi: "3.0.0",
          paths: { "/a": { get: {} } },
          components: { securitySchemes: { google_id_token: {} } },
        }),
      },
      "openapi.components.securitySchemes.google_id_token {} is given",
    ],
  ])("of ApiGateway are refused: %j", async (args, said) => {
    expect(await refusal(nothing, () => make("ApiGateway", args))).toContain(`ApiGateway "gate": ${said}`);
  });

  test("of BackendCallers are tried above, and refused", async () => {
    expect(argumentsOf("BackendCallers")).toEqual(["audience", "callers", "formerAudiences"]);
    const told = (args: Partial<BackendCallersArgs>) =>
      refusal(
        nothing,
        () => new BackendCallers("orders", { audience: "a", callers: { c: { email: CALLER } }, ...args }),
      );
    expect(await told({ audience: "a b" })).toMatch(
      /^BackendCallers "orders": audience "a b" has a comma or white space/,
    );
    expect(await told({ callers: {} })).toMatch(/so the application's verifier would let nobody in/);
  });
});

describe("a completed document", () => {
  const part = fc.dictionary(
    fc.constantFrom("get", "post", "summary", "parameters"),
    fc.constant({ responses: {} }),
  );
  const document = fc.record({
    swagger: fc.constant("2.0"),
    info: fc.constant({ title: "t", version: "1" }),
    paths: fc.dictionary(fc.constantFrom("/", "/a", "/a/{b}", "/{c=**}"), part, { minKeys: 1 }),
    definitions: fc.jsonValue(),
  });
  const facts = {
    host: HOST,
    audiences: [AUDIENCE],
    backend: { address: BACKEND.url, audience: BACKEND.url, deadline: 300 },
  };

  test("has no open door, whatever document without one it was made from", () => {
    fc.assert(
      fc.property(document, (own) => {
        const reading = readDocument(JSON.stringify(own));
        if (reading === undefined || doorsIn(reading).length > 0) return;
        const text = completed(JSON.stringify(own), [], facts);
        expect(openIn(text)).toEqual([]);
        const { methods, everythingElse } = readServiceConfig(text);
        expect(everythingElse).toBeUndefined();
        for (const { providers } of methods) expect(providers).toEqual(["google_id_token"]);
      }),
    );
  });

  test("is what Google reads in either version", () => {
    const third = { openapi: "3.1.0", info: { title: "t", version: "1" }, paths: { "/a": { get: {} } } };
    for (const own of [undefined, JSON.stringify(third)]) {
      const { providers, methods } = readServiceConfig(completed(own, [], facts));
      expect(providers).toEqual({
        google_id_token: {
          issuer: "https://accounts.google.com",
          jwksUri: "https://www.googleapis.com/oauth2/v3/certs",
          audiences: [AUDIENCE],
        },
      });
      expect(methods[0]?.backend).toEqual({
        address: BACKEND.url,
        audience: BACKEND.url,
        constant: false,
        deadline: 300,
      });
    }
  });
});
