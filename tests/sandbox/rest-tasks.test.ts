import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { CloudTasksClient } from "@google-cloud/tasks";
import * as serviceaccount from "@pulumi/gcp/serviceaccount";
import { decodeJwt } from "jose";
import { CallerIdentity, CloudRunService, TaskQueue } from "../../components";
import type { TaskQueueArgs } from "../../components";
import { freePort } from "../../sandbox/backends/free-port";
import { metadataApi } from "../../sandbox/doors/rest/apis/metadata";
import { tasksApi } from "../../sandbox/doors/rest/apis/tasks";
import { googleApis } from "../../sandbox/doors/rest/google-apis";
import { authenticator } from "../../sandbox/doors/rest/principal";
import { RestDoor } from "../../sandbox/doors/rest/rest-door";
import { Live } from "../support/live";
import { PROJECT, TestStack } from "../support/stack";
import type { Deployed } from "../support/stack";
import { tasksClient } from "../support/tasks-client";

const REGION = "us-central1";
const MINUTE = 60_000;
const OWNER = "user:owner@example.com";

interface Settings {
  readonly queue: string;
  readonly url: string;
  readonly serviceAccountEmail: string;
  readonly audience: string;
}

/** A queue before a Run service, somebody who enqueues, and Google's APIs on a port. */
class World {
  readonly stack = new TestStack();
  deployed!: Deployed;
  live!: Live;
  door!: RestDoor;

  static async of(args: Partial<TaskQueueArgs> = {}): Promise<World> {
    const world = new World();
    world.deployed = await world.stack.up(() => {
      const shop = new serviceaccount.Account("shop", { accountId: "the-shop" });
      const hello = new CloudRunService("hello", { image: "hello", region: REGION });
      const target = hello.authorize(new CallerIdentity("caller", { accountId: "the-caller" }));
      const enqueuers = { shop: shop.member };
      const queue = new TaskQueue("orders", {
        region: REGION,
        target,
        enqueuers,
        queueName: "orders",
        ...args,
      });
      return { settings: queue.enqueuerSettings };
    });
    const { cloud } = world.stack;
    world.live = new Live(world.stack, world.deployed.resources);
    world.door = await RestDoor.start({
      apis: [
        ...googleApis(cloud),
        tasksApi(() => world.live.delivery.tasks),
        metadataApi(cloud, { project: PROJECT.id, account: world.shop }),
      ],
      authenticate: authenticator(cloud),
    });
    return world;
  }

  get settings(): Settings {
    return this.deployed.outputs.settings as Settings;
  }

  get shop(): string {
    return `the-shop@${PROJECT.id}.iam.gserviceaccount.com`;
  }

  /** Whoever it is, with an access token of the cloud's. */
  token(member = `serviceAccount:${this.shop}`): string {
    return this.stack.cloud.tokens.mintAccess({ member }).token;
  }

  client(member?: string): CloudTasksClient {
    return tasksClient(this.door.address, this.token(member));
  }

