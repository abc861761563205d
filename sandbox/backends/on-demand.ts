import type { Store } from "../cloud/store";
import { type Backend, NoInstanceAvailable, type TargetRef } from "../ingress/http";
import type { App } from "./app";
import { AppError } from "./app-error";
import type { Facts } from "./filled-in";
import { forward } from "./forward";
import type { LocalApps } from "./local-apps";
import { type Running, RunningApps, sameApp } from "./running-apps";
import { type Wanted, wantedApp } from "./wanted";

export interface OnDemandOptions {
  store: Store;
  apps: LocalApps;
  /** The folder that apps/local.json's folders are relative to. */
  root: string;
  /** Where apps that verify tokens themselves find the sandbox's keys. */
  keys: () => Facts["keys"];
  /** Milliseconds for an app to start listening. */
  startLimit?: number;
}

/**
 * The code behind the targets of a cloud that stays up. An app starts with the first request for it, as on Cloud Run when
 * it has scaled to zero, and runs until its target changes; what cannot be started keeps nobody else from running.
 */
export class OnDemand {
  readonly #options: OnDemandOptions;
  readonly #running: RunningApps;
  readonly #unsubscribe: () => void;
  #due = false;

  constructor(options: OnDemandOptions) {
    this.#options = options;
    this.#running = new RunningApps(options.startLimit);
    this.#unsubscribe = options.store.onChange(() => {
      if (this.#due || this.#running.entries.length === 0) return;
      this.#due = true;
      // A service, its secrets and the function on top of it come one by one.
      setImmediate(() => {
        this.#due = false;
        for (const [key, running] of this.#running.entries) {
          if (!sameApp(this.#wantedOrNone(key), running)) this.#running.end(key);
        }
      });
    });
  }

  readonly backend: Backend = async ({ target, request }) => {
    const key = keyOf(target);
    const wanted = this.#wanted(key);
    return forward(request, { port: (await this.#app(key, wanted)).port, timeout: wanted.timeout * 1000 });
  };

  /** Resolves when every app has ended. */
  async stop(): Promise<void> {
    this.#unsubscribe();
    await this.#running.stop();
  }

  async #app(key: string, wanted: Wanted): Promise<App> {
    const before = this.#current(key, wanted);
    const app = await this.#started(key, before);
    if (app.ended === undefined) return app;
    // It has ended by itself, and so a new instance takes its place.
    this.#leave(key, before);
    return this.#started(key, this.#current(key, wanted));
  }

  #current(key: string, wanted: Wanted): Running {
    const running = this.#running.get(key);
    if (running !== undefined && sameApp(wanted, running)) return running;
    this.#running.end(key);
    return this.#running.start(key, wanted);
  }

  async #started(key: string, running: Running): Promise<App> {
    try {
      return await running.app;
    } catch (error) {
      // The next request is another try.
      this.#leave(key, running);
      throw asNoInstance(error);
    }
  }

  #leave(key: string, running: Running): void {
    if (this.#running.get(key) === running) this.#running.end(key);
  }

  #wanted(key: string): Wanted {
    try {
      const wanted = wantedApp(this.#options, key);
      if (wanted !== undefined) return wanted;
    } catch (error) {
      throw asNoInstance(error);
    }
    throw new NoInstanceAvailable(`nothing that is deployed has code behind ${key}`);
  }

  #wantedOrNone(key: string): Wanted | undefined {
    try {
      return this.#wanted(key);
    } catch {
      return undefined;
    }
  }
}

function keyOf(target: TargetRef): string {
  if (target.kind !== "foreign") return target.fullName;
  throw new NoInstanceAvailable(
    `the sandbox that is served runs nothing behind ${target.host}, which is not Google's; "npm run sandbox" does, for one run`,
  );
}

function asNoInstance(error: unknown): unknown {
  return error instanceof AppError ? new NoInstanceAvailable(error.message) : error;
}
