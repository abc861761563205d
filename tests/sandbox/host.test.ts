import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { request, type IncomingMessage } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Provider } from "../../sandbox/cloud/resources/provider";
import type { Attempt } from "../../sandbox/delivery/attempt";
import { claim, release } from "../../sandbox/host/claim";
import { Client } from "../../sandbox/host/client";
import { Folder } from "../../sandbox/host/folder";
import { Host } from "../../sandbox/host/host";
import { isAlive } from "../../sandbox/host/is-alive";
import type { World } from "../../sandbox/host/world";
import { environment } from "../../sandbox/pulumi/environment";
import { SandboxProject } from "../support/sandbox-project";
import { APP, APPS, CALLER, keepDeployed, REGION } from "../support/served";
import { tasksClient } from "../support/tasks-client";

const TOPIC = "gcp:pubsub/topic:Topic";
const OPTIONS = { projectKind: "default", iamDelay: 0 } as const;
/** No process has this number: it is above what Linux gives out. */
const DEAD = 2 ** 22 + 1;

let path: string;
let folder: Folder;
beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), "sandbox-host-"));
  folder = new Folder(path);
});
afterEach(() => {
  rmSync(path, { recursive: true, force: true });
});

async function started(port?: number): Promise<Host> {
  const host = await Host.start(folder, port);
  if (!(host instanceof Host)) throw new Error(`served already by ${host.pid}`);
  return host;
}

/** A topic, made as Pulumi makes one: through the door, which saves. */
async function makeTopic(
  { cloud, save }: Pick<World, "cloud"> & { save: () => Promise<void> },
  name: string,
) {
  if (cloud.projects.list().length === 0) cloud.addProject({ id: "my-project", number: "123456789012" });
  const provider = new Provider(cloud, { project: "my-project" });
  const { inputs } = provider.check(TOPIC, { name, news: { name }, seed: name });
  await provider.create(TOPIC, { inputs, preview: false });
  await save();
}

const idsIn = ({ cloud }: World) => cloud.store.list(TOPIC).map(({ id }) => id);

describe("the cloud that is kept", () => {
  test("is there again at the next start, with its time and its accounts", async () => {
    const first = await started();
    const before = first.load(OPTIONS);
    await makeTopic({ cloud: before.cloud, save: () => before.save() }, "first");
    const { iam } = before.cloud;
    iam.addAccount({
      email: "a@my-project.iam.gserviceaccount.com",
      uniqueId: "1".repeat(21),
      project: "my-project",
    });
    const time = before.cloud.clock.now();
    await first.stop();

    const second = await started();
    const after = second.load(OPTIONS);
    expect(idsIn(after)).toEqual(["projects/my-project/topics/first"]);
    expect(after.cloud.iam.account("a@my-project.iam.gserviceaccount.com")?.uniqueId).toBe("1".repeat(21));
    expect(after.cloud.clock.now()).toBeGreaterThanOrEqual(time);
    await second.stop();
  });

  test("is whole whatever a process was doing when it died: an unfinished save counts for nothing", async () => {
    const first = await started();
    const world = first.load(OPTIONS);
    await makeTopic({ cloud: world.cloud, save: () => world.save() }, "first");
    await first.stop();
    writeFileSync(`${folder.cloud}.${DEAD}`, readFileSync(folder.cloud, "utf8").slice(0, 100));
    writeFileSync(folder.serving, JSON.stringify({ pid: DEAD, address: "127.0.0.1:1", secret: "x" }));

    const second = await started();
    expect(idsIn(second.load(OPTIONS))).toEqual(["projects/my-project/topics/first"]);
    await second.stop();
  });

  test("is saved once for all who ask at the same time, and as it is when the last one asks", async () => {
    const host = await started();
    const world = host.load(OPTIONS);
    const save = () => world.save();
    await Promise.all(
      Array.from({ length: 20 }, (_, i) => makeTopic({ cloud: world.cloud, save }, `topic-${i}`)),
    );
    expect(topicsIn(readFileSync(folder.cloud, "utf8"))).toHaveLength(20);
    await host.stop();
  });

  test.each([
    ["cut off", '{"version":1,"snap'],
    ["of another version", '{"version":99}'],
    ["something else", "hello"],
  ])("that is %s is refused with its file and what to do, and left as it is", async (_what, text) => {
    mkdirSync(path, { recursive: true });
    writeFileSync(folder.cloud, text);
    await expect(Host.start(folder)).rejects.toThrow(
      `${folder.cloud} is no state of this version of the sandbox. Move it away to begin with an empty cloud, and ${join(path, "pulumi")} with it.`,
    );
    expect(readFileSync(folder.cloud, "utf8")).toBe(text);
    expect(existsSync(folder.serving)).toBe(false);
  });

  test("is read and written by its owner alone: there may be secrets in it", async () => {
    const host = await started();
    const world = host.load(OPTIONS);
    await makeTopic({ cloud: world.cloud, save: () => world.save() }, "first");
    expect(statSync(folder.cloud).mode & 0o077).toBe(0);
    await host.stop();
  });
});

