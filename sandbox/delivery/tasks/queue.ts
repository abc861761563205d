import { burstAt, QUEUE_DEFAULTS } from "../../cloud/resources/task-queue";
import type { StoredResource } from "../../cloud/store";
import { milliseconds } from "../duration";
import { retryInterval } from "../scheduler/backoff";

export const QUEUE = "gcp:cloudtasks/queue:Queue";

/** Where a queue sends its tasks, over what they say themselves. */
export interface QueueTarget {
  httpMethod?: string;
  headerOverrides?: { header: { key: string; value: string } }[];
  uriOverride?: UriOverride;
  oidcToken?: { serviceAccountEmail: string; audience?: string };
  oauthToken?: { serviceAccountEmail: string; scope?: string };
}

export interface UriOverride {
  scheme?: string;
  host?: string;
  port?: string;
  pathOverride?: { path?: string };
  queryOverride?: { queryParams?: string };
  uriOverrideEnforceMode?: string;
}

/** What the delivery reads of a queue. */
export interface QueueState {
  name: string;
  desiredState?: string;
  httpTarget?: QueueTarget;
  rateLimits?: {
    maxDispatchesPerSecond?: number;
    maxBurstSize?: number;
    maxConcurrentDispatches?: number;
  };
  retryConfig?: {
    maxAttempts?: number;
    maxRetryDuration?: string;
    minBackoff?: string;
    maxBackoff?: string;
    maxDoublings?: number;
  };
}

export type StoredQueue = StoredResource<QueueState>;

export interface Limits {
  /** A second. */
  rate: number;
  burst: number;
  concurrent: number;
}

export function isPaused({ state }: StoredQueue): boolean {
  return state.desiredState === "PAUSED";
}

export function limitsOf({ state }: StoredQueue): Limits {
  const { rateLimits = {} } = state;
  const rate = rateLimits.maxDispatchesPerSecond ?? QUEUE_DEFAULTS["rateLimits.maxDispatchesPerSecond"];
  return {
    rate,
    burst: rateLimits.maxBurstSize ?? burstAt(rate),
    concurrent: rateLimits.maxConcurrentDispatches ?? QUEUE_DEFAULTS["rateLimits.maxConcurrentDispatches"],
  };
}

/**
 * Milliseconds before the retry number `retry` (from 0). The rule is that of Scheduler, with the same example:
 * https://cloud.google.com/tasks/docs/reference/rest/v2/projects.locations.queues#RetryConfig
 */
export function retryDelay({ state }: StoredQueue, retry: number): number {
  const { retryConfig = {} } = state;
  return retryInterval(
    {
      minBackoffDuration: retryConfig.minBackoff ?? QUEUE_DEFAULTS["retryConfig.minBackoff"],
      maxBackoffDuration: retryConfig.maxBackoff ?? QUEUE_DEFAULTS["retryConfig.maxBackoff"],
      maxDoublings: retryConfig.maxDoublings ?? QUEUE_DEFAULTS["retryConfig.maxDoublings"],
    },
    retry,
  );
}

/**
 * Whether a task that was tried `attempts` times, first `elapsed` milliseconds ago, is tried again: until both limits are
 * reached. Taken by the word, unlimited attempts (-1) never come to an end, whatever the duration.
 */
export function isTriedAgain({ state }: StoredQueue, attempts: number, elapsed: number): boolean {
  const { retryConfig = {} } = state;
  const most = retryConfig.maxAttempts ?? QUEUE_DEFAULTS["retryConfig.maxAttempts"];
  const duration = milliseconds(
    retryConfig.maxRetryDuration ?? QUEUE_DEFAULTS["retryConfig.maxRetryDuration"],
  );
  return most === -1 || attempts < most || (duration > 0 && elapsed < duration);
}
