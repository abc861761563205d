import * as pulumi from "@pulumi/pulumi";
import { createSign, generateKeyPairSync } from "node:crypto";
import { runServiceName } from "../../sandbox/cloud/names";
import { Provider } from "../../sandbox/cloud/resources/provider";
import { isProps } from "../../sandbox/cloud/resources/values";
import type { Answer } from "../../sandbox/ingress/answers";
import { AUDIENCE, CALLER, GatewayWorld, headerOf, KINDS, STRANGER } from "../support/gateways";
import type { GatewayKind } from "../support/gateways";
import { PROJECT } from "../support/stack";
import type { TestStackOptions } from "../support/stack";

const BOTH: readonly GatewayKind[] = ["EndpointsService", "ApiGateway"];

let world: GatewayWorld;

afterEach(() => {
  world.stop();
  expect(world.stack.clock.pending).toBe(0);
});

async function deployed(
  kind: GatewayKind,
  options: TestStackOptions = {},
  args: Parameters<GatewayWorld["up"]>[0] = {},
): Promise<GatewayWorld> {
  world = new GatewayWorld(kind, options);
  await world.up(args);
  return world;
}

/** The same, with the document changed on its way to Google: what the component would never write. */
async function withDocument(
  kind: GatewayKind,
  change: (document: Record<string, unknown>) => unknown,
  args: Parameters<GatewayWorld["up"]>[0] = {},
): Promise<GatewayWorld> {
  world = new GatewayWorld(kind);
  const program = world.program(args);
  world.deployed = await world.stack.up(() => {
    pulumi.runtime.registerResourceTransform(({ type, props, opts }) => ({
      props: changedDocument(type, props, change),
      opts,
    }));
    program();
  });
  return world;
}

function changedDocument(
  type: string,
  props: Record<string, unknown>,
  change: (document: Record<string, unknown>) => unknown,
): Record<string, unknown> {
  const written = (text: string): string => {
    const changed = change(JSON.parse(text) as Record<string, unknown>);
    return typeof changed === "string" ? changed : JSON.stringify(changed);
  };
  if (type === "gcp:endpoints/service:Service") {
    return { ...props, openapiConfig: pulumi.output(props["openapiConfig"] as string).apply(written) };
  }
  if (type !== "gcp:apigateway/apiConfig:ApiConfig") return props;
  const documents = pulumi
    .output(props["openapiDocuments"] as { document: { path: string; contents: string } }[])
    .apply((list) =>
      list.map(({ document: { path, contents } }) => ({
        document: {
          path,
          contents: Buffer.from(written(Buffer.from(contents, "base64").toString())).toString("base64"),
        },
      })),
    );
  return { ...props, openapiDocuments: documents };
}

/** Another container first, and the port with the proxy or with that one. */
function withSidecar(props: Record<string, unknown>, proxyHasPort: boolean): Record<string, unknown> {
  const ports = { containerPort: 8080 };
  const template = pulumi.output(props["template"] as { containers: object[] }).apply((all) => {
    const [proxy] = all.containers;
    return {
      ...all,
      containers: [
        { name: "app", image: "app", ...(proxyHasPort ? {} : { ports }) },
        { ...proxy, name: "proxy", ports: proxyHasPort ? ports : undefined },
      ],
    };
  });
  return { ...props, template };
}

function scheme(document: Record<string, unknown>): Record<string, unknown> {
  const schemes = document["securityDefinitions"];
  const found = isProps(schemes) ? schemes["google_id_token"] : undefined;
  if (!isProps(found)) throw new Error("no scheme");
  return found;
}

function without(document: Record<string, unknown>, key: string): Record<string, unknown> {
  return Object.fromEntries(Object.entries(document).filter(([name]) => name !== key));
}

function said({ response }: Answer): [number, unknown] {
  const isJson = response.headers["content-type"] === "application/json";
  return [
    response.status,
    isJson ? (JSON.parse(response.body) as { message: string }).message : response.body,
  ];
}

/** The last outcome of each source, or that both were let in. */
async function outcomesOfFiring(): Promise<unknown> {
  const fired = await world.fire();
  const outcomes = Object.fromEntries(
    Object.entries(fired).map(([source, attempt]) => [source, attempt?.response?.status ?? attempt?.outcome]),
  );
  return Object.values(outcomes).every((outcome) => outcome === 200) ? "all get in" : outcomes;
}

