import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { VirtualClock } from "../../sandbox/cloud/clock";
import { duration } from "../../sandbox/cli/duration";
import { header, print, type Paint } from "../../sandbox/cli/print";
import { NOTICE, type Report } from "../../sandbox/cli/report";
import { readStackConfig } from "../../sandbox/cli/stack-config";
import { shortened, table } from "../../sandbox/cli/table";
import { Timekeeper } from "../../sandbox/cli/timekeeper";

const ROOT = join(__dirname, "../..");

// Whole runs of the command, on machines that have other things to do.
jest.setTimeout(120_000);

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sandbox-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function write(files: Readonly<Record<string, string>>, under = folder): void {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(under, name)), { recursive: true });
    writeFileSync(join(under, name), content);
  }
}

describe("the stack's configuration", () => {
  const PROJECT = `
name: shop
config:
  size: {type: integer, default: 2}
  flag: {type: boolean, default: false}
  names: {type: array, items: {type: string}, default: []}
  colour: blue
  token: {type: string, secret: true, default: ""}
  gcp:region: {value: europe-west1}
  other:mode: fast
  address: {type: string}
`;
  const read = (stack: string, overrides: string[] = [], project = PROJECT) => {
    write({ "Pulumi.yaml": project, "Pulumi.dev.yaml": stack, "Pulumi.prod.yaml": "" });
    return readStackConfig(folder, "dev", overrides);
  };

  test("is what Pulumi's own CLI would hand over", () => {
    const { config, secretKeys, project, main } = read(`
config:
  gcp:project: my-project
  shop:address: https://x
  shop:size: 3
  shop:config:flag: true
  names: [a, b]
  shop:more: {a: 1}
`);
    expect(config).toEqual({
      "gcp:project": "my-project",
      "gcp:region": "europe-west1",
      "other:mode": "fast",
      "shop:address": "https://x",
      "shop:size": "3",
      "shop:flag": "true",
      "shop:names": '["a","b"]',
      "shop:colour": "blue",
      "shop:token": "",
      "shop:more": '{"a":1}',
    });
    expect({ secretKeys, project, main }).toEqual({
      secretKeys: ["shop:token"],
      project: "shop",
      main: folder,
    });
  });

  test("values of the command line come last", () => {
    const { config } = read("config: {shop:address: x}", [
      "address=https://y?a=b",
      'names=["c"]',
      "gcp:region=us-east1",
    ]);
    expect(config).toMatchObject({
      "shop:address": "https://y?a=b",
      "shop:names": '["c"]',
      "gcp:region": "us-east1",
    });
  });

  test("what stands in for an encrypted value is as secret", () => {
    const stack = "config: {shop:address: {secure: AAABAxyz}, shop:size: 3}";
    expect(read(stack, ["address=https://y"]).secretKeys).toEqual(["shop:token", "shop:address"]);
  });

  test.each<[string, string, string[], string]>([
    [
      "that is secret, and of the wrong type",
      "config: {shop:address: x, shop:size: {secure: AAABAxyz}}",
      ["size=hush"],
      "Pulumi.dev.yaml: shop:size is a secret of another type; it must be of type integer.",
    ],
    [
      "of the wrong type",
      "config: {shop:address: x, shop:size: many}",
      [],
      'Pulumi.dev.yaml: shop:size is "many"; it must be of type integer.',
    ],
    [
      "of the wrong type on the command line",
      "config: {shop:address: x}",
      ["names=a,b"],
      'Pulumi.dev.yaml: shop:names is "a,b"; it must be of type array of string.',
    ],
    [
      "that is missing",
      "",
      [],
      "Pulumi.dev.yaml: shop:address is missing, and Pulumi.yaml has no default for it. Set it there, or try with: --config shop:address=VALUE",
    ],
    [
      "that is encrypted",
      "config: {shop:address: {secure: AAABAxyz}}",
      [],
      "Pulumi.dev.yaml: shop:address is encrypted, and the sandbox has no key to it. Give a value to try with: --config shop:address=VALUE",
    ],
    [
      "that is encrypted further inside",
      "config: {shop:address: x, shop:more: {list: [{secure: AAABAxyz}]}}",
      [],
      "Pulumi.dev.yaml: shop:more is encrypted",
    ],
    ["without a value", "config: {shop:address: x}", ["size"], "--config size: write it as KEY=VALUE."],
    ["of another form", "config: [a]", [], "Pulumi.dev.yaml: config must be a map of keys and values."],
    ["kept elsewhere", "environment: [prod]", [], 'Pulumi.dev.yaml: "environment" imports configuration'],
    ["that is not YAML", "config: {", [], "Pulumi.dev.yaml is not YAML: "],
  ])("a value %s is said by its name", (_, stack, overrides, message) => {
    expect(() => read(stack, overrides)).toThrow(message);
  });

  test("an encrypted value can be replaced", () => {
    expect(read("config: {shop:address: {secure: AAAB}}", ["address=y"]).config["shop:address"]).toBe("y");
  });

  test("a stack that is not there is said with those that are", () => {
    write({ "Pulumi.yaml": PROJECT, "Pulumi.dev.yaml": "", "Pulumi.prod.yaml": "" });
    expect(() => readStackConfig(folder, "staging")).toThrow(
      `There is no Pulumi.staging.yaml in ${folder}. The stacks here are: dev, prod.`,
    );
    expect(() => readStackConfig(join(folder, "apps"), "dev")).toThrow(/There is no Pulumi\.yaml in .*--cwd/);
  });

  test("a file that cannot be read is named", () => {
    mkdirSync(join(folder, "Pulumi.dev.yaml"));
    write({ "Pulumi.yaml": PROJECT });
    expect(() => readStackConfig(folder, "dev")).toThrow(/\/Pulumi\.dev\.yaml cannot be read: .*EISDIR/);
  });

  test("durations", () => {
    expect(["0", "500ms", "90s", "2m", "1.5m"].map(duration)).toEqual([0, 500, 90_000, 120_000, 90_000]);
    for (const wrong of ["", "2", "2h", "-1s", "m"])
      expect(() => duration(wrong)).toThrow(/is not a duration/);
  });
});

