import { App, type AppSpec } from "./app";
import type { Wanted } from "./wanted";

export interface Running {
  spec: AppSpec;
  timeout: number;
  app: Promise<App>;
  /** Ends it, also while it is starting. */
  leave: AbortController;
}

/** The local apps that run, by what they stand behind. */
export class RunningApps {
  readonly #running = new Map<string, Running>();
  readonly #ending = new Set<Promise<void>>();

  /** `startLimit`: milliseconds for an app to start listening. */
  constructor(private readonly startLimit?: number) {}

  get(key: string): Running | undefined {
    return this.#running.get(key);
  }

  get entries(): readonly [string, Running][] {
    return [...this.#running];
  }

  start(key: string, { spec, timeout }: Wanted): Running {
    const leave = new AbortController();
    const app = App.start(spec, { limit: this.startLimit, signal: leave.signal });
    // Whoever waits for the app hears of it; nobody may be waiting yet.
    app.catch(() => undefined);
    const running = { spec, timeout, app, leave };
    this.#running.set(key, running);
    return running;
  }

  end(key: string): void {
    const running = this.#running.get(key);
    if (running === undefined) return;
    this.#running.delete(key);
    running.leave.abort();
    const ending = running.app.then(
      (app) => app.stop(),
      () => undefined,
    );
    this.#ending.add(ending);
    void ending.then(() => this.#ending.delete(ending));
  }

  /** Resolves when every app has ended. */
  async stop(): Promise<void> {
    for (const key of [...this.#running.keys()]) this.end(key);
    await Promise.all(this.#ending);
  }
}

export function sameApp(wanted: Wanted | undefined, running: Running): boolean {
  return JSON.stringify(wanted?.spec) === JSON.stringify(running.spec) && wanted?.timeout === running.timeout;
}
