import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { App, type AppSpec } from "../../sandbox/backends/app";
import { Backends, type BackendsOptions } from "../../sandbox/backends/backends";
import { KeyServer } from "../../sandbox/backends/key-server";
import { readLocalApps, withoutVersion, type FrontSpec } from "../../sandbox/backends/local-apps";
import { VirtualClock } from "../../sandbox/cloud/clock";
import { Store } from "../../sandbox/cloud/store";
import type { HttpRequest } from "../../sandbox/ingress/http";
import { envoyDocument, istioManifests } from "../support/fronts";

const ROOT = join(__dirname, "../..");
const RUN = "gcp:cloudrunv2/service:Service";
const FULL_NAME = "//run.googleapis.com/projects/demo/locations/us-central1/services/echo";
const TARGET = { kind: "run-service", fullName: FULL_NAME } as const;

let folder: string;
const toStop: (() => Promise<unknown>)[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "backends-"));
});

afterEach(async () => {
  await Promise.all(toStop.splice(0).map((stop) => stop()));
  rmSync(folder, { recursive: true, force: true });
});

/** Answers with what it was asked and what it was given. */
const ECHO = `
  require("node:http").createServer(async (request, response) => {
    let body = "";
    for await (const part of request) body += part;
    const { method, url, rawHeaders } = request;
    response.writeHead(201, [["X-Twice", "a"], ["X-Twice", "b"]].flat());
    const { address } = this.server.address();
    response.end(JSON.stringify({ method, url, rawHeaders, body, env: process.env, address, send: typeof process.send }));
  });
`;
const ECHO_SERVER = `const server = ${ECHO.trim().replace(/;$/, "").replace("this.server", "server")}; server.listen(process.env.PORT, "0.0.0.0");`;

function writeApp(code: string, name = "app"): string {
  mkdirSync(join(folder, name), { recursive: true });
  writeFileSync(join(folder, name, "index.js"), code);
  return name;
}

function spec(code: string): AppSpec {
  const path = join(folder, writeApp(code));
  return { label: 'Run service "echo"', folder: path, command: [join(path, "index.js")], environment: {} };
}

async function start(code: string, limit?: number): Promise<App> {
  const app = await App.start(spec(code), { limit });
  toStop.push(() => app.stop());
  return app;
}

function putService(store: Store, state: Record<string, unknown> = {}): void {
  store.put({
    token: RUN,
    id: "projects/demo/locations/us-central1/services/echo",
    fullName: FULL_NAME,
    project: "demo",
    state: {
      name: "echo",
      latestReadyRevision: "echo-00001-abc",
      template: { timeout: "60s", containers: [{ image: "example.com/echo:v1" }] },
      ...state,
    },
  });
}

function backends(more: Partial<BackendsOptions> = {}): {
  backends: Backends;
  store: Store;
  clock: VirtualClock;
} {
  const store = new Store();
  const clock = new VirtualClock();
  const made = new Backends({
    cloud: { store, clock },
    root: folder,
    apps: { images: { "example.com/echo": "app" }, functions: {}, hosts: {} },
    ...more,
  });
  toStop.push(() => made.stop());
  return { backends: made, store, clock };
}

const request = (more: Partial<HttpRequest> = {}): HttpRequest => ({
  method: "POST",
  url: "https://echo-1.us-central1.run.app/tasks?a=b",
  headers: [],
  body: "",
  ...more,
});

interface Echo {
  method: string;
  url: string;
  rawHeaders: string[];
  body: string;
  env: Record<string, string>;
  address: string;
  send: string;
}

function isAlive(pid: number | undefined): boolean {
  try {
    process.kill(pid ?? 0, 0);
    return true;
  } catch {
    return false;
  }
}

async function until(condition: () => boolean): Promise<void> {
  const end = Date.now() + 5_000;
  while (!condition() && Date.now() < end) await new Promise((done) => setTimeout(done, 10));
  expect(condition()).toBe(true);
}

