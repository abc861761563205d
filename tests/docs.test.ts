import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import * as secretmanager from "@pulumi/gcp/secretmanager";
import * as pulumi from "@pulumi/pulumi";
import * as components from "../components";
import { PUSH_DEFAULTS, SCHEDULER_DEFAULTS, TASKS_DEFAULTS } from "../components/sources/defaults";
import { anchorsOf, codesIn, linksIn, markdownFiles, tableRows } from "./support/markdown";
import type { Deployed } from "./support/stack";
import { PROJECT, TestStack } from "./support/stack";

const ROOT = join(__dirname, "..");
const read = (path: string) => readFileSync(join(ROOT, path), "utf8");
const page = (component: string) => read(`docs/components/${component}.md`);

const REGION = "us-central1";
const SOURCE = { source: "apps/authfn", entryPoint: "helloHttp", region: REGION };

/** Every component with as little as it takes, called after its class (`logicalName`). */
function leastProgram(): void {
  const { CallerIdentity, CloudRunService, PushSubscription, SchedulerJob } = components;
  new components.ProjectApis("project-apis", { project: PROJECT.id, services: ["run"] });
  const caller = new CallerIdentity("caller-identity", {});
  const target = new CloudRunService("cloud-run-service", { image: "hello", region: REGION });
  new components.CloudFunction("cloud-function", SOURCE);
  const { nodes } = new components.CloudFunctionV1("cloud-function-v1", SOURCE);
  const url = "https://jobs.example.com";
  new components.ExternalApplication("external-application", { url, callers: { caller } });
  const mesh = { namespace: "apps", selector: { app: "app" } };
  new components.IstioWorkload("istio-workload", { url, callers: { caller }, ...mesh });
  const upstream = { address: "127.0.0.1", port: 3000 };
  new components.EnvoyFront("envoy-front", { url, callers: { caller }, upstream });
  const region = REGION;
  const run = { service: target.serviceName, region, url: target.uri, caller };
  const invoker = new components.RunInvoker("run-invoker", run);
  const clientId = "1-x.apps.googleusercontent.com";
  new components.IapInvoker("iap-invoker", { ...run, clientId });
  const v1 = { function: nodes.function.name, region, url: nodes.function.httpsTriggerUrl, caller };
  new components.FunctionV1Invoker("function-v1-invoker", v1);
  const job = new components.CloudRunJob("cloud-run-job", { image: "clean", region });
  new components.RunJobInvoker("run-job-invoker", { job: job.jobName, region, caller });
  const api = "https://pubsub.googleapis.com/v1/projects/my-project/topics/t:publish";
  new components.GoogleApiTarget("google-api-target", { url: api, caller, grant: "roles/pubsub.publisher" });
  const behind = { callers: { caller }, region, backend: run };
  new components.EndpointsService("endpoints-service", behind);
  new components.ApiGateway("api-gateway", behind);
  new components.BackendCallers("backend-callers", { audience: url, callers: { caller } });
  new SchedulerJob("scheduler-job", { schedule: "5 * * * *", target: invoker });
  new PushSubscription("push-subscription", { target: invoker });
  new PushSubscription("with-dead-letters", { target: invoker, deadLetters: {} });
  new components.TaskQueue("task-queue", { region, target: invoker });
}