describe("who serves a folder", () => {
  const serving = (pid: number) => ({ pid, address: "127.0.0.1:1", secret: `secret of ${pid}` });

  test("is one process, and everybody else learns which", async () => {
    const host = await started();
    const world = host.load(OPTIONS);
    const others = await Promise.all([Host.start(folder), Host.start(folder), Host.start(folder)]);
    expect(others).toEqual(Array(3).fill({ ...host.serving }));
    const client = new Client(host.serving);
    await makeTopic({ cloud: world.cloud, save: () => world.save() }, "first");
    await client.remove(TOPIC, "projects/my-project/topics/first");
    expect(idsIn(world)).toEqual([]);
    await expect(client.remove(TOPIC, "projects/my-project/topics/first")).rejects.toThrow(
      `There is no ${TOPIC} with the id projects/my-project/topics/first.`,
    );
    await host.stop();
    await expect(client.made()).rejects.toThrow(`The sandbox at ${host.serving.address} does not answer`);
  });

  test("a dead one is replaced, a living one is not, and only its own is given back", () => {
    writeFileSync(folder.serving, JSON.stringify(serving(DEAD)));
    expect(claim(folder.serving, serving(process.pid))).toBeUndefined();
    expect(claim(folder.serving, serving(process.ppid))).toEqual(serving(process.pid));
    release(folder.serving, serving(process.ppid));
    expect(existsSync(folder.serving)).toBe(true);
    release(folder.serving, serving(process.pid));
    expect(existsSync(folder.serving)).toBe(false);
  });

  test("what cannot be read is nobody's", () => {
    writeFileSync(folder.serving, "{");
    expect(claim(folder.serving, serving(process.pid))).toBeUndefined();
  });
});

