import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { OAuth2Client } from "google-auth-library";
import { decodeJwt } from "jose";
import {
  ApiGateway,
  CallerIdentity,
  CloudRunService,
  EndpointsService,
  EnvoyFront,
  ExternalApplication,
  IstioWorkload,
  SchedulerJob,
} from "../components";
import type { Cloud } from "../sandbox/cloud/cloud";
import { serviceAccountName } from "../sandbox/cloud/names";
import { InProcessEngine } from "../sandbox/doors/in-process/engine";
import type { DeployedResource } from "../sandbox/doors/in-process/engine";
import { googleApis } from "../sandbox/doors/rest/google-apis";
import { MINTER } from "../sandbox/doors/rest/let-mint";
import { authenticator } from "../sandbox/doors/rest/principal";
import { RestDoor } from "../sandbox/doors/rest/rest-door";
import { Folder } from "../sandbox/host/folder";
import { Host } from "../sandbox/host/host";
import { choose } from "../token/choice";
import { impersonate } from "../token/impersonate";
import { tokenIn } from "../token/token";
import type { World } from "../token/world";
import { onGoogle, REACH, type Reach } from "../token/worlds/google";
import { served } from "../token/worlds/served";
import { fromState } from "../trust/from-state";
import { trustGraph } from "../trust/graph";
import { PROJECT, TestStack } from "./support/stack";
import { withoutStackTraces } from "./support/stack-traces";

const ROOT = join(__dirname, "..");
const OWNER = "user:owner@example.com";
const WORKLOAD = "workload@my-project.iam.gserviceaccount.com";
const DEVELOPER = "user:developer@example.com";

const folder = mkdtempSync(join(tmpdir(), "token-"));
const toStop: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(toStop.splice(0).map((stop) => stop()));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** Two callers, of which one calls two of three targets; the third lets nobody in. */
function program(): void {
  const caller = new CallerIdentity("schedulerunner", {});
  const idle = new CallerIdentity("idle", {});
  const hello = new CloudRunService("hello", { image: "hello", region: "us-central1" });
  new CloudRunService("closed", { image: "hello", region: "us-central1" });
  const url = "https://jobs.example.com";
  const application = new ExternalApplication("application", {
    url,
    audience: "jobs",
    callers: { caller, idle },
  });
  const at = { schedule: "5 * * * *", region: "us-central1" };
  new SchedulerJob("nightly", { ...at, target: hello.authorize(caller), path: "/nightly" });
  new SchedulerJob("report", { ...at, target: application.authorize(caller) });
  new SchedulerJob("report-idle", { ...at, target: application.authorize(idle) });
}

/** As `pulumi stack export` writes it. */
function exported(resources: readonly DeployedResource[]): { version: number; deployment: object } {
  const deployment = {
    resources: resources.map(({ name, custom, ...rest }) => ({ ...rest, custom, made: name })),
  };
  return JSON.parse(JSON.stringify({ version: 3, deployment })) as ReturnType<typeof exported>;
}

async function deployed(): Promise<{ cloud: Cloud; resources: readonly DeployedResource[]; door: RestDoor }> {
  const stack = new TestStack();
  const { resources } = await stack.up(program);
  const { cloud } = stack;
  const door = await RestDoor.start({ apis: googleApis(cloud), authenticate: authenticator(cloud) });
  toStop.push(() => door.stop());
  return { cloud, resources, door };
}

