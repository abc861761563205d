export interface Timer {
  cancel(): void;
}

export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Fires once; at the next move of the clock if the time has passed already. */
  at(time: number, fire: () => void | Promise<void>): Timer;
  sleep(ms: number): Promise<void>;
  /** Work in real time (an HTTP call to a child process): advance() waits for it before time moves on. */
  real<T>(work: Promise<T>): Promise<T>;
}

interface Entry {
  readonly time: number;
  readonly order: number;
  readonly fire: () => void | Promise<void>;
}

/** So many timers for one and the same moment mean that one of them arms itself again and again. */
const MOST_TIMERS_PER_MOMENT = 20_000;

/** A clock that stands still until it is moved. It uses no timers of Node, so nothing has to be disposed of. */
export class VirtualClock implements Clock {
  readonly #timers: Entry[] = [];
  readonly #work = new Set<Promise<unknown>>();
  readonly #failures: unknown[] = [];
  #now: number;
  #order = 0;
  #moving = false;

  constructor(start: number = Date.now()) {
    this.#now = start;
  }

  now(): number {
    return this.#now;
  }

  at(time: number, fire: () => void | Promise<void>): Timer {
    if (!Number.isFinite(time)) throw new RangeError(`A timer needs a time in milliseconds, not ${time}.`);
    const entry: Entry = { time: Math.max(time, this.#now), order: this.#order++, fire };
    this.#timers.splice(this.#placeFor(entry), 0, entry);
    return {
      cancel: () => {
        this.#remove(entry);
      },
    };
  }

  async sleep(ms: number): Promise<void> {
    return new Promise((wake) => {
      this.at(this.#now + ms, wake);
    });
  }

  async real<T>(work: Promise<T>): Promise<T> {
    // Its failure is for the one who asked for the work; the clock only has to know when it is over.
    const over = work.then(ignore, ignore);
    this.#work.add(over);
    void over.then(() => this.#work.delete(over));
    return work;
  }

  /** How many timers are armed. */
  get pending(): number {
    return this.#timers.length;
  }

  async advance(ms: number): Promise<void> {
    await this.advanceTo(this.#now + ms);
  }

  /**
   * Moves to `time` and fires on the way whatever is due, in order; rejects with the first failure of a timer, and
   * then time stands where it happened.
   */
  async advanceTo(time: number): Promise<void> {
    if (!(time >= this.#now)) {
      throw new RangeError(`The clock is at ${this.#now} and cannot go back to ${time}.`);
    }
    if (this.#moving) throw new Error("The clock is moving already. Await one advance() before the next.");
    this.#moving = true;
    try {
      await this.#settle();
      await this.#fireUntil(time);
      this.#now = time;
    } finally {
      this.#moving = false;
    }
  }

  async #fireUntil(time: number): Promise<void> {
    let atThisMoment = 0;
    for (let next = this.#timers[0]; next !== undefined && next.time <= time; next = this.#timers[0]) {
      atThisMoment = next.time > this.#now ? 0 : atThisMoment + 1;
      if (atThisMoment > MOST_TIMERS_PER_MOMENT) {
        throw new Error(
          `More than ${MOST_TIMERS_PER_MOMENT} timers for one moment: does one arm itself for "now"?`,
        );
      }
      this.#timers.shift();
      this.#now = next.time;
      this.#fire(next);
      await this.#settle();
    }
  }

  #fire(entry: Entry): void {
    const failed = (error: unknown): void => {
      this.#failures.push(error);
    };
    try {
      // Not awaited: it may sleep on this very clock.
      Promise.resolve(entry.fire()).catch(failed);
    } catch (error) {
      failed(error);
    }
  }

  /** Until no promise can go on without time moving. */
  async #settle(): Promise<void> {
    await nextRound();
    while (this.#work.size > 0) {
      await Promise.all(this.#work);
      await nextRound();
    }
    if (this.#failures.length > 0) throw this.#failures.shift();
  }

  #placeFor(entry: Entry): number {
    let low = 0;
    let high = this.#timers.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const other = this.#timers[middle];
      if (other !== undefined && other.time <= entry.time) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #remove(entry: Entry): void {
    const place = this.#timers.indexOf(entry);
    if (place >= 0) this.#timers.splice(place, 1);
  }
}

function ignore(): void {
  // The outcome is another's business.
}

/** All promise callbacks run before the second of two immediates, also those that the first one sets off. */
async function nextRound(): Promise<void> {
  for (let round = 0; round < 2; round++) {
    await new Promise<void>((done) => {
      setImmediate(done);
    });
  }
}
