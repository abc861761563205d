import {
  CheckFailure,
  CheckResponse,
  ConfigureResponse,
  CreateResponse,
  DiffResponse,
  GetSchemaResponse,
  InvokeResponse,
  PropertyDiff,
  ProviderHandshakeResponse,
  ReadResponse,
  UpdateResponse,
} from "@pulumi/pulumi/proto/provider_pb";
import type {
  CheckRequest,
  ConfigureRequest,
  CreateRequest,
  DeleteRequest,
  DiffRequest,
  InvokeRequest,
  ReadRequest,
  UpdateRequest,
} from "@pulumi/pulumi/proto/provider_pb";
import { PluginInfo } from "@pulumi/pulumi/proto/plugin_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import type { Struct } from "google-protobuf/google/protobuf/struct_pb";
import type { Cloud } from "../../cloud/cloud";
import type { DiffKind } from "../../cloud/resources/diff";
import { Provider, type Diff, type Failure } from "../../cloud/resources/provider";
import type { Props } from "../../cloud/resources/values";
import { urnParts } from "../shared/urns";
import { received, sent, structOf, type Received } from "../shared/wire";
import { configFailures, type PackageName } from "../shared/packages";
import { packageSchema } from "./schema";
import { alwaysSecret } from "./secrets";

const KINDS: Readonly<Record<DiffKind, PropertyDiff.Kind>> = {
  add: PropertyDiff.Kind.ADD,
  "add-replace": PropertyDiff.Kind.ADD_REPLACE,
  delete: PropertyDiff.Kind.DELETE,
  "delete-replace": PropertyDiff.Kind.DELETE_REPLACE,
  update: PropertyDiff.Kind.UPDATE,
  "update-replace": PropertyDiff.Kind.UPDATE_REPLACE,
};

export interface InstanceOptions {
  cloud: Cloud;
  package: PackageName;
  version: string;
  /** Called with the project that a provider is configured for, before anything is done in it. */
  prepareProject: (id: string) => void;
  /** Called with everything that was made, or found to belong to a URN. */
  onResource: (resource: { urn: string; token: string; id: string }) => void;
}

/** One provider as the engine sees it: it is configured once, and then speaks of resources. */
export class Instance {
  #provider: Provider | undefined;

  constructor(private readonly options: InstanceOptions) {}

  handshake(): ProviderHandshakeResponse {
    const response = new ProviderHandshakeResponse();
    response.setAcceptSecrets(true);
    return response;
  }

  getPluginInfo(): PluginInfo {
    const info = new PluginInfo();
    info.setVersion(this.options.version);
    return info;
  }

  getSchema(): GetSchemaResponse {
    const response = new GetSchemaResponse();
    response.setSchema(packageSchema(this.options.package, this.options.version));
    return response;
  }

  checkConfig(request: CheckRequest): CheckResponse {
    const { props, secrets } = read(request.getNews());
    return checked({ props, secrets }, configFailures(this.options.package, props));
  }

  diffConfig(request: DiffRequest): DiffResponse {
    const olds = read(request.getOldInputs() ?? request.getOlds()).props;
    const news = read(request.getNews()).props;
    const changed = [...new Set([...Object.keys(olds), ...Object.keys(news)])].filter(
      (key) => olds[key] !== news[key],
    );
    const detailed = Object.fromEntries(changed.map((key) => [key, "update"] as const));
    return diffResponse({ changes: changed.length > 0, replaces: [], deleteBeforeReplace: false, detailed });
  }

  configure(request: ConfigureRequest): ConfigureResponse {
    const { props } = read(request.getArgs());
    const text = (key: string) => (typeof props[key] === "string" ? props[key] : undefined);
    const config = { project: text("project"), region: text("region"), zone: text("zone") };
    if (config.project !== undefined) this.options.prepareProject(config.project);
    this.#provider = new Provider(this.options.cloud, config);
    const response = new ConfigureResponse();
    response.setAcceptsecrets(true);
    response.setSupportspreview(true);
    return response;
  }