describe("the address at which it is controlled", () => {
  let host: Host;
  beforeEach(async () => {
    host = await started();
    host.load(OPTIONS);
  });
  afterEach(async () => {
    await host.stop();
  });

  async function ask(path: string, headers: Record<string, string>): Promise<string> {
    const asked = request(`http://${host.serving.address}${path}`, { headers, agent: false });
    asked.end();
    const [response] = (await once(asked, "response")) as [IncomingMessage];
    response.setEncoding("utf8");
    let text = "";
    for await (const chunk of response) text += String(chunk);
    return `${response.statusCode ?? 0} ${text.trim()}`;
  }
  const known = () => ({ authorization: `Bearer ${host.serving.secret}` });

  test("is on loopback, and is told apart from any other by its secret", async () => {
    expect(host.serving.address).toMatch(/^127\.0\.0\.1:\d+$/);
    expect(await ask("/made", known())).toBe("200 []");
    for (const authorization of ["", "Bearer x", host.serving.secret])
      expect(await ask("/made", { authorization })).toMatch(/^401 /);
  });

  test("answers no name that was bound to loopback, and no page", async () => {
    expect(await ask("/made", { ...known(), host: "evil.example" })).toMatch(/^403 /);
    expect(await ask("/made", { ...known(), origin: "https://evil.example" })).toMatch(/^403 /);
    expect(await ask("/made", { ...known(), origin: `http://${host.serving.address}` })).toBe("200 []");
  });

  test("names what it does not have", async () => {
    expect(await ask("/unknown", known())).toMatch(/^501 .*The sandbox does not model GET \/unknown\./s);
  });

  test("a port in use is said with what to do", async () => {
    const port = Number(host.serving.address.split(":")[1]);
    const elsewhere = new Folder(join(path, "elsewhere"));
    await expect(Host.start(elsewhere, port)).rejects.toThrow(
      `Port ${port} on 127.0.0.1 is in use. Choose another, or none: then any free one is taken.`,
    );
    expect(existsSync(elsewhere.serving)).toBe(false);
  });
});

describe("a cloud that is served, its sources at work", () => {
  const QUEUES = `projects/my-project/locations/${REGION}/queues`;
  let project: SandboxProject;
  beforeEach(async () => {
    project = new SandboxProject({ "index.ts": "", "apps/local.json": APPS, "app/index.js": APP });
    await keepDeployed(project.kept);
  });
  afterEach(() => {
    project.close();
  });

  async function serve(): Promise<{ child: ReturnType<SandboxProject["start"]>; address: string }> {
    const child = project.start(["serve"]);
    const [, address = ""] = await said(child, /The sandbox is up at (127\.0\.0\.1:\d+), /);
    return { child, address };
  }
  const fired = (...args: string[]) => {
    const { status, out, err } = project.sandbox(["fire", "--json", ...args]);
    return { status, err, attempt: out === "" ? undefined : (JSON.parse(out) as Attempt) };
  };
  const attempts = () => JSON.parse(project.sandbox(["attempts", "--json"]).out) as Attempt[];
  const pidIn = ({ response }: Attempt) => (JSON.parse(response?.body ?? "") as { pid: number }).pid;

  test("takes tasks from Google's own client, runs jobs, pushes messages, and tells of each attempt", async () => {
    const { child, address } = await serve();
    const { out: token } = project.sandbox(["access-token", "user:owner@example.com"]);
    const client = tasksClient(address, token.trim());
    const parent = `${QUEUES}/orders`;
    await client.createTask({
      parent,
      task: { name: `${parent}/tasks/one`, httpRequest: { url: "https://x.example" } },
    });
    // A queue dispatches by itself: what is fired meanwhile may well be done first.
    await until(() => attempts().length > 0);
    for (const name of ["hourly", "orders", "pushed"]) {
      const { status, attempt } = fired(name);
      expect([status, attempt]).toMatchObject([
        0,
        { outcome: "success", caller: CALLER, response: { status: 200 } },
      ]);
    }
    const failed = fired("nowhere");
    expect([failed.status, failed.attempt?.reason]).toEqual([
      1,
      expect.stringContaining("does not list its image absent"),
    ]);
    expect(fired("none")).toMatchObject({
      status: 2,
      err: expect.stringMatching(/There are: .*hourly.*orders/) as string,
    });

    const all = attempts();
    expect(all.map(({ source, task }) => task?.split("/").at(-1) ?? source.kind)).toEqual([
      "one",
      "scheduler-job",
      expect.stringMatching(/^\d+$/),
      "push-subscription",
      "scheduler-job",
    ]);
    expect(new Set(all.slice(0, 4).map(pidIn)).size).toBe(1);
    const { out: table } = project.sandbox(["attempts"], { COLUMNS: "200" });
    expect(table).toMatch(/✓ {2}\S+Z +queue orders .*\n.*job hourly-job/);
    expect(table).toMatch(/✗ {2}\S+Z +job nowhere-\w+ .* 500 /);
    child.kill("SIGTERM");
    expect(await once(child, "exit")).toEqual([0, null]);
    expect(isAlive(pidIn(all[0] as Attempt))).toBe(false);
  });

  test("can be killed: no app is left, and the next one does what was not done", async () => {
    const { child, address } = await serve();
    const { out: token } = project.sandbox(["access-token", "user:owner@example.com"]);
    const parent = `${QUEUES}/held`;
    const client = tasksClient(address, token.trim());
    await client.createTask({
      parent,
      task: { name: `${parent}/tasks/kept`, httpRequest: { url: "https://x.example" } },
    });
    const { attempt } = fired("hourly");
    child.kill("SIGKILL");
    await once(child, "exit");
    await until(() => !isAlive(pidIn(attempt as Attempt)));
    expect(project.sandbox(["attempts"])).toMatchObject({
      status: 2,
      err: `error: Nobody serves ${project.kept}. Start it in another terminal: npm run sandbox -- serve\n`,
    });
    // What another command does to the cloud meanwhile takes nothing of it away.
    expect(project.sandbox(["remove", TOPIC, "projects/my-project/topics/none"]).status).toBe(2);

    const next = await serve();
    const { out: another } = project.sandbox(["access-token", "user:owner@example.com"]);
    const again = tasksClient(next.address, another.trim());
    const [tasks] = await again.listTasks({ parent });
    expect(tasks.map(({ name }) => name)).toEqual([`${parent}/tasks/kept`]);
    await again.runTask({ name: `${parent}/tasks/kept` });
    await until(() => attempts().length === 1);
    expect(attempts()).toMatchObject([{ task: `${parent}/tasks/kept`, outcome: "success" }]);
    next.child.kill("SIGINT");
    expect(await once(next.child, "exit")).toEqual([0, null]);
    expect(project.cloud?.delivery?.tasks.tasks).toEqual([]);
  });

  test("is none while it is up for another command only", async () => {
    const host = await started();
    host.load(OPTIONS);
    const client = new Client(host.serving);
    await expect(client.attempts()).rejects.toThrow(
      "This sandbox is up for another command, and delivers nothing. One that does: npm run sandbox -- serve",
    );
    await expect(client.fire("hourly", "")).rejects.toThrow("delivers nothing");
    const { status } = await fetch(`http://${host.serving.address}/v2/${QUEUES}/held/tasks`, {
      method: "POST",
    });
    expect(status).toBe(501);
    await host.stop();
  });
});

