import type { Limits } from "./queue";

/**
 * How many tasks a queue may send just now: filled with `rate` a second up to `burst`, and one less with each that is sent.
 * https://cloud.google.com/tasks/docs/reference/rest/v2/projects.locations.queues#RateLimits
 */
export class TokenBucket {
  #tokens: number | undefined;
  #filledAt = 0;

  /** The first moment, from `now` on, at which one may be sent. */
  readyAt(now: number, limits: Limits): number {
    const tokens = this.#fill(now, limits);
    // Whole milliseconds: a moment too early would find it empty.
    return tokens >= 1 ? now : now + Math.ceil(((1 - tokens) / limits.rate) * 1000);
  }

  take(now: number, limits: Limits): void {
    this.#tokens = this.#fill(now, limits) - 1;
  }

  #fill(now: number, { rate, burst }: Limits): number {
    const before = this.#tokens ?? burst;
    // What divisions leave over must not keep a token back for ever.
    const tokens = Math.min(burst, before + ((now - this.#filledAt) * rate) / 1000 + 1e-9);
    this.#tokens = tokens;
    this.#filledAt = now;
    return tokens;
  }
}
