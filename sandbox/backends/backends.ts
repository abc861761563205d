import { createRequire } from "node:module";
import type { Clock } from "../cloud/clock";
import type { Store } from "../cloud/store";
import { type Backend, NoInstanceAvailable, type TargetRef } from "../ingress/http";
import { App, type AppSpec } from "./app";
import { AppError } from "./app-error";
import { forward } from "./forward";
import type { Facts } from "./filled-in";
import { hostApp } from "./host-app";
import type { Front } from "../ingress/front";
import type * as HostFront from "./host-front";
import type { LocalApp, LocalApps } from "./local-apps";
import { type Wanted, wantedApps } from "./wanted";

export interface BackendsOptions {
  cloud: { store: Store; clock: Clock };
  apps: LocalApps;
  /** The folder that apps/local.json's folders are relative to. */
  root: string;
  /** Where apps that verify tokens themselves find the sandbox's keys. */
  keys?: () => Facts["keys"];
  /** Milliseconds for an app to start listening. */
  startLimit?: number;
  /** Milliseconds that an answer may take in real time, whatever the service's own timeout is. */
  answerLimit?: number;
}

interface Running {
  spec: AppSpec;
  timeout: number;
  app: Promise<App>;
  /** Ends it, also while it is starting. */
  leave: AbortController;
}

const ANSWER_LIMIT = 30_000;

/** The code behind the targets: local apps as child processes, each started as soon as its target is deployed. */
export class Backends {
  readonly #options: BackendsOptions;
  readonly #running = new Map<string, Running>();
  readonly #ending = new Set<Promise<void>>();
  readonly #fronts = new Map<string, Front>();
  #failure: Error | undefined;
  #unsubscribe: (() => void) | undefined;
  #due = false;
  #stopped = false;

  constructor(options: BackendsOptions) {
    this.#options = options;
  }

  /** From now on apps start, start anew and end with what is deployed. */
  watch(): void {
    this.#unsubscribe ??= this.#options.cloud.store.onChange(() => {
      if (this.#due) return;
      this.#due = true;
      // A service, its secrets and the function on top of it come one by one.
      setImmediate(() => {
        this.#due = false;
        this.#follow();
      });
    });
  }

  /** What stands before the app behind a host that is not Google's. */
  readonly frontOf = (host: string): Front | undefined => this.#fronts.get(host);

  /** The kinds of these, by host. */
  get fronts(): Record<string, Front["kind"]> {
    return Object.fromEntries([...this.#fronts].map(([host, { kind }]) => [host, kind]));
  }

  /** Starts the apps behind hosts that are not Google's, and what stands before them. */
  startHosts(hosts: readonly string[], facts: Facts): void {
    for (const host of new Set(hosts)) {
      const entry = this.#options.apps.hosts[host];
      if (entry === undefined) {
        throw new AppError(
          `No local app stands behind ${host}: apps/local.json does not list it under "hosts".`,
        );
      }
      this.#setFront(host, entry.front, facts);
      const wanted = { spec: hostApp(this.#options.root, host, entry, facts), timeout: Infinity };
      const running = this.#running.get(host);
      if (running !== undefined && sameApp(wanted, running)) continue;
      this.#end(host);
      this.#start(host, wanted);
    }
  }

  #setFront(host: string, spec: LocalApp["front"], facts: Facts): void {
    this.#fronts.delete(host);
    if (spec === undefined) return;
    // Reading their documents takes a YAML parser and large schemas, which most stacks never need.
    const { hostFront } = createRequire(__filename)("./host-front") as typeof HostFront;
    this.#fronts.set(host, hostFront(host, spec, facts));
  }

  /** Resolves when all that is deployed answers; rejects with the first thing that does not. */
  async ready(): Promise<void> {
    this.#follow();
    await Promise.all([...this.#running.values()].map(({ app }) => app));
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Resolves when every app has ended. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#unsubscribe?.();
    for (const key of [...this.#running.keys()]) this.#end(key);
    await Promise.all(this.#ending);
  }

  readonly backend: Backend = async ({ target, request }) => {
    const { clock } = this.#options.cloud;
    const running = this.#running.get(keyOf(target));
    if (running === undefined) throw new AppError(`No local app runs behind ${keyOf(target)}.`);
    const app = await clock.real(running.app);
    if (app.ended !== undefined)
      throw new NoInstanceAvailable(`the app behind ${running.spec.label} is gone: ${app.ended}`);
    const timeout = Math.min(running.timeout * 1000, this.#options.answerLimit ?? ANSWER_LIMIT);
    return clock.real(forward(request, { port: app.port, timeout }));
  };

  /** The processes that are running. */
  get apps(): Promise<App[]> {
    return Promise.all([...this.#running.values()].map(({ app }) => app));
  }

  #follow(): void {
    if (this.#stopped) return;
    const wanted = this.#wanted();
    for (const [key, running] of this.#running) {
      if (key.startsWith("//") && !sameApp(wanted.get(key), running)) this.#end(key);
    }
    for (const [key, app] of wanted) if (!this.#running.has(key)) this.#start(key, app);
  }

  #wanted(): Map<string, Wanted> {
    const { cloud, apps, root, keys } = this.#options;
    this.#failure = undefined;
    try {
      return wantedApps({ store: cloud.store, apps, root, keys });
    } catch (error) {
      // In the middle of a deployment this may pass; ready() says it when it does not.
      this.#failure = error instanceof Error ? error : new Error(String(error));
      return new Map([...this.#running].filter(([key]) => key.startsWith("//")));
    }
  }

  #start(key: string, { spec, timeout }: Wanted): void {
    const leave = new AbortController();
    const app = App.start(spec, { limit: this.#options.startLimit, signal: leave.signal });
    // Whoever waits for the app hears of it; nobody may be waiting yet.
    app.catch(() => undefined);
    this.#running.set(key, { spec, timeout, app, leave });
  }

  #end(key: string): void {
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
}

function keyOf(target: TargetRef): string {
  return target.kind === "foreign" ? target.host : target.fullName;
}

function sameApp(wanted: Wanted | undefined, running: Running): boolean {
  return JSON.stringify(wanted?.spec) === JSON.stringify(running.spec) && wanted?.timeout === running.timeout;
}
