import { join } from "node:path";
import type { Facts } from "../backends/filled-in";
import { readLocalApps } from "../backends/local-apps";
import { OnDemand } from "../backends/on-demand";
import type { Cloud } from "../cloud/cloud";
import type { Attempt } from "../delivery/attempt";
import { fireSource, sourceNamed } from "../delivery/by-name";
import { Delivery } from "../delivery/delivery";
import type { KeptDelivery } from "../delivery/kept";
import type { Made } from "../doors/provider/door";
import type { Api } from "../doors/rest/api";
import { pubsubApi } from "../doors/rest/apis/pubsub";
import { schedulerApi } from "../doors/rest/apis/scheduler";
import { tasksApi } from "../doors/rest/apis/tasks";
import { Ingress } from "../ingress/ingress";
import { HostError } from "./host-error";

export interface ServedDeliveryOptions {
  /** The folder of the Pulumi program, whose apps/local.json says what runs behind the gates. */
  root: string;
  keys: () => Facts["keys"];
  /** Has the cloud saved: what is said to be done outlives this process. */
  save: () => Promise<void>;
}

/** More would fill the memory of a cloud that stays up. */
const ATTEMPTS = 1000;

/** Longer than an app takes to start. */
const PATIENCE = 30_000;

/** The sources of a cloud that stays up, at work, with the code behind their targets. */
export class ServedDelivery {
  readonly ingress: Ingress;
  readonly #cloud: Cloud;
  readonly #apps: OnDemand;
  readonly #delivery: Delivery;
  readonly #save: () => Promise<void>;

  /** Goes on with what was kept. */
  constructor(cloud: Cloud, before: KeptDelivery | undefined, { root, keys, save }: ServedDeliveryOptions) {
    this.#cloud = cloud;
    this.#save = save;
    this.#apps = new OnDemand({
      store: cloud.store,
      apps: readLocalApps(join(root, "apps/local.json")),
      root,
      keys,
    });
    this.ingress = new Ingress(cloud, this.#apps.backend);
    this.#delivery = new Delivery(cloud, this.ingress, { attempts: ATTEMPTS });
    this.#delivery.onAttempt(() => {
      // If that fails, the next one that waits for a save is told.
      save().catch(() => undefined);
    });
    this.#delivery.start();
    if (before !== undefined) this.#delivery.load(before);
  }

  /** Google's APIs that make the sources work. */
  apis(): Api[] {
    const delivery = this.#delivery;
    return [
      tasksApi(() => delivery.tasks),
      schedulerApi(this.#cloud, (id) => delivery.runJob(id)),
      pubsubApi(this.#cloud, (topic, message) => delivery.publish(topic, message)),
    ].map((api) => this.#saving(api));
  }

  get attempts(): readonly Attempt[] {
    return this.#delivery.attempts;
  }

  /** The first attempt of one source that is told to work now. `made`: in which its logical name stands too. */
  async fire(made: readonly Made[], name: string, data: string): Promise<Attempt> {
    const { clock } = this.#cloud;
    const logical = (token: string, id: string): string | undefined =>
      made
        .find((each) => each.token === token && each.id === id)
        ?.urn.split("::")
        .at(-1);
    const source = sourceNamed(this.#cloud, name, logical);
    const sent = fireSource(this.#cloud, this.#delivery, source, data);
    // It may still come after nobody waits for it any more.
    sent.catch(() => undefined);
    const late = clock.sleep(PATIENCE).then(() => {
      throw new HostError(
        `${name} has been told to, but no attempt of it has ended after ${PATIENCE / 1000} s. Later ones are seen with: npm run sandbox -- attempts`,
      );
    });
    late.catch(() => undefined);
    return Promise.race([sent, late]);
  }

  /** What is still to be delivered. */
  kept(): KeptDelivery {
    return this.#delivery.kept();
  }

  /** Nothing is left running. */
  async stop(): Promise<void> {
    this.#delivery.stop();
    await this.#apps.stop();
  }

  #saving(api: Api): Api {
    const routes = Object.entries(api.routes).map(([route, handler]): [string, Api["routes"][string]] =>
      route.startsWith("GET ")
        ? [route, handler]
        : [
            route,
            async (call) => {
              const reply = await handler(call);
              await this.#save();
              return reply;
            },
          ],
    );
    return { ...api, routes: Object.fromEntries(routes) };
  }
}