describe("Pulumi's environment in the sandbox", () => {
  const OWN = {
    GOOGLE_APPLICATION_CREDENTIALS: "/home/me/key.json",
    GOOGLE_OAUTH_ACCESS_TOKEN: "ya29.mine",
    GOOGLE_PROJECT: "real",
    CLOUDSDK_CORE_PROJECT: "real",
    PULUMI_ACCESS_TOKEN: "pul-mine",
    PULUMI_BACKEND_URL: "https://api.pulumi.com",
    PULUMI_CONFIG_PASSPHRASE_FILE: "/home/me/passphrase",
    PULUMI_STACK: "real",
    HTTPS_PROXY: "http://proxy.example:3128",
    https_proxy: "http://proxy.example:3128",
    PATH: "/usr/bin",
  };

  test("has nothing of one's own that leads to the real Google, a real stack, or out", () => {
    const serving = { pid: 1, address: "127.0.0.1:1", secret: "s" };
    const env = environment(OWN, folder, serving);
    const kept = Object.entries(OWN).filter(([name, value]) => env[name] === value);
    expect(kept.map(([name]) => name)).toEqual(["PATH"]);
    expect(env).toMatchObject({
      PULUMI_BACKEND_URL: `file://${folder.pulumiState}`,
      PULUMI_HOME: folder.pulumiHome,
      https_proxy: "http://127.0.0.1:9",
      HTTPS_PROXY: "http://127.0.0.1:9",
    });
    expect(existsSync(env.GOOGLE_APPLICATION_CREDENTIALS ?? "")).toBe(false);
  });
});

