import { credentials, type ServiceError } from "@grpc/grpc-js";
import { ResourceProviderClient } from "@pulumi/pulumi/proto/provider_grpc_pb";
import * as wire from "@pulumi/pulumi/proto/provider_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { Struct } from "google-protobuf/google/protobuf/struct_pb";

export type Wire = Record<string, unknown>;

/** What the wire says for a value that is not known yet, and for one that is secret. */
export const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
const SIGNATURE = "4dabf18193072939515e22adb298388d";
export const secret = (value: unknown): Wire => ({
  [SIGNATURE]: "1b47061264138c4ac30d75fd1eb44270",
  value,
});

export const urnOf = (type: string, name: string): string => `urn:pulumi:dev::test::${type}::${name}`;

/** The engine's side of a provider's port, as far as tests need it. */
export class ProviderClient {
  readonly #client: ResourceProviderClient;

  constructor(port: number) {
    this.#client = new ResourceProviderClient(`127.0.0.1:${port}`, credentials.createInsecure());
  }

  close(): void {
    this.#client.close();
  }

  async handshake(): Promise<wire.ProviderHandshakeResponse.AsObject> {
    const request = new wire.ProviderHandshakeRequest();
    request.setEngineAddress("127.0.0.1:1");
    const response = await ask<wire.ProviderHandshakeResponse>((answer) => {
      this.#client.handshake(request, answer);
    });
    return response.toObject();
  }

  async schema(): Promise<unknown> {
    const response = await ask<wire.GetSchemaResponse>((answer) => {
      this.#client.getSchema(new wire.GetSchemaRequest(), answer);
    });
    return JSON.parse(response.getSchema());
  }

  async version(): Promise<string> {
    const response = await ask<{ getVersion(): string }>((answer) => {
      this.#client.getPluginInfo(new Empty(), answer);
    });
    return response.getVersion();
  }

  async cancel(): Promise<void> {
    await ask((answer) => {
      this.#client.cancel(new Empty(), answer);
    });
  }

  async checkConfig(news: Wire): Promise<Checked> {
    const request = new wire.CheckRequest();
    request.setUrn(urnOf("pulumi:providers:gcp", "default"));
    request.setNews(structOf(news));
    return checked(
      await ask((answer) => {
        this.#client.checkConfig(request, answer);
      }),
    );
  }

  async diffConfig(olds: Wire, news: Wire): Promise<Diffed> {
    const request = new wire.DiffRequest();
    request.setUrn(urnOf("pulumi:providers:gcp", "default"));
    request.setOldInputs(structOf(olds));
    request.setOlds(structOf(olds));
    request.setNews(structOf(news));
    return diffed(
      await ask((answer) => {
        this.#client.diffConfig(request, answer);
      }),
    );
  }

  async configure(args: Wire): Promise<wire.ConfigureResponse.AsObject> {
    const request = new wire.ConfigureRequest();
    request.setArgs(structOf(args));
    request.setAcceptsecrets(true);
    const response = await ask<wire.ConfigureResponse>((answer) => {
      this.#client.configure(request, answer);
    });
    return response.toObject();
  }

  async check(type: string, name: string, news: Wire, olds: Wire = {}): Promise<Checked> {
    const request = new wire.CheckRequest();
    request.setUrn(urnOf(type, name));
    request.setNews(structOf(news));
    request.setOlds(structOf(olds));
    request.setRandomseed(Buffer.from(`seed of ${name}`));
    return checked(
      await ask((answer) => {
        this.#client.check(request, answer);
      }),
    );
  }

  async diff(type: string, id: string, q: { inputs: Wire; outputs: Wire; news: Wire }): Promise<Diffed> {
    const request = new wire.DiffRequest();
    request.setUrn(urnOf(type, "it"));
    request.setId(id);
    request.setOldInputs(structOf(q.inputs));
    request.setOlds(structOf(q.outputs));
    request.setNews(structOf(q.news));
    return diffed(
      await ask((answer) => {
        this.#client.diff(request, answer);
      }),
    );
  }

