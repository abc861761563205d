import { createRequire } from "node:module";
import type { Clock } from "../cloud/clock";
import type { Store } from "../cloud/store";
import { type Backend, NoInstanceAvailable, type TargetRef } from "../ingress/http";
import type { App } from "./app";
import { AppError } from "./app-error";
import { forward } from "./forward";
import type { Facts } from "./filled-in";
import { hostApp } from "./host-app";
import type { Front } from "../ingress/front";
import type * as HostFront from "./host-front";
import type { LocalApp, LocalApps } from "./local-apps";
import { RunningApps, sameApp } from "./running-apps";
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

const ANSWER_LIMIT = 30_000;

/** The code behind the targets: local apps as child processes, each started as soon as its target is deployed. */
export class Backends {
  readonly #options: BackendsOptions;
  readonly #running: RunningApps;
  readonly #fronts = new Map<string, Front>();
  #failure: Error | undefined;
  #unsubscribe: (() => void) | undefined;
  #due = false;
  #stopped = false;

  constructor(options: BackendsOptions) {
    this.#options = options;
    this.#running = new RunningApps(options.startLimit);
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
      this.#running.end(host);
      this.#running.start(host, wanted);
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
    await this.apps;
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Resolves when every app has ended. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#unsubscribe?.();
    await this.#running.stop();
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
    return Promise.all(this.#running.entries.map(([, { app }]) => app));
  }

  #follow(): void {
    if (this.#stopped) return;
    const wanted = this.#wanted();
    for (const [key, running] of this.#running.entries) {
      if (key.startsWith("//") && !sameApp(wanted.get(key), running)) this.#running.end(key);
    }
    for (const [key, app] of wanted) if (this.#running.get(key) === undefined) this.#running.start(key, app);
  }

  #wanted(): Map<string, Wanted> {
    const { cloud, apps, root, keys } = this.#options;
    this.#failure = undefined;
    try {
      return wantedApps({ store: cloud.store, apps, root, keys });
    } catch (error) {
      // In the middle of a deployment this may pass; ready() says it when it does not.
      this.#failure = error instanceof Error ? error : new Error(String(error));
      return new Map(this.#running.entries.filter(([key]) => key.startsWith("//")));
    }
  }
}

function keyOf(target: TargetRef): string {
  return target.kind === "foreign" ? target.host : target.fullName;
}