describe("the commands", () => {
  let project: SandboxProject;
  beforeEach(() => {
    project = new SandboxProject({ "index.ts": "" });
  });
  afterEach(() => {
    project.close();
  });

  test("serve says where it is, is there for one only, saves when it is asked to end, and can be killed", async () => {
    const serving = project.start(["serve"]);
    await said(serving, /The sandbox is up at 127\.0\.0\.1:\d+, with 0 resources in no project yet/);
    const second = project.sandbox(["serve"]);
    expect(second.status).toBe(2);
    expect(second.err).toMatch(
      /is served already, by process \d+ at 127\.0\.0\.1:\d+\. Use that one, stop it, or set/,
    );
    serving.kill("SIGTERM");
    expect(await once(serving, "exit")).toEqual([0, null]);
    expect(project.cloud?.snapshot.projects).toEqual([]);

    const killed = project.start(["serve"]);
    await said(killed, /The sandbox is up/);
    killed.kill("SIGKILL");
    await once(killed, "exit");
    const after = project.start(["serve"]);
    await said(after, /The sandbox is up/);
    after.kill("SIGINT");
    expect(await once(after, "exit")).toEqual([0, null]);
  });

  test("remove says what is not there", () => {
    const { status, err } = project.sandbox(["remove", TOPIC, "projects/my-project/topics/none"]);
    expect({ status, err }).toEqual({
      status: 2,
      err: `error: There is no ${TOPIC} with the id projects/my-project/topics/none.\n`,
    });
    const unknown = project.sandbox(["remove", "gcp:compute/instance:Instance", "x"]);
    expect(unknown.err).toContain(
      'resource type "gcp:compute/instance:Instance" is not modelled by the sandbox',
    );
  });

  test("without a CLI, pulumi says how to get one", () => {
    const { status, err } = project.sandbox(["pulumi", "stack", "ls"], { PATH: "/nonexistent" });
    expect(status).toBe(2);
    expect(err).toMatch(
      /There is no Pulumi CLI on PATH\. Get it with one of these.*https:\/\/www\.pulumi\.com\/docs\/install/s,
    );
  });

  test("a stack that another command makes at the same moment is taken as it is", () => {
    const cli = (made: string) =>
      `#!/bin/sh\ncase "$*" in *"stack init"*) ${made} echo "it already exists" >&2; exit 255;; esac\necho "went on"\n`;
    const stacks = join(project.kept, "pulumi/state/.pulumi/stacks/test");
    const run = (made: string) => {
      project.write("bin/pulumi", cli(made));
      chmodSync(join(project.folder, "bin/pulumi"), 0o755);
      return project.sandbox(["pulumi", "up"], {
        PATH: `${join(project.folder, "bin")}:${process.env.PATH ?? ""}`,
      });
    };
    expect(run("")).toMatchObject({
      status: 2,
      err: expect.stringContaining("it already exists") as unknown,
    });
    const state = join(stacks, "dev.json");
    expect(run(`mkdir -p ${stacks}; echo '{}' > ${state};`)).toMatchObject({ status: 0, out: "went on\n" });
  });

  test("without a CLI, pulumi lets go of a cloud that is served", async () => {
    const serving = project.start(["serve"]);
    await said(serving, /The sandbox is up/);
    const asked = project.start(["pulumi", "stack", "ls"], ["ignore", "ignore"], { PATH: "/nonexistent" });
    const kill = setTimeout(() => asked.kill("SIGKILL"), 20_000);
    expect(await once(asked, "exit")).toEqual([2, null]);
    clearTimeout(kill);
    serving.kill("SIGTERM");
    await once(serving, "exit");
  });

  test("serve takes a folder, an account and a place to keep things, and says which is none", () => {
    writeFileSync(join(path, "file"), "");
    const cases: [string[], Record<string, string>, string][] = [
      [["--cwd", join(path, "none")], {}, `--cwd ${join(path, "none")} is no folder.`],
      [["--runs-as", "bob"], {}, "--runs-as bob is no service account's e-mail."],
      [["--runs-as", ""], {}, "--runs-as  is no service account's e-mail."],
      [[], { SANDBOX_FOLDER: join(path, "file") }, `${join(path, "file")} cannot be written to: `],
    ];
    for (const [args, env, why] of cases) {
      const { status, err } = project.sandbox(["serve", ...args], env);
      expect({ status, err }).toEqual({
        status: 2,
        err: expect.stringContaining(`error: ${why}`) as unknown,
      });
    }
  });

  test("an empty SANDBOX_FOLDER is none, and a command that asks for JSON gets its error so", () => {
    const { status, out, err } = project.sandbox(["attempts", "--json"], { SANDBOX_FOLDER: "" });
    const error = `Nobody serves ${project.kept}. Start it in another terminal: npm run sandbox -- serve`;
    expect({ status, err, said: JSON.parse(out) as unknown }).toEqual({
      status: 2,
      err: `error: ${error}\n`,
      said: { error },
    });
  });

  test("an access token is for somebody who can sign in", async () => {
    const serving = project.start(["serve"]);
    await said(serving, /The sandbox is up/);
    for (const [member, why] of [
      ["bob", '"bob" is not a member. Members are'],
      ["", '"" is not a member.'],
      ["user:bob", '"user:bob" is not a member: "bob" does not name a user.'],
      ["allUsers", 'Nobody signs in as "allUsers". Name a person or a service account'],
    ] as const) {
      const { status, out, err } = project.sandbox(["access-token", member]);
      expect({ status, out, err }).toEqual({
        status: 2,
        out: "",
        err: expect.stringContaining(`error: ${why}`) as unknown,
      });
    }
    serving.kill("SIGTERM");
    await once(serving, "exit");
  });

  test("what would change the project's own files is refused, or done elsewhere", () => {
    for (const [args, why] of [
      [["stack", "init"], "Say which stack"],
      [["stack", "new"], "Say which stack"],
      [["stack", "create"], "Say which stack"],
      [["destroy", "--remove"], "it would delete the project's Pulumi.<stack>.yaml"],
      [["down", "--remove"], "it would delete the project's Pulumi.<stack>.yaml"],
      [["dn", "--yes", "--remove=true"], "it would delete the project's Pulumi.<stack>.yaml"],
      [["stack", "rename", "x"], "it would rename the project's Pulumi.<stack>.yaml"],
    ] as const) {
      const { status, err } = project.sandbox(["pulumi", ...args]);
      expect({ status, err }).toEqual({ status: 2, err: expect.stringContaining(why) as unknown });
    }
  });
});

async function said(child: ReturnType<SandboxProject["start"]>, pattern: RegExp): Promise<RegExpExecArray> {
  let text = "";
  child.stderr?.setEncoding("utf8");
  for await (const chunk of child.stderr ?? []) {
    text += String(chunk);
    const found = pattern.exec(text);
    if (found !== null) return found;
  }
  throw new Error(`it ended without saying ${String(pattern)}:\n${text}`);
}

async function until(condition: () => boolean): Promise<void> {
  const end = Date.now() + 10_000;
  while (!condition() && Date.now() < end) await new Promise((done) => setTimeout(done, 20));
  expect(condition()).toBe(true);
}

function topicsIn(text: string): unknown[] {
  const { snapshot } = JSON.parse(text) as { snapshot: { resources: { token: string }[] } };
  return snapshot.resources.filter(({ token }) => token === TOPIC);
}