describe("the choice", () => {
  let graph: ReturnType<typeof trustGraph>;
  beforeAll(async () => {
    graph = trustGraph((await new TestStack().up(program)).resources);
  });
  const email = (name: string) => graph.callers.find((caller) => caller.name === name)?.email ?? "";

  it("takes the url of the source and the audience of the target", () => {
    const { url, audience, letIn } = choose(graph, "hello", "schedulerunner");
    const own = graph.targets.find(({ name }) => name === "hello")?.url ?? "";
    expect({ url, audience, letIn }).toEqual({ url: `${own}/nightly`, audience: own, letIn: true });
    expect(choose(graph, "jobs.example.com", "idle")).toMatchObject({ audience: "jobs", letIn: true });
  });

  it("takes callers by their e-mail too, and the only one that may by itself", () => {
    const caller = { name: "schedulerunner", email: email("schedulerunner") };
    expect(choose(graph, "hello", caller.email).caller).toEqual(caller);
    expect(choose(graph, "hello", undefined).caller).toEqual(caller);
  });

  it("expects no refusal where the application, or what stands before it, decides by what it was given", async () => {
    const { resources } = await new TestStack().up(() => {
      const caller = new CallerIdentity("schedulerunner", {});
      const [region, image] = ["us-central1", "hello"];
      const hello = new CloudRunService("hello", { image, region });
      const backend = { service: hello.serviceName, region, url: hello.uri };
      const callers = { caller };
      const targets = {
        endpoints: new EndpointsService("endpoints", { region, callers, backend }),
        gateway: new ApiGateway("gateway", { region, callers, backend }),
        mesh: new IstioWorkload("mesh", {
          url: "https://mesh.example.com",
          callers,
          namespace: "books",
          selector: { app: "ledger" },
        }),
        envoy: new EnvoyFront("envoy", {
          url: "https://envoy.example.com",
          callers,
          upstream: { address: "127.0.0.1", port: 3000 },
        }),
      };
      for (const [name, target] of Object.entries(targets)) {
        new SchedulerJob(name, { schedule: "5 * * * *", region, target: target.authorize(caller) });
      }
    });
    const fronts = trustGraph(resources);
    const decided = fronts.edges.map(({ target: { name } }) => [
      name,
      choose(fronts, name, "schedulerunner").letIn,
    ]);
    expect(decided.sort()).toEqual([
      ["endpoints", true],
      ["envoy.example.com", true],
      ["gateway", true],
      ["mesh.example.com", true],
    ]);
  });

  it("takes who is let in nowhere, and says so", () => {
    expect(choose(graph, "hello", "idle").letIn).toBe(false);
    expect(choose(graph, "closed", "schedulerunner")).toMatchObject({ letIn: false });
  });

  it("names what there is when something is not", () => {
    expect(() => choose(graph, "helo", undefined)).toThrow(
      'The stack has no target "helo". Its targets are: closed, hello, jobs.example.com.',
    );
    expect(() => choose(graph, "hello", "nobody")).toThrow(
      'The stack has no caller "nobody". Its callers are: idle, schedulerunner.',
    );
    expect(() => choose(graph, "jobs.example.com", undefined)).toThrow("Say as whom, with --as.");
    expect(() => choose(graph, "closed", undefined)).toThrow("Say as whom, with --as.");
    expect(() => choose(trustGraph([]), "hello", undefined)).toThrow(
      "It has no targets at all; is it deployed?",
    );
  });

  it("asks for a URN where a name means two", () => {
    const twice = {
      ...graph,
      targets: graph.targets.flatMap((t) => [t, { ...t, urn: `${String(t.urn)}-2` }]),
    };
    expect(() => choose(twice, "hello", undefined)).toThrow(
      /Several targets are called "hello"\. Give one's URN: run-service urn:/,
    );
    const urn = graph.targets.find(({ name }) => name === "hello")?.urn ?? "";
    expect(choose(twice, urn, "schedulerunner").url).toMatch(/\/nightly$/);
  });

  it("waits for what is known after the deployment", async () => {
    const { resources } = await new TestStack().preview(program);
    expect(() => choose(trustGraph(resources), "hello", "schedulerunner")).toThrow(
      /no (address|e-mail) yet\. Deploy/,
    );
  });
});

