import type { Cloud } from "../cloud/cloud";
import { CloudError } from "../cloud/errors";
import type { Ingress } from "../ingress/ingress";
import { AttemptLog, type Attempt } from "./attempt";
import { type KeptDelivery, ofWhatIsThere } from "./kept";
import type { DeadLetter } from "./pubsub/dead-letters";
import { requireWithinLimits } from "./pubsub/limits";
import type { Publication } from "./pubsub/message";
import { PubSub } from "./pubsub/pubsub";
import { TokenCache } from "./pubsub/token-cache";
import { Scheduler } from "./scheduler/scheduler";
import { Tasks } from "./tasks/tasks";
import { Waits } from "./waits";

export interface DeliveryOptions {
  /** Whether Pub/Sub goes on sending a token whose subscription names another audience by now. Default: false. */
  pushTokensOutliveChanges?: boolean;
  /** How many attempts are remembered, the latest. Default: all. */
  attempts?: number;
}

/** The sources at work: Scheduler jobs, push subscriptions and task queues call their targets, on the cloud's clock. */
export class Delivery {
  readonly #cloud: Cloud;
  readonly #log: AttemptLog;
  readonly #waits: Waits;
  readonly #scheduler: Scheduler;
  readonly #pubsub: PubSub;
  readonly #tasks: Tasks;
  #unsubscribe: (() => void) | undefined;

  constructor(cloud: Cloud, ingress: Ingress, { pushTokensOutliveChanges, attempts }: DeliveryOptions = {}) {
    this.#cloud = cloud;
    this.#log = new AttemptLog(attempts);
    this.#waits = new Waits(cloud.clock);
    const tools = { cloud, ingress, log: this.#log, waits: this.#waits };
    this.#scheduler = new Scheduler(tools);
    this.#pubsub = new PubSub({
      ...tools,
      tokens: new TokenCache(cloud, { outliveChanges: pushTokensOutliveChanges }),
    });
    this.#tasks = new Tasks(tools);
  }

  /** Arms the timers of all jobs, of those now and of later ones. */
  start(): void {
    this.#requireRunning();
    if (this.#unsubscribe !== undefined) return;
    this.#unsubscribe = this.#cloud.store.onChange((change) => {
      this.#scheduler.changed(change);
      this.#pubsub.changed(change);
    });
    this.#scheduler.start();
    this.#pubsub.start();
  }

  /** For good: whatever is waiting or under way is dropped, and no timer is left on the clock. */
  stop(): void {
    this.#unsubscribe?.();
    this.#unsubscribe = undefined;
    this.#scheduler.stop();
    this.#waits.stop();
    this.#tasks.stop();
  }

  /** What another one has to go on with. */
  kept(): KeptDelivery {
    return { tasks: this.#tasks.kept(), messages: this.#pubsub.kept() };
  }

  /** Goes on with what was kept, as far as its queues and subscriptions are still there. What is overdue is sent at once. */
  load(kept: KeptDelivery): void {
    this.#requireRunning();
    const { tasks, messages } = ofWhatIsThere(kept, this.#cloud.store);
    this.#tasks.load(tasks);
    this.#pubsub.load(messages);
  }

  /** Runs a job now, with its retries. They wait on the clock, so somebody else has to move it meanwhile. */
  async runJob(id: string): Promise<Attempt[]> {
    this.#requireRunning();
    return this.#scheduler.run(id);
  }

  /** Resolves with the message's id once the message is taken; it is delivered afterwards. */
  async publish(topicId: string, message: Publication): Promise<string> {
    return new Promise((resolve) => {
      this.#requireRunning();
      requireWithinLimits(message);
      resolve(this.#pubsub.publish(topicId, message));
    });
  }

  /** Cloud Tasks: its queues send what is put into them by themselves, as time goes on. */
  get tasks(): Tasks {
    this.#requireRunning();
    return this.#tasks;
  }

  get attempts(): readonly Attempt[] {
    return this.#log.all;
  }

  /** Returns what ends the listening. */
  onAttempt(listener: (attempt: Attempt) => void): () => void {
    return this.#log.onAttempt(listener);
  }

  /** What a subscription has handed over to its dead-letter topic. */
  deadLettered(subscriptionId: string): readonly DeadLetter[] {
    return this.#pubsub.deadLettered(subscriptionId);
  }

  /** How many messages a subscription has that nobody has acknowledged, or tasks a queue that are not done. */
  backlog(id: string): number {
    return this.#pubsub.backlog(id) + this.#tasks.backlog(id);
  }

  #requireRunning(): void {
    if (this.#waits.stopped) {
      throw new CloudError(
        "FAILED_PRECONDITION",
        "This delivery was stopped. Make a new one for the same cloud.",
      );
    }
  }
}
