import type { AttemptLog } from "../attempt";
import { redeliveryDelay } from "./backoff";
import { forwarded, hindrance, type DeadLetter } from "./dead-letters";
import type { Message, Publication } from "./message";
import { push, type PushTools } from "./push";
import {
  deadLetterPolicy,
  retention,
  SUBSCRIPTION,
  type Subscription,
  type SubscriptionState,
} from "./subscription";

export interface QueueTools extends PushTools {
  log: AttemptLog;
  publish: (topic: string, publication: Publication) => unknown;
}

/** The messages of one subscription that nobody has acknowledged yet. */
export class Queue {
  readonly deadLetters: DeadLetter[] = [];
  /** When somebody last took a message. */
  lastActive: number;
  readonly #tools: QueueTools;
  readonly #id: string;
  readonly #outstanding = new Set<Message>();
  /** Waiting to be pulled. */
  readonly #idle = new Set<Message>();
  /** Messages of one ordering key wait for the one before. */
  readonly #tails = new Map<string, Promise<void>>();
  #closed = false;

  constructor(tools: QueueTools, id: string) {
    this.#tools = tools;
    this.#id = id;
    this.lastActive = tools.cloud.clock.now();
  }

  get backlog(): number {
    return this.messages.length;
  }

  /** In the order in which they came. */
  get messages(): Message[] {
    const subscription = this.#subscription();
    if (subscription === undefined) return [];
    return [...this.#outstanding].filter((message) => !this.#isTooOld(subscription, message));
  }

  add(subscription: Subscription, message: Message): void {
    this.#outstanding.add(message);
    this.#start(subscription, message);
  }

  /** The subscription has changed: what was left to be pulled may be pushed now. */
  changed(subscription: Subscription): void {
    // A change of the subscription is activity too.
    this.lastActive = this.#tools.cloud.clock.now();
    for (const message of [...this.#idle]) {
      this.#idle.delete(message);
      this.#start(subscription, message);
    }
  }

  /** The subscription is gone, and so are its messages; a later one of the same name starts afresh. */
  close(): void {
    this.#closed = true;
    this.#outstanding.clear();
    this.#idle.clear();
  }

  #start(subscription: Subscription, message: Message): void {
    const key = subscription.state.enableMessageOrdering === true ? message.orderingKey : undefined;
    if (key === undefined) {
      void this.#deliver(message);
      return;
    }
    const tail = (this.#tails.get(key) ?? Promise.resolve()).then(async () => this.#deliver(message));
    this.#tails.set(key, tail);
    void tail.then(() => {
      if (this.#tails.get(key) === tail) this.#tails.delete(key);
    });
  }

  /** Until it is acknowledged, dead-lettered, too old, or nobody is left to deliver to. */
  async #deliver(message: Message): Promise<void> {
    for (let number = 1; ; number++) {
      const subscription = this.#subscription();
      if (subscription === undefined || this.#isTooOld(subscription, message)) break;
      const endpoint = subscription.state.pushConfig?.pushEndpoint;
      if (endpoint === undefined || endpoint === "") {
        this.#idle.add(message);
        return;
      }
      const outcome = await this.#tryOnce(subscription, endpoint, message, number);
      if (outcome === "stopped") return;
      if (outcome === "done") break;
      if (!(await this.#tools.waits.sleep(redeliveryDelay(subscription.state.retryPolicy, number)))) return;
    }
    this.#outstanding.delete(message);
  }

  async #tryOnce(
    subscription: Subscription,
    endpoint: string,
    message: Message,
    number: number,
  ): Promise<"done" | "again" | "stopped"> {
    const { log } = this.#tools;
    const attempt = await push(this.#tools, subscription, endpoint, message, number);
    if (attempt === undefined) return "stopped";
    if (attempt.outcome === "success") {
      log.add(attempt);
      this.lastActive = this.#tools.cloud.clock.now();
      return "done";
    }
    const { ended, note } = this.#afterFailure(subscription, message, number);
    log.add({ ...attempt, reason: `${attempt.reason}${note}` });
    return ended ? "done" : "again";
  }

  #afterFailure(
    subscription: Subscription,
    message: Message,
    number: number,
  ): { ended: boolean; note: string } {
    const policy = deadLetterPolicy(subscription);
    if (policy === undefined || number < policy.maxDeliveryAttempts) return { ended: false, note: "" };
    const { cloud, publish } = this.#tools;
    const why = hindrance(cloud, subscription, policy);
    if (why !== undefined)
      return { ended: false, note: ` Not dead-lettered after ${number} attempts: ${why}` };
    publish(policy.topic, forwarded(subscription, message, number));
    this.deadLetters.push({
      ...message,
      at: cloud.clock.now(),
      deliveryAttempts: number,
      topic: policy.topic,
    });
    return { ended: true, note: ` Dead-lettered on "${policy.topic}" after ${number} attempts.` };
  }

  #isTooOld(subscription: Subscription, message: Message): boolean {
    return this.#tools.cloud.clock.now() - message.publishTime >= retention(subscription);
  }

  /** As it is now: settings may have changed since the message came. */
  #subscription(): Subscription | undefined {
    return this.#closed ? undefined : this.#tools.cloud.store.get<SubscriptionState>(SUBSCRIPTION, this.#id);
  }
}