  check(request: CheckRequest): CheckResponse {
    const { type, name } = subjectOf(request);
    const news = read(request.getNews());
    const olds = request.getOlds() === undefined ? undefined : read(request.getOlds()).props;
    const { inputs, failures } = this.#configured.check(type, {
      name,
      news: news.props,
      olds: olds !== undefined && Object.keys(olds).length > 0 ? olds : undefined,
      seed: request.getRandomseed_asB64(),
    });
    return checked({ props: inputs, secrets: news.secrets }, failures);
  }

  diff(request: DiffRequest): DiffResponse {
    const oldOutputs = read(request.getOlds()).props;
    const diff = this.#configured.diff(subjectOf(request).type, {
      id: request.getId(),
      oldInputs: request.getOldInputs() === undefined ? oldOutputs : read(request.getOldInputs()).props,
      oldOutputs,
      news: read(request.getNews()).props,
    });
    return diffResponse(diff);
  }

  async create(request: CreateRequest): Promise<CreateResponse> {
    const { type } = subjectOf(request);
    const { props: inputs, secrets } = read(request.getProperties());
    const { id, outputs } = await this.#configured.create(type, { inputs, preview: request.getPreview() });
    if (id !== undefined) this.options.onResource({ urn: request.getUrn(), token: type, id });
    const response = new CreateResponse();
    response.setId(id ?? "");
    response.setProperties(write(type, outputs, secrets));
    return response;
  }

  async read(request: ReadRequest): Promise<ReadResponse> {
    const { type } = subjectOf(request);
    const found = await this.#configured.read(type, { id: request.getId() });
    const response = new ReadResponse();
    // Nothing in it: the resource is gone.
    if (found === undefined) return response;
    this.options.onResource({ urn: request.getUrn(), token: type, id: found.id });
    const inputs = read(request.getInputs()).secrets;
    const outputs = read(request.getProperties()).secrets;
    response.setId(found.id);
    response.setInputs(write(type, found.inputs, inputs));
    response.setProperties(write(type, found.outputs, [...inputs, ...outputs]));
    return response;
  }

  async update(request: UpdateRequest): Promise<UpdateResponse> {
    const { type } = subjectOf(request);
    const { props: news, secrets } = read(request.getNews());
    const { outputs } = await this.#configured.update(type, {
      id: request.getId(),
      oldOutputs: read(request.getOlds()).props,
      news,
      preview: request.getPreview(),
    });
    if (!request.getPreview()) {
      this.options.onResource({ urn: request.getUrn(), token: type, id: request.getId() });
    }
    const response = new UpdateResponse();
    response.setProperties(write(type, outputs, secrets));
    return response;
  }

  async delete(request: DeleteRequest): Promise<Empty> {
    await this.#configured.delete(subjectOf(request).type, {
      id: request.getId(),
      outputs: read(request.getProperties()).props,
    });
    return new Empty();
  }

  async invoke(request: InvokeRequest): Promise<InvokeResponse> {
    const { props: args, secrets } = read(request.getArgs());
    const result = await this.#configured.invoke(request.getTok(), { args });
    const response = new InvokeResponse();
    // What a secret question is answered with is as secret.
    response.setReturn(structOf(sent(result, secrets.length > 0 ? Object.keys(result) : [])));
    return response;
  }

  /** Nothing here takes long enough to be called off. */
  cancel(): Empty {
    return new Empty();
  }

  get #configured(): Provider {
    if (this.#provider !== undefined) return this.#provider;
    throw new Error(`The provider "${this.options.package}" has not been configured yet.`);
  }
}

/** Older engines say all in the URN. */
function subjectOf(request: { getType(): string; getName(): string; getUrn(): string }) {
  const parts = urnParts(request.getUrn());
  return {
    type: request.getType() || (parts.qualifiedType.split("$").pop() ?? ""),
    name: request.getName() || parts.name,
  };
}

function read(struct: Struct | undefined): Received {
  return received(struct?.toJavaScript());
}

function write(token: string, props: Props, secrets: readonly string[]): Struct {
  return structOf(sent(props, [...secrets, ...alwaysSecret(token)]));
}

function checked({ props, secrets }: Received, failures: readonly Failure[]): CheckResponse {
  const response = new CheckResponse();
  response.setInputs(structOf(sent(props, secrets)));
  response.setFailuresList(
    failures.map(({ property, reason }) => {
      const failure = new CheckFailure();
      failure.setProperty(property);
      failure.setReason(reason);
      return failure;
    }),
  );
  return response;
}

function diffResponse(diff: Diff): DiffResponse {
  const response = new DiffResponse();
  const { DIFF_SOME, DIFF_NONE } = DiffResponse.DiffChanges;
  response.setChanges(diff.changes ? DIFF_SOME : DIFF_NONE);
  response.setReplacesList(properties(diff.replaces));
  response.setDiffsList(properties(Object.keys(diff.detailed)));
  response.setDeletebeforereplace(diff.deleteBeforeReplace);
  response.setHasdetaileddiff(true);
  for (const [path, kind] of Object.entries(diff.detailed)) {
    const property = new PropertyDiff();
    property.setKind(KINDS[kind]);
    // The paths are those of inputs, old and new.
    property.setInputdiff(true);
    response.getDetaileddiffMap().set(path, property);
  }
  return response;
}

/** The engine's lists name whole properties; the paths into them are in the detailed diff. */
function properties(paths: readonly string[]): string[] {
  return [...new Set(paths.map((path) => path.split(/[.[]/)[0] ?? path))];
}