describe("a state", () => {
  it("gives the same graph as the deployment that wrote it", async () => {
    const { resources } = await new TestStack().up(program);
    expect(trustGraph(fromState(exported(resources).deployment))).toEqual(trustGraph(resources));
  });

  it("has nothing of what is waiting to be deleted, and nothing that is no state", async () => {
    const { resources } = await new TestStack().up(program);
    const { deployment } = exported(resources) as { deployment: { resources: object[] } };
    const gone = { resources: deployment.resources.map((resource) => ({ ...resource, delete: true })) };
    expect(fromState(gone)).toEqual([]);
    for (const nothing of [undefined, {}, { resources: 1 }, { resources: [1, {}] }, []]) {
      expect(fromState(nothing)).toEqual([]);
    }
  });
});

describe("on Google Cloud", () => {
  /** Google as the sandbox plays it: whatever is sent to Google arrives at the door, and where it was meant for is kept. */
  async function reaching(member: string, scopes?: string[]) {
    const { cloud, resources, door } = await deployed();
    const hosts: string[] = [];
    const fetchImplementation: typeof fetch = async (input, init) => {
      const url = new URL(input instanceof Request ? input.url : input);
      hosts.push(url.host);
      return fetch(door.url(url.pathname + url.search), init);
    };
    const client = new OAuth2Client({ transporterOptions: { fetchImplementation } });
    client.setCredentials({ access_token: cloud.tokens.mintAccess({ member, scopes }).token });
    const reach: Reach = {
      exported: () => JSON.stringify(exported(resources)),
      credentials: () => Promise.resolve(client),
    };
    const email = trustGraph(resources).callers.find(({ name }) => name === "schedulerunner")?.email ?? "";
    const let_ = (who: string) => {
      cloud.iam.grant(serviceAccountName(PROJECT.id, email), { role: MINTER, member: who });
    };
    return { cloud, world: onGoogle({ stack: "dev", cwd: "." }, reach), let_, hosts, email };
  }
  const ask = (world: World, as = "schedulerunner", said: string[] = []) =>
    tokenIn(world, { target: "hello", as }, (line) => said.push(line));

  it("a token is had from IAM Credentials with the operator's own credentials", async () => {
    const { world, let_, hosts, email } = await reaching(DEVELOPER);
    let_(DEVELOPER);
    const { token, claims, choice, where, use } = await ask(world);
    expect(new Set(hosts)).toEqual(new Set(["iamcredentials.googleapis.com"]));
    expect(decodeJwt(token)).toEqual(claims);
    expect(claims).toMatchObject({ aud: choice.audience, email, email_verified: true });
    expect(where).toBe("on Google Cloud");
    expect(use.at(-1)).toBe(
      `  curl -H "Authorization: Bearer $(npm run --silent token -- --target hello --as schedulerunner --stack dev --google)" ${choice.url}`,
    );
    expect(use.join()).not.toContain(token);
  });

  it("an owner is refused, and told which grant is missing", async () => {
    const { world, email } = await reaching(OWNER);
    await expect(ask(world)).rejects.toThrow(
      [
        `You may not mint id_tokens for ${email}: iam.serviceAccounts.getOpenIdToken is missing. No basic role has it, not even Owner.`,
        "roles/iam.serviceAccountOpenIdTokenCreator on that one account gives it:",
        `  gcloud iam service-accounts add-iam-policy-binding ${email} \\`,
        "    --member=user:YOUR_EMAIL --role=roles/iam.serviceAccountOpenIdTokenCreator",
      ].join("\n"),
    );
  });

  it("a service account that is refused is called by its name", async () => {
    const robot = `serviceAccount:robot@${PROJECT.id}.iam.gserviceaccount.com`;
    const { cloud, world } = await reaching(OWNER);
    cloud.iam.addAccount({
      email: robot.replace("serviceAccount:", ""),
      uniqueId: "100000000000000000077",
      project: PROJECT.id,
    });
    const scopes = [
      "https://www.googleapis.com/auth/cloud-platform",
      "https://www.googleapis.com/auth/userinfo.email",
    ];
    const { client } = await world.operator(
      choose(trustGraph(await world.resources()), "hello", "schedulerunner"),
    );
    client.setCredentials({ access_token: cloud.tokens.mintAccess({ member: robot, scopes }).token });
    await expect(ask(world)).rejects.toThrow(`${robot} may not mint id_tokens for`);
    cloud.apis.disable(PROJECT.id, "iamcredentials.googleapis.com");
    await expect(ask(world)).rejects.toThrow(
      `  gcloud services enable iamcredentials.googleapis.com --project=${PROJECT.number}`,
    );
  });

  it("a caller that nothing lets in gets a token, and a warning", async () => {
    const { cloud, world } = await reaching(DEVELOPER);
    cloud.iam.grant(`//cloudresourcemanager.googleapis.com/projects/${PROJECT.id}`, {
      role: MINTER,
      member: DEVELOPER,
    });
    const said: string[] = [];
    await ask(world, "idle", said);
    expect(said).toEqual(["Nothing in the stack lets idle into hello: expect a refusal."]);
  });

  it("what else goes wrong is passed on", async () => {
    const { cloud, world, let_, email } = await reaching(DEVELOPER);
    let_(DEVELOPER);
    const account = cloud.iam.account(email);
    if (account !== undefined) cloud.iam.addAccount({ ...account, disabled: true });
    await expect(ask(world)).rejects.toThrow(`No token for ${email}: Service account ${email} is disabled.`);
    const broken = new OAuth2Client({
      transporterOptions: { fetchImplementation: () => Promise.reject(new Error("no network")) },
    });
    broken.setCredentials({ access_token: "ya29.x" });
    const operator = { client: broken, member: () => Promise.resolve(undefined) };
    await expect(impersonate(operator, { caller: { name: "a", email }, audience: "a" })).rejects.toThrow(
      "no network",
    );
  });

  it.each<[string, string, string]>([
    [
      "an empty stack",
      '{"deployment":{}}',
      "Stack dev has no resources. Deploy it first: pulumi up --stack dev",
    ],
    ["no JSON", "error", "pulumi stack export printed no JSON for stack dev."],
  ])("%s has no targets", async (_, text, message) => {
    const reach = { ...REACH, exported: () => text };
    const world = onGoogle({ stack: "dev", cwd: "." }, reach);
    await expect(tokenIn(world, { target: "hello" }, () => undefined)).rejects.toThrow(message);
  });

  it("the operator's credentials are those that gcloud has put where Google's libraries look", async () => {
    const file = join(folder, "credentials.json");
    const content = { type: "authorized_user", client_id: "a", client_secret: "b", refresh_token: "c" };
    writeFileSync(file, JSON.stringify(content));
    const { env } = process;
    process.env = { ...env, GOOGLE_APPLICATION_CREDENTIALS: file, METADATA_SERVER_DETECTION: "none" };
    try {
      await expect(REACH.credentials()).resolves.toBeInstanceOf(OAuth2Client);
      process.env.GOOGLE_APPLICATION_CREDENTIALS = join(folder, "none.json");
      await expect(REACH.credentials()).rejects.toThrow(
        /^There are no credentials of yours: [^]*gcloud auth application-default login$/,
      );
    } finally {
      process.env = env;
    }
  });
});

