import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { App } from "../sandbox/backends/app";
import { KeyServer } from "../sandbox/backends/key-server";
import { jobRequest } from "../sandbox/delivery/scheduler/job-request";
import { pushRequest } from "../sandbox/delivery/pubsub/push-request";
import { EnvoyFront } from "../sandbox/ingress/envoy/envoy-front";
import { Ingress } from "../sandbox/ingress/ingress";
import { attacks } from "./sandbox/attacks";
import { TestStack } from "./support/stack";
import { AUDIENCE, CALLER, Google, STRANGER } from "./verify/receiver";

const ROOT = join(__dirname, "..");
const FOLDER = join(ROOT, "examples/receivers");
const RULES = { AUDIENCE, CALLERS: `other@my-project.iam.gserviceaccount.com,${CALLER}` };
/** Programs name the verifier as its users do, and think that they ask Google for the keys. */
const NODE_OPTIONS = `-C automatic-oidc-source -r sucrase/register/ts -r ${join(__dirname, "support/google-keys.js")}`;
const FRAMEWORK = join(ROOT, "node_modules/@google-cloud/functions-framework/build/src/main.js");

/** Answers the response to a POST with these headers. */
type Send = (headers: Record<string, string>, body?: string) => Promise<Response>;

let google: Google;
let keys: KeyServer;
const stops: (() => unknown)[] = [];

