import { createRequire } from "node:module";
import { claim, release, type Serving } from "./claim";
import { Connections } from "./connections";
import { answer, Control, type Handler } from "./control";
import type { Folder } from "./folder";
import { providerRoute } from "./provider-route";
import { readState, type State } from "./state-file";
import type * as Worlds from "./world";
import type { World, WorldOptions } from "./world";

/**
 * The one process that has the cloud of a folder. Whoever wants something of the cloud asks here, so there are never two
 * that write.
 */
export class Host {
  readonly #connections = new Connections();
  #loaded: (world: World) => void = () => undefined;
  readonly #world = new Promise<World>((resolve) => {
    this.#loaded = resolve;
  });
  #isLoaded = false;

  private constructor(
    private readonly folder: Folder,
    private readonly control: Control,
    readonly serving: Serving,
    private readonly before: State | undefined,
  ) {}

  /** Takes a folder and a port, and does nothing yet. Gives back who serves the folder, if somebody does. */
  static async start(folder: Folder, port?: number): Promise<Host | Serving> {
    let host: Host | undefined;
    const control = await Control.start(
      (route) => (host === undefined ? undefined : host.#routes[route]),
      port,
      async (request, response) => {
        if (host !== undefined) await (await host.#world).answer(request, response);
      },
    );
    const serving = { pid: process.pid, address: control.address, secret: control.secret };
    try {
      const other = claim(folder.serving, serving);
      if (other === undefined) {
        host = new Host(folder, control, serving, readState(folder.cloud));
        return host;
      }
      return other;
    } finally {
      if (host === undefined) {
        release(folder.serving, serving);
        await control.stop();
      }
    }
  }

  /** Restores the cloud. Apart from the start because it takes as long as starting Pulumi, which can be done meanwhile. */
  load(options: WorldOptions): World {
    const { World: Restored } = createRequire(__filename)("./world") as typeof Worlds;
    const world = new Restored(this.folder.cloud, this.before, options, this.control.address);
    this.#isLoaded = true;
    this.#loaded(world);
    return world;
  }

  /** Until nobody uses the cloud any more. */
  async unused(): Promise<void> {
    await this.#connections.none();
  }

  get users(): number {
    return this.#connections.size;
  }

  /** Saves, and leaves nothing listening. */
  async stop(): Promise<void> {
    if (this.#isLoaded) {
      await (await this.#world).stop();
    }
    release(this.folder.serving, this.serving);
    await this.control.stop();
  }

  readonly #routes: Readonly<Partial<Record<string, Handler>>> = {
    "POST /providers": providerRoute(async () => (await this.#world).door, this.#connections),
    /** Keeps the cloud up for as long as the answer is listened to. The numbers are those of projects to come. */
    "POST /lease": async ({ url, response }) => {
      const world = await this.#world;
      world.expect(Object.fromEntries(url.searchParams));
      this.#connections.keep(response);
      response.writeHead(200).write("\n");
    },
    "GET /made": async ({ response }) => {
      answer(response, 200, (await this.#world).made());
    },
    /** For whoever works on the sandbox and has no account at Google to sign in with. */
    "POST /access-token": async ({ url, response }) => {
      const world = await this.#world;
      answer(response, 200, world.accessToken(url.searchParams.get("member") ?? ""));
    },
    "POST /minters": async ({ url, response }) => {
      const world = await this.#world;
      await world.letMint(url.searchParams.get("member") ?? "", url.searchParams.get("account") ?? "");
      answer(response, 200, {});
    },
    "POST /gate": async ({ url, response }) => {
      const world = await this.#world;
      const { target = "", token = "" } = Object.fromEntries(url.searchParams);
      answer(response, 200, await world.atTheGate(target, token));
    },
    "GET /attempts": async ({ response }) => {
      answer(response, 200, (await this.#world).attempts());
    },
    "POST /fire": async ({ url, response }) => {
      const world = await this.#world;
      const { name = "", data = "" } = Object.fromEntries(url.searchParams);
      answer(response, 200, await world.fire(name, data));
    },
    "POST /remove": async ({ url, response }) => {
      const world = await this.#world;
      await world.remove(url.searchParams.get("token") ?? "", url.searchParams.get("id") ?? "");
      answer(response, 200, {});
    },
  };
}
