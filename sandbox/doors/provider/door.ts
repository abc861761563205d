import {
  Server,
  ServerCredentials,
  status,
  type handleUnaryCall,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";
import { ResourceProviderService } from "@pulumi/pulumi/proto/provider_grpc_pb";
import type { Cloud } from "../../cloud/cloud";
import type { ProjectSpec } from "../../cloud/projects";
import { asServiceError } from "./errors";
import { Instance } from "./instance";
import type { PackageName } from "../shared/packages";

const LOOPBACK = "127.0.0.1";

/** One call of the engine. */
export interface Call {
  /** As in "create". */
  readonly method: string;
  /** Empty where a call is about no resource. */
  readonly urn: string;
  /** Whether it may change the cloud. */
  readonly changes: boolean;
}

/** A resource that was made through the door, and what Pulumi calls it. */
export interface Made {
  readonly urn: string;
  readonly token: string;
  readonly id: string;
}

export interface DoorOptions {
  cloud: Cloud;
  /** Makes the project that a provider is configured for and that the cloud does not have. Default: there are only those that there are. */
  newProject?: (id: string) => ProjectSpec;
  onMade?: (made: Made) => void;
  /** Does each call; whatever it does before and after, the engine waits for. */
  around?: <T>(call: Call, work: () => Promise<T>) => Promise<T>;
}

/** Any request of the engine, as far as all of them are looked at alike. */
interface Request {
  getUrn?(): string;
  getPreview?(): boolean;
}

/** A port at which one provider answers. */
export interface OpenDoor {
  readonly port: number;
  close(): void;
}

/** The embedded cloud as Pulumi's engine sees it: resource providers that speak its protocol, on loopback. */
export class ProviderDoor {
  readonly #open = new Set<OpenDoor>();

  constructor(private readonly options: DoorOptions) {}

  /** Opens a port for one provider instance, on its own: the engine configures each for itself. */
  async open(provider: { package: PackageName; version: string }): Promise<OpenDoor> {
    const { cloud, onMade } = this.options;
    const instance = new Instance({
      ...provider,
      cloud,
      prepareProject: (id) => {
        this.#prepareProject(id);
      },
      onResource: (made) => onMade?.(made),
    });
    // Programs may be long: an archive in a program's state may be too.
    const server = new Server({ "grpc.max_receive_message_length": 400 * 1024 * 1024 });
    server.addService(ResourceProviderService, this.#handlers(instance));
    const port = await listening(server);
    const door: OpenDoor = {
      port,
      close: () => {
        this.#open.delete(door);
        server.forceShutdown();
      },
    };
    this.#open.add(door);
    return door;
  }

  /** Closes all that is open. */
  close(): void {
    for (const door of [...this.#open]) door.close();
  }

  #prepareProject(id: string): void {
    const { cloud, newProject } = this.options;
    if (newProject !== undefined && cloud.projects.get(id) === undefined) cloud.addProject(newProject(id));
  }

  #handlers(instance: Instance): UntypedServiceImplementation {
    const methods = Object.keys(ResourceProviderService);
    return Object.fromEntries(methods.map((method) => [method, this.#handler(instance, method)]));
  }

  #handler(instance: Instance, method: string): handleUnaryCall<Request, unknown> {
    const work = isModelled(method) ? instance[method].bind(instance) : undefined;
    const { around = unwatched } = this.options;
    return ({ request }, answer) => {
      if (work === undefined) {
        answer({
          code: status.UNIMPLEMENTED,
          details: `ResourceProvider.${method} is not modelled by the sandbox`,
        });
        return;
      }
      around(callOf(method, request), async () => work(request as never)).then(
        (response) => {
          answer(null, response);
        },
        (error: unknown) => {
          answer(asServiceError(error));
        },
      );
    };
  }
}

/** What an instance answers, and whether it may change the cloud. Configuring may make a project. */
const MODELLED = {
  handshake: false,
  getPluginInfo: false,
  getSchema: false,
  checkConfig: false,
  diffConfig: false,
  configure: true,
  check: false,
  diff: false,
  create: true,
  read: false,
  update: true,
  delete: true,
  invoke: false,
  cancel: false,
} as const satisfies Partial<Record<keyof Instance, boolean>>;

function isModelled(method: string): method is keyof typeof MODELLED {
  return method in MODELLED;
}

function callOf(method: string, request: Request): Call {
  const changes = isModelled(method) && MODELLED[method];
  return { method, urn: request.getUrn?.() ?? "", changes: changes && request.getPreview?.() !== true };
}

const unwatched = <T>(_call: Call, work: () => Promise<T>): Promise<T> => work();

function listening(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(`${LOOPBACK}:0`, ServerCredentials.createInsecure(), (error, port) => {
      if (error === null) resolve(port);
      else reject(error);
    });
  });
}
