import type { Clock, Timer } from "./clock";

/** Node's timers take no wait of more than 24 days; and after the machine has slept, none is later than this. */
const LONGEST_WAIT = 60_000;

/** A clock that goes on by itself, as the machine's does. Its timers keep no process from ending. */
export class RealClock implements Clock {
  readonly #ahead: number;
  #last = 0;

  /** `ahead`: milliseconds that it is ahead of the machine's. */
  constructor({ ahead = 0 }: { ahead?: number } = {}) {
    this.#ahead = ahead;
  }

  /** Never less than before, even if the machine's clock is set back. */
  now(): number {
    this.#last = Math.max(this.#last, Date.now() + this.#ahead);
    return this.#last;
  }

  at(time: number, fire: () => void | Promise<void>): Timer {
    if (!Number.isFinite(time)) throw new RangeError(`A timer needs a time in milliseconds, not ${time}.`);
    let timer: NodeJS.Timeout;
    const wait = (): void => {
      const rest = Math.max(0, time - this.now());
      timer = setTimeout(
        () => {
          if (this.now() < time) wait();
          else void fire();
        },
        Math.min(rest, LONGEST_WAIT),
      );
      timer.unref();
    };
    wait();
    return {
      cancel: () => {
        clearTimeout(timer);
      },
    };
  }

  async sleep(ms: number): Promise<void> {
    return new Promise((wake) => {
      this.at(this.now() + ms, wake);
    });
  }

  /** Time goes on meanwhile. */
  async real<T>(work: Promise<T>): Promise<T> {
    return work;
  }
}
