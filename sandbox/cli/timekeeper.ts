import type { VirtualClock } from "../cloud/clock";

const STEP = 1_000;
/**
 * Real verifiers behind the targets look at the real time, while retries and the spreading of grants move the cloud's.
 * Beginning this far in the past, tokens of an hour are valid for them all the way.
 */
const HEAD_START = 50 * 60_000;

/** Moves the clock for all who wait on it; one step at a time, whoever asks. */
export class Timekeeper {
  readonly #clock: VirtualClock;
  #moved: Promise<void> = Promise.resolve();

  constructor(clock: VirtualClock) {
    this.#clock = clock;
  }

  /** The cloud's time when it starts. */
  static start(): number {
    return Date.now() - HEAD_START;
  }

  /** Lets this much time pass, for all who ask for it at the same moment together. */
  async pass(ms: number): Promise<void> {
    const time = this.#clock.now() + ms;
    this.#moved = this.#moved.then(() => this.#clock.advanceTo(Math.max(time, this.#clock.now())));
    await this.#moved;
  }

  /** Lets time pass until the work is done, but no longer than the limit; says whether it is done. */
  async passUntil(work: Promise<unknown>, limit: number): Promise<boolean> {
    const state = { done: false };
    const finished = work.finally(() => {
      state.done = true;
    });
    // Its failure is thrown below, not where nobody waits for it.
    finished.catch(() => undefined);
    const end = this.#clock.now() + limit;
    await this.pass(0);
    while (!state.done && this.#clock.now() < end) await this.pass(STEP);
    if (state.done) await finished;
    return state.done;
  }
}