beforeAll(async () => {
  google = await Google.create(Date.now());
  const { issuer, key } = google;
  keys = await KeyServer.start({
    jwks: async () => ({ keys: [...(await issuer.jwks()).keys, key.jwk] }),
    pem: async () => ({ ...(await issuer.pem()), [key.kid]: key.pem }),
  });
  stops.push(() => keys.stop());
});
afterAll(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

const posting =
  (port: number): Send =>
  (headers, body = "") =>
    fetch(`http://127.0.0.1:${port}/`, { method: "POST", headers, body });

const bearer = (token: string) => ({ Authorization: `Bearer ${token}` });

async function started(command: readonly string[], environment: Record<string, string> = {}): Promise<Send> {
  const app = await App.start({
    label: command.join(" "),
    folder: FOLDER,
    command,
    environment: { ...RULES, NODE_OPTIONS, GOOGLE_KEYS: keys.jwks, ...environment },
  });
  stops.push(() => app.stop());
  return posting(app.port);
}

type Handler = (request: Request) => Promise<Response> | Response;

/** By what Hono, and Next.js, want to be exported. */
interface Exported {
  readonly default: { fetch: Handler };
  readonly POST: Handler;
}

/** For examples that are handlers and no servers: what serves them belongs to their platform. */
function handled(file: string, handlerOf: (exported: Exported) => Handler): Promise<Send> {
  Object.assign(process.env, RULES, { GOOGLE_KEYS: keys.jwks });
  jest.requireActual("./support/google-keys");
  jest.spyOn(console, "warn").mockReturnValue();
  const handler = handlerOf(jest.requireActual<Exported>(join(FOLDER, file)));
  const send: Send = async (headers, body = "") =>
    handler(new Request("https://orders.example.com/", { method: "POST", headers, body }));
  return Promise.resolve(send);
}

const EXAMPLES: Readonly<Record<string, () => Promise<Send>>> = {
  "express.ts": () => started(["express.ts"]),
  "fastify.ts": () => started(["fastify.ts"]),
  "node.ts": () => started(["node.ts"]),
  "function.ts": () => started([FRAMEWORK, "--target=orders", "--source=function.ts"]),
  "hono.ts": () => handled("hono.ts", ({ default: app }) => app.fetch),
  "next.ts": () => handled("next.ts", ({ POST }) => POST),
};

describe.each(Object.entries(EXAMPLES))("examples/receivers/%s", (_, start) => {
  test("lets its caller in, and nobody else", async () => {
    const send = await start();
    const reply = await send(bearer(await google.mint()));
    expect([reply.status, await reply.text()]).toEqual([200, `hello, ${CALLER}`]);
    const answers = [
      await send({}),
      await send(bearer(await google.mint({ audience: "https://elsewhere.example.com" }))),
      await send(bearer(await google.mint({ email: STRANGER }))),
    ];
    expect(answers.map(({ status }) => status)).toEqual([401, 401, 403]);
    for (const answer of answers) expect(answer.headers.get("www-authenticate")).toMatch(/^Bearer/);
  });
});

test("examples/receivers/cloudRun.ts believes what Cloud Run has checked, on Cloud Run only", async () => {
  const send = await started(["cloudRun.ts"], { K_SERVICE: "orders" });
  const stripped = (token: string) => token.replace(/[^.]+$/, "SIGNATURE_REMOVED_BY_GOOGLE");
  const reply = await send({
    Authorization: "Basic eDp5",
    "X-Serverless-Authorization": `Bearer ${stripped(await google.mint())}`,
  });
  expect([reply.status, await reply.text()]).toEqual([200, `hello, ${CALLER}`]);
  expect((await send(bearer(stripped(await google.mint({ email: STRANGER }))))).status).toBe(403);
  await expect(started(["cloudRun.ts"])).rejects.toThrow("K_SERVICE is not set, so this is not Cloud Run");
});

test("examples/receivers/gateway.ts looks at the token that the gateway has put aside", async () => {
  const send = await started(["gateway.ts"]);
  const own = bearer(await google.mint({ email: "gateway@my-project.iam.gserviceaccount.com" }));
  const forwarded = async (email: string) =>
    send({ ...own, "X-Forwarded-Authorization": `Bearer ${await google.mint({ email })}` });
  expect((await forwarded(CALLER)).status).toBe(200);
  expect((await forwarded(STRANGER)).status).toBe(403);
  expect((await send(bearer(await google.mint()))).status).toBe(401);
});

test("examples/receivers/deliveries.ts tells what each source sends", async () => {
  const send = await started(["deliveries.ts"]);
  const token = await google.mint();
  const NOW = Date.UTC(2026, 0, 1);
  const job = { name: "nightly", httpTarget: { uri: "https://orders.example.com" } };
  const push = {
    id: "projects/my-project/subscriptions/orders",
    state: { pushConfig: { pushEndpoint: "https://orders.example.com" } },
  };
  const message = { id: "42", data: "hello", attributes: {}, publishTime: NOW, orderingKey: "" };
  const requests = [
    jobRequest(job, token, NOW),
    pushRequest(
      push as unknown as Parameters<typeof pushRequest>[0],
      "https://orders.example.com",
      message,
      token,
      undefined,
    ),
  ];
  const texts: string[] = [];
  for (const { headers, body } of requests) {
    const sendable = headers.filter(([name]) => !/^(host|content-length)$/i.test(name));
    texts.push(await (await send(Object.fromEntries(sendable), body)).text());
  }
  const task = {
    "X-CloudTasks-QueueName": "orders",
    "X-CloudTasks-TaskName": "7",
    "X-CloudTasks-TaskRetryCount": "2",
    "X-CloudTasks-TaskExecutionCount": "1",
    "X-CloudTasks-TaskETA": "1767225600.5",
  };
  texts.push(await (await send({ ...task, ...bearer(token) })).text());
  expect(texts).toEqual([
    `job nightly at ${NOW}, from ${CALLER}`,
    `message 42, from ${CALLER}`,
    `task 7, attempt 3, from ${CALLER}`,
  ]);
});

/** Debian's own Python is the one that has Debian's packages, and need not be the first on the PATH. */
const python = ["python3", "/usr/bin/python3"].find(
  (each) => spawnSync(each, ["-c", "import google.oauth2.id_token, requests, cachecontrol"]).status === 0,
);
if (python === undefined) {
  const packages = "python3-google-auth, python3-requests and python3-cachecontrol";
  console.warn(
    `No Python with google-auth here (Debian's ${packages}): the receiver in Python is not tried.`,
  );
}

(python === undefined ? describe.skip : describe)("examples/receivers/receiver.py", () => {
  /** As the process prints it when it listens. */
  async function startedPython(environment: Record<string, string> = {}): Promise<Send> {
    const child: ChildProcess = spawn(python ?? "", ["receiver.py"], {
      cwd: FOLDER,
      env: { PATH: process.env["PATH"], ...RULES, CERTS_URL: keys.certificates, PORT: "0", ...environment },
      stdio: ["ignore", "pipe", "ignore"],
    });
    stops.push(async () => {
      child.kill();
      await once(child, "exit");
    });
    for await (const line of createInterface({ input: child.stdout ?? process.stdin })) {
      const port = /^listening on port (\d+)$/.exec(line)?.[1];
      if (port !== undefined) return posting(Number(port));
    }
    throw new Error("receiver.py ended before it listened.");
  }

  test("lets its caller in, and nobody else", async () => {
    const send = await startedPython();
    for (const iss of ["https://accounts.google.com", "accounts.google.com"]) {
      const reply = await send(bearer(await google.sign({ iss })));
      expect([reply.status, await reply.text()]).toEqual([200, `hello, ${CALLER}`]);
    }
    const refused: [Record<string, string>, number][] = [
      [{}, 401],
      [{ Authorization: "Basic eDp5" }, 401],
      [bearer(await google.mint({ audience: "https://elsewhere.example.com" })), 401],
      [bearer(await google.mint({ issuedAt: Date.now() - 7_200_000 })), 401],
      [bearer(await google.sign({ iss: "https://evil.example.com" })), 401],
      [bearer(await google.sign({ email_verified: false })), 401],
      [bearer(await google.sign({ email_verified: "true" })), 401],
      [bearer(await google.mint({ email: STRANGER })), 403],
      [bearer(await google.sign({ email: undefined })), 403],
    ];
    for (const [headers, status] of refused) expect((await send(headers)).status).toBe(status);
  });

  test("lets in no token of an attack but what google-auth does not look at", async () => {
    const send = await startedPython();
    const victim = { email: CALLER, audience: AUDIENCE, now: google.clock.now() };
    const sendable = (await attacks(google.issuer, victim)).filter(({ token }) =>
      /^[\x21-\x7e]{1,8000}$/.test(token),
    );
    expect(sendable.length).toBeGreaterThan(40);
    const admitted: string[] = [];
    for (const { name, token } of sendable) {
      if ((await send(bearer(token))).status === 200) admitted.push(name);
    }
    // Genuine ones, all of them: spelled otherwise, or for longer than Google makes any.
    for (const name of admitted)
      expect(["another spelling of the signature", "padded", "valid for a month"]).toContain(name);
  });

  test("fetches the certificates once, and says 503 when they cannot be had", async () => {
    let asked = 0;
    const certificates = JSON.stringify(await google.issuer.pem());
    const server = createServer((_, response) => {
      asked += 1;
      response.writeHead(200, { "Cache-Control": "public, max-age=3600" }).end(certificates);
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    stops.push(() => server.close());
    const { port } = server.address() as AddressInfo;
    const send = await startedPython({ CERTS_URL: `http://127.0.0.1:${port}/` });
    for (let n = 0; n < 3; n++) expect((await send(bearer(await google.mint()))).status).toBe(200);
    expect(asked).toBe(1);
    const lost = await startedPython({ CERTS_URL: "http://127.0.0.1:9/" });
    expect((await lost(bearer(await google.mint()))).status).toBe(503);
  });
});

test("examples/receivers/envoy.ts gives out an Envoy that lets in the caller, and nobody else", async () => {
  const stack = new TestStack();
  const { outputs, resources } = await stack.up(() => jest.requireActual(join(FOLDER, "envoy.ts")));
  const [audience, arrived] = ["https://inventory.example.com", jest.fn()];
  const ingress = new Ingress(
    stack.cloud,
    () => {
      arrived();
      return Promise.resolve({ status: 200, headers: {}, body: "hello" });
    },
    { fronts: () => new EnvoyFront(outputs["envoy"]) },
  );
  const account = resources.find(({ type }) => type === "gcp:serviceaccount/account:Account");
  const caller = String(account?.outputs["email"]);
  stack.cloud.iam.addAccount({ email: STRANGER, uniqueId: "1", project: "my-project" });
  const statusOf = async (email: string, aud = audience) => {
    const headers: [string, string][] = [
      ["Authorization", `Bearer ${await stack.cloud.tokens.mint({ email, audience: aud })}`],
    ];
    const { response } = await ingress.handle({ method: "POST", url: audience, headers, body: "" });
    return response.status;
  };
  expect(await statusOf(caller)).toBe(200);
  expect(await statusOf(caller, "https://elsewhere.example.com")).toBe(403);
  expect(await statusOf(STRANGER)).toBe(403);
  expect(arrived).toHaveBeenCalledTimes(1);
});

test("every receiver is on a page that says how to use it", () => {
  const pages = ["verify/README.md", "docs/receivers.md"]
    .map((page) => readFileSync(join(ROOT, page), "utf8"))
    .join("\n");
  for (const example of [
    ...Object.keys(EXAMPLES),
    "cloudRun.ts",
    "gateway.ts",
    "deliveries.ts",
    "receiver.py",
    "envoy.ts",
  ]) {
    expect(pages).toContain(`<!-- from examples/receivers/${example} -->`);
  }
});
