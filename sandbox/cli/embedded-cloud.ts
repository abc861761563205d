import { join } from "node:path";
import { Backends } from "../backends/backends";
import { KeyServer } from "../backends/key-server";
import { readLocalApps } from "../backends/local-apps";
import { VirtualClock } from "../cloud/clock";
import { Cloud } from "../cloud/cloud";
import { newProject } from "../cloud/new-project";
import type { ProjectKind } from "../cloud/projects";
import { Delivery } from "../delivery/delivery";
import { Ingress } from "../ingress/ingress";
import { Timekeeper } from "./timekeeper";

export interface EmbeddedCloudOptions {
  root: string;
  project: { id: string; number?: string; kind: ProjectKind };
  iamDelay: number;
  keysPort?: number;
}

/** The embedded cloud with one project, with its ingress, its sources and the code behind its targets. */
export class EmbeddedCloud {
  readonly cloud: Cloud;
  readonly ingress: Ingress;
  readonly delivery: Delivery;
  readonly backends: Backends;
  readonly time: Timekeeper;
  readonly #keysPort: number | undefined;
  #keys: KeyServer | undefined;

  constructor({ root, project, iamDelay, keysPort }: EmbeddedCloudOptions) {
    const clock = new VirtualClock(Timekeeper.start());
    this.cloud = new Cloud({ projects: [newProject(project.id, project)], clock, iamDelay });
    this.time = new Timekeeper(clock);
    const apps = readLocalApps(join(root, "apps/local.json"));
    this.backends = new Backends({ cloud: this.cloud, apps, root, keys: () => this.keys });
    this.ingress = new Ingress(this.cloud, this.backends.backend, { fronts: this.backends.frontOf });
    this.delivery = new Delivery(this.cloud, this.ingress);
    this.#keysPort = keysPort;
  }

  /** Serves the keys, and starts each app as soon as its target is deployed. */
  async start(): Promise<void> {
    this.backends.watch();
    this.#keys = await KeyServer.start(this.cloud.tokens, this.#keysPort);
    // Making the key takes a while, on another thread; the first token should not have to wait for it.
    void this.cloud.tokens.jwks();
  }

  get keys(): KeyServer {
    if (this.#keys === undefined) throw new Error("The embedded cloud has not been started.");
    return this.#keys;
  }

  /** Nothing is left running or listening. */
  async stop(): Promise<void> {
    this.delivery.stop();
    await Promise.all([this.backends.stop(), this.#keys?.stop()]);
  }
}
