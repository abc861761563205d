import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { parse } from "yaml";
import { Cloud } from "../../sandbox/cloud/cloud";
import { VirtualClock } from "../../sandbox/cloud/clock";
import { isProps } from "../../sandbox/cloud/resources/values";
import type { Attempt } from "../../sandbox/delivery/attempt";
import { Delivery } from "../../sandbox/delivery/delivery";
import { InProcessEngine } from "../../sandbox/doors/in-process/engine";
import type { DeployedResource, Program } from "../../sandbox/doors/in-process/engine";
import type { Front } from "../../sandbox/ingress/front";
import type { Backend, HttpRequest, HttpResponse } from "../../sandbox/ingress/http";
import { Ingress } from "../../sandbox/ingress/ingress";
import { trustGraph } from "../../trust/graph";
import type { Edge, TrustGraph } from "../../trust/graph";
import { programAt } from "./program";
import { seededRandom } from "./random";
import { sharedSigningKey } from "./signing-key";
import { Deployed, START } from "./stack";
import { withoutStackTraces } from "./stack-traces";

const EXAMPLES = join(__dirname, "../../examples");

/** What an example's expected.json says of it. */
export interface Expected {
  /** How many of each type there are. */
  readonly resources: Readonly<Record<string, number>>;
  readonly edges: readonly ExpectedEdge[];
}

/** Who calls what, as whom, and by which rule the audience is what it is. */
export interface ExpectedEdge {
  readonly source: string;
  readonly target: string;
  readonly caller: string;
  readonly audience: string;
  /** The role of the grant; none where the application decides. */
  readonly grant?: string;
}

/** The folders of all programs: those with a Pulumi.yaml. */
export function programFolders(folder = "."): string[] {
  const entries = readdirSync(join(EXAMPLES, folder), { withFileTypes: true });
  if (entries.some(({ name }) => name === "Pulumi.yaml")) return [folder];
  return entries
    .filter((entry) => entry.isDirectory())
    .flatMap(({ name }) => programFolders(join(folder, name)));
}

export function read(...path: string[]): string {
  return readFileSync(join(EXAMPLES, ...path), "utf8");
}

export function has(...path: string[]): boolean {
  return existsSync(join(EXAMPLES, ...path));
}

export function expectedOf(folder: string): Expected {
  return JSON.parse(read(folder, "expected.json")) as Expected;
}

/** A cloud with two projects, on which the programs of an example are deployed, called and destroyed. */
export class ExampleWorld {
  readonly clock = new VirtualClock(START);
  readonly cloud: Cloud;
  readonly ingress: Ingress;
  readonly delivery: Delivery;
  /** What reached the code behind a target. */
  readonly reached: HttpRequest[] = [];
  /** What stands before applications that are not Google's, by host. */
  readonly fronts: Record<string, Front> = {};
  /** How that code answers. */
  answer: HttpResponse = { status: 200, headers: {}, body: "ok" };
  readonly #stacks = new Map<string, ExampleStack>();

  constructor() {
    const projects = [
      { id: "my-project", number: "123456789012" },
      { id: "other-project", number: "210987654321" },
    ];
    this.cloud = new Cloud({
      projects,
      clock: this.clock,
      random: seededRandom(1),
      signingKey: sharedSigningKey,
    });
    const fronts = (host: string): Front | undefined => this.fronts[host];
    const backend: Backend = ({ request }) => {
      this.reached.push(request);
      return Promise.resolve(this.answer);
    };
    this.ingress = new Ingress(this.cloud, backend, { fronts });
    this.delivery = new Delivery(this.cloud, this.ingress);
  }

  /** A stack of an example's program, or of another one, that may refer to the stacks made before it. */
  stack(folder: string, config: Readonly<Record<string, string>> = {}, program?: Program): ExampleStack {
    const name =
      program === undefined ? (parse(read(folder, "Pulumi.yaml")) as { name: string }).name : folder;
    const stack = new ExampleStack(
      this.cloud,
      folder,
      name,
      config,
      program,
      (whole) => this.#stacks.get(whole)?.outputs,
    );
    this.#stacks.set(`organization/${name}/dev`, stack);
    return stack;
  }

  /** Makes things that belong to no stack. */
  async makeByHand(program: Program): Promise<void> {
    await new ExampleStack(this.cloud, "by-hand", "by-hand", {}, program, () => undefined).up();
  }

  /** How many resources the cloud holds, without the ids that Google keeps taken for a while. */
  get size(): number {
    return this.cloud.store.all().filter(({ token }) => !token.startsWith("deleted:")).length;
  }