describe("an app behind a Run service", () => {
  test("gets the request as it came, and the environment that the service declares", async () => {
    writeApp(ECHO_SERVER);
    process.env.GOOGLE_APPLICATION_CREDENTIALS = "/of/the/one/who/runs/it";
    const { backends: code, store } = backends();
    store.put({
      token: "gcp:secretmanager/secretVersion:SecretVersion",
      id: "v1",
      fullName: "//secretmanager.googleapis.com/projects/demo/secrets/key",
      project: "demo",
      state: { secret: "projects/demo/secrets/key", version: "1", secretData: "s3cret" },
    });
    putService(store, {
      template: {
        timeout: "60s",
        containers: [
          {
            image: "example.com/echo@sha256:00ff",
            envs: [
              { name: "GREETING", value: "hi" },
              { name: "K_SERVICE", value: "a lie" },
              { name: "KEY", valueSource: { secretKeyRef: { secret: "key", version: "latest" } } },
            ],
          },
        ],
      },
    });
    await code.ready();
    const response = await code.backend({
      target: TARGET,
      request: request({
        headers: [
          ["X-A", "1"],
          ["X-A", "2"],
          ["Connection", "keep-alive"],
        ],
        body: "héllo",
      }),
    });
    const echo = JSON.parse(response.body) as Echo;
    expect(response).toMatchObject({ status: 201, headers: { "x-twice": "a, b" } });
    expect(echo).toMatchObject({
      method: "POST",
      url: "/tasks?a=b",
      body: "héllo",
      address: "127.0.0.1",
      send: "undefined",
    });
    expect(echo.rawHeaders).toEqual([
      "X-A",
      "1",
      "X-A",
      "2",
      "Host",
      "echo-1.us-central1.run.app",
      "Content-Length",
      "6",
      "Connection",
      "close",
    ]);
    expect(echo.env.PORT).toMatch(/^\d+$/);
    const ofTheMachine = ["PATH", "PORT", "TMPDIR"];
    expect(
      Object.fromEntries(Object.entries(echo.env).filter(([name]) => !ofTheMachine.includes(name))),
    ).toEqual({
      GREETING: "hi",
      KEY: "s3cret",
      K_SERVICE: "echo",
      K_REVISION: "echo-00001-abc",
      K_CONFIGURATION: "echo",
    });
    delete process.env.GOOGLE_APPLICATION_CREDENTIALS;
  });

  test("starts when the service is deployed, anew when it changes, and ends with it", async () => {
    writeApp(ECHO_SERVER);
    const { backends: code, store } = backends();
    code.watch();
    putService(store);
    await new Promise(setImmediate);
    const [first] = await code.apps;
    putService(store, { latestReadyRevision: "echo-00002-def" });
    await code.ready();
    const [second] = await code.apps;
    expect(second?.child.pid).not.toBe(first?.child.pid);
    await until(() => !isAlive(first?.child.pid));
    store.remove(RUN, "projects/demo/locations/us-central1/services/echo");
    await until(() => !isAlive(second?.child.pid));
    await expect(code.backend({ target: TARGET, request: request() })).rejects.toThrow(
      /No local app runs behind/,
    );
  });

  test("time stands still while it works", async () => {
    writeApp(ECHO_SERVER);
    const { backends: code, store, clock } = backends();
    putService(store);
    await code.ready();
    let answered = 0;
    clock.at(clock.now(), async () => {
      await code.backend({ target: TARGET, request: request() });
      answered = clock.now();
    });
    const before = clock.now();
    await clock.advance(60_000);
    expect(answered).toBe(before);
  });

  test.each([
    ["answers too late", `require("node:http").createServer(() => {}).listen(process.env.PORT)`, 504],
    [
      "breaks the connection",
      `require("node:http").createServer((q) => q.socket.destroy()).listen(process.env.PORT)`,
      503,
    ],
  ])("that %s is answered for as Google does", async (_, code, status) => {
    writeApp(code);
    const made = backends({ answerLimit: 200 });
    putService(made.store);
    await made.backends.ready();
    const response = await made.backends.backend({ target: TARGET, request: request() });
    expect(response.status).toBe(status);
  });

  test("that has ended is no instance", async () => {
    writeApp(
      `require("node:http").createServer(() => { console.error("out of luck"); process.exit(3); }).listen(process.env.PORT)`,
    );
    const { backends: code, store } = backends();
    putService(store);
    await code.ready();
    expect((await code.backend({ target: TARGET, request: request() })).status).toBe(503);
    const [app] = await code.apps;
    await until(() => app?.ended !== undefined);
    await expect(code.backend({ target: TARGET, request: request() })).rejects.toThrow(
      /^the app behind Run service "echo" is gone: it ended with exit code 3. It said last:\n {2}out of luck$/,
    );
  });
});