/** Every component with every argument that makes one more child, called after its class. */
function mostProgram(): void {
  const { CallerIdentity, CloudFunction, CloudFunctionV1, CloudRunService, PushSubscription } = components;
  const secret = new secretmanager.Secret("token", { secretId: "token", replication: { auto: {} } });
  const version = new secretmanager.SecretVersion("token", { secret: secret.id, secretData: "s3cret" });
  const secrets = { TOKEN: { secret: "token" } };
  const more = { deployers: { ci: "group:ci@example.com" }, invokers: { team: "group:team@example.com" } };
  const after = { dependsOn: [version] };
  new components.ProjectApis("project-apis", {
    project: PROJECT.id,
    services: ["run", "iam.googleapis.com"],
  });
  const caller = new CallerIdentity("caller-identity", {
    customRole: true,
    accessTokens: true,
    createPubSubAgent: true,
    deployers: more.deployers,
  });
  const sql = { cloudSqlInstances: ["my-project:us-central1:main"] };
  const run = new CloudRunService(
    "cloud-run-service",
    { image: "hello", region: REGION, secrets, ...sql, ...more },
    after,
  );
  // IAP makes other children. A parent's type is part of a resource's identity, so both have the one name.
  const parent = new pulumi.ComponentResource("test:index:BehindIap", "behind-iap");
  const iap = { clientId: "1-x.apps.googleusercontent.com", accessors: more.invokers };
  new CloudRunService("cloud-run-service", { image: "hello", region: REGION, iap }, { parent }).authorize(
    caller,
  );
  const v2 = new CloudFunction("cloud-function", { ...SOURCE, secrets, ...more }, after);
  const v1 = new CloudFunctionV1("cloud-function-v1", { ...SOURCE, secrets, ...more }, after);
  v2.authorize(caller);
  v1.authorize(caller);
  const target = run.authorize(caller, { role: components.RunInvokerRole.ServicesInvoker });
  const { RunInvoker, FunctionV1Invoker, ExternalApplication, SchedulerJob } = components;
  const region = REGION;
  const other = new CallerIdentity("other", { agents: [] });
  new RunInvoker("run-invoker", { service: run.serviceName, region, url: run.uri, caller: other });
  const through = { backendService: "web", clientId: "1-x.apps.googleusercontent.com" };
  new components.IapInvoker("iap-invoker", { ...through, url: run.uri, caller: other });
  const legacy = { function: v1.functionName, region, url: v1.uri, caller: other };
  new FunctionV1Invoker("function-v1-invoker", legacy);
  const application = { url: "https://jobs.example.com", callers: { caller } };
  new ExternalApplication("external-application", application);
  const mesh = { namespace: "apps", selector: { app: "app" }, denyWithoutToken: true };
  new components.IstioWorkload("istio-workload", { ...application, ...mesh });
  const upstream = { address: "127.0.0.1", port: 3000 };
  new components.EnvoyFront("envoy-front", { ...application, upstream, adminPort: 9901 });
  const job = new components.CloudRunJob(
    "cloud-run-job",
    { image: "clean", region, secrets, ...sql, deployers: more.deployers },
    after,
  );
  job.authorize(caller, { role: components.RunJobRole.ExecutorWithOverrides });
  new components.RunJobInvoker("run-job-invoker", { job: job.jobName, region, caller: other });
  const api = "https://pubsub.googleapis.com/v1/projects/my-project/topics/t:publish";
  new components.GoogleApiTarget("google-api-target", { url: api, caller, grant: "roles/pubsub.publisher" });
  const backend = { service: run.serviceName, region, url: run.uri };
  const behind = { callers: { caller }, region, backend, deployers: more.deployers };
  new components.EndpointsService("endpoints-service", behind);
  new components.ApiGateway("api-gateway", behind);
  new components.BackendCallers("backend-callers", { audience: "orders", callers: { caller } });
  new SchedulerJob("scheduler-job", { schedule: "5 * * * *", target });
  new PushSubscription("push-subscription", { target, deadLetters: {} });
  const enqueuers = { shop: "group:shop@example.com" };
  new components.TaskQueue("task-queue", { region, target, enqueuers, tasksNameCaller: true });
}

const names = Object.keys(components).filter((name) => existsSync(join(ROOT, `docs/components/${name}.md`)));

describe("generated pages", () => {
  it("are what the doc comments say, and every example compiles", () => {
    const checked = spawnSync(process.execPath, ["-r", "./register.js", "docs/generate/main.ts", "--check"], {
      cwd: ROOT,
      encoding: "utf8",
    });
    expect(checked.stderr).toBe("");
    expect(checked.status).toBe(0);
  }, 120_000);

  it("exist for every component that is exported", () => {
    const classes = Object.entries(components).filter(([, value]) => typeof value === "function");
    expect(names.sort()).toEqual(classes.map(([name]) => name).sort());
  });
});

describe("children", () => {
  let deployed: Deployed;
  beforeAll(async () => {
    deployed = await new TestStack().up(mostProgram);
  });

  it.each(names)("of %s are those on its page, under the names that it says", (name) => {
    const made = childrenOf(deployed, logicalName(name)).filter(
      (child) => !child.startsWith("RandomString "),
    );
    const documented = documentedChildren(name);
    const undocumented = made.filter((child) => !documented.some(({ pattern }) => pattern.test(child)));
    const missing = documented.filter(({ pattern }) => !made.some((child) => pattern.test(child)));
    expect({ undocumented, missing: missing.map(({ row }) => row) }).toEqual({
      undocumented: [],
      missing: [],
    });
  });

  it("with a random suffix have it beside them, under their own name", () => {
    const all = deployed.resources.map((r) => r.name);
    const suffixes = all.filter((name) => name.endsWith("-suffix"));
    expect(suffixes).not.toEqual([]);
    expect(suffixes.filter((name) => !all.includes(name.replace(/-suffix$/, "")))).toEqual([]);
  });
});

