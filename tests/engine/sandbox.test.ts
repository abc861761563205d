import type { ChildProcess } from "node:child_process";
import { openSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { StoredResource } from "../../sandbox/cloud/store";
import { isAlive } from "../../sandbox/host/is-alive";
import { Folder } from "../../sandbox/host/folder";
import { Host } from "../../sandbox/host/host";
import { describeWithCli } from "../support/real-engine";
import { SandboxProject, type Ended } from "../support/sandbox-project";

const ROOT = join(__dirname, "../..");
const INVOKER = "gcp:cloudrunv2/serviceIamMember:ServiceIamMember";
/** For a machine that is busy with something else. */
jest.setTimeout(300_000);

const NIGHTLY = `
  import { nightly } from ${JSON.stringify(join(ROOT, "tests/engine/programs/nightly"))};
  export const { url } = nightly();
`;

const MESH = `
  import { IstioWorkload } from ${JSON.stringify(join(ROOT, "components"))};
  import * as kubernetes from "@pulumi/kubernetes";
  const ledger = new IstioWorkload("ledger", {
    url: "https://ledger.example.com",
    callers: { closing: { email: "closing@my-project.iam.gserviceaccount.com" } },
    namespace: "books",
    selector: { app: "ledger" },
  });
  for (const [name, manifest] of Object.entries(ledger.manifests)) {
    new kubernetes.apiextensions.CustomResource(name, { ...manifest });
  }
`;

let project: SandboxProject;
let stopServing: (() => Promise<void>) | undefined;
afterEach(async () => {
  await stopServing?.();
  project.close();
});

describeWithCli("npm run sandbox -- pulumi", () => {
  test("deploys; changes nothing a second time; shows drift, mends it, and leaves nothing", async () => {
    project = new SandboxProject({ "index.ts": NIGHTLY });
    project.done("up", "--yes", "--skip-preview");
    for (const command of [["preview"], ["up", "--yes"], ["refresh", "--yes"]])
      project.done(...command, "--expect-no-changes");

    const grant = await granted();
    expect(grant).toHaveLength(1);
    expect(project.sandbox(["remove", INVOKER, grant[0] ?? ""]).status).toBe(0);
    const shown = project.pulumi(["refresh", "--preview-only", "--expect-no-changes"]);
    expect(shown.status).not.toBe(0);
    expect(shown.out).toMatch(/report-nightly-invoker.*delete/);
    project.done("refresh", "--yes");
    expect(await granted()).toEqual([]);
    expect(project.done("up", "--yes", "--skip-preview")).toMatch(/\+ 1 created/);
    expect(await granted()).toEqual(grant);
    project.done("preview", "--expect-no-changes");

    project.done("destroy", "--yes", "--skip-preview");
    expect([project.resources, project.cloud?.made]).toEqual([[], []]);
  });

  test("deploys this repository's own stacks, each from its file, and takes them down again", () => {
    project = new SandboxProject({});
    for (const stack of ["dev", "prod"]) {
      const inRoot = ["--cwd", ROOT, "--stack", stack];
      project.done("up", "--yes", "--skip-preview", ...inRoot);
      project.done("preview", "--expect-no-changes", ...inRoot);
      const state = JSON.parse(project.done("stack", "export", ...inRoot)) as Exported;
      // Google makes the service underneath a function by itself.
      expect(names(project.resources)).toEqual(expect.arrayContaining(ofSandbox(state)));
      if (stack === "prod") {
        project.done("config", "set", "deletionProtection", "false", ...inRoot);
        project.done("up", "--yes", "--skip-preview", ...inRoot);
      }
      project.done("destroy", "--yes", "--skip-preview", ...inRoot);
      // Google keeps the names of some for a while.
      expect(project.resources.filter(({ token }) => !token.startsWith("deleted:"))).toEqual([]);
    }
  });

  test("applies what a mesh needs, with the provider of Kubernetes", () => {
    project = new SandboxProject({ "index.ts": MESH });
    project.done("up", "--yes", "--skip-preview");
    for (const command of [["preview"], ["refresh", "--yes"]])
      project.done(...command, "--expect-no-changes");
    expect(project.resources.map(({ token, id }) => [token, id]).sort()).toEqual([
      ["kubernetes:security.istio.io/v1:AuthorizationPolicy", "books/ledger"],
      ["kubernetes:security.istio.io/v1:RequestAuthentication", "books/ledger"],
    ]);
    project.write("index.ts", MESH.replace('"books"', '"journals"'));
    const shown = project.done("preview", "--diff");
    expect(shown.match(/: \(replace\)$/gm)).toHaveLength(2);
    project.done("destroy", "--yes", "--skip-preview");
    expect(project.resources).toEqual([]);
  });

  test("imports what exists, one by one and into the components' own places", () => {
    const example = (file: string) => readFileSync(join(ROOT, "examples/adopt-gcloud", file), "utf8");
    project = new SandboxProject({
      "Pulumi.yaml": example("Pulumi.yaml"),
      "Pulumi.by-hand.yaml": STACK,
      "Pulumi.dev.yaml": STACK,
      "import.json": example("import.json"),
      "by-hand.ts": BY_HAND,
      "adopting.ts": example("index.ts"),
      "index.ts": `
        import { getStack } from "@pulumi/pulumi";
        require(getStack() === "by-hand" ? "./by-hand" : "./adopting");
      `,
    });
    const stack = (name: string) => ["--stack", name];
    project.done("up", "--yes", "--skip-preview", ...stack("by-hand"));
    const byHand = new Set(project.resources.map(({ token, id }) => `${token} ${id}`));
    // What Pulumi made by hand stays; the stack that made it forgets it.
    project.done("stack", "rm", "--yes", "--force", ...stack("by-hand"));
    project.sandbox(["pulumi", "stack", "ls"]);

    const wrong = project.pulumi([
      "import",
      "gcp:pubsub/topic:Topic",
      "x",
      "projects/my-project/topics/x",
      "--yes",
      ...stack("dev"),
    ]);
    expect(wrong.status).not.toBe(0);
    expect(wrong.out + wrong.err).toMatch(/does not exist|no resource/i);
    const importing = [
      "import",
      "--file",
      "import.json",
      "--protect=false",
      "--generate-code=false",
      "--yes",
    ];
    project.done(...importing, ...stack("dev"));
    const changes = JSON.parse(project.done("preview", "--json", ...stack("dev"))) as {
      changeSummary: Record<string, number>;
    };
    expect(changes.changeSummary.delete ?? 0).toBe(0);
    expect(changes.changeSummary.replace ?? 0).toBe(0);
    project.done("up", "--yes", "--skip-preview", ...stack("dev"));
    project.done("preview", "--expect-no-changes", ...stack("dev"));
    const after = project.resources.map(({ token, id }) => `${token} ${id}`);
    for (const each of byHand) if (!each.includes("projects/service")) expect(after).toContain(each);
    const topics = after.filter((each) => each.startsWith("gcp:pubsub/topic"));
    expect(topics).toEqual(["gcp:pubsub/topic:Topic projects/my-project/topics/runtopic"]);
  });
});

/** What is made by hand with gcloud in the article. */
const BY_HAND = `
  import * as gcp from "@pulumi/gcp";
  const apis = ["iam", "run", "cloudscheduler", "cloudtasks", "pubsub"].map(
    (api) => new gcp.projects.Service(api, { service: api + ".googleapis.com", disableOnDestroy: false }),
  );
  const options = { dependsOn: apis };
  const agent = new gcp.projects.ServiceIdentity("pubsub", { service: "pubsub.googleapis.com" }, options);
  const account = new gcp.serviceaccount.Account("a", { accountId: "schedulerunner", displayName: "Task Schedule Runner" }, options);
  const hello = new gcp.cloudrunv2.Service("a", {
    name: "hello", location: "us-central1", deletionProtection: false,
    template: {
      serviceAccount: "123456789012-compute@developer.gserviceaccount.com",
      containers: [{ image: "us-docker.pkg.dev/cloudrun/container/hello" }],
    },
  }, options);
  const oidcToken = { serviceAccountEmail: account.email, audience: hello.uri };
  new gcp.cloudscheduler.Job("a", { name: "oidctest", region: "us-central1", schedule: "5 * * * *", httpTarget: { uri: hello.uri, httpMethod: "GET", oidcToken } }, options);
  const topic = new gcp.pubsub.Topic("a", { name: "runtopic" }, options);
  new gcp.pubsub.Subscription("a", { name: "psub", topic: topic.id, pushConfig: { pushEndpoint: hello.uri, oidcToken } }, options);
`;
const STACK =
  'config:\n  gcp:project: my-project\n  gcp:region: us-central1\n  projectNumber: "123456789012"\n';

describeWithCli("killed in the middle of up", () => {
  /**
   * Kills the CLI in the very moment in which a resource comes into being, before anybody hears of it. One at a time, so
   * that nothing else is cut off.
   */
  async function cutOffAt(token: string): Promise<{ served: Served; first: Ended }> {
    project = new SandboxProject({ "index.ts": NIGHTLY });
    const served = await serve(project);
    let killed = 0;
    const unsubscribe = served.cloud.store.onChange(({ resource }) => {
      if (killed > 0 || resource.token !== token) return;
      killed = lockedBy(project);
      process.kill(killed, "SIGKILL");
    });
    const first = await over(project, [...UP, "--parallel", "1"]);
    unsubscribe();
    expect(killed).toBeGreaterThan(0);
    expect(first.status).not.toBe(0);
    expect(await pluginsGone(project)).toBe(true);
    return { served, first };
  }

  async function endsWell(served: Served): Promise<void> {
    const state = await exported(project);
    await served.stop();
    expect(names(project.resources)).toEqual(ofSandbox(state));
    project.done("refresh", "--yes", "--clear-pending-creates");
    project.done("preview", "--expect-no-changes");
    project.done("destroy", "--yes", "--skip-preview");
    expect(project.resources).toEqual([]);
  }

  test.each([
    ["an API, which can be enabled again", "gcp:projects/service:Service", 0],
    ["the service, which gets another name", "gcp:cloudrunv2/service:Service", 1],
    ["the job, which gets another name", "gcp:cloudscheduler/job:Job", 1],
  ])("the CLI, at %s: the next up finishes, and what was cut off is named", async (_what, token, left) => {
    const { served, first } = await cutOffAt(token);
    expect(commandsIn(first.err)).toMatchObject({ adopt: { length: 1 }, remove: { length: 1 } });
    const second = await over(project, UP);
    expect(second.err).toContain("Unlocked test/dev: the command that had locked it is no more.");
    expect(ending(second)).toEqual(WELL);
    const { adopt, remove } = commandsIn(second.err);
    expect([adopt.length, remove.length]).toEqual([0, left]);
    for (const args of remove) expect(ending(await over(project, args))).toEqual(WELL);
    await endsWell(served);
  });

  test("the CLI, at an account, whose name is taken then: it is named, adopted, and the next up finishes with it", async () => {
    const token = "gcp:serviceaccount/account:Account";
    const { served, first } = await cutOffAt(token);
    const [adopt = []] = commandsIn(first.err).adopt;
    const [account] = served.cloud.store.list(token);
    expect(ending(await over(project, [...adopt, "--yes", "--non-interactive"]))).toEqual(WELL);
    const third = await over(project, UP);
    expect(ending(third)).toEqual(WELL);
    expect(commandsIn(third.err)).toEqual({ adopt: [], remove: [] });
    expect(served.cloud.store.list(token).map(({ id }) => id)).toContain(account?.id);
    await endsWell(served);
  });

  test.each([2, 7, 12])("the sandbox itself, after %d resources: no half-written state", async (count) => {
    project = new SandboxProject({ "index.ts": NIGHTLY });
    const running = project.start(UP, ["ignore", "ignore"]);
    const end = ended(running);
    expect(await until(() => project.resources.length >= count)).toBe(true);
    running.kill("SIGKILL");
    await end;
    expect(await pluginsGone(project)).toBe(true);
    const { status, out, err } = project.pulumi(["up", "--yes", "--skip-preview"]);
    expect({ status, said: status === 0 ? "" : out + err }).toEqual({ status: 0, said: "" });
    for (const args of commandsIn(err).remove) expect(project.sandbox(args).status).toBe(0);
    expect(names(project.resources)).toEqual(ofSandbox(await exported(project)));
    project.done("refresh", "--yes", "--clear-pending-creates");
    project.done("preview", "--expect-no-changes");
  });
});

const UP = ["pulumi", "up", "--yes", "--skip-preview", "--non-interactive"];
const WELL = { status: 0, said: "" };

/** What a command said matters only when it failed. */
function ending({ status, out, err }: Ended): { status: number | null; said: string } {
  return { status, said: status === 0 ? "" : out + err };
}

interface Exported {
  deployment: { resources?: { type: string; id?: string; custom?: boolean }[] };
}

interface Served {
  readonly cloud: ReturnType<Host["load"]>["cloud"];
  stop(): Promise<void>;
}

/** The project's sandbox, served by this process, so that the test is there when something happens in it. */
async function serve({ kept }: SandboxProject): Promise<Served> {
  const host = await Host.start(new Folder(kept));
  if (!(host instanceof Host)) throw new Error(`${kept} is served already`);
  const { cloud } = host.load({ projectKind: "default", iamDelay: 0 });
  stopServing = async () => {
    stopServing = undefined;
    await host.stop();
  };
  return { cloud, stop: stopServing };
}

/** Runs a command to its end while this process serves. */
async function over(of: SandboxProject, args: readonly string[]): Promise<Ended> {
  // Into files: what a killed CLI leaves running keeps its end of a pipe open.
  const [out, err] = ["out", "err"].map((name) => join(of.folder, name));
  const child = of.start(args, [openSync(out ?? "", "w"), openSync(err ?? "", "w")]);
  const status = await ended(child);
  return { status, out: readFileSync(out ?? "", "utf8"), err: readFileSync(err ?? "", "utf8") };
}

function ended(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve) => child.once("exit", resolve));
}