  async create(
    type: string,
    name: string,
    inputs: Wire,
    preview = false,
  ): Promise<{ id: string; outputs: Wire }> {
    const request = new wire.CreateRequest();
    request.setUrn(urnOf(type, name));
    request.setProperties(structOf(inputs));
    request.setPreview(preview);
    const response = await ask<wire.CreateResponse>((answer) => {
      this.#client.create(request, answer);
    });
    return { id: response.getId(), outputs: propsOf(response.getProperties()) };
  }

  async read(
    type: string,
    id: string,
    state: { inputs?: Wire; outputs?: Wire } = {},
  ): Promise<Read | undefined> {
    const request = new wire.ReadRequest();
    request.setUrn(urnOf(type, "it"));
    request.setId(id);
    request.setInputs(structOf(state.inputs ?? {}));
    request.setProperties(structOf(state.outputs ?? {}));
    const response = await ask<wire.ReadResponse>((answer) => {
      this.#client.read(request, answer);
    });
    if (response.getId() === "") return undefined;
    return {
      id: response.getId(),
      inputs: propsOf(response.getInputs()),
      outputs: propsOf(response.getProperties()),
    };
  }

  async update(type: string, id: string, q: { outputs: Wire; news: Wire; preview?: boolean }): Promise<Wire> {
    const request = new wire.UpdateRequest();
    request.setUrn(urnOf(type, "it"));
    request.setId(id);
    request.setOlds(structOf(q.outputs));
    request.setNews(structOf(q.news));
    request.setPreview(q.preview ?? false);
    const response = await ask<wire.UpdateResponse>((answer) => {
      this.#client.update(request, answer);
    });
    return propsOf(response.getProperties());
  }

  async delete(type: string, id: string, outputs: Wire): Promise<void> {
    const request = new wire.DeleteRequest();
    request.setUrn(urnOf(type, "it"));
    request.setId(id);
    request.setProperties(structOf(outputs));
    await ask((answer) => {
      this.#client.delete(request, answer);
    });
  }

  async invoke(token: string, args: Wire): Promise<Wire> {
    const request = new wire.InvokeRequest();
    request.setTok(token);
    request.setArgs(structOf(args));
    const response = await ask<wire.InvokeResponse>((answer) => {
      this.#client.invoke(request, answer);
    });
    return propsOf(response.getReturn());
  }

  /** What the sandbox has no words for. */
  async construct(): Promise<void> {
    await ask((answer) => {
      this.#client.construct(new wire.ConstructRequest(), answer);
    });
  }
}

export interface Checked {
  readonly inputs: Wire;
  readonly failures: readonly { property: string; reason: string }[];
}

export interface Diffed {
  readonly changes: boolean;
  readonly replaces: readonly string[];
  readonly diffs: readonly string[];
  readonly deleteBeforeReplace: boolean;
  /** By path; as in "UPDATE_REPLACE". */
  readonly detailed: Readonly<Record<string, string>>;
}

export interface Read {
  readonly id: string;
  readonly inputs: Wire;
  readonly outputs: Wire;
}

function checked(response: wire.CheckResponse): Checked {
  return {
    inputs: propsOf(response.getInputs()),
    failures: response.getFailuresList().map((failure) => failure.toObject()),
  };
}

function diffed(response: wire.DiffResponse): Diffed {
  const kinds = Object.entries(wire.PropertyDiff.Kind);
  const wordOf = (kind: number) => kinds.find(([, value]) => Number(value) === kind)?.[0] ?? "";
  const detailed: [string, string][] = [];
  response.getDetaileddiffMap().forEach((diff, path) => detailed.push([path, wordOf(diff.getKind())]));
  return {
    changes: response.getChanges() === wire.DiffResponse.DiffChanges.DIFF_SOME,
    replaces: response.getReplacesList(),
    diffs: response.getDiffsList(),
    deleteBeforeReplace: response.getDeletebeforereplace(),
    detailed: Object.fromEntries(detailed),
  };
}

async function ask<T>(call: (answer: (error: ServiceError | null, response: T) => void) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    call((error, response) => {
      // Its details are what the engine shows.
      if (error === null) resolve(response);
      else reject(new Error(error.details));
    });
  });
}

function structOf(props: Wire): Struct {
  return Struct.fromJavaScript(props as Parameters<typeof Struct.fromJavaScript>[0]);
}

function propsOf(struct: Struct | undefined): Wire {
  return struct?.toJavaScript() ?? {};
}