  async ask(
    method: string,
    path: string,
    body?: unknown,
    token = this.token(OWNER),
  ): Promise<[number, unknown]> {
    const response = await fetch(this.door.url(path), {
      method,
      headers: { Authorization: `Bearer ${token}` },
      ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
    return [response.status, await response.json()];
  }

  get outcomes(): (string | undefined)[] {
    return this.live.delivery.attempts.map(({ outcome, response }) => `${outcome} ${response?.body ?? ""}`);
  }
}

let world: World;
const toEnd: ChildProcess[] = [];

afterEach(async () => {
  for (const child of toEnd.splice(0)) {
    child.kill();
    if (child.exitCode === null) await once(child, "exit");
  }
  world.live.delivery.stop();
  await world.door.stop();
});

describe("apps/enqueue, with Google's own client", () => {
  let logged = "";

  /** As it runs on Cloud Run: who it is comes from the metadata server. */
  async function started(): Promise<string> {
    const port = await freePort();
    const { queue, url, serviceAccountEmail, audience } = world.settings;
    const app = spawn(process.execPath, [join(__dirname, "../../apps/enqueue/server.js")], {
      env: {
        PATH: process.env.PATH,
        PORT: String(port),
        GCE_METADATA_HOST: world.door.address,
        TASKS_ENDPOINT: world.door.url(),
        QUEUE: queue,
        URL: `${url}/orders`,
        SERVICE_ACCOUNT_EMAIL: serviceAccountEmail,
        AUDIENCE: audience,
      },
      stdio: ["ignore", "pipe", "pipe"],
    });
    toEnd.push(app);
    logged = "";
    app.stderr.setEncoding("utf8").on("data", (text: string) => (logged += text));
    await once(app.stdout, "data");
    return `http://127.0.0.1:${port}`;
  }

  async function order(app: string, path: string): Promise<[number, string]> {
    const response = await fetch(`${app}${path}`, { method: "POST", body: '{"id":7}' });
    return [response.status, await response.text()];
  }

  test("enqueues in both styles, and each task is let in as the caller", async () => {
    world = await World.of({ tasksNameCaller: true });
    const app = await started();
    for (const path of ["/orders", "/orders-with-token"]) {
      const [status, body] = await order(app, path);
      expect([status, body]).toEqual([202, expect.stringContaining(`${world.settings.queue}/tasks/`)]);
    }
    await world.stack.clock.advance(0);
    const email = `the-caller@${PROJECT.id}.iam.gserviceaccount.com`;
    expect(world.outcomes).toEqual([`success ${email}`, `success ${email}`]);
    for (const { url, audience, minted } of world.live.delivery.attempts) {
      expect(url).toBe(`${world.settings.url}/orders`);
      expect([audience, minted]).toMatchObject([
        world.settings.audience,
        { ok: true, claims: { aud: world.settings.audience, email } },
      ]);
    }
  });

  test("cannot name the caller when nobody lets it, and is told why", async () => {
    world = await World.of();
    const app = await started();
    expect((await order(app, "/orders"))[0]).toBe(202);
    expect(await order(app, "/orders-with-token")).toEqual([502, "The order could not be taken.\n"]);
    const { error } = JSON.parse(logged) as { error: { message: string } };
    expect(error.message).toContain(
      'The principal (user or service account) lacks IAM permission "iam.serviceAccounts.actAs" for the resource "the-caller@my-project.iam.gserviceaccount.com"',
    );
  });
});

/** Over REST the client hands on the answer as it is. */
async function refusal(call: Promise<unknown>): Promise<[number, string]> {
  const thrown: unknown = await call.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(thrown instanceof Error)) throw new Error("nothing was refused");
  const { error } = JSON.parse(thrown.message) as { error: { code: number; message: string } };
  return [error.code, error.message];
}

describe("Google's client", () => {
  test("creates, reads, lists, runs and deletes tasks", async () => {
    world = await World.of({ paused: true });
    const client = world.client(OWNER);
    const { queue: parent, url } = world.settings;
    const name = `${parent}/tasks/first`;
    const body = Buffer.from("hello").toString("base64");
    const [created] = await client.createTask({
      parent,
      task: {
        name,
        httpRequest: { url, httpMethod: "PUT", headers: { "X-Own": "1" }, body },
        scheduleTime: { seconds: 1_795_000_000 },
        dispatchDeadline: { seconds: 30 },
      },
    });
    expect(created).toMatchObject({
      name,
      httpRequest: { url, httpMethod: "PUT", headers: { "X-Own": "1", "User-Agent": "Google-Cloud-Tasks" } },
      dispatchDeadline: { seconds: "30" },
      view: "BASIC",
    });
    expect(Buffer.from(created.httpRequest?.body ?? "").toString()).toBe("");
    const [whole] = await client.getTask({ name, responseView: "FULL" });
    expect(Buffer.from(whole.httpRequest?.body ?? "").toString()).toBe("hello");
    const [tasks] = await client.listTasks({ parent });
    expect(tasks.map((task) => task.name)).toEqual([name]);
    const again = client.createTask({ parent, task: { name, httpRequest: { url } } });
    expect(await refusal(again)).toEqual([409, "Requested entity already exists"]);

    await client.runTask({ name });
    await world.stack.clock.advance(0);
    expect(world.outcomes).toEqual(["success the-caller@my-project.iam.gserviceaccount.com"]);
    expect(await refusal(client.getTask({ name }))).toEqual([
      404,
      "The task no longer exists, though a task with this name existed recently. The task either successfully completed or was deleted.",
    ]);
    const [second] = await client.createTask({ parent, task: { httpRequest: { url } } });
    await client.deleteTask({ name: second.name });
    expect((await client.listTasks({ parent }))[0]).toEqual([]);

    const [queue] = await client.getQueue({ name: parent });
    expect(queue).toMatchObject({ name: parent, state: "PAUSED", rateLimits: { maxBurstSize: 100 } });
    const [queues] = await client.listQueues({ parent: parent.replace(/\/queues\/.*/, "") });
    expect(queues.map((each) => each.name)).toEqual([parent]);
    await client.createTask({ parent, task: { httpRequest: { url } } });
    await client.purgeQueue({ name: parent });
    expect((await client.listTasks({ parent }))[0]).toEqual([]);
  });

  test("is refused what its account may not, in Google's words", async () => {
    world = await World.of();
    const client = world.client();
    const { queue: name } = world.settings;
    const words = `The principal (user or service account) lacks IAM permission "cloudtasks.tasks.list" for the resource "${name}" (or the resource may not exist).`;
    expect(await refusal(client.listTasks({ parent: name }))).toEqual([
      403,
      expect.stringContaining(words) as string,
    ]);
  });
});

describe("the REST API", () => {
  const tasksOf = (queue = world.settings.queue) => `/v2/${queue}/tasks`;

  test("buffers whatever is sent, under a name of its own or a given one", async () => {
    world = await World.of({ path: "work" });
    const [status, answer] = await world.ask("POST", `${tasksOf()}:buffer`, "raw");
    expect([status, answer]).toMatchObject([200, { task: { httpRequest: { httpMethod: "POST" } } }]);
    const wrapped = { body: { contentType: "text/plain", data: Buffer.from("wrapped").toString("base64") } };
    await world.ask("POST", `${tasksOf()}/mine:buffer`, wrapped);
    await world.stack.clock.advance(0);
    const sent = world.live.delivery.attempts.map(({ task, url }) => [task?.split("/").pop(), url]);
    expect(sent.sort()).toEqual([
      [expect.stringMatching(/^\d+$/), world.settings.url],
      ["mine", world.settings.url],
    ]);
  });

  test("tells of the tries, lists page by page, and takes choices by number", async () => {
    world = await World.of({ retry: { minBackoff: "60s" } });
    world.live.down = true;
    for (const id of ["a", "b", "c"]) {
      const task = {
        name: `${world.settings.queue}/tasks/${id}`,
        httpRequest: { url: "https://x.example", httpMethod: 2 },
      };
      await world.ask("POST", tasksOf(), { task, responseView: 2 });
    }
    await world.stack.clock.advance(0);
    expect(await world.ask("GET", `${tasksOf()}/a?responseView=FULL`)).toMatchObject([
      200,
      {
        httpRequest: { httpMethod: "GET" },
        dispatchCount: 1,
        responseCount: 1,
        firstAttempt: { dispatchTime: "2026-11-24T12:00:00.000Z" },
        lastAttempt: { responseStatus: { code: 13, message: "HTTP status code 500" } },
        view: "FULL",
      },
    ]);
    const [, first] = await world.ask("GET", `${tasksOf()}?pageSize=2`);
    expect(first).toMatchObject({ tasks: [{}, {}], nextPageToken: "2" });
    const [, second] = await world.ask("GET", `${tasksOf()}?pageSize=2&pageToken=2`);
    expect(second).toMatchObject({ tasks: [{ name: `${world.settings.queue}/tasks/c` }] });
    expect(second).not.toHaveProperty("nextPageToken");
    await world.stack.clock.advance(MINUTE);
    expect(world.outcomes).toHaveLength(6);
  });

  test("refuses choices, names, pages and bodies that it cannot read", async () => {
    world = await World.of({ path: "work" });
    const httpRequest = { url: "https://x.example" };
    const refused = async (method: string, path: string, body?: unknown) => {
      const [status, answer] = await world.ask(method, path, body);
      return `${status} ${(answer as { error?: { message: string } }).error?.message ?? ""}`;
    };
    await world.ask("POST", tasksOf(), {
      task: { httpRequest, name: `${world.settings.queue}/tasks/a`, scheduleTime: "2026-11-25T00:00:00Z" },
    });
    const elsewhere = `${world.settings.queue}-other`;
    const WRONG: readonly [method: string, path: string, body: unknown, words: RegExp][] = [
      ["POST", tasksOf(), { task: { httpRequest }, responseView: "BOGUS" }, /^400 .*"BOGUS"/],
      ["POST", tasksOf(), { task: { httpRequest }, responseView: 3 }, /^400 .*responseView/],
      ["POST", tasksOf(), { task: { httpRequest }, parent: elsewhere }, /^400 .*-other/],
      ["POST", `${tasksOf()}/a:run`, { responseView: "BOGUS" }, /^400 .*"BOGUS"/],
      ["POST", `${tasksOf()}/a:run`, { name: `${elsewhere}/tasks/a` }, /^400 .*-other/],
      ["POST", `${tasksOf()}?foo=1`, { task: { httpRequest } }, /^501 .*"foo"/],
      ["GET", `${tasksOf()}/a?responseView=BOGUS`, undefined, /^400 .*"BOGUS"/],
      ["GET", `${tasksOf()}?responseView=BOGUS`, undefined, /^400 .*"BOGUS"/],
      ["GET", `${tasksOf()}?pageToken=abc`, undefined, /^400 .*"abc"/],
      ["GET", `${tasksOf()}?pageToken=7`, undefined, /^400 .*"7"/],
      ["GET", `${tasksOf()}?pageSize=-1`, undefined, /^400 .*"-1"/],
      ["GET", `${tasksOf()}?pageSize=0.5`, undefined, /^400 .*"0.5"/],
      [
        "GET",
        `/v2/${world.settings.queue.replace(/[^/]+$/, "")}`.replace(/\/$/, "?filter=x"),
        undefined,
        /^501 .*"filter"/,
      ],
      ["GET", `/v2/${world.settings.queue}?readMask=state`, undefined, /^501 .*"readMask"/],
      ["POST", `/v2/${world.settings.queue}:purge?force=1`, {}, /^501 .*"force"/],
      ["GET", `${tasksOf()}?orderBy=x`, undefined, /^501 .*"orderBy"/],
      ["POST", `${tasksOf()}:buffer`, { body: { data: "no base64!" } }, /^400 .*base64/],
    ];
    for (const [method, path, body, words] of WRONG) {
      expect(await refused(method, path, body)).toMatch(words);
    }
    expect(world.live.delivery.attempts).toEqual([]);
    const own = { task: { httpRequest }, parent: world.settings.queue, responseView: "BASIC" };
    expect((await world.ask("POST", `${tasksOf()}?$alt=json`, own))[0]).toBe(200);
    const queues = `/v2/${world.settings.queue.replace(/\/[^/]+$/, "")}?pageSize=1`;
    expect(await world.ask("GET", queues)).toMatchObject([200, { queues: [{ name: world.settings.queue }] }]);
  });

  test("knows only access tokens, and names what it does not model", async () => {
    world = await World.of();
    const idToken = await world.stack.cloud.tokens.mint({ email: world.shop, audience: "https://x.example" });
    expect(decodeJwt(idToken).email).toBe(world.shop);
    expect((await world.ask("POST", tasksOf(), {}, idToken))[0]).toBe(401);
    expect((await world.ask("POST", `/v2/${world.settings.queue}:pause`, {}))[0]).toBe(501);
    const appEngine = { task: { appEngineHttpRequest: { relativeUri: "/" } } };
    expect(await world.ask("POST", tasksOf(), appEngine)).toMatchObject([
      501,
      { error: { status: "UNIMPLEMENTED" } },
    ]);
    expect(await world.ask("POST", tasksOf(), { tusk: {} })).toMatchObject([
      400,
      { error: { message: expect.stringContaining('Unknown name "tusk"') as string } },
    ]);
    expect(await world.ask("GET", "/v2/projects/nobodys/locations/us-central1/queues")).toMatchObject([
      403,
      { error: { message: "Permission denied on resource project nobodys." } },
    ]);
  });
});