/** The same header and claims under a signature of nobody's. */
function forged(token: string): string {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const signed = token.split(".").slice(0, 2).join(".");
  return `${signed}.${createSign("RSA-SHA256").update(signed).sign(privateKey, "base64url")}`;
}

describe.each(BOTH)("%s", (kind) => {
  test.each(["default", "hardened"] as const)(
    "in a %s project each source gets in, and everybody else is kept out",
    async (project) => {
      await deployed(kind, { kind: project });
      for (const attempt of Object.values(await world.fire())) {
        expect([attempt?.outcome, attempt?.verdict?.outcome]).toEqual(["success", "let in"]);
        expect(attempt?.verdict?.principal).toBe(`serviceAccount:${CALLER}`);
      }
      const good = await world.token();
      const old = world.stack.clock.now() - 3 * 3_600_000;
      expect(said(await world.call(good))).toEqual([200, "hello"]);
      expect(said(await world.call())).toEqual([401, "Jwt is missing"]);
      expect(said(await world.call(await world.token("https://other.example.com")))).toEqual([
        403,
        "Audiences in Jwt are not allowed",
      ]);
      expect(said(await world.call(forged(good)))).toEqual([401, "Jwt verification fails"]);
      expect(said(await world.call(await world.token(AUDIENCE, CALLER, old)))).toEqual([
        401,
        "Jwt is expired",
      ]);
      const before = world.reached.length;
      // The gateway has nothing against a stranger: the backend has.
      expect(said(await world.call(await world.token(AUDIENCE, STRANGER)))).toEqual([
        403,
        "caller not allowed",
      ]);
      expect(world.reached).toHaveLength(before + 1);
    },
  );

  test("answers refusals in JSON and with a challenge, and says who let in whom", async () => {
    await deployed(kind);
    const { response, verdict } = await world.call();
    expect(JSON.parse(response.body)).toEqual({ code: 401, message: "Jwt is missing" });
    expect(response.headers["www-authenticate"]).toBe(`Bearer realm="${world.url}/x"`);
    expect(verdict).toMatchObject({ outcome: "refused", status: 401 });
    const bad = await world.call(await world.token("https://other.example.com"));
    expect(bad.response.headers["www-authenticate"]).toBe(
      `Bearer realm="${world.url}/x", error="invalid_token"`,
    );
    const stranger = await world.call(await world.token(AUDIENCE, STRANGER));
    expect(stranger.verdict).toMatchObject({
      outcome: "let in",
      applicationDecides: true,
      principal: `serviceAccount:${STRANGER}`,
    });
    expect(stranger.verdict.reason).toMatch(
      /whoever that is, .* As gate-proxy-\w+@.* it calls on: roles\/run\.invoker/,
    );
  });

  test("passes on in its own name, with the caller's token aside and its claims in a header of its own", async () => {
    await deployed(kind);
    const token = await world.token();
    const { userInfo } = KINDS[kind];
    const headers: [string, string][] = [
      [userInfo, "forged"],
      ["X-Kept", "yes"],
    ];
    await world.call(token, { path: "/a/b?c=d", headers });
    const [request] = world.reached;
    if (request === undefined) throw new Error("nothing arrived");
    expect(new URL(request.url).pathname + new URL(request.url).search).toBe("/a/b?c=d");
    expect(headerOf(request, "X-Forwarded-Authorization")).toBe(`Bearer ${token}`);
    expect(request.headers.filter(([name]) => name.toLowerCase() === userInfo.toLowerCase())).toEqual([
      [userInfo, token.split(".")[1]],
    ]);
    expect(headerOf(request, "X-Kept")).toBe("yes");
    const own = headerOf(request, "Authorization")?.split(".")[1] ?? "";
    const claims = JSON.parse(Buffer.from(own, "base64url").toString()) as { email: string; aud: string };
    const orders = world.resource("Service", "orders").outputs;
    expect(claims).toMatchObject({
      aud: orders["uri"],
      email: world.resource("Account", "gate-proxy").outputs["email"],
    });
  });

  test("adds the caller's token to what the client has sent in its place: the backend gets both", async () => {
    await deployed(kind);
    const token = await world.token();
    world.answer = () => ({ status: 200, headers: {}, body: "hello" });
    await world.call(token, { headers: [["X-Forwarded-Authorization", "forged"]] });
    const forwarded = world.reached[0]?.headers.filter(
      ([name]) => name.toLowerCase() === "x-forwarded-authorization",
    );
    expect(forwarded?.map(([, value]) => value)).toEqual(["forged", `Bearer ${token}`]);
  });

  test("in front of a backend that does not look at who calls lets strangers in, and says whose matter that is", async () => {
    await deployed(kind);
    world.answer = () => ({ status: 200, headers: {}, body: "anybody" });
    const { response, verdict } = await world.call(await world.token(AUDIENCE, STRANGER));
    expect([response.status, verdict.applicationDecides]).toEqual([200, true]);
  });

  test("looks for tokens in three places, and wants each to be good", async () => {
    await deployed(kind);
    const token = await world.token();
    const iap = (value: string): [string, string][] => [["X-Goog-IAP-JWT-Assertion", value]];
    world.answer = () => ({ status: 200, headers: {}, body: "hello" });
    expect(said(await world.call(undefined, { headers: iap(token) }))).toEqual([200, "hello"]);
    expect(said(await world.call(undefined, { path: `/x?access_token=${token}` }))).toEqual([200, "hello"]);
    expect(said(await world.call(token, { headers: iap(token) }))).toEqual([200, "hello"]);
    expect(said(await world.call(token, { headers: iap(forged(token)) }))).toEqual([
      401,
      "Jwt verification fails",
    ]);
    expect(said(await world.call(token, { path: "/x?access_token=a.b.c" }))[0]).toBe(401);
    // Envoy looks for "Bearer " to the letter.
    expect(said(await world.call(undefined, { headers: [["Authorization", `bearer ${token}`]] }))).toEqual([
      401,
      "Jwt is missing",
    ]);
  });

  test("serves the paths and methods of its document, and no others", async () => {
    await deployed(kind, {}, { paths: ["/orders/{order}", "/reports/{rest=**}"] });
    const token = await world.token();
    expect(said(await world.call(token, { path: "/orders/1" }))).toEqual([200, "hello"]);
    expect(said(await world.call(token, { path: "/orders/1/" }))).toEqual([200, "hello"]);
    expect(said(await world.call(token, { path: "/reports/a/b" }))).toEqual([200, "hello"]);
    const undefinedPath = [404, "The current request is not defined by this API."];
    for (const path of ["/", "/orders", "/orders/1/2", "/Orders/1", "/ordersx"]) {
      expect([path, ...said(await world.call(token, { path }))]).toEqual([path, ...undefinedPath]);
    }
    // Before anybody looks at a token.
    expect(said(await world.call(undefined, { path: "/no" }))).toEqual(undefinedPath);
    expect(said(await world.call(token, { path: "/orders/1", method: "OPTIONS" }))).toEqual([
      405,
      'The current request is matched to the defined url template "/orders/{order}" but its http method is not allowed',
    ]);
  });

  test("looks at the path and the method that it hands on, and at no others", async () => {
    await withDocument(kind, ({ security, ...document }) => {
      const says = (operationId: string) => ({
        operationId,
        responses: { default: { description: "x" } },
      });
      return {
        ...document,
        paths: {
          "/admin": { get: { ...says("admin"), security } },
          "/public": { get: says("read"), post: { ...says("write"), security } },
          "/{rest=**}": { get: says("rest") },
        },
      };
    });
    world.answer = () => ({ status: 200, headers: {}, body: "open" });
    const asked = async (path: string, headers: [string, string][] = []): Promise<unknown[]> => {
      const before = world.reached.length;
      const answer = said(await world.call(undefined, { path, method: "GET", headers }));
      const request = world.reached[before];
      if (request === undefined) return answer;
      const { pathname, search } = new URL(request.url);
      return [...answer, request.method, `${pathname}${search}`, headerOf(request, "X-HTTP-Method-Override")];
    };
    const secured = [401, "Jwt is missing"];
    const open = (path: string) => [200, "open", "GET", path, undefined];
    expect(await asked("/admin")).toEqual(secured);
    expect(await asked("/%61dmin")).toEqual(secured);
    expect(await asked("/x/%2e%2E/admin")).toEqual(secured);
    expect(await asked("/%2561dmin")).toEqual(open("/%2561dmin"));
    expect(await asked("/x%2F..%2Fadmin")).toEqual(open("/x%2F..%2Fadmin"));
    expect(await asked("/%4A%2f?q=%61")).toEqual(open("/J%2f?q=%61"));
    expect(await asked("//admin")).toEqual(kind === "EndpointsService" ? secured : open("//admin"));
    expect(await asked("/x//y")).toEqual(open(kind === "EndpointsService" ? "/x/y" : "/x//y"));

    expect(await asked("/public", [["X-HTTP-Method-Override", "POST"]])).toEqual(secured);
    expect(await asked("/public", [["x-http-method-override", "GET"]])).toEqual(open("/public"));
    expect(await asked("/public", [["X-HTTP-Method-Override", "PUT"]])).toEqual([
      405,
      expect.stringContaining("its http method is not allowed"),
    ]);

    expect(await asked("/public", [["X_Under", "1"]])).toEqual([400, "Bad Request"]);
    const { verdict } = await world.call(undefined, { headers: [["X_Under", "1"]] });
    expect(verdict.reason).toContain('an underscore in the name of a header, as in "X_Under"');
    expect(verdict.assumed).toContain("API Gateway rejects it as ESPv2 does");
  });

  test("goes by what the document says: a wrong one is seen to fail", async () => {
    const wrong = async (change: (own: Record<string, unknown>) => void): Promise<unknown> => {
      await withDocument(kind, (document) => {
        change(scheme(document));
        return document;
      });
      const answer = said(await world.call(await world.token()));
      world.stop();
      return answer;
    };
    expect(await wrong((own) => (own["x-google-audiences"] = "https://typo.example.com"))).toEqual([
      403,
      "Audiences in Jwt are not allowed",
    ]);
    expect(await wrong((own) => (own["x-google-issuer"] = "accounts.google.com"))).toEqual([
      401,
      "Jwt issuer is not configured",
    ]);
    expect(await wrong((own) => (own["x-google-jwks_uri"] = "https://example.com/certs"))).toEqual([
      401,
      "Jwks remote fetch is failed",
    ]);
    // Left out, the audience is the managed service's name.
    expect(await wrong((own) => delete own["x-google-audiences"])).toEqual([
      403,
      "Audiences in Jwt are not allowed",
    ]);
    expect(await wrong((own) => (own["x-google-audiences"] = `a, ${AUDIENCE} ,b`))).toEqual([200, "hello"]);
  });

  test("lets anybody in where the document asks for nothing", async () => {
    await withDocument(kind, (document) => without(document, "security"));
    world.answer = () => ({ status: 200, headers: {}, body: "open" });
    const { userInfo } = KINDS[kind];
    const answer = await world.call(undefined, { headers: [[userInfo, "forged"]] });
    expect(said(answer)).toEqual([200, "open"]);
    expect(answer.verdict.reason).toMatch(/requires no token for POST \/\{path=\*\*\}: anybody gets in/);
    expect(answer.verdict.assumed).toMatch(/leaves the caller's own/);
    world.stop();

    await withDocument(kind, (document) => ({ ...document, "x-google-allow": "all" }), {
      paths: ["/orders"],
    });
    world.answer = () => ({ status: 200, headers: {}, body: "open" });
    expect(said(await world.call(undefined, { path: "/orders" }))).toEqual([401, "Jwt is missing"]);
    expect(said(await world.call(undefined, { path: "/admin" }))).toEqual([200, "open"]);
  });

  test.each<[string, (document: Record<string, unknown>) => unknown, string]>([
    ["is no YAML", () => "paths: [", "Cannot convert to service config: it is neither YAML nor JSON"],
    ["is of no version", (document) => without(document, "swagger"), "it says neither swagger"],
    ["has no title", (document) => ({ ...document, info: {} }), "info.title or info.version is missing"],
    ["has no paths", (document) => ({ ...document, paths: {} }), "paths is missing or empty"],
    [
      "names another scheme",
      (d) => ({ ...d, security: [{ other: [] }] }),
      'names "other", which is not defined',
    ],
    [
      "asks for a key",
      (d) => ({ ...d, securityDefinitions: { k: { type: "apiKey" } } }),
      "type apiKey at securityDefinitions.k is not modelled",
    ],
    [
      "has an empty alternative",
      (d) => ({ ...d, security: [{}] }),
      "an empty alternative in security at paths./{path=**}.get is not modelled",
    ],
    ["says what is not known", (d) => ({ ...d, "x-google-quota": {} }), "x-google-quota is not modelled"],
    [
      "has no backend",
      (document) => without(document, "x-google-backend"),
      "without x-google-backend is not modelled",
    ],
  ])("is not deployed with a document that %s", async (_, change, message) => {
    world = new GatewayWorld(kind);
    await expect(withDocument(kind, change)).rejects.toThrow(message);
  });

  test("without the grant on the backend it is the gateway that is kept out there", async () => {
    await deployed(kind);
    const { name, location } = world.resource("Service", "orders").outputs as Record<string, string>;
    const on = runServiceName(PROJECT.id, location ?? "", name ?? "");
    const member = `serviceAccount:${String(world.resource("Account", "gate-proxy").outputs["email"])}`;
    world.stack.cloud.iam.revoke(on, { role: "roles/run.invoker", member });
    const { response, verdict } = await world.call(await world.token());
    expect(response.status).toBe(403);
    expect(response.body).toContain("Error: Forbidden");
    expect(verdict.outcome).toBe("refused");
    expect(verdict.reason).toMatch(/it calls on: .*lacks run\.routes\.invoke/);
    expect(world.reached).toEqual([]);
    expect(said(await world.call())).toEqual([401, "Jwt is missing"]);
  });

  test("each grant that is taken away fails exactly what it is for", async () => {
    await deployed(kind, { kind: "hardened" });
    const provider = new Provider(world.stack.cloud, { project: PROJECT.id, region: "us-central1" });
    const grants = (world.deployed?.resources ?? []).filter(({ type }) => /I(am|AM)Member$/.test(type));
    const fails: Record<string, unknown> = {};
    for (const { type, name, id = "", inputs, outputs } of grants) {
      await provider.delete(type, { id, outputs });
      const outcomes = await outcomesOfFiring();
      if (outcomes !== "all get in") fails[name] = outcomes;
      await provider.create(type, { inputs, preview: false });
      // Until no push token is left, and all that was kept back is through.
      await world.stack.clock.advance(3 * 3_600_000);
    }
    expect(fails).toEqual({
      "nightly-mint-scheduler": { job: "not minted", push: 200 },
      "nightly-mint-pubsub": { job: 200, push: "not minted" },
      "gate-backend-invoker": { job: 403, push: 403 },
      ...(kind === "EndpointsService" ? { "gate-controller": { job: 500, push: 500 } } : {}),
    });
    // These are needed while deploying, and Cloud Tasks' agent has nothing to do here.
    expect(grants.map(({ name }) => name).filter((name) => !(name in fails))).toEqual(
      expect.arrayContaining(["gate-proxy-deployer-pipeline", "nightly-actas-tasks", "nightly-mint-tasks"]),
    );
  });

  test("is not deployed by whoever may not attach its account", async () => {
    world = new GatewayWorld(kind, { kind: "hardened" });
    await expect(world.up({ deployers: {} })).rejects.toThrow(
      /'iam\.serviceAccounts\.actAs' denied on service account gate-proxy-\w+@/,
    );
  });

  test("gives up on a backend that takes longer than the document says", async () => {
    await deployed(kind, {}, { timeout: "10s" });
    const { clock } = world.stack;
    const token = await world.token();
    world.answer = () =>
      clock.sleep(60_000).then(() => ({ status: 200, headers: {}, body: "late" })) as never;
    const answer = world.call(token);
    await clock.advance(60_000);
    expect(said(await answer)).toEqual([504, "upstream request timeout"]);
  });

  test("an audience is changed without an outage while the old one is still accepted", async () => {
    await deployed(kind);
    const next = "https://orders-2.example.com";
    const before = await world.token();
    world.deployed = await world.up({ audience: next, formerAudiences: [AUDIENCE] });
    expect(said(await world.call(before))).toEqual([200, "hello"]);
    expect(said(await world.call(await world.token(next)))).toEqual([200, "hello"]);
    expect((await world.fire())["push"]?.audience).toBe(next);
    // An hour later no token for the old one is left, and the list may shrink.
    world.deployed = await world.up({ audience: next });
    expect(said(await world.call(await world.token(AUDIENCE)))[0]).toBe(403);
    expect(said(await world.call(await world.token(next)))).toEqual([200, "hello"]);
  });

  test("stays as it is, moves with its document, and goes without a trace but its name", async () => {
    await deployed(kind);
    expect((await world.up()).changes()).toEqual([]);
    const changed = await world.up({ paths: ["/orders"] });
    expect(changed.changes()).toEqual(
      kind === "EndpointsService"
        ? ["update Service gate", "update Service gate-document"]
        : ["replace ApiConfig gate-config", "update Gateway gate"].sort(),
    );
    expect(said(await world.call(await world.token(), { path: "/orders" }))).toEqual([200, "hello"]);
    expect(said(await world.call(await world.token(), { path: "/x" }))[0]).toBe(404);
    await world.stack.destroy();
    const left = world.stack.cloud.store.all().map(({ token }) => token);
    expect(left).toEqual(kind === "EndpointsService" ? ["deleted:managed-service"] : []);
  });
});

describe("ESPv2", () => {
  test("that may not read its document does not start", async () => {
    await deployed("EndpointsService");
    const service = String(world.resource("Service", "gate-document").outputs["serviceName"]);
    const member = `serviceAccount:${String(world.resource("Account", "gate-proxy").outputs["email"])}`;
    const on = `//servicemanagement.googleapis.com/projects/${PROJECT.id}/services/${service}`;
    world.stack.cloud.iam.revoke(on, { role: "roles/servicemanagement.serviceController", member });
    const { response, verdict } = await world.call(await world.token());
    expect(response.status).toBe(500);
    expect(response.body).toContain("no available instance");
    expect(verdict.reason).toMatch(
      /may not read its configuration and does not start: .*servicemanagement\.services\.get/,
    );
  });

  test("is the gate when it is the container with the port, wherever in the list it stands", async () => {
    world = new GatewayWorld("EndpointsService");
    const program = world.program();
    const answers: unknown[] = [];
    for (const hasPort of [true, false]) {
      world.deployed = await world.stack.up(() => {
        pulumi.runtime.registerResourceTransform(({ type, name, props, opts }) => ({
          props: type.endsWith(":Service") && name === "gate" ? withSidecar(props, hasPort) : props,
          opts,
        }));
        program();
      });
      answers.push(said(await world.call())[1]);
    }
    expect(answers).toEqual(["Jwt is missing", "caller not allowed"]);
  });

  test("behind Run's own gate lets nobody in: the two want different audiences of one token", async () => {
    world = new GatewayWorld("EndpointsService");
    const program = world.program();
    world.deployed = await world.stack.up(() => {
      pulumi.runtime.registerResourceTransform(({ type, name, props, opts }) => ({
        props: type.endsWith(":Service") && name === "gate" ? { ...props, invokerIamDisabled: false } : props,
        opts,
      }));
      program();
    });
    expect((await world.call(await world.token())).response.status).toBe(401);
    const { name } = world.resource("Service", "gate").outputs as Record<string, string>;
    const on = runServiceName(PROJECT.id, "us-central1", name ?? "");
    world.stack.cloud.iam.grant(on, { role: "roles/run.invoker", member: `serviceAccount:${CALLER}` });
    const { verdict } = await world.call(await world.token(world.url));
    expect(verdict).toMatchObject({ outcome: "refused", status: 403 });
  });

  test("is not deployed where an organisation wants IAM in front of every service", async () => {
    const projects = [{ ...PROJECT, orgPolicies: ["run.managed.requireInvokerIam"] }];
    world = new GatewayWorld("EndpointsService", { projects });
    await expect(world.up()).rejects.toThrow(
      /Operation denied by org policy: \["constraints\/run\.managed\.requireInvokerIam"\] is enforced in project my-project/,
    );
    world.stop();
    await deployed("ApiGateway", { projects });
    expect(said(await world.call(await world.token()))).toEqual([200, "hello"]);
  });

  test("a deleted managed service keeps its name for 30 days", async () => {
    const managedServiceName = `orders.endpoints.${PROJECT.id}.cloud.goog`;
    await deployed("EndpointsService", {}, { managedServiceName });
    await world.stack.destroy();
    await expect(world.up({ managedServiceName })).rejects.toThrow(
      `Service ${managedServiceName} has been deleted and will be purged after 30 days`,
    );
    await world.up();
    await world.stack.destroy();
    await world.stack.clock.advance(30 * 24 * 3_600_000);
    await world.up({ managedServiceName });
    expect(said(await world.call(await world.token()))).toEqual([200, "hello"]);
  });

  test("goes by the configuration that it was started with", async () => {
    await deployed("EndpointsService");
    const { cloud } = world.stack;
    const managed = cloud.store.list("gcp:endpoints/service:Service")[0];
    expect(world.resource("Service", "gate-document").outputs["configId"]).toBe("2026-11-24r0");
    await world.up({ paths: ["/orders"] });
    expect(world.resource("Service", "gate-document").outputs["configId"]).toBe("2026-11-24r1");
    expect(
      Object.keys(
        managed === undefined
          ? {}
          : (cloud.store.get(managed.token, managed.id)?.data as { own: { configs: object } }).own.configs,
      ),
    ).toEqual(["2026-11-24r0", "2026-11-24r1"]);
  });

  test("with a built image goes by the document that was built into it, until another one is built", async () => {
    world = new GatewayWorld("EndpointsService");
    await world.up();
    const built = () => {
      const { serviceName, configId } = world.resource("Service", "gate-document").outputs;
      return `gcr.io/my-project/endpoints-runtime-serverless:2.50.0-${String(serviceName)}-${String(configId)}`;
    };
    const image = built();
    await world.up({ image });
    expect((await world.call(await world.token())).response.status).toBe(200);
    const other = "https://other.example.com";
    await world.up({ image, audience: other });
    expect((await world.call(await world.token())).response.status).toBe(200);
    expect((await world.call(await world.token(other))).response.status).toBe(403);
    await world.up({ image: built(), audience: other });
    expect((await world.call(await world.token())).response.status).toBe(403);
    expect((await world.call(await world.token(other))).response.status).toBe(200);
    await world.up({ image: image.replace(/-[^-]*$/, "-01r9") });
    const { response, verdict } = await world.call(await world.token());
    expect(response.status).toBe(500);
    expect(verdict.reason).toMatch(/has no configuration 2026-11-01r9/);
  });
});

describe("API Gateway", () => {
  test("takes documents of version 3 as well", async () => {
    const openapi = `
openapi: 3.0.4
info: { title: orders, version: "1" }
paths:
  /orders/{order}:
    get: { operationId: order, responses: { default: { description: x } } }
`;
    await deployed("ApiGateway", {}, { openapi });
    const token = await world.token();
    expect(said(await world.call(token, { path: "/orders/1", method: "GET" }))).toEqual([200, "hello"]);
    expect(said(await world.call(undefined, { path: "/orders/1", method: "GET" }))).toEqual([
      401,
      "Jwt is missing",
    ]);
    expect(said(await world.call(await world.token("x"), { path: "/orders/1", method: "GET" }))[0]).toBe(403);
    expect(said(await world.call(token, { path: "/orders/1" }))[0]).toBe(405);
  });

  test("whose account is disabled has no token for its backend, and says so", async () => {
    await deployed("ApiGateway");
    const email = String(world.resource("Account", "gate-proxy").outputs["email"]);
    const account = world.stack.cloud.iam.account(email);
    if (account === undefined) throw new Error("no account");
    account.disabled = true;
    const audience = String(world.resource("Service", "orders").outputs["uri"]);
    const answer = await world.call(await world.token());
    expect(said(answer)).toEqual([500, `Token not found for audience: ${audience}`]);
    expect(answer.verdict).toMatchObject({ outcome: "refused", status: 500 });
    expect(answer.verdict.reason).toMatch(/gets no token: .*disabled/);
    expect(world.reached).toEqual([]);
  });

  test("serves https only", async () => {
    await deployed("ApiGateway");
    const url = world.url.replace("https:", "http:");
    const { response } = await world.ingress.handle({ method: "GET", url, headers: [], body: "" });
    expect([response.status, response.headers["location"]]).toEqual([302, `${world.url}/`]);
  });

  test("is nowhere else", async () => {
    await deployed("ApiGateway");
    const url = "https://other-abcdefgh.uc.gateway.dev/";
    const { verdict } = await world.ingress.handle({ method: "GET", url, headers: [], body: "" });
    expect(verdict.outcome).toBe("not found");
  });
});