describe("an app that does not start", () => {
  test.each<[string, string, RegExp]>([
    [
      "throws",
      `throw new Error("no database")`,
      /does not start: it ended with exit code 1\. It said last:[^]*no database/,
    ],
    ["ends in silence", `process.exit(4)`, /does not start: it ended with exit code 4\. It said nothing\.$/],
    [
      "does not listen",
      `setInterval(() => {}, 1000)`,
      /does not listen on port \d+ after 0\.3 s\. It said nothing\.$/,
    ],
    [
      "listens where nobody asked it to",
      `require("node:http").createServer().listen(0)`,
      /does not listen on port \d+ after 0\.3 s; it listens on \d+, which is not \$PORT/,
    ],
    ["is not there", `require("./nowhere")`, /Cannot find module '\.\/nowhere'/],
  ])("because it %s", async (_, code, message) => {
    await expect(start(code, 300)).rejects.toThrow(message);
  });

  test("because somebody took its port is tried once more", async () => {
    const code = (times: number): string => `
      const fs = require("node:fs"), tries = __dirname + "/tries";
      fs.appendFileSync(tries, "x");
      if (fs.readFileSync(tries, "utf8").length <= ${times}) throw new Error("listen EADDRINUSE: address in use");
      require("node:http").createServer().listen(process.env.PORT);
    `;
    expect((await start(code(1))).port).toBeGreaterThan(0);
    rmSync(join(folder, "app/tries"));
    await expect(start(code(2))).rejects.toThrow(/does not start[^]*EADDRINUSE/);
  });

  test("is said by ready(), and ends with stop() however long it would have waited", async () => {
    writeApp(`setInterval(() => {}, 1000)`);
    const { backends: code, store } = backends({ startLimit: 100 });
    putService(store);
    await expect(code.ready()).rejects.toThrow(/The app behind Run service "echo" does not start/);
    const slow = backends();
    putService(slow.store);
    const ready = slow.backends.ready();
    const refused = expect(ready).rejects.toThrow(/not wanted any more/);
    const before = Date.now();
    await slow.backends.stop();
    await refused;
    expect(Date.now() - before).toBeLessThan(3_000);
  });

  test.each<[string, Record<string, unknown>, RegExp]>([
    [
      "has an image that nobody listed",
      { template: { containers: [{ image: "example.com/other:v1" }] } },
      /Run service "echo": apps\/local\.json does not list its image example\.com\/other under "images"/,
    ],
    [
      "has a secret that is not there",
      {
        template: {
          containers: [
            {
              image: "example.com/echo",
              envs: [{ name: "K", valueSource: { secretKeyRef: { secret: "no" } } }],
            },
          ],
        },
      },
      /Secret projects\/demo\/secrets\/no has no version "latest" in the sandbox/,
    ],
    ["has no folder", {}, /its folder app in apps\/local\.json does not exist/],
  ])("because its service %s", async (what, state, message) => {
    if (!what.includes("folder")) writeApp(ECHO_SERVER);
    const { backends: code, store } = backends();
    putService(store, state);
    await expect(code.ready()).rejects.toThrow(message);
  });
});

test("an app behind an image may be told where the sandbox's keys are, and nothing of the stack", async () => {
  writeApp(ECHO_SERVER);
  const environment = { KEYS_URL: "${keys.jwks}", GREETING: "local" };
  const apps = { images: { "example.com/echo": { app: "app", environment } }, functions: {}, hosts: {} };
  const keys = () => ({ certificates: "http://127.0.0.1:1/a", jwks: "http://127.0.0.1:1/b" });
  const { backends: code, store } = backends({ apps, keys });
  putService(store);
  await code.ready();
  const { body } = await code.backend({ target: TARGET, request: request({}) });
  expect((JSON.parse(body) as Echo).env).toMatchObject({ KEYS_URL: keys().jwks, GREETING: "local" });

  environment.GREETING = "${outputs.greeting}";
  const other = backends({ apps, keys });
  putService(other.store);
  await expect(other.backends.ready()).rejects.toThrow(
    "example.com/echo: GREETING refers to ${outputs.greeting}, which this stack does not have",
  );
});