describe("in a sandbox that is served", () => {
  const started = async (root?: string) => {
    const place = new Folder(mkdtempSync(join(folder, "served-")));
    const host = await Host.start(place);
    if (!(host instanceof Host)) throw new Error("Somebody serves the folder.");
    toStop.push(() => host.stop());
    const { cloud } = host.load({ projectKind: "default", iamDelay: 0, runsAs: WORKLOAD, root });
    cloud.addProject(PROJECT);
    const config = { "gcp:project": PROJECT.id };
    const engine = new InProcessEngine(cloud, { project: "test", stack: "dev", config });
    const { resources } = await withoutStackTraces(() => engine.up(program));
    const state = join(place.pulumiState, ".pulumi/stacks/test/dev.json");
    mkdirSync(dirname(state), { recursive: true });
    writeFileSync(state, JSON.stringify({ checkpoint: { latest: exported(resources).deployment } }));
    const said: string[] = [];
    const world = (options: { operator?: string; stack?: string } = {}) =>
      served({
        serving: host.serving,
        folder: place,
        stack: { project: "test", name: options.stack ?? "dev" },
        operator: options.operator,
        say: (line) => said.push(line),
      });
    return { world, said };
  };

  it("a token is had from its own IAM Credentials, and can be looked at there", async () => {
    const { world, said } = await started();
    const { token, claims, use } = await tokenIn(world(), { target: "hello" }, () => undefined);
    expect(claims).toMatchObject({ iss: "https://accounts.google.com", email_verified: true });
    expect(said[0]).toContain(`${DEVELOPER} asks; the sandbox has let them mint`);
    expect(use[0]).toMatch(
      /^The gate of hello: let in\. roles\/run\.invoker for serviceAccount:schedulerunner/,
    );
    const other = await tokenIn(world(), { target: "closed", as: "idle" }, () => undefined);
    expect(other.use[0]).toMatch(
      /^The gate of closed: refused\. serviceAccount:idle\S+ lacks run\.routes\.invoke/,
    );
    const [, address = ""] = /curl "([^$]*)\$\(/.exec(use.join("\n")) ?? [];
    const looked = (await (await fetch(address + token)).json()) as Record<string, string>;
    expect(looked).toMatchObject({ aud: claims.aud, email_verified: "true" });
    expect(use.join()).not.toContain(token);
  });

  it("the target is called with it where apps run, and what comes of that is said", async () => {
    const { world } = await started(join(folder, "without-apps"));
    const { use } = await tokenIn(world(), { target: "hello" }, () => undefined);
    expect(use[0]).toMatch(
      /^GET https:\/\/hello\S+\.run\.app\/nightly with it: 500\. roles\/run\.invoker for .* But no instance answers: No local app stands behind Run service "hello/,
    );
  });

  it("an owner is refused, and nobody without the secret is let in", async () => {
    const { world } = await started();
    await expect(tokenIn(world({ operator: OWNER }), { target: "hello" }, () => undefined)).rejects.toThrow(
      `${OWNER} may not mint id_tokens for`,
    );
    const [, address = ""] = /at (\S+)$/.exec(world().where) ?? [];
    for (const route of ["access-token?member=user:a@b.c", "minters?member=user:a@b.c&account=a", "gate"]) {
      expect((await fetch(`http://${address}/${route}`, { method: "POST" })).status).toBe(401);
    }
  });

  it("a program gets tokens of the account that it is served to run as", async () => {
    const { world } = await started();
    const [, address = ""] = /at (\S+)$/.exec(world().where) ?? [];
    const ask = async (key: string) => {
      const url = `http://${address}/computeMetadata/v1/instance/service-accounts/default/${key}`;
      return fetch(url, { headers: { "Metadata-Flavor": "Google" } });
    };
    expect(await (await ask("email")).text()).toBe(WORKLOAD);
    // It is not there yet; whatever is deployed later may be it.
    expect((await ask("identity?audience=a")).status).toBe(404);
  });

  it("a stack that is not deployed there is said to be", async () => {
    const { world } = await started();
    await expect(tokenIn(world({ stack: "prod" }), { target: "hello" }, () => undefined)).rejects.toThrow(
      /^Stack prod is not deployed in the sandbox at \S+\. Deploy it: npm run sandbox -- pulumi up -s prod$/,
    );
  });
});

