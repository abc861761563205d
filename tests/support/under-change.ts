import type { OpMap, PulumiFn } from "@pulumi/pulumi/automation";
import { VirtualClock } from "../../sandbox/cloud/clock";
import { Cloud } from "../../sandbox/cloud/cloud";
import { runServiceName } from "../../sandbox/cloud/names";
import type { Attempt } from "../../sandbox/delivery/attempt";
import { Delivery } from "../../sandbox/delivery/delivery";
import { Ingress } from "../../sandbox/ingress/ingress";
import { seededRandom } from "./random";
import { RealEngine } from "./real-engine";

const JOB = "gcp:cloudscheduler/job:Job";
const SUBSCRIPTION = "gcp:pubsub/subscription:Subscription";
const QUEUE = "gcp:cloudtasks/queue:Queue";
const RUN = "gcp:cloudrunv2/service:Service";
const MINUTE = 60_000;
/** What one call to Google takes, so that a deployment takes minutes, as real ones do. */
const STEP = 20_000;

export const PROJECT = { id: "planner-test", number: "123456789012" };
export const REGION = "us-central1";

interface Run {
  /** The job's name, which begins with its logical one. */
  readonly job: string;
  readonly attempts: Attempt[];
  readonly over: Promise<unknown>;
}

/**
 * A stack that is used while it changes: after every single step of Pulumi's engine each job is run, each queue gets a task
 * and each topic that is pushed from a message, while what the step changed in IAM is still spreading.
 */
export class UnderChange {
  readonly clock = new VirtualClock(Date.UTC(2026, 10, 24, 12));
  readonly cloud: Cloud;
  readonly delivery: Delivery;
  #engine: RealEngine | undefined;
  #runs: Run[] = [];
  #passed: Promise<void> = Promise.resolve();

  private constructor(iamDelay: number | (() => number)) {
    this.cloud = new Cloud({ clock: this.clock, projects: [PROJECT], iamDelay, random: seededRandom(1) });
    const ok = { status: 200, headers: {}, body: "" };
    this.delivery = new Delivery(this.cloud, new Ingress(this.cloud, () => Promise.resolve(ok)));
  }

  static async start(iamDelay: number | (() => number)): Promise<UnderChange> {
    const made = new UnderChange(iamDelay);
    made.#engine = await RealEngine.start(made.cloud, {
      config: { "gcp:project": PROJECT.id, "gcp:region": REGION },
      around: async ({ method, changes }, work) => {
        const step = changes && method !== "configure";
        if (step) await made.#pass(STEP);
        const result = await work();
        if (step) await made.#fire();
        return result;
      },
    });
    return made;
  }

  /** Deploys, and waits until whatever was set off meanwhile is over. Says what the engine did. */
  async up(program: PulumiFn): Promise<OpMap> {
    this.#runs = [];
    const changes = await this.#running.up(program);
    // Until everything has spread. Then until the last retry.
    for (let waited = 0; waited < 10 * MINUTE; waited += STEP) {
      await this.#pass(STEP);
      await this.#fire();
    }
    await this.#pass(20 * MINUTE);
    await Promise.all(this.#runs.map(({ over }) => over));
    return changes;
  }

  /** Runs of a job since the last deployment began; there were some, or nothing would be shown. */
  runs(job: string): { first: string[]; last: string[] } {
    const runs = this.#runs.filter((run) => run.job.startsWith(`${job}-`));
    if (runs.length === 0) throw new Error(`${job} never ran`);
    return {
      first: runs.map(({ attempts }) => outcome(attempts[0])),
      last: runs.map(({ attempts }) => outcome(attempts.at(-1))),
    };
  }

  /** What came of every task in the end; there were some, or nothing would be shown. */
  tasks(): string[] {
    const last = new Map(
      this.delivery.attempts.flatMap((attempt) =>
        attempt.task === undefined ? [] : [[attempt.task, outcome(attempt)] as const],
      ),
    );
    if (last.size === 0) throw new Error("no task was ever sent");
    return [...last.values()];
  }

  /** How many messages and tasks are neither delivered nor given up, and how many messages given up. */
  undelivered(): { waiting: number; givenUp: number } {
    const ids = this.#pushing().map(({ id }) => id);
    const sum = (count: (id: string) => number) => ids.reduce((total, id) => total + count(id), 0);
    const tasks = this.cloud.store.list(QUEUE).map(({ id }) => this.delivery.tasks.backlog(id));
    return {
      waiting: sum((id) => this.delivery.backlog(id)) + tasks.reduce((total, left) => total + left, 0),
      givenUp: sum((id) => this.delivery.deadLettered(id).length),
    };
  }

  /** Who may call the Run services whose names begin so, as "role member". */
  grants(service: string): string[] {
    return this.cloud.store
      .list<{ name: string; location: string }>(RUN)
      .filter(({ state }) => state.name.startsWith(service))
      .flatMap(({ state }) => this.cloud.iam.bindings(runServiceName(PROJECT.id, state.location, state.name)))
      .map(({ role, member }) => `${role} ${member.replace(/@.*$/, "")}`)
      .sort();
  }

  async close(): Promise<void> {
    this.delivery.stop();
    await this.#engine?.close();
  }

  get #running(): RealEngine {
    if (this.#engine === undefined) throw new Error("not started");
    return this.#engine;
  }

  /** Steps come in parallel; time passes for one after the other. */
  async #pass(ms: number): Promise<void> {
    this.#passed = this.#passed.then(() => this.clock.advance(ms));
    await this.#passed;
  }

  async #fire(): Promise<void> {
    for (const { id, state } of this.cloud.store.list<{ name: string }>(JOB)) {
      const attempts: Attempt[] = [];
      const over = this.delivery.runJob(id).then((made) => attempts.push(...made));
      this.#runs.push({ job: state.name, attempts, over });
    }
    for (const { id } of this.cloud.store.list(QUEUE)) {
      this.delivery.tasks.buffer(this.cloud.deployer(PROJECT.id), id);
    }
    for (const topic of new Set(this.#pushing().map(({ state }) => state.topic))) {
      await this.delivery.publish(topic, { data: "hello" });
    }
  }

  #pushing() {
    return this.cloud.store
      .list<{ topic: string; pushConfig?: unknown }>(SUBSCRIPTION)
      .filter(({ state }) => state.pushConfig !== undefined);
  }
}

function outcome(attempt: Attempt | undefined): string {
  return attempt === undefined
    ? "none"
    : attempt.outcome === "success"
      ? "success"
      : `${attempt.outcome}: ${attempt.reason}`;
}
