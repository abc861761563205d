import { milliseconds } from "../duration";

export interface RetryConfig {
  retryCount?: number;
  maxRetryDuration?: string;
  minBackoffDuration?: string;
  maxBackoffDuration?: string;
  maxDoublings?: number;
}

/** https://cloud.google.com/scheduler/docs/configuring/retry-jobs */
const DEFAULTS = {
  retryCount: 0,
  maxRetryDuration: "0s",
  minBackoffDuration: "5s",
  maxBackoffDuration: "3600s",
  maxDoublings: 5,
};

/** Not documented what an interval of zero means; here time has to go on between two attempts. */
const SHORTEST = 100;

/** Milliseconds before the retry number `retry` (from 0): doubled maxDoublings times, then growing by the same step. */
export function retryInterval(config: RetryConfig, retry: number): number {
  const doublings = config.maxDoublings ?? DEFAULTS.maxDoublings;
  const min = milliseconds(config.minBackoffDuration ?? DEFAULTS.minBackoffDuration);
  const max = milliseconds(config.maxBackoffDuration ?? DEFAULTS.maxBackoffDuration);
  const doubled = min * 2 ** Math.min(retry, doublings);
  const interval = Math.min(max, retry <= doublings ? doubled : doubled * (retry - doublings + 1));
  return Math.max(SHORTEST, interval);
}

/**
 * Whether a failed attempt is tried again, `made` retries and `elapsed` milliseconds after the first attempt: with both
 * limits set, until both are reached. Without a count and without a duration, never; a duration of 0 is no limit.
 */
export function retries(config: RetryConfig, made: number, elapsed: number): boolean {
  const count = config.retryCount ?? DEFAULTS.retryCount;
  const duration = milliseconds(config.maxRetryDuration ?? DEFAULTS.maxRetryDuration);
  // Not documented: the duration is compared when an attempt has failed, not when the next one would start.
  return made < count || (duration > 0 && elapsed < duration);
}