  get resources(): DeployedResource[] {
    return [...this.#stacks.values()].flatMap(({ engine }) => [...engine.resources]);
  }

  get graph(): TrustGraph {
    return trustGraph(this.resources);
  }

  /** Fires every source once, and answers each one's last attempt by the source's name. */
  async fireAll(): Promise<Map<string, Attempt | undefined>> {
    const results = new Map<string, Attempt | undefined>();
    for (const edge of this.graph.edges) {
      const before = this.delivery.attempts.length;
      await this.#fire(edge);
      results.set(edge.source.name, this.delivery.attempts.slice(before).at(-1));
    }
    return results;
  }

  async #fire({ source }: Edge): Promise<void> {
    const resource = this.resources.find(({ urn }) => urn === source.urn);
    if (source.kind === "scheduler-job") {
      const run = this.delivery.runJob(resource?.id ?? "");
      await this.clock.advance(3_600_000);
      await run;
    } else if (source.kind === "task-queue") {
      const queue = resource?.id ?? "";
      this.delivery.tasks.buffer(this.cloud.deployer(queue.split("/")[1] ?? ""), queue);
      await this.clock.advance(3_600_000);
    } else {
      await this.delivery.publish(String(resource?.outputs["topic"]), { data: "aGVsbG8=" });
      await this.clock.advance(60_000);
    }
  }

  stop(): void {
    this.delivery.stop();
  }
}

/** One stack of one program of an example. */
export class ExampleStack {
  readonly engine: InProcessEngine;
  outputs: Record<string, unknown> | undefined;
  readonly #program: Program;
  readonly #folder: string;

  constructor(
    cloud: Cloud,
    folder: string,
    project: string,
    config: Readonly<Record<string, string>>,
    program: Program | undefined,
    outputsOf: (stack: string) => Record<string, unknown> | undefined,
  ) {
    this.#folder = program === undefined ? join(EXAMPLES, folder) : process.cwd();
    const main = ["index.ts", "index.js"].find((file) => has(folder, file)) ?? "";
    this.#program = program ?? programAt(join(EXAMPLES, folder, main));
    const all = { "gcp:project": "my-project", "gcp:region": "us-central1", ...defaults(folder), ...config };
    this.engine = new InProcessEngine(cloud, { project, stack: "dev", config: all, outputsOf });
  }

  async up(): Promise<Deployed> {
    const deployed = await this.#inFolder(() => this.engine.up(this.#program));
    this.outputs = deployed.outputs;
    return deployed;
  }

  preview(): Promise<Deployed> {
    return this.#inFolder(() => this.engine.preview(this.#program));
  }

  /** Takes off what protects services, as one has to, and destroys. */
  async destroy(): Promise<Deployed> {
    await this.#inFolder(() => this.engine.up(() => unprotected(this.#program)));
    return this.#inFolder(() => this.engine.destroy());
  }

  /** Pulumi runs a program in its own folder. */
  async #inFolder(work: () => ReturnType<InProcessEngine["up"]>): Promise<Deployed> {
    const before = process.cwd();
    process.chdir(this.#folder);
    try {
      return new Deployed(await withoutStackTraces(work));
    } finally {
      process.chdir(before);
    }
  }
}

function unprotected(program: Program): unknown {
  pulumi.runtime.registerResourceTransform(({ type, props, opts }) =>
    ["gcp:cloudrunv2/service:Service", "gcp:cloudrunv2/job:Job"].includes(type)
      ? { props: { ...props, deletionProtection: false }, opts }
      : undefined,
  );
  return program();
}

/** What the project file says a setting is when nobody sets it. */
function defaults(folder: string): Record<string, string> {
  if (!has(folder, "Pulumi.yaml")) return {};
  const { name, config } = parse(read(folder, "Pulumi.yaml")) as {
    name: string;
    config?: Record<string, { default?: string }>;
  };
  return Object.fromEntries(
    Object.entries(config ?? {}).flatMap(([key, schema]) =>
      schema.default === undefined ? [] : [[`${name}:${key}`, schema.default]],
    ),
  );
}

/** How many resources of each type there are, without the stacks themselves. */
export function counted(resources: readonly DeployedResource[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { type } of resources) {
    if (type !== "pulumi:pulumi:Stack") counts[type] = (counts[type] ?? 0) + 1;
  }
  return counts;
}

/** The edges of a trust graph in an example's words. */
export function edgesOf({ edges }: TrustGraph, resources: readonly DeployedResource[]): ExpectedEdge[] {
  return edges.map((edge) => ({
    source: `${edge.source.kind} ${edge.source.name}`,
    target: `${edge.target.kind} ${edge.target.name}`,
    caller: resources.find(({ urn }) => urn === edge.callerUrn)?.name ?? edge.caller,
    audience: audienceRule(edge, resources),
    ...(edge.grant && { grant: edge.grant.role }),
  }));
}

function audienceRule(edge: Edge, resources: readonly DeployedResource[]): string {
  if (edge.scope !== undefined) return `none: an access token with ${edge.scope.replace(/^.*\/auth\//, "")}`;
  const target = resources.find(({ urn }) => urn === edge.target.urn)?.outputs ?? {};
  const config = isProps(target["serviceConfig"]) ? target["serviceConfig"] : {};
  const rules: Record<string, unknown> = {
    "the service's uri": target["uri"],
    "the function's serviceConfig.uri": config["uri"],
    "the function's httpsTriggerUrl": target["httpsTriggerUrl"],
  };
  const rule = Object.entries(rules).find(([, value]) => value !== undefined && value === edge.audience);
  return rule?.[0] ?? `as told: ${String(edge.audience)}`;
}