async function exported(of: SandboxProject): Promise<Exported> {
  return JSON.parse((await over(of, ["pulumi", "stack", "export"])).out) as Exported;
}

/** The process that has locked the stack. */
function lockedBy({ kept }: SandboxProject): number {
  const folder = join(kept, "pulumi/state/.pulumi/locks/organization/test/dev");
  const [file = ""] = readdirSync(folder);
  return (JSON.parse(readFileSync(join(folder, file), "utf8")) as { pid: number }).pid;
}

/** The commands that the sandbox advises, as arguments. */
function commandsIn(text: string): { adopt: string[][]; remove: string[][] } {
  const commands = [...text.matchAll(/npm run sandbox -- (.*)$/gm)].map(([, args = ""]) =>
    [...args.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? ""),
  );
  return {
    adopt: commands.filter(([word]) => word === "pulumi"),
    remove: commands.filter(([word]) => word === "remove"),
  };
}

/** Whether every plugin that was started for this project has ended, in the time that it takes to notice. */
async function pluginsGone({ kept }: SandboxProject): Promise<boolean> {
  return until(() =>
    readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .every((pid) => !(commandOf(pid).includes(join(kept, "pulumi/home/plugins")) && isAlive(Number(pid)))),
  );
}

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    return "";
  }
}

async function until(condition: () => boolean): Promise<boolean> {
  for (let waited = 0; waited < 60_000; waited += 5) {
    if (condition()) return true;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return false;
}

/** The ids of the invoker grants that the stack knows. */
async function granted(): Promise<string[]> {
  const { deployment } = await exported(project);
  return (deployment.resources ?? []).flatMap(({ type, id = "" }) => (type === INVOKER ? [id] : []));
}

/** Resources that the cloud keeps, told by type and id; what it does not keep in its store is not compared. */
function names(resources: readonly StoredResource[]): string[] {
  return resources.map(({ token, id }) => `${token} ${id}`).sort();
}

function ofSandbox({ deployment }: Exported): string[] {
  return (
    (deployment.resources ?? [])
      // Grants are bindings in policies, and lie with these; an agent is an account of Google's.
      .filter(({ type, custom }) => custom === true && !/^pulumi:|iammember|serviceIdentity/i.test(type))
      .map(({ type, id = "" }) => `${type} ${id}`)
      .sort()
  );
}