describe("docs/decisions.md", () => {
  it("names every role that is granted on a project", async () => {
    const { resources } = await new TestStack().up(mostProgram);
    const roles = resources
      .filter((r) => pulumiType(r.type) === "projects.IAMMember")
      .map((r) => r.inputs["role"]);
    const section = read("docs/decisions.md")
      .split("## Named exceptions on the project")[1]
      ?.split("\n## ")[0];
    const named = codesIn(section ?? "").filter((code) => code.startsWith("roles/"));
    expect([...new Set(roles)].sort()).toEqual(named.sort());
  });
});

describe("docs/defaults.md", () => {
  const text = read("docs/defaults.md");
  let deployed: Deployed;
  beforeAll(async () => {
    deployed = await new TestStack().up(leastProgram);
  });

  it.each(tableRows(text))("$component: $argument is $default", (row) => {
    const [type = "", path = ""] = codesIn(row["property"] ?? "");
    const [value = ""] = codesIn(row["default"] ?? "");
    const component = logicalName(row["component"] ?? "");
    const inPlace = path.startsWith("deadLetterPolicy") ? "with-dead-letters" : component;
    const found = resourcesBelow(deployed, inPlace).filter((r) => pulumiType(r.type) === type);
    const values = found.map((resource) => at(resource.inputs, path));
    expect(values.length).toBeGreaterThan(0);
    expect(values).toContainEqual(JSON.parse(value));
  });

  it("says of each argument what its page says", () => {
    for (const row of tableRows(text)) {
      const [argument] = codesIn(row["argument"] ?? "");
      const [value = ""] = codesIn(row["default"] ?? "");
      if (argument === undefined) continue;
      const said = pageDefault(row["component"] ?? "", argument);
      const words: Record<string, string> = { '"GET"': "else GET", '"INGRESS_TRAFFIC_ALL"': "everywhere" };
      words['"ALLOW_ALL"'] = "everywhere";
      // Said the other way round: whether it is paused.
      words['"RUNNING"'] = "false";
      expect(`${argument}: ${said}`).toContain(words[value] ?? value.replace(/^"|"$/g, ""));
    }
  });

  it.each(tableRows(text, "What is made"))("$component makes $resources", ({ component = "", resources }) => {
    const said = codesIn(resources ?? "").map((line) => line.replace("NAME", logicalName(component)));
    const made = childrenOf(deployed, logicalName(component));
    expect(made.sort()).toEqual(said.sort());
  });

  it("outlasts the spreading of a fresh grant, as it says", () => {
    const { retryCount, minBackoff, maxBackoff } = SCHEDULER_DEFAULTS.retry;
    expect(waits(parseInt(minBackoff), parseInt(maxBackoff), retryCount)).toEqual([30, 60, 120, 240, 300]);
    const { minimumBackoff, maximumBackoff } = PUSH_DEFAULTS.retry;
    const pushes = PUSH_DEFAULTS.maxDeliveryAttempts - 1;
    const total = waits(parseInt(minimumBackoff), parseInt(maximumBackoff), pushes).reduce((a, b) => a + b);
    expect(Math.round(total / 60)).toBeCloseTo(40, -0.5);
    const tasks = TASKS_DEFAULTS.retry;
    const tries = waits(parseInt(tasks.minBackoff), parseInt(tasks.maxBackoff), tasks.maxAttempts - 1);
    expect(tries.reduce((a, b) => a + b) / 86_400).toBeCloseTo(3.8, 1);
    // Each wait at most as long as all before it, and one step more.
    for (const [i, wait] of tries.entries()) {
      expect(wait).toBeLessThanOrEqual(tries.slice(0, i).reduce((a, b) => a + b, 10));
    }
  });
});