test("the proxy of Cloud Endpoints needs no app of its own: the ingress is the proxy", async () => {
  const { backends: code, store } = backends();
  const image = "gcr.io/endpoints-release/endpoints-runtime-serverless:2";
  putService(store, { template: { containers: [{ image }] } });
  await code.ready();
  expect(await code.apps).toEqual([]);
});

test("of several containers, the one with a port is what answers", async () => {
  const { backends: code, store } = backends();
  writeApp(ECHO_SERVER);
  const ports = { containerPort: 8080 };
  const envs = [{ name: "WHO", value: "ingress" }];
  putService(store, {
    template: {
      containers: [
        { image: "example.com/sidecar", envs: [{ name: "WHO", value: "sidecar" }] },
        { image: "example.com/echo", ports, envs },
      ],
    },
  });
  await code.ready();
  const { body } = await code.backend({ target: TARGET, request: request() });
  expect((JSON.parse(body) as Echo).env.WHO).toBe("ingress");
  const proxy = { image: "gcr.io/endpoints-release/endpoints-runtime-serverless:2", ports };
  putService(store, { template: { containers: [{ image: "example.com/nowhere" }, proxy] } });
  await code.ready();
  expect(await code.apps).toEqual([]);
});

describe("an app behind a host of its own", () => {
  const keys = {
    certificates: "http://127.0.0.1:1/oauth2/v1/certs",
    jwks: "http://127.0.0.1:1/oauth2/v3/certs",
  };
  const hosts = (environment: Record<string, string>): Partial<BackendsOptions> => ({
    apps: { images: {}, functions: {}, hosts: { "app.example.com": { app: "app", environment } } },
  });

  test("gets what the stack says of it", async () => {
    writeApp(ECHO_SERVER);
    const { backends: code } = backends(
      hosts({
        AUDIENCE: "${outputs.v.audience}",
        CALLERS: "${outputs.v.callers}",
        CERTS: "${keys.certificates}",
      }),
    );
    const outputs = { v: { audience: "https://app.example.com", callers: ["a@x", "b@x"] } };
    code.startHosts(["app.example.com", "app.example.com"], { outputs, keys });
    await code.ready();
    const { body } = await code.backend({
      target: { kind: "foreign", host: "app.example.com" },
      request: request({ url: "https://app.example.com/" }),
    });
    expect((JSON.parse(body) as Echo).env).toMatchObject({
      AUDIENCE: "https://app.example.com",
      CALLERS: "a@x,b@x",
      CERTS: keys.certificates,
    });
  });

  test("needs an entry, and what the entry refers to", () => {
    writeApp(ECHO_SERVER);
    const { backends: code } = backends(hosts({ A: "${outputs.v.audience}" }));
    expect(() => {
      code.startHosts(["other.example.com"], { outputs: {}, keys });
    }).toThrow(
      /No local app stands behind other\.example\.com: apps\/local\.json does not list it under "hosts"/,
    );
    expect(() => {
      code.startHosts(["app.example.com"], { outputs: {}, keys });
    }).toThrow(/app\.example\.com: A refers to \$\{outputs\.v\.audience\}, which this stack does not have/);
  });
});

