import type { Clock } from "../cloud/clock";

export type Within<T> = { kind: "done"; value: T } | { kind: "too late" } | { kind: "stopped" };

/** Waiting on the clock that can be called off all at once, so that nothing is left behind. */
export class Waits {
  readonly #clock: Clock;
  readonly #callOff = new Set<() => void>();
  #stopped = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get stopped(): boolean {
    return this.#stopped;
  }

  /** False when called off. */
  async sleep(ms: number): Promise<boolean> {
    const never = new Promise<never>(() => undefined);
    return (await this.within(ms, never)).kind === "too late";
  }

  /** The work's result if it comes in time. Late results and late failures are dropped, as a closed connection drops them. */
  async within<T>(ms: number, work: Promise<T>): Promise<Within<T>> {
    if (this.#stopped) {
      work.catch(() => undefined);
      return { kind: "stopped" };
    }
    return new Promise((resolve, reject) => {
      const timer = this.#clock.at(this.#clock.now() + ms, () => {
        end();
        resolve({ kind: "too late" });
      });
      const callOff = (): void => {
        end();
        resolve({ kind: "stopped" });
      };
      const end = (): void => {
        timer.cancel();
        this.#callOff.delete(callOff);
      };
      this.#callOff.add(callOff);
      work.then(
        (value) => {
          end();
          resolve({ kind: "done", value });
        },
        (error: unknown) => {
          end();
          reject(error instanceof Error ? error : new Error(String(error)));
        },
      );
    });
  }

  stop(): void {
    this.#stopped = true;
    for (const callOff of [...this.#callOff]) callOff();
  }
}