describe("tables", () => {
  const columns = [
    { title: "A", text: (row: string[]) => row[0] ?? "" },
    { title: "B", text: (row: string[]) => row[1] ?? "", least: 10 },
  ];
  const rows = [
    ["short", "a text that is somewhat longer than that"],
    ["something long as well", "x"],
  ];

  test("are aligned", () => {
    expect(table(columns, rows)).toEqual([
      "A                       B",
      "short                   a text that is somewhat longer than that",
      "something long as well  x",
    ]);
  });

  test("shorten in the middle what is widest, and never wrap", () => {
    expect(table(columns, rows, 30)).toEqual([
      "A               B",
      "short           a text …n that",
      "somethi…s well  x",
    ]);
    for (let width = 20; width < 80; width++) {
      for (const line of table(columns, rows, width)) expect(line.length).toBeLessThanOrEqual(width);
    }
  });

  test("have one line a row, whatever is in it", () => {
    expect(table(columns, [["a\nb\u001b[31mc", "\t\td"]])[1]).toBe("a b [31mc  d");
  });

  test("shortened texts keep both ends", () => {
    expect([10, 6, 5, 4, 1, 0].map((length) => shortened("abcdef", length))).toEqual([
      "abcdef",
      "abcdef",
      "ab…ef",
      "ab…f",
      "…",
      "",
    ]);
  });
});