describe("Markdown", () => {
  it.each(markdownFiles(ROOT))("%s has no link that leads nowhere", (file) => {
    const broken = linksIn(read(file)).filter(
      (link) => !/^[a-z]+:/.test(link) && !leadsSomewhere(file, link),
    );
    expect(broken).toEqual([]);
  });
});

/** What the programs here call a component: its class in small letters. */
function logicalName(component: string): string {
  return component.replace(/(?<!^)[A-Z]/g, "-$&").toLowerCase();
}

/** The waits between attempts that double until they are as long as may be. */
function waits(shortest: number, longest: number, count: number): number[] {
  return Array.from({ length: count }, (_, attempt) => Math.min(shortest * 2 ** attempt, longest));
}

function leadsSomewhere(file: string, link: string): boolean {
  const [path = "", anchor] = link.split("#");
  const target = path === "" ? file : join(dirname(file), path);
  if (!existsSync(join(ROOT, target))) return false;
  return anchor === undefined || anchorsOf(read(target)).includes(anchor);
}

/** The custom resources below a component. */
function resourcesBelow({ resources }: Deployed, component: string) {
  const byUrn = new Map(resources.map((r) => [r.urn, r]));
  const isBelow = (urn: string | undefined): boolean => {
    const resource = urn === undefined ? undefined : byUrn.get(urn);
    if (resource === undefined) return false;
    return (!resource.custom && resource.name === component) || isBelow(resource.parent);
  };
  return resources.filter((r) => r.custom && isBelow(r.parent));
}

/** A component's own children, as "Type name". */
function childrenOf(deployed: Deployed, component: string): string[] {
  const urns = new Set(deployed.resources.filter((r) => !r.custom && r.name === component).map((r) => r.urn));
  return deployed.resources
    .filter((r) => r.parent !== undefined && urns.has(r.parent))
    .map((r) => `${r.type.replace(/^.*:/, "")} ${r.name}`);
}

/** The rows of a page's children, and the invokers that its methods name. */
function documentedChildren(component: string): { row: string; pattern: RegExp }[] {
  const text = page(component);
  const hasChildren = text.includes("\n## Children\n");
  const rows = (hasChildren ? tableRows(text, "Children") : []).map((row) => {
    const type = codesIn(row["type"] ?? "")[0]?.match(/\b([A-Z]\w*)>*(\[\])?$/)?.[1] ?? "";
    const all = codesIn(`${row["logical name"] ?? ""} ${row["meaning"] ?? ""}`);
    return { row: row["child"] ?? "", pattern: patternOf(type, all, component) };
  });
  const invokers = [...text.matchAll(/grant is an?\s+`(\w+)` called `NAME-CALLER`/g)].map(
    ([, name = ""]) => ({
      row: name,
      pattern: patternOf(name, ["NAME-CALLER"], component),
    }),
  );
  return [...rows, ...invokers];
}

function patternOf(type: string, logicalNames: readonly string[], component: string): RegExp {
  const alternatives = logicalNames
    .filter((name) => name.startsWith("NAME"))
    .map((name) =>
      name.replace("NAME", logicalName(component)).replace(/\b(KEY|AGENT|API|SECRET|CALLER)\b/, "[^ ]+"),
    );
  return new RegExp(`^${type} (${alternatives.join("|")})$`);
}

function pageDefault(component: string, argument: string): string {
  const [property = "", nested] = argument.split(".").reverse();
  const text = page(component);
  const arguments_ = tableRows(text, "Arguments");
  if (nested === undefined) return cell(arguments_, property);
  const type = codesIn(arguments_.find((row) => row["argument"] === `\`${nested}\``)?.["type"] ?? "")[0];
  return cell(tableRows(text, type), property);
}

function cell(rows: readonly Record<string, string>[], property: string): string {
  const row = rows.find((r) => [r["argument"], r["property"]].includes(`\`${property}\``));
  return row?.["default"] ?? "(not on the page)";
}

/** "gcp:cloudrunv2/service:Service" as programs write it: "cloudrunv2.Service". */
function pulumiType(type: string): string {
  return type.replace(/^[^:]*:([^/]*)\/.*:/, "$1.");
}

function at(value: unknown, path: string): unknown {
  return path
    .split(/[.[\]]/)
    .filter((key) => key !== "")
    .reduce<unknown>(
      (inner, key) =>
        typeof inner === "object" && inner !== null ? (inner as Record<string, unknown>)[key] : undefined,
      value,
    );
}
