import type * as pulumi from "@pulumi/pulumi";
import type { Subject } from "../wiring/checks";
import { checked, within } from "../wiring/checks";
import { durationWithin } from "../wiring/durations";
import { backoffs } from "./backoff";
import { TASKS_DEFAULTS } from "./defaults";

/** How fast Cloud Tasks works off a queue. */
export interface TaskRateLimits {
  /** Most tasks that are sent in a second, above 0 and up to 500. Default: 500. */
  maxDispatchesPerSecond?: pulumi.Input<number>;
  /** Most tasks that are under way at one time, 1 to 5000. Default: 1000. */
  maxConcurrentDispatches?: pulumi.Input<number>;
}

/** When and how often Cloud Tasks tries a task again, and when it drops it. */
export interface TaskRetry {
  /** Most attempts of a task, the first included; -1 sets no limit. Default: 100. */
  maxAttempts?: pulumi.Input<number>;
  /** For how long attempts go on. "0s" sets no limit; with a limit, both it and `maxAttempts` must be reached. Default: "0s". */
  maxRetryDuration?: pulumi.Input<string>;
  /** Shortest wait before a retry, no longer than `maxBackoff`. Default: "10s". */
  minBackoff?: pulumi.Input<string>;
  /** Longest wait before a retry. Default: "3600s". */
  maxBackoff?: pulumi.Input<string>;
  /** How often the wait doubles before it grows evenly. Default: 16. */
  maxDoublings?: pulumi.Input<number>;
}

/** Google counts in whole numbers of 32 bits, and says of no other limit. */
const MOST = 2_147_483_647;

/** Google's limits: https://cloud.google.com/tasks/docs/reference/rest/v2/projects.locations.queues#RateLimits */
export function rateLimits(subject: Subject, limits: TaskRateLimits) {
  const defaults = TASKS_DEFAULTS.rateLimits;
  return {
    maxDispatchesPerSecond: checked(
      subject,
      "rateLimits.maxDispatchesPerSecond",
      limits.maxDispatchesPerSecond ?? defaults.maxDispatchesPerSecond,
      // What Google does with none at all is documented nowhere; a queue that must not send is paused.
      within(0.001, 500, "tasks", false),
    ),
    maxConcurrentDispatches: checked(
      subject,
      "rateLimits.maxConcurrentDispatches",
      limits.maxConcurrentDispatches ?? defaults.maxConcurrentDispatches,
      within(1, 5000, "tasks"),
    ),
  };
}

/** Google's limits: https://cloud.google.com/tasks/docs/reference/rest/v2/projects.locations.queues#RetryConfig */
export function retryConfig(subject: Subject, retry: TaskRetry) {
  const { maxAttempts, maxRetryDuration, minBackoff, maxBackoff, maxDoublings } = {
    ...TASKS_DEFAULTS.retry,
    ...retry,
  };
  const anyLength = durationWithin(0, Number.MAX_SAFE_INTEGER);
  const { min, max } = backoffs(
    subject,
    { property: "retry.minBackoff", value: minBackoff },
    { property: "retry.maxBackoff", value: maxBackoff },
  );
  return {
    maxAttempts: checked(subject, "retry.maxAttempts", maxAttempts, (attempts) =>
      attempts === 0
        ? { problem: "is no attempt at all", remedy: "Give 1 or more, or -1 for no limit" }
        : within(-1, MOST, "attempts")(attempts),
    ),
    maxRetryDuration: checked(subject, "retry.maxRetryDuration", maxRetryDuration, anyLength),
    minBackoff: min,
    maxBackoff: max,
    maxDoublings: checked(subject, "retry.maxDoublings", maxDoublings, within(0, MOST, "doublings")),
  };
}
