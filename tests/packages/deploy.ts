import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type * as Components from "../../components";
import { Cloud } from "../../sandbox/cloud/cloud";
import { VirtualClock } from "../../sandbox/cloud/clock";
import { Delivery } from "../../sandbox/delivery/delivery";
import { InProcessEngine } from "../../sandbox/doors/in-process/engine";
import type { DeployedResource } from "../../sandbox/doors/in-process/engine";
import { Ingress } from "../../sandbox/ingress/ingress";
import { trustGraph } from "../../trust/graph";
import type { Edge } from "../../trust/graph";

const ofThisFile = createRequire(__filename);

/** What became of a program, printed as JSON. */
export interface Outcome {
  readonly node: string;
  readonly sdk: string;
  /** "Type name" of each resource. */
  readonly resources: readonly string[];
  /** "source -> target as caller: outcome" of each edge, fired once. */
  readonly calls: readonly string[];
  /** What a second deployment changed. */
  readonly changed: readonly string[];
  /** What the package says of a bad argument. */
  readonly refusal: string;
}

/** Deploys the program of a folder with the SDK in its own node_modules, calls all that it wires up, and deploys it again. */
async function main(folder: string, file: string): Promise<Outcome> {
  const clock = new VirtualClock(Date.UTC(2026, 10, 24));
  const cloud = new Cloud({ clock, projects: [{ id: "my-project", number: "123456789012" }] });
  const config = {
    "gcp:project": "my-project",
    "gcp:region": "us-central1",
    "fresh:projectNumber": "123456789012",
  };
  const engine = new InProcessEngine(cloud, { project: "fresh", stack: "dev", config });
  const { resources } = await engine.up(() => evaluated(join(folder, file), 1));
  const ingress = new Ingress(cloud, () => Promise.resolve({ status: 200, headers: {}, body: "ok" }));
  const delivery = new Delivery(cloud, ingress);
  const calls: string[] = [];
  for (const { source, target, caller } of trustGraph(resources).edges) {
    const made = resources.find(({ urn }) => urn === source.urn) ?? NOTHING;
    const fired = fire(delivery, source.kind, made, resources);
    await clock.advance(3_600_000);
    await fired;
    const outcome = delivery.attempts.at(-1)?.outcome ?? "never tried";
    calls.push(`${source.name} -> ${target.name} as ${caller.replace(/-.*/, "")}: ${outcome}`);
  }
  delivery.stop();
  const again = await engine.up(() => evaluated(join(folder, file), 2));
  return {
    node: process.versions.node,
    sdk: (ofThisFile("@pulumi/pulumi/package.json") as { version: string }).version,
    resources: resources.map(({ type, name }) => `${type.replace(/^.*:/, "")} ${name}`).sort(),
    calls,
    refusal: await refusalOf(engine, folder),
    changed: again.steps.filter(({ op }) => op !== "same").map(({ op, name }) => `${op} ${name}`),
  };
}

/** A queue gets its task from the one that the program lets enqueue. */
function fire(
  delivery: Delivery,
  kind: Edge["source"]["kind"],
  { id = "", outputs }: Made,
  resources: readonly Made[],
): unknown {
  if (kind === "scheduler-job") return delivery.runJob(id);
  if (kind === "push-subscription") return delivery.publish(String(outputs["topic"]), { data: "aGk=" });
  const enqueuer = resources.find(({ type }) => type === "gcp:cloudtasks/queueIamMember:QueueIamMember");
  return delivery.tasks.buffer(String(enqueuer?.outputs["member"]), id);
}

async function evaluated(file: string, time: number): Promise<unknown> {
  if (file.endsWith(".mjs")) return importAsModule(`${pathToFileURL(file).href}?${time}`);
  Reflect.deleteProperty(ofThisFile.cache, file);
  return ofThisFile(file) as unknown;
}

// Written as text, or the compiler would make a call of require out of it.
const importAsModule = Reflect.construct(Function, ["url", "return import(url)"]) as (
  url: string,
) => Promise<unknown>;

function refusalOf(engine: InProcessEngine, folder: string): Promise<string> {
  const { SchedulerJob } = createRequire(join(folder, "index.js"))(
    "@automatic-oidc/automatic-oidc",
  ) as typeof Components;
  const target = {
    url: "https://example.com",
    serviceAccountEmail: "a@b.iam.gserviceaccount.com",
    audience: "x",
  };
  const bad = () => new SchedulerJob("bad", { schedule: "never", target });
  return engine.preview(bad).then(
    () => "",
    (error: unknown) => String(error),
  );
}

type Made = Pick<DeployedResource, "type" | "id" | "outputs">;

const NOTHING: Made = { type: "", id: undefined, outputs: {} };

const [folder = "", file = ""] = process.argv.slice(2);
main(folder, file).then(
  (outcome) => {
    console.log(JSON.stringify(outcome));
  },
  (error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  },
);
