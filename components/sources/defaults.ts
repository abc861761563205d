/**
 * What sources do when nothing is said. A default is a promise: each of these outlasts the minutes that a fresh grant
 * needs to be seen everywhere, "typically 2 minutes, potentially 7 minutes or longer"
 * (https://docs.cloud.google.com/iam/docs/access-change-propagation), so that a first call after a deployment is late
 * rather than lost.
 */
export const SCHEDULER_DEFAULTS = {
  timeZone: "Etc/UTC",
  attemptDeadline: "180s",
  retry: {
    // 30 + 60 + 120 + 240 + 300 s: the last attempt comes after twelve and a half minutes.
    retryCount: 5,
    maxRetryDuration: "0s",
    minBackoff: "30s",
    maxBackoff: "300s",
    maxDoublings: 5,
  },
} as const;

export const PUSH_DEFAULTS = {
  ackDeadlineSeconds: 60,
  retry: { minimumBackoff: "10s", maximumBackoff: "600s" },
  // About forty minutes with the back-off above; the five that Google starts with last 150 seconds.
  maxDeliveryAttempts: 10,
  messageRetention: "604800s",
} as const;

export const TASKS_DEFAULTS = {
  rateLimits: { maxDispatchesPerSecond: 500, maxConcurrentDispatches: 1000 },
  retry: {
    // 10, 20, 40, … 2560 s, then every hour: a task is tried for almost four days before Google drops it. A wait is about
    // as long as all before it.
    maxAttempts: 100,
    maxRetryDuration: "0s",
    minBackoff: "10s",
    maxBackoff: "3600s",
    maxDoublings: 16,
  },
} as const;