describe("time", () => {
  test("passes for all who ask at the same moment together", async () => {
    const clock = new VirtualClock(0);
    const time = new Timekeeper(clock);
    await Promise.all([time.pass(60_000), time.pass(60_000), time.pass(1_000)]);
    expect(clock.now()).toBe(60_000);
  });

  test("passes until the work is done, and no longer than the limit", async () => {
    const clock = new VirtualClock(0);
    const time = new Timekeeper(clock);
    expect(await time.passUntil(clock.sleep(90_500), 600_000)).toBe(true);
    expect(clock.now()).toBe(91_000);
    expect(await time.passUntil(new Promise(() => undefined), 10_000)).toBe(false);
    expect(clock.now()).toBe(101_000);
    await expect(time.passUntil(Promise.reject(new Error("no luck")), 10_000)).rejects.toThrow("no luck");
  });
});

describe("what is printed", () => {
  const plain = (text: string): string => text;
  const none: Paint = { green: plain, red: plain, bold: plain, dim: plain };
  const hello = { kind: "run-service", name: "hello", urn: "urn:hello" } as const;
  const report: Report = {
    ok: false,
    notice: NOTICE,
    stack: { project: "shop", stack: "dev" },
    project: { id: "my-project", number: "1", kind: "hardened", iamDelaySeconds: 120 },
    resources: 12,
    calls: [
      {
        ok: true,
        source: { kind: "scheduler-job", name: "nightly", urn: "urn:job" },
        caller: "caller@x",
        target: hello,
        url: "https://hello/run",
        audience: "https://hello",
        status: 200,
        tries: 3,
        answer: "hello, caller@x",
        reason: "roles/run.invoker",
      },
      {
        ok: false,
        source: { kind: "push-subscription", name: "psub", urn: "urn:psub" },
        caller: "caller@x",
        target: hello,
        url: "https://hello",
        tries: 0,
        reason: "nothing was sent",
      },
    ],
    intrusions: [
      {
        ok: true,
        intruder: "no token",
        target: hello,
        url: "https://hello",
        expected: { letIn: false, status: 403 },
        got: { letIn: false, status: 403 },
        reason: "no token",
      },
      {
        ok: false,
        intruder: "stranger",
        target: hello,
        url: "https://hello",
        expected: { letIn: false, status: 403 },
        got: { letIn: true, status: 200 },
        reason: "allUsers",
      },
      {
        ok: true,
        intruder: "caller",
        target: hello,
        url: "https://hello",
        expected: { letIn: true },
        reason: "not tried",
      },
    ],
    insiders: [{ member: "user:owner@example.com", role: "roles/owner", targets: ["hello"] }],
    seconds: 1.5,
  };

  test("says first what it is", () => {
    expect(header(report)).toBe(
      [
        "An embedded Google Cloud: a model in this process, with throw-away keys.",
        "It is no security boundary, and asks nothing of Google.",
        "Stack dev of shop, in project my-project (hardened: no usual roles).",
        "IAM changes take effect after 120 s.",
      ].join("\n"),
    );
  });

  test("has every call, every try, who else gets in, and the totals", () => {
    expect(print(report, { width: 160, paint: none })).toMatchInlineSnapshot(`
"   SOURCE       CALLER    TARGET     AUDIENCE       STATUS         ANSWER
✓  job nightly  caller@x  run hello  https://hello  200 (3 tries)  hello, caller@x
✗  push psub    caller@x  run hello  (none)         -              nothing was sent

   TARGET     WHO TRIES              EXPECTED       GOT            WHY
✓  run hello  nobody: no token       kept out, 403  kept out, 403  no token
✗  run hello  stranger: valid token  kept out, 403  let in, 200    allUsers
✓  run hello  caller: all in order   let in         not tried      not tried

ALSO LET IN             BY A ROLE ON THE WHOLE PROJECT  INTO
user:owner@example.com  roles/owner                     hello

Not as it should be: 12 resources · 1 of 2 calls got in · 1 of 2 intruders met what they should · 1 of 1 callers are as before · 1 not tried · 1.5 s
"
`);
  });

  test("is coloured where it differs", () => {
    const red = (text: string): string => `<${text}>`;
    const text = print(report, { width: 160, paint: { ...none, red } });
    expect(text).toContain(
      "<✗>  push psub    caller@x  run hello  (none)         <->              nothing was sent",
    );
    expect(text).toContain("<let in, 200>    allUsers");
    expect(text).toMatch(/<Not as it should be: .*>/);
  });
});

