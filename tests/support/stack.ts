import { Cloud } from "../../sandbox/cloud/cloud";
import type { CloudOptions } from "../../sandbox/cloud/cloud";
import { VirtualClock } from "../../sandbox/cloud/clock";
import type { ProjectKind, ProjectSpec } from "../../sandbox/cloud/projects";
import { InProcessEngine } from "../../sandbox/doors/in-process/engine";
import type {
  DeployedResource,
  DeploymentResult,
  Program,
  Step,
} from "../../sandbox/doors/in-process/engine";
import { seededRandom } from "./random";
import { sharedSigningKey } from "./signing-key";
import { withoutStackTraces } from "./stack-traces";

export const PROJECT: ProjectSpec = { id: "my-project", number: "123456789012" };
export const DEPLOYER = "serviceAccount:deployer@my-project.iam.gserviceaccount.com";
export const START = Date.UTC(2026, 10, 24, 12, 0, 0);

export interface TestStackOptions extends Partial<Omit<CloudOptions, "clock" | "projects">> {
  readonly kind?: ProjectKind;
  readonly projects?: ProjectSpec[];
  readonly config?: Readonly<Record<string, string>>;
  /** Pulumi's names for project and stack. Default: "test" and "dev". */
  readonly pulumiProject?: string;
  readonly stack?: string;
}

/** A stack on a cloud of its own, on a clock that stands still until a test moves it. */
export class TestStack {
  readonly clock = new VirtualClock(START);
  readonly cloud: Cloud;
  readonly engine: InProcessEngine;
  /** Its settings, which a test may change from one deployment to the next. */
  readonly config: Record<string, string>;

  constructor({
    kind = "default",
    projects = [{ ...PROJECT, kind }],
    config,
    pulumiProject = "test",
    stack = "dev",
    ...options
  }: TestStackOptions = {}) {
    this.cloud = new Cloud({
      projects,
      clock: this.clock,
      random: seededRandom(1),
      signingKey: sharedSigningKey,
      ...options,
    });
    this.config = { "gcp:project": projects[0]?.id ?? "", "gcp:region": "us-central1", ...config };
    this.engine = new InProcessEngine(this.cloud, { project: pulumiProject, stack, config: this.config });
  }

  /** How many resources the cloud holds, without the names that Google keeps taken for a while. */
  get size(): number {
    return this.cloud.store.all().filter(({ token }) => !token.startsWith("deleted:")).length;
  }

  up(program: Program): Promise<Deployed> {
    return this.#run(() => this.engine.up(program));
  }

  preview(program: Program): Promise<Deployed> {
    return this.#run(() => this.engine.preview(program));
  }

  destroy(): Promise<Deployed> {
    return this.#run(() => this.engine.destroy());
  }

  async #run(work: () => Promise<DeploymentResult>): Promise<Deployed> {
    return new Deployed(await withoutStackTraces(work));
  }
}

/** What a deployment did, with the questions that tests ask of it. */
export class Deployed {
  readonly steps: readonly Step[];
  readonly resources: readonly DeployedResource[];
  readonly outputs: Record<string, unknown>;

  constructor({ steps, resources, outputs }: DeploymentResult) {
    this.steps = steps;
    this.resources = resources;
    this.outputs = outputs;
  }

  /** The one resource of a type (its last part, such as "ServiceIamMember") and logical name. */
  resource(type: string, name: string): DeployedResource {
    const found = this.resources.filter((r) => r.name === name && r.type.endsWith(`:${type}`));
    if (found.length === 1 && found[0] !== undefined) return found[0];
    throw new Error(`${found.length} resources ${type} "${name}" among:\n${this.lines().join("\n")}`);
  }

  /** All resources, as "Type name" in alphabetical order. */
  lines(): string[] {
    return this.resources.map((r) => `${r.type.replace(/^.*:/, "")} ${r.name}`).sort();
  }

  /** What is not as it was, as "op Type name" in alphabetical order. */
  changes(): string[] {
    return this.steps
      .filter(({ op }) => op !== "same")
      .map((s) => `${s.op} ${s.type.replace(/^.*:/, "")} ${s.name}`)
      .sort();
  }

  /** The names of all resources that one waits for, straight or through others. */
  waitsFor(resource: DeployedResource): Set<string> {
    const byUrn = new Map(this.resources.map((r) => [r.urn, r]));
    const seen = new Set<string>();
    const follow = (urn: string): void => {
      const found = byUrn.get(urn);
      if (found === undefined || seen.has(found.name)) return;
      seen.add(found.name);
      found.dependencies.forEach(follow);
    };
    resource.dependencies.forEach(follow);
    return seen;
  }
}
