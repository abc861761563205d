import type { StoredResource } from "../../cloud/store";
import { milliseconds } from "../duration";

export const SUBSCRIPTION = "gcp:pubsub/subscription:Subscription";
export const TOPIC = "gcp:pubsub/topic:Topic";

/** What the delivery reads of a subscription. */
export interface SubscriptionState {
  name: string;
  topic: string;
  pushConfig?: {
    pushEndpoint: string;
    oidcToken?: { serviceAccountEmail: string; audience?: string };
    noWrapper?: { writeMetadata: boolean };
  };
  ackDeadlineSeconds?: number;
  retryPolicy?: { minimumBackoff?: string; maximumBackoff?: string };
  filter?: string;
  enableMessageOrdering?: boolean;
  messageRetentionDuration?: string;
  expirationPolicy?: { ttl?: string };
  deadLetterPolicy?: { deadLetterTopic?: string; maxDeliveryAttempts?: number };
}

export type Subscription = StoredResource<SubscriptionState>;

/** https://cloud.google.com/pubsub/docs/reference/rest/v1/projects.subscriptions */
const DEFAULTS = {
  ackDeadlineSeconds: 10,
  messageRetentionDuration: "604800s",
  ttl: "2678400s",
  maxDeliveryAttempts: 5,
};

/** The full path of the topic, which a subscription may name in short. */
export function topicOf({ project, state }: Subscription): string {
  return state.topic.includes("/") ? state.topic : `projects/${project}/topics/${state.topic}`;
}

/** Also how long a push waits for its answer. */
export function ackDeadline({ state }: Subscription): number {
  const seconds = state.ackDeadlineSeconds ?? 0;
  return (seconds === 0 ? DEFAULTS.ackDeadlineSeconds : seconds) * 1000;
}

export function retention({ state }: Subscription): number {
  return milliseconds(nonEmpty(state.messageRetentionDuration) ?? DEFAULTS.messageRetentionDuration);
}

/** After how long without activity the subscription goes away by itself; an empty ttl means never. */
export function expiry({ state }: Subscription): number {
  const ttl = state.expirationPolicy === undefined ? DEFAULTS.ttl : state.expirationPolicy.ttl;
  return ttl === undefined || ttl === "" ? Infinity : milliseconds(ttl);
}

export interface DeadLetterPolicy {
  topic: string;
  maxDeliveryAttempts: number;
}

export function deadLetterPolicy({ project, state }: Subscription): DeadLetterPolicy | undefined {
  const topic = nonEmpty(state.deadLetterPolicy?.deadLetterTopic);
  if (topic === undefined) return undefined;
  const attempts = state.deadLetterPolicy?.maxDeliveryAttempts ?? 0;
  return {
    topic: topic.includes("/") ? topic : `projects/${project}/topics/${topic}`,
    maxDeliveryAttempts: attempts === 0 ? DEFAULTS.maxDeliveryAttempts : attempts,
  };
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === "" ? undefined : text;
}