describe("what stands before an app", () => {
  const keys = { certificates: "", jwks: "" };
  const host = "app.example.com";
  const startWith = (front: FrontSpec, outputs: Record<string, unknown> = {}): Backends => {
    writeApp(ECHO_SERVER);
    const { backends: code } = backends({
      apps: { images: {}, functions: {}, hosts: { [host]: { app: "app", front } } },
    });
    code.startHosts([host], { outputs, keys });
    return code;
  };

  test("is made from what the stack gives out, as data or as text", async () => {
    const bootstrap = await envoyDocument();
    for (const envoy of [bootstrap, JSON.stringify(bootstrap)]) {
      const code = startWith({ envoy: "${outputs.a.b}" }, { a: { b: envoy } });
      expect(code.fronts).toEqual({ [host]: "envoy" });
      expect(code.frontOf(host)?.kind).toBe("envoy");
      expect(code.frontOf("other.example.com")).toBeUndefined();
    }
    const workload = { namespace: "books", labels: { app: "ledger" } };
    const manifests = { manifests: "${outputs.manifests}", ...workload };
    expect(startWith({ istio: manifests }, { manifests: await istioManifests() }).fronts).toEqual({
      [host]: "istio",
    });
    expect(startWith({ istio: workload }).fronts).toEqual({ [host]: "istio" });
  });

  test("needs what it refers to, and a document that is modelled", () => {
    expect(() => startWith({ envoy: "${outputs.a}" })).toThrow(
      "apps/local.json: app.example.com: front refers to ${outputs.a}, which this stack does not have.",
    );
    expect(() => startWith({ envoy: "${outputs.a}" }, { a: { dynamic_resources: {} } })).toThrow(
      "The front of app.example.com does not start: Envoy's bootstrap: ",
    );
  });
});

describe("functions", () => {
  const archive = {
    kind: "archive",
    hash: "00",
    files: { "index.js": { kind: "asset", hash: "00", path: "apps/authfn/index.js" } },
  };

  test("of both generations run the code that was uploaded for them", async () => {
    const { backends: code, store } = backends({
      root: ROOT,
      apps: { images: {}, functions: {}, hosts: {} },
    });
    const put = (token: string, id: string, fullName: string, state: Record<string, unknown>): void => {
      store.put({ token, id, fullName, project: "demo", state });
    };
    put("gcp:storage/bucketObject:BucketObject", "b-o", "//storage.googleapis.com/projects/demo/buckets/b", {
      bucket: "b",
      name: "o",
      source: archive,
    });
    const service = "projects/demo/locations/us-central1/services/authfn";
    const run = `//run.googleapis.com/${service}`;
    put(RUN, service, run, { name: "authfn", latestReadyRevision: "authfn-00001-x" });
    const second = "//cloudfunctions.googleapis.com/projects/demo/locations/us-central1/functions/authfn";
    put("gcp:cloudfunctionsv2/function:Function", second, second, {
      name: "authfn",
      buildConfig: { entryPoint: "helloHttp", source: { storageSource: { bucket: "b", object: "o" } } },
      serviceConfig: { service },
    });
    const first = `${second}-v1`;
    put("gcp:cloudfunctions/function:Function", first, first, {
      name: "authfn-v1",
      entryPoint: "helloHttp",
      sourceArchiveBucket: "b",
      sourceArchiveObject: "o",
    });
    await code.ready();
    const claims = Buffer.from(JSON.stringify({ email: "ann@example.com" })).toString("base64url");
    const ask = async (target: Parameters<typeof code.backend>[0]["target"]): Promise<string> =>
      (
        await code.backend({
          target,
          request: request({ headers: [["Authorization", `Bearer x.${claims}.SIG`]] }),
        })
      ).body;
    expect(await ask({ kind: "run-service", fullName: run })).toBe(
      "hello, ann@example.com (function authfn)\n",
    );
    expect(await ask({ kind: "function-v1", fullName: first })).toBe(
      "hello, ann@example.com (function authfn-v1)\n",
    );
    await code.stop();
    // Another archive than the folder that is here.
    store.put({
      token: "gcp:storage/bucketObject:BucketObject",
      id: "b-o",
      fullName: "//storage.googleapis.com/projects/demo/buckets/b",
      project: "demo",
      state: { bucket: "b", name: "o", source: { kind: "archive", hash: "11", path: "built/fn.zip" } },
    });
    const other = new Backends({
      cloud: { store, clock: new VirtualClock() },
      root: ROOT,
      apps: { images: {}, functions: {}, hosts: {} },
    });
    toStop.push(() => other.stop());
    await expect(other.ready()).rejects.toThrow(
      /function "authfn": apps\/local\.json does not list its source built\/fn\.zip under "functions"/,
    );
  });
});