/** The command itself. */
interface Ended {
  code: number | null;
  signal: NodeJS.Signals | null;
  out: string;
  err: string;
}

/** Marks the environment of everything that one command starts. */
let marks = 0;

async function sandbox(
  args: readonly string[],
  {
    cwd = ROOT,
    env = {},
    whenSaid,
    then,
  }: { cwd?: string; env?: NodeJS.ProcessEnv; whenSaid?: string; then?: NodeJS.Signals } = {},
): Promise<Ended> {
  const mark = `${process.pid}-${++marks}`;
  const child = spawn(
    process.execPath,
    ["-r", join(ROOT, "register.js"), join(ROOT, "sandbox/cli/main.ts"), ...args],
    {
      cwd,
      // Apps inherit TEMP; it marks them as this command's.
      env: {
        ...process.env,
        NO_COLOR: undefined,
        FORCE_COLOR: undefined,
        TMPDIR: tmpdir(),
        TEMP: mark,
        ...env,
      },
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  const said = { out: "", err: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => (said.out += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    said.err += text;
    if (whenSaid !== undefined && then !== undefined && said.err.includes(whenSaid)) child.kill(then);
  });
  const [code, signal] = (await once(child, "close")) as [number | null, NodeJS.Signals | null];
  expect(processesMarked(mark)).toEqual([]);
  return { code, signal, ...said };
}

/** The processes whose environment has the mark; on systems that do not tell, none. */
function processesMarked(mark: string): string[] {
  const pids = (existsSync("/proc") ? readdirSync("/proc") : []).filter((name) => /^\d+$/.test(name));
  return pids.filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/environ`, "utf8").split("\0").includes(`TEMP=${mark}`);
    } catch {
      return false;
    }
  });
}

/** A Pulumi program of its own, in a folder of its own. */
function writeProgram(name: string, program: string, files: Readonly<Record<string, string>> = {}): string {
  const path = join(folder, name);
  write(
    {
      "Pulumi.yaml": "name: shop\nruntime: nodejs\n",
      "Pulumi.dev.yaml": "config: {gcp:project: my-project, gcp:region: us-central1}\n",
      "package.json": '{"main": "index.ts"}',
      "index.ts": program,
      ...files,
    },
    path,
  );
  symlinkSync(join(ROOT, "node_modules"), join(path, "node_modules"));
  return path;
}

/** A job that calls a service, without the grant for it unless it is given. */
const PROGRAM = `
  import * as gcp from "@pulumi/gcp";
  const enable = (api: string) => new gcp.projects.Service(api, { service: api + ".googleapis.com" });
  const options = { dependsOn: ["run", "iam", "cloudscheduler"].map(enable) };
  const account = new gcp.serviceaccount.Account("caller", { accountId: "the-caller" }, options);
  const service = new gcp.cloudrunv2.Service("target", {
    location: "us-central1",
    deletionProtection: false,
    template: { serviceAccount: account.email, containers: [{ image: "example.com/app" }] },
  }, options);
  new gcp.cloudscheduler.Job("nightly", {
    schedule: "0 3 * * *",
    region: "us-central1",
    httpTarget: { uri: service.uri, oidcToken: { serviceAccountEmail: account.email, audience: service.uri } },
  }, options);
  console.log("the program prints this");
`;
/** Two applications, one behind an Envoy and one in a mesh, each called by a job. */
const FRONTS = `
  import * as kubernetes from "@pulumi/kubernetes";
  import { CallerIdentity, EnvoyFront, IstioWorkload, ProjectApis, SchedulerJob } from "${ROOT}/components";
  const apis = new ProjectApis("apis", { project: "my-project", services: ["iam", "cloudscheduler"] });
  const caller = new CallerIdentity("caller", { agents: ["scheduler"] }, { dependsOn: [apis] });
  const callers = { caller };
  const upstream = { address: "127.0.0.1", port: 3000 };
  const front = new EnvoyFront("front", { url: "https://envoy.example.com", callers, upstream });
  const mesh = new IstioWorkload("mesh", {
    url: "https://mesh.example.com", callers, namespace: "books", selector: { app: "ledger" },
  });
  for (const [name, manifest] of Object.entries(mesh.manifests)) {
    new kubernetes.apiextensions.CustomResource(name, { ...manifest });
  }
  new SchedulerJob("calls-envoy", { schedule: "0 3 * * *", target: front.authorize(caller) });
  new SchedulerJob("calls-mesh", { schedule: "0 3 * * *", target: mesh.authorize(caller) });
  export const envoy = front.yaml;
`;
const LOCAL_APPS = JSON.stringify({ images: { "example.com/app": "app" } });

/** Three queues before a service: one that sends, one that is paused, and one that leaves the address to its tasks. */
const QUEUES = `
  import * as gcp from "@pulumi/gcp";
  const enable = (api: string) => new gcp.projects.Service(api, { service: api + ".googleapis.com" });
  const options = { dependsOn: ["run", "iam", "cloudtasks"].map(enable) };
  const account = new gcp.serviceaccount.Account("caller", { accountId: "the-caller" }, options);
  const service = new gcp.cloudrunv2.Service("target", {
    location: "us-central1",
    deletionProtection: false,
    template: { serviceAccount: account.email, containers: [{ image: "example.com/app" }] },
  }, options);
  new gcp.cloudrunv2.ServiceIamMember("invoker", {
    name: service.name,
    location: "us-central1",
    role: "roles/run.invoker",
    member: account.member,
  });
  const host = service.uri.apply((uri) => new URL(uri).host);
  const oidcToken = { serviceAccountEmail: account.email, audience: service.uri };
  const retryConfig = { minBackoff: "30s" };
  const queue = (name: string, uriOverride: object | undefined, more: object = {}) =>
    new gcp.cloudtasks.Queue(
      name,
      { location: "us-central1", retryConfig, httpTarget: { uriOverride, oidcToken }, ...more },
      options,
    );
  queue("sends", { host });
  queue("rests", { host, pathOverride: { path: "/rests" } }, { desiredState: "PAUSED" });
  queue("leaves", undefined);
`;

interface Json {
  ok: boolean;
  error?: string;
  calls: Report["calls"];
  intrusions: Report["intrusions"];
}

describe("npm run sandbox", () => {
  test("shows who gets in and who does not, in two tables that fit, and ends with 0", async () => {
    // Programs take CI for a sign that colours are wanted, whatever the output goes to.
    const { code, out, err } = await sandbox([], { env: { COLUMNS: "120", CI: "true" } });
    expect({ code, err }).toEqual({
      code: 0,
      err: expect.stringContaining("Deploying stack dev") as unknown,
    });
    const lines = out.split("\n");
    expect(lines[0]).toMatch(/^An embedded Google Cloud: .*throw-away keys/);
    expect(lines[1]).toMatch(/no security boundary/);
    for (const line of lines)
      expect(line.length).toBeLessThanOrEqual(120 + 60 * Number(line.includes(" · ")));
    expect(out).not.toContain("\u001b[");
    expect(out).toMatch(/✓ {2}job oidctest +sch\S+ +run hello +https\S+ +200 +hello, sch.*/);
    expect(out).not.toContain("✗");
    expect(out).toMatch(/All as it should be: \d+ resources · 11 of 11 calls got in · 50 of 50 intruders/);
  });

  test("puts a task into every queue, also into a paused one, and waits for what comes of it", async () => {
    const server = readFileSync(join(ROOT, "apps/hello/server.js"), "utf8");
    const files = {
      "apps/local.json": LOCAL_APPS,
      "app/server.js": server,
      "app/package.json": '{"main": "server.js"}',
    };
    const cwd = writeProgram("queues", QUEUES, files);
    const { code, out, err } = await sandbox(["--json", "--cwd", cwd, "--iam-delay", "5m"]);
    expect({ code, err }).toMatchObject({ code: 1 });
    const { calls } = JSON.parse(out) as Json;
    const caller = "the-caller@my-project.iam.gserviceaccount.com";
    expect(
      calls.map(({ source, ok, status, answer, reason }) => [source, ok, status, answer, reason]),
    ).toEqual([
      [
        expect.objectContaining({ kind: "task-queue", name: "leaves" }),
        false,
        undefined,
        undefined,
        "nothing was sent: the queue leaves the address to its tasks",
      ],
      ...["rests", "sends"].map((name): unknown[] => [
        expect.objectContaining({ kind: "task-queue", name }),
        true,
        200,
        expect.stringContaining(`hello, ${caller}`),
        expect.stringContaining("roles/run.invoker"),
      ]),
    ]);
  });

  test("in a hardened project, with another stack, and grants that take minutes: as data, with nothing else", async () => {
    const { code, out } = await sandbox([
      "--json",
      "-s",
      "prod",
      "--project-kind",
      "hardened",
      "--iam-delay",
      "7m",
    ]);
    const report = JSON.parse(out) as Json;
    expect(code).toBe(0);
    expect(report.ok).toBe(true);
    expect(
      report.calls.map(({ source, target, status }) => `${source.name} -> ${target.name}: ${status ?? "-"}`),
    ).toEqual([
      "psub -> hello: 200",
      "psubgcf -> authfn: 200",
      "apptest -> receiver.example.com: 200",
      "gcftest -> authfn: 200",
      "gcftest-v1 -> authfn-v1: 200",
      "oidctest -> hello: 200",
      "oidctest-europe-west1 -> hello-europe-west1: 200",
      "tasktest -> hello: 200",
    ]);
    for (const { answer, caller, tries } of report.calls) {
      expect(answer).toContain(`hello, ${caller} (`);
      expect(caller).toMatch(/^schedulerunner-\w+@automatic-oidc-prod\.iam\.gserviceaccount\.com$/);
      expect(tries).toBeGreaterThan(1);
    }
    expect(report.intrusions.filter(({ ok }) => !ok)).toEqual([]);
    expect(new Set(report.intrusions.map(({ intruder }) => intruder)).size).toBe(7);
  });

  test("ends with 1 when somebody is kept out who should get in", async () => {
    const app = `require("node:http").createServer((q, a) => a.end("hi")).listen(process.env.PORT);`;
    const cwd = writeProgram("ungranted", PROGRAM, { "apps/local.json": LOCAL_APPS, "app/index.js": app });
    const { code, out, err } = await sandbox(["--json", "--cwd", cwd], { cwd: tmpdir() });
    const report = JSON.parse(out) as Json;
    expect({ code, ok: report.ok }).toEqual({ code: 1, ok: false });
    expect(report.calls).toMatchObject([
      { ok: false, status: 403, reason: expect.stringMatching(/run\.routes\.invoke|roles\/run/) as unknown },
    ]);
    expect(report.calls[0]?.answer).toBeUndefined();
    // The intruders met what they should, and the caller was expected to be among them.
    expect(report.intrusions.filter(({ ok }) => !ok)).toEqual([]);
    expect(err).toContain("the program prints this");
  });

  test("shows what stands before an application, and what that answers to intruders", async () => {
    const app = `require("node:http").createServer((q, a) => a.end("hi")).listen(process.env.PORT);`;
    const hosts = {
      "envoy.example.com": { app: "app", front: { envoy: "${outputs.envoy}" } },
      "mesh.example.com": {
        app: "app",
        front: { istio: { namespace: "books", labels: { app: "ledger", version: "v1" } } },
      },
    };
    const files = { "apps/local.json": JSON.stringify({ hosts }), "app/index.js": app };
    const cwd = writeProgram("fronts", FRONTS, files);
    const [json, text] = await Promise.all([
      sandbox(["--json", "--cwd", cwd]),
      sandbox(["--cwd", cwd], { env: { COLUMNS: "160" } }),
    ]);
    const report = JSON.parse(json.out) as Json;
    expect({ error: report.error, ok: report.ok }).toEqual({ error: undefined, ok: true });
    expect(report.calls.map(({ target, front, status }) => [target.name, front, status])).toEqual([
      ["envoy.example.com", "envoy", 200],
      ["mesh.example.com", "istio", 200],
    ]);
    const met = (host: string) =>
      report.intrusions
        .filter(({ target }) => target.name === host)
        .map(({ intruder, got }) => [intruder, got?.status]);
    const alike = [
      ["stranger", 403],
      ["wrong audience", 403],
      ["foreign signature", 401],
      ["expired token", 401],
      ["caller", 200],
    ];
    expect(met("envoy.example.com")).toEqual([["no token", 401], ...alike]);
    expect(met("mesh.example.com")).toEqual([["no token", 403], ...alike]);
    expect(text.out).toMatch(/✓ {2}envoy envoy\.example\.com +stranger: valid token +kept out, 403/);
    expect(text.out).toMatch(/✓ {2}istio mesh\.example\.com +nobody: no token +kept out, 403/);
    expect(text.code).toBe(0);
  });

  test("says what went wrong, without a stack trace, and ends with 2", async () => {
    const occupied = createServer().listen(0, "127.0.0.1");
    await once(occupied, "listening");
    const address = occupied.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const cases: [string, Promise<Ended>, RegExp][] = [
      [
        "unknown stack",
        sandbox(["-s", "nowhere"]),
        /There is no Pulumi\.nowhere\.yaml .* The stacks here are: dev, prod\./,
      ],
      [
        "wrong type",
        sandbox(["-c", "minInstances=many"]),
        /Pulumi\.dev\.yaml: automatic-oidc:minInstances is "many"; it must be of type integer\./,
      ],
      ["unknown option", sandbox(["--stak", "dev"]), /unknown option '--stak'.*\n.*Did you mean --stack\?/],
      ["unknown command", sandbox(["serv"]), /unknown command 'serv'\. There are: serve, pulumi, /],
      [
        "option of another command",
        sandbox(["--project-kind", "hardened", "serve"]),
        /--project-kind before serve has no meaning\. What is meant for serve stands behind it/,
      ],
      [
        "unusable project",
        sandbox(["-c", "gcp:project=X"]),
        /^error: "X" is not a project's id: it has 6 to 30 lower-case letters/,
      ],
      ["bad choice", sandbox(["--project-kind", "soft"]), /Allowed choices are default, hardened/],
      [
        "bad duration",
        sandbox(["--iam-delay", "soon"]),
        /"soon" is not a duration\. Write it as 90s or 2m\./,
      ],
      ["long delay", sandbox(["--iam-delay", "11m"]), /At most 10m/],
      [
        "occupied port",
        sandbox(["--keys-port", String(port)]),
        new RegExp(`Port ${port} on 127\\.0\\.0\\.1 is in use\\.`),
      ],
    ];
    for (const [, ended, message] of cases) {
      const { code, err } = await ended;
      expect(err).toMatch(message);
      expect(err).not.toMatch(/^ +at /m);
      expect(code).toBe(2);
    }
    occupied.close();
  });

  test("programs and apps that fail are told apart, and leave nothing running", async () => {
    const start = (
      name: string,
      program: string,
      files?: Record<string, string>,
      args: string[] = [],
    ): Promise<Ended> => sandbox(args, { cwd: writeProgram(name, program, files) });
    const broken = { "apps/local.json": LOCAL_APPS, "app/index.js": `throw new Error("no database");` };
    const cases: [[Promise<Ended>, RegExp], ...[Promise<Ended>, RegExp][]] = [
      [start("throws", `throw new Error("no luck");`, {}, ["--json"]), /^error: no luck$/m],
      [
        start("leaves", `process.exit(0);`),
        /^error: The program ended by itself, or waits for something that never comes\.$/m,
      ],
      [
        start("stops", `process.exit(3);`, {}, ["--json"]),
        /^error: The program ended the process, with exit code 3\.$/m,
      ],
      [
        start("mistyped", "", { "index.js": "const a = ;", "package.json": '{"main": "index.js"}' }),
        /^error: \/\S+\/mistyped\/index\.js:1: Unexpected token ';'$/m,
      ],
      [
        start("faulty", `(undefined as unknown as { a: () => void }).a();`),
        /^error: Cannot read properties of undefined .*\n--trace shows where\.$/m,
      ],
      [
        start("nowhere", "", { "Pulumi.yaml": "name: shop\nruntime: nodejs\nmain: app.ts\n" }),
        /^error: There is no program at \S+\/nowhere\/app\.ts\. It is what main names in Pulumi\.yaml/m,
      ],
      [
        start("python", "", { "Pulumi.yaml": "name: shop\nruntime: {name: python}\n" }),
        /^error: Pulumi\.yaml: runtime is "python"; .* npm run sandbox -- pulumi up$/m,
      ],
      [
        start("waits", `module.exports = async () => new Promise(() => {});`),
        /waits for something that never comes/,
      ],
      [
        start("app", PROGRAM, broken),
        /^error: The app behind Run service "target-\w+" does not start: .*\n.*\n?.*no database/m,
      ],
    ];
    for (const [ended, message] of cases) {
      const { code, err } = await ended;
      expect(err).toMatch(message);
      expect(err).not.toMatch(/^ +at /m);
      expect(code).toBe(2);
    }
    const said = async (which: number): Promise<unknown> => JSON.parse((await cases[which]?.[0])?.out ?? "");
    expect(await said(0)).toEqual({ ok: false, error: "no luck" });
    expect(await said(2)).toEqual({
      ok: false,
      error: "The program ended the process, with exit code 3.",
    });
  });

  test("a signal ends it, and all that it has started", async () => {
    const ended = await Promise.all([
      sandbox([], { whenSaid: "Deploying", then: "SIGTERM" }),
      sandbox([], { whenSaid: "Firing", then: "SIGINT" }),
    ]);
    // While it loads the program, the system ends it: to a shell that is the same.
    expect([143, "SIGTERM"]).toContain(ended[0].code ?? ended[0].signal);
    expect(ended[1].code).toBe(130);
  });

  test("a signal ends a program that never gives way", async () => {
    const cwd = writeProgram("loops", `process.stderr.write("it loops"); for (;;);`);
    const { signal } = await sandbox(["--cwd", cwd], { whenSaid: "it loops", then: "SIGINT" });
    expect(signal).toBe("SIGINT");
  });

  test("help whose reader has read enough is no error", async () => {
    const child = spawn(
      process.execPath,
      ["-r", join(ROOT, "register.js"), join(ROOT, "sandbox/cli/main.ts"), "--help"],
      { stdio: ["ignore", "pipe", "pipe"] },
    );
    child.stdout.destroy();
    let err = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => (err += text));
    await once(child, "close");
    expect(err).toBe("");
  });

  test("says what it can do", async () => {
    const { code, out } = await sandbox(["--help"]);
    expect(code).toBe(0);
    for (const option of [
      "--stack",
      "--json",
      "--project-kind",
      "--iam-delay",
      "--config",
      "--keys-port",
      "--cwd",
    ]) {
      expect(out).toContain(option);
    }
    expect(out).toContain("Exit code: 0");
  });
});
