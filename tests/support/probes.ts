import { CloudError } from "../../sandbox/cloud/errors";
import { projectName } from "../../sandbox/cloud/names";
import { Provider } from "../../sandbox/cloud/resources/provider";
import { isProps } from "../../sandbox/cloud/resources/values";
import type { Props } from "../../sandbox/cloud/resources/values";
import type { DeployedResource } from "../../sandbox/doors/in-process/engine";
import { ON_CALL, SHOP } from "./everything";
import { label } from "./graph";
import { Live } from "./live";
import type { Application } from "./live";
import { PROJECT } from "./stack";
import type { Deployed, TestStack } from "./stack";

const HOUR = 3_600_000;

/**
 * All that `everything` is deployed for, tried out: its edges, whom else it lets in, who enqueues, its dead letters, its
 * next deployment.
 */
export class Probes {
  readonly provider: Provider;
  #deployments = 0;

  constructor(
    private readonly stack: TestStack,
    private readonly deployed: Deployed,
    private readonly application: Application,
  ) {
    this.provider = new Provider(stack.cloud, { project: PROJECT.id, region: "us-central1" });
  }

  /** What does not work, with the status that says so. */
  async failures(): Promise<string[]> {
    return [
      ...failed(await this.#live().fireOnce()),
      ...failed(await this.#onCall()),
      ...(await this.#enqueueing()),
      ...(await this.#redeployments()),
      ...(await this.#deadLetters()),
      ...this.#decisions(),
    ].sort();
  }

  #live(): Live {
    return new Live(this.stack, this.deployed.resources, [this.application]);
  }

  async #onCall(): Promise<Record<string, string>> {
    const live = this.#live();
    const calls: Record<string, string> = {};
    for (const name of ["hello", "second", "first"]) {
      const url = this.#urlOf(name);
      calls[`on-call calls ${name}`] = await live.call(url, ON_CALL, url);
    }
    return calls;
  }

  /** Whether the shop may put in tasks that leave the token to the queue, and such as name the account themselves. */
  async #enqueueing(): Promise<string[]> {
    const { delivery } = this.#live();
    const { id = "", outputs } = this.deployed.resource("Queue", "own-queues-hello");
    const { oidcToken } = outputs.httpTarget as { oidcToken: Props };
    const url = this.#urlOf("hello");
    const tasks = { plain: { url }, "that name own": { url, oidcToken } };
    const failures: string[] = [];
    for (const [what, httpRequest] of Object.entries(tasks)) {
      const task = { httpRequest };
      const failure = await refusal(() => delivery.tasks.create(`serviceAccount:${SHOP}`, id, task));
      if (failure !== undefined) failures.push(`tasks ${what}, from the shop: ${failure}`);
    }
    delivery.stop();
    return failures;
  }

  /** Each resource of which deployments make another revision, version or configuration, deployed again by itself. */
  async #redeployments(): Promise<string[]> {
    const failures: string[] = [];
    this.#deployments++;
    for (const resource of this.deployed.resources) {
      const change = CHANGES[resource.type]?.(String(this.#deployments), resource.inputs);
      if (change === undefined) continue;
      const failure = await this.#deploy(resource, change);
      if (failure !== undefined) failures.push(`deploying ${label(resource)}: ${failure}`);
    }
    return failures;
  }

  #deploy({ type, id = "", inputs }: DeployedResource, change: Props): Promise<string | undefined> {
    const { provider } = this;
    const oldOutputs = this.stack.cloud.store.get(type, id)?.state ?? {};
    const news = { ...inputs, ...change };
    const { replaces } = provider.diff(type, { id, oldInputs: inputs, oldOutputs, news });
    return refusal(async () => {
      if (replaces.length === 0) return provider.update(type, { id, oldOutputs, news, preview: false });
      // Nothing uses it here, so it goes again.
      const made = await provider.create(type, { inputs: news, preview: false });
      return provider.delete(type, { id: made.id ?? "", outputs: made.outputs });
    });
  }

  async #deadLetters(): Promise<string[]> {
    const live = this.#live();
    live.down = true;
    const { id = "", outputs } = this.deployed.resource("Subscription", "own-pushes-hello");
    await live.delivery.publish(String(outputs.topic), { data: "hello" });
    await this.stack.clock.advance(HOUR);
    const aside = live.delivery.deadLettered(id).length;
    live.delivery.stop();
    return aside === 1 ? [] : ["own-pushes-hello puts nothing aside"];
  }

  /** What nothing here does yet: only whether it would be allowed. */
  #decisions(): string[] {
    const sql = { permission: "cloudsql.instances.connect", resource: projectName(PROJECT.id) };
    const questions = Object.fromEntries(
      ["hello", "cleanup"].map((name) => [
        `${name} connects to Cloud SQL`,
        { member: `serviceAccount:${this.#emailOf(`${name}-runtime`)}`, ...sql },
      ]),
    );
    return Object.entries(questions).flatMap(([what, question]) =>
      this.stack.cloud.iam.decide(question).allowed ? [] : [`${what}: not allowed`],
    );
  }

  #emailOf(account: string): string {
    return String(this.deployed.resource("Account", account).outputs.email);
  }

  #urlOf(target: string): string {
    const { outputs } = this.deployed.resource(target === "hello" ? "Service" : "Function", target);
    const config = isProps(outputs.serviceConfig) ? outputs.serviceConfig : {};
    return String(outputs.httpsTriggerUrl ?? config.uri ?? outputs.uri);
  }
}

/** What changes in a deployment of each kind of resource: something that has functions built again. */
const CHANGES: Readonly<Record<string, (value: string, inputs: Props) => Props>> = {
  "gcp:cloudrunv2/service:Service": (description) => ({ description }),
  "gcp:cloudrunv2/job:Job": (again) => ({ labels: { again } }),
  "gcp:cloudfunctionsv2/function:Function": (AGAIN, { buildConfig }) => ({
    buildConfig: { ...(isProps(buildConfig) ? buildConfig : {}), environmentVariables: { AGAIN } },
  }),
  "gcp:cloudfunctions/function:Function": (AGAIN) => ({ buildEnvironmentVariables: { AGAIN } }),
  "gcp:endpoints/service:Service": (again, { openapiConfig }) => ({
    openapiConfig: JSON.stringify({ ...(JSON.parse(String(openapiConfig)) as Props), "x-again": again }),
  }),
  "gcp:apigateway/apiConfig:ApiConfig": (again) => ({ apiConfigId: `again-${again}` }),
  "gcp:apigateway/gateway:Gateway": (again) => ({ labels: { again } }),
  "gcp:cloudscheduler/job:Job": (description) => ({ description }),
  "gcp:cloudtasks/queue:Queue": (again) => ({ rateLimits: { maxConcurrentDispatches: Number(again) } }),
  "gcp:pubsub/subscription:Subscription": (again) => ({ labels: { again } }),
};

/** How Google refuses; undefined if it does not. */
async function refusal(work: () => unknown): Promise<string | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    if (!(error instanceof CloudError)) throw error;
    return `${error.httpStatus} ${error.status}`;
  }
}

function failed(outcomes: Record<string, string>): string[] {
  return Object.entries(outcomes)
    .filter(([, outcome]) => !outcome.startsWith("200 "))
    .map(([name, outcome]) => `${name}: ${outcome}`);
}