describe("nothing is left running", () => {
  const WITH_GRANDCHILD = `
    const { spawn } = require("node:child_process");
    const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "ignore" });
    process.on("SIGTERM", () => {});
    require("node:http").createServer((q, a) => a.end(String(child.pid))).listen(process.env.PORT);
  `;

  test("of an app that does not want to end, nor of what it started", async () => {
    const app = await start(WITH_GRANDCHILD);
    const grandchild = Number(await (await fetch(`http://127.0.0.1:${app.port}`)).text());
    expect(isAlive(grandchild)).toBe(true);
    await app.stop();
    expect(isAlive(app.child.pid)).toBe(false);
    await until(() => !isAlive(grandchild));
  });

  test("however the parent ends", async () => {
    const given = JSON.stringify(spec(ECHO_SERVER));
    const ends = [
      `process.kill(process.pid, "SIGKILL")`,
      `setTimeout(() => { throw new Error("crash") })`,
      `process.exit(0)`,
    ];
    const children = await Promise.all(
      ends.map(async (end) => {
        const code = `require("./sandbox/backends/app").App.start(${given}).then((app) => {
          console.log(app.child.pid);
          process.stdin.once("data", () => { ${end} });
        })`;
        const parent = spawn(process.execPath, ["-r", "./register.js", "-e", code], {
          cwd: ROOT,
          stdio: ["pipe", "pipe", "ignore"],
        });
        const [said] = (await once(parent.stdout, "data")) as [Buffer];
        const child = Number(said.toString());
        expect(isAlive(child)).toBe(true);
        parent.stdin.write("end\n");
        await once(parent, "exit");
        return child;
      }),
    );
    for (const child of children) await until(() => !isAlive(child));
  });
});

describe("the keys", () => {
  const tokens = {
    pem: async () => Promise.resolve({ kid: "PEM" }),
    jwks: async () => Promise.resolve({ keys: [] }),
  };

  test("are served at Google's paths, and nothing else is", async () => {
    const server = await KeyServer.start(tokens);
    toStop.push(() => server.stop());
    const pem = await fetch(server.certificates);
    expect(await pem.json()).toEqual({ kid: "PEM" });
    expect(pem.headers.get("cache-control")).toMatch(/max-age=\d+/);
    expect(await (await fetch(server.jwks)).json()).toEqual({ keys: [] });
    expect((await fetch(new URL("/", server.jwks))).status).toBe(501);
    expect((await fetch(server.jwks, { method: "POST" })).status).toBe(501);
  });

  test("an occupied port is said by its number", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    toStop.push(async () => Promise.resolve(other.close()));
    await once(other, "listening");
    const address = other.address();
    const port = typeof address === "object" ? address?.port : undefined;
    await expect(KeyServer.start(tokens, port)).rejects.toThrow(
      `Port ${String(port)} on 127.0.0.1 is in use. Choose another, or none: then any free one is taken.`,
    );
  });
});

describe("apps/local.json", () => {
  test("of this repository is as it should be", () => {
    expect(readLocalApps(join(ROOT, "apps/local.json")).images).toHaveProperty([
      "us-docker.pkg.dev/cloudrun/container/hello",
    ]);
  });

  test.each<[string, string, RegExp]>([
    ["broken", "{", /local\.json cannot be read: .*JSON/],
    ["with a key nobody knows", `{"image": {}}`, /local\.json: has image, which nothing here knows\.$/],
    [
      "with a host that has no app",
      `{"hosts": {"x": {}}}`,
      /local\.json: "hosts\.x\.app" must be of type string\.$/,
    ],
    [
      "with a front that is none",
      `{"hosts": {"x": {"app": "a", "front": {"nginx": "a"}}}}`,
      /local\.json: "hosts\.x\.front" /,
    ],
  ])("%s", (_, text, message) => {
    const file = join(folder, "local.json");
    writeFileSync(file, text);
    expect(() => readLocalApps(file)).toThrow(message);
  });

  test("versions of an image do not matter", () => {
    expect(withoutVersion("localhost:5000/a/b:v1@sha256:00ff")).toBe("localhost:5000/a/b");
    expect(withoutVersion("localhost:5000/a/b")).toBe("localhost:5000/a/b");
  });
});
