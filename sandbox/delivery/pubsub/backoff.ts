import { milliseconds } from "../duration";
import type { SubscriptionState } from "./subscription";

/** https://cloud.google.com/pubsub/docs/reference/rest/v1/projects.subscriptions#retrypolicy */
const DEFAULTS = { minimumBackoff: "10s", maximumBackoff: "600s" };

/** Without a retry policy "push back-off" applies, whose bounds are often quoted and nowhere documented. */
const PUSH_BACKOFF = { min: 100, max: 60_000 };

/**
 * Milliseconds before the next delivery of a message that failed `failures` times. That the delay doubles is assumed:
 * documented is "exponential, between minimum and maximum".
 */
export function redeliveryDelay(policy: SubscriptionState["retryPolicy"], failures: number): number {
  if (policy === undefined) return grow(PUSH_BACKOFF.min, PUSH_BACKOFF.max, failures);
  const min = milliseconds(policy.minimumBackoff ?? DEFAULTS.minimumBackoff);
  const max = milliseconds(policy.maximumBackoff ?? DEFAULTS.maximumBackoff);
  // Zero would never let time go on.
  return grow(Math.max(min, PUSH_BACKOFF.min), Math.max(max, PUSH_BACKOFF.min), failures);
}

function grow(min: number, max: number, failures: number): number {
  return Math.min(max, min * 2 ** Math.min(failures - 1, 30));
}
