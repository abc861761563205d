import { CloudError } from "../../cloud/errors";
import { parseFilter } from "../../cloud/resources/pubsub-filter";
import type { Change, StoredResource } from "../../cloud/store";
import type { DeadLetter } from "./dead-letters";
import { message, type Message, type Publication } from "./message";
import { Queue, type QueueTools } from "./queue";
import {
  expiry,
  SUBSCRIPTION,
  topicOf,
  TOPIC,
  type Subscription,
  type SubscriptionState,
} from "./subscription";

/** Looks like Google's message ids, and is the same in every run. */
const FIRST_MESSAGE_ID = 10_000_000_000_000;

/** Every message that is not acknowledged, by subscription. */
export interface KeptMessages {
  published: number;
  outstanding: [subscription: string, messages: Message[]][];
}

/** Pub/Sub: a message on a topic becomes one message in each of its subscriptions, or in none. */
export class PubSub {
  readonly #tools: QueueTools;
  readonly #queues = new Map<string, Queue>();
  #published = 0;

  constructor(tools: Omit<QueueTools, "publish">) {
    this.#tools = { ...tools, publish: (topic, publication) => this.publish(topic, publication) };
  }

  /** Notices subscriptions from now on, so that idle ones can expire. */
  start(): void {
    for (const { id } of this.#subscriptions()) this.#queue(id);
  }

  changed({ op, resource }: Change): void {
    if (resource.token !== SUBSCRIPTION) return;
    if (op === "remove") this.#close(resource.id);
    else this.#queue(resource.id).changed(resource as StoredResource & { state: SubscriptionState });
  }

  kept(): KeptMessages {
    const outstanding = [...this.#queues].map(([id, { messages }]): [string, Message[]] => [id, messages]);
    return { published: this.#published, outstanding: structuredClone(outstanding) };
  }

  /**
   * Deliveries are counted from 1 again; most attempts are kept to "on a best effort basis":
   * https://cloud.google.com/pubsub/docs/reference/rest/v1/projects.subscriptions#deadletterpolicy
   */
  load({ published, outstanding }: KeptMessages): void {
    this.#published = Math.max(this.#published, published);
    for (const [id, messages] of structuredClone(outstanding)) {
      const subscription = this.#tools.cloud.store.get<SubscriptionState>(SUBSCRIPTION, id);
      if (subscription === undefined) continue;
      for (const each of messages) this.#queue(id).add(subscription, each);
    }
  }

  /** The message's id. Without a subscription the message is lost. */
  publish(topicId: string, publication: Publication): string {
    const { cloud } = this.#tools;
    if (cloud.store.get(TOPIC, topicId) === undefined) {
      throw new CloudError("NOT_FOUND", `Resource not found (resource=${topicId}).`);
    }
    const id = String(FIRST_MESSAGE_ID + ++this.#published);
    const published = message(id, cloud.clock.now(), publication);
    for (const subscription of this.#subscriptions().filter((each) => topicOf(each) === topicId)) {
      if (this.#hasExpired(subscription)) this.#expire(subscription);
      // What a filter leaves out is acknowledged at once.
      else if (matches(subscription, published.attributes))
        this.#queue(subscription.id).add(subscription, published);
    }
    return id;
  }

  backlog(subscriptionId: string): number {
    return this.#queues.get(subscriptionId)?.backlog ?? 0;
  }

  deadLettered(subscriptionId: string): readonly DeadLetter[] {
    return this.#queues.get(subscriptionId)?.deadLetters ?? [];
  }

  #subscriptions(): Subscription[] {
    return this.#tools.cloud.store.list<SubscriptionState>(SUBSCRIPTION);
  }

  #queue(id: string): Queue {
    const queue = this.#queues.get(id) ?? new Queue(this.#tools, id);
    this.#queues.set(id, queue);
    return queue;
  }

  #hasExpired(subscription: Subscription): boolean {
    const queue = this.#queue(subscription.id);
    return this.#tools.cloud.clock.now() - queue.lastActive > expiry(subscription);
  }

  #close(id: string): void {
    this.#queues.get(id)?.close();
    this.#queues.delete(id);
  }

  #expire({ id, fullName }: Subscription): void {
    this.#close(id);
    this.#tools.cloud.store.remove(SUBSCRIPTION, id);
    this.#tools.cloud.iam.forget(fullName);
  }
}

function matches({ state }: Subscription, attributes: Readonly<Record<string, string>>): boolean {
  return state.filter === undefined || state.filter === "" || parseFilter(state.filter)(attributes);
}
