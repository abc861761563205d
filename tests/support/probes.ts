import { CloudError } from "../../sandbox/cloud/errors";
import { agentEmail, projectName, serviceAccountName } from "../../sandbox/cloud/names";
import { Provider } from "../../sandbox/cloud/resources/provider";
import { isProps } from "../../sandbox/cloud/resources/values";
import type { Props } from "../../sandbox/cloud/resources/values";
import type { DeployedResource } from "../../sandbox/doors/in-process/engine";
import { BROUGHT, ON_CALL } from "./everything";
import { label } from "./graph";
import { Live } from "./live";
import type { Application } from "./live";
import { PROJECT } from "./stack";
import type { Deployed, TestStack } from "./stack";

const HOUR = 3_600_000;

/** All that `everything` is deployed for, tried out: its edges, the people it lets in, its dead letters, its next deployment. */
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

  /** Each resource that attaches accounts or reads secrets, deployed again by itself. */
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

  async #deploy({ type, id = "", inputs }: DeployedResource, change: Props): Promise<string | undefined> {
    const oldOutputs = this.stack.cloud.store.get(type, id)?.state ?? {};
    try {
      await this.provider.update(type, { id, oldOutputs, news: { ...inputs, ...change }, preview: false });
      return undefined;
    } catch (error) {
      if (!(error instanceof CloudError)) throw error;
      return `${error.httpStatus} ${error.status}`;
    }
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
    const tasks = `serviceAccount:${agentEmail("tasks", PROJECT.number)}`;
    const sql = { permission: "cloudsql.instances.connect", resource: projectName(PROJECT.id) };
    const questions = {
      "Tasks mints for own": { member: tasks, ...mintingFor(this.#emailOf("own")) },
      "Tasks mints for brought": { member: tasks, ...mintingFor(BROUGHT) },
      "hello connects to Cloud SQL": { member: `serviceAccount:${this.#emailOf("hello-runtime")}`, ...sql },
    };
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
  "gcp:cloudfunctionsv2/function:Function": (AGAIN, { buildConfig }) => ({
    buildConfig: { ...(isProps(buildConfig) ? buildConfig : {}), environmentVariables: { AGAIN } },
  }),
  "gcp:cloudfunctions/function:Function": (AGAIN) => ({ buildEnvironmentVariables: { AGAIN } }),
  "gcp:cloudscheduler/job:Job": (description) => ({ description }),
  "gcp:pubsub/subscription:Subscription": (again) => ({ labels: { again } }),
};

function failed(outcomes: Record<string, string>): string[] {
  return Object.entries(outcomes)
    .filter(([, outcome]) => !outcome.startsWith("200 "))
    .map(([name, outcome]) => `${name}: ${outcome}`);
}

function mintingFor(email: string): { permission: string; resource: string } {
  return {
    permission: "iam.serviceAccounts.getOpenIdToken",
    resource: serviceAccountName(PROJECT.id, email),
  };
}