describe("npm run token", () => {
  /** No credentials, no Pulumi CLI and no network that it could use by accident. */
  const run = (...args: string[]) => {
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      ["-r", "./register.js", "token/main.ts", ...args],
      {
        cwd: ROOT,
        encoding: "utf8",
        env: { PATH: "", HOME: folder, SANDBOX_FOLDER: join(folder, "nobody-serves-it") },
      },
    );
    return { status, stdout, stderr };
  };

  it("prints a token alone, and beside it what it is for and what came of it", () => {
    const { status, stdout, stderr } = run("--target", "hello", "--as", "schedulerunner");
    expect(stderr).toMatch(
      /No sandbox is served .*one is made for this command, and stack dev deployed to it/,
    );
    expect(stderr).toMatch(
      /GET https:\/\/hello-\S+\.run\.app with it: 200\. roles\/run\.invoker for serviceAccount:schedulerunner/,
    );
    expect(stderr).toContain("That sandbox is gone, and its key with it");
    expect(status).toBe(0);
    expect(stdout).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/);
    const { aud, email } = decodeJwt(stdout.trim());
    expect(stderr).toContain(String(aud));
    expect(stderr).toContain(String(email));
  });

  it("works in a hardened project, and as data", () => {
    const { status, stdout } = run(
      "-t",
      "receiver.example.com",
      "-a",
      "schedulerunner",
      "--project-kind",
      "hardened",
      "--json",
    );
    const { claims, choice, use } = JSON.parse(stdout) as Record<string, Record<string, unknown>>;
    expect(claims?.["aud"]).toBe(choice?.["audience"]);
    expect(String(use?.["0"])).toContain("with it: 200");
    expect(status).toBe(0);
  });

  it("prints nothing for an owner, and says what is missing without a stack trace", () => {
    const { status, stdout, stderr } = run("--target", "hello", "--operator", OWNER);
    expect([status, stdout]).toEqual([2, ""]);
    expect(stderr).toMatch(
      /error: user:owner@example\.com may not mint id_tokens for schedulerunner\S+: iam\.serviceAccounts\.getOpenIdToken is missing/,
    );
    expect(stderr).toContain("gcloud iam service-accounts add-iam-policy-binding schedulerunner");
    expect(stderr).not.toMatch(/^ +at /m);
  });

  it.each<[string, string[], RegExp]>([
    ["without a target", [], /required option '-t, --target <name>' not specified/],
    [
      "with an unknown project kind",
      ["-t", "a", "--project-kind", "soft"],
      /Allowed choices are default, hardened/,
    ],
    [
      "with an unknown stack",
      ["-t", "a", "-s", "none"],
      /There is no Pulumi\.none\.yaml .* The stacks here are: dev, prod/,
    ],
    [
      "on Google without Pulumi's CLI",
      ["-t", "a", "--google"],
      /--google reads the stack with the Pulumi CLI, which does not run here/,
    ],
    [
      "on Google in a folder that is not there",
      ["-t", "a", "--google", "--cwd", "/nowhere/at/all"],
      /error: --cwd \/nowhere\/at\/all does not exist\. Name the Pulumi program's folder\./,
    ],
    [
      "where several may call",
      ["-t", "behind"],
      /error: Say as whom, with --as\. Several may call behind: endpoints-proxy, gateway-proxy\./,
    ],
    [
      "on Google with what is a sandbox's",
      ["-t", "a", "--google", "--operator", "b"],
      /--operator b has no meaning with --google/,
    ],
  ])("ends with 2 %s", (_, args, message) => {
    const { status, stdout, stderr } = run(...args);
    expect([status, stdout]).toEqual([2, ""]);
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/^ +at /m);
  });

  it("explains itself", () => {
    const { status, stdout } = run("--help");
    expect(status).toBe(0);
    expect(stdout).toMatch(/^Usage: npm run --silent token --/);
    expect(stdout).toContain("iam.serviceAccounts.getOpenIdToken");
  });
});
