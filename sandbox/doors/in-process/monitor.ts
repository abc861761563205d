import { Metadata, status } from "@grpc/grpc-js";
import type { ServiceError } from "@grpc/grpc-js";
import * as resourceProto from "@pulumi/pulumi/proto/resource_pb";
import * as providerProto from "@pulumi/pulumi/proto/provider_pb";
import type { Callback } from "@pulumi/pulumi/proto/callback_pb";
import { Struct } from "google-protobuf/google/protobuf/struct_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import type { Deployment } from "./deployment";
import type { StackSettings } from "./engine";
import { inheritOptions } from "./inheritance";
import type { Providers } from "./providers";
import type { Props } from "../../cloud/resources/values";
import { declaredBy } from "./request";
import { Transforms } from "./transforms";
import { urnOf } from "./urns";
import { textsBelow, withoutSecrets } from "../shared/hide";
import { received, sent } from "./wire";

type Answer<T> = (error: ServiceError | null, response: T) => void;

/** What an SDK takes as: ask in the way that older engines know. */
const UNIMPLEMENTED: ServiceError = Object.assign(new Error("not answered"), {
  code: status.UNIMPLEMENTED,
  details: "not answered",
  metadata: new Metadata(),
});

/** What lies around a deployment. */
interface Surroundings {
  /** Ends it with an error. */
  readonly fail: (error: unknown) => void;
  readonly outputsOf?: StackSettings["outputsOf"];
}

/** What the SDK may count on. Aliases come as whole URNs, which the SDK computes itself when asked to. */
const SUPPORTED: readonly string[] = ["secrets", "resourceReferences", "deletedWith", "transforms"];

/**
 * The side of Pulumi's engine that a running program talks to, in this process. When something fails it does not
 * answer at all, as an engine that shuts down: the failure ends the run, and no rejection is left to somebody else.
 */
export class Monitor {
  readonly #outputs = new Map<string, Record<string, unknown>>();
  readonly #transforms = new Transforms();

  constructor(
    private readonly where: { stack: string; project: string },
    private readonly deployment: Deployment,
    private readonly providers: Providers,
    private readonly surroundings: Surroundings,
  ) {}

  /** The outputs that a component, or the stack, registered. */
  outputsOf(urn: string): Record<string, unknown> | undefined {
    return this.#outputs.get(urn);
  }

  registerResource(
    request: resourceProto.RegisterResourceRequest,
    answer: Answer<resourceProto.RegisterResourceResponse>,
  ): void {
    this.#answering(answer, subjectOf(request), async () => {
      if (request.getRemote()) throw new Error("a component of another process is not run here");
      const [type, name, parent] = [request.getType(), request.getName(), request.getParent()];
      inheritOptions(request, this.deployment.state.get(parent));
      await this.#transforms.apply(urnOf(this.where, { parent, type, name }), request);
      const declared = declaredBy(request, this.where);
      const registered = await this.deployment.register(declared).catch((error: unknown) => {
        throw hushed(error, textsBelow(declared.inputs, declared.secrets));
      });
      const response = new resourceProto.RegisterResourceResponse();
      response.setUrn(registered.urn);
      response.setId(registered.id ?? "");
      response.setObject(structOf(sent(registered.outputs, declared.secrets)));
      return response;
    });
  }

  readResource(
    request: resourceProto.ReadResourceRequest,
    answer: Answer<resourceProto.ReadResourceResponse>,
  ): void {
    this.#answering(answer, subjectOf(request), async () => {
      const outputs = await this.#read(request);
      const response = new resourceProto.ReadResourceResponse();
      response.setUrn(declaredBy(request, this.where).urn);
      response.setProperties(structOf(sent(outputs, [])));
      return response;
    });
  }

  registerResourceOutputs(
    request: resourceProto.RegisterResourceOutputsRequest,
    answer: Answer<Empty>,
  ): void {
    const { props } = received(request.getOutputs()?.toJavaScript());
    this.#outputs.set(request.getUrn(), props);
    const resource = this.deployment.state.get(request.getUrn());
    if (resource !== undefined) resource.outputs = props;
    answer(null, new Empty());
  }

  invoke(request: resourceProto.ResourceInvokeRequest, answer: Answer<providerProto.InvokeResponse>): void {
    this.#answering(answer, request.getTok(), async () => {
      const { props } = received(request.getArgs()?.toJavaScript());
      const result = await this.providers
        .of(request.getTok(), request.getProvider())
        .invoke(request.getTok(), { args: props });
      const response = new providerProto.InvokeResponse();
      response.setReturn(structOf(sent(result, [])));
      return response;
    });
  }

  /** The newest SDKs ask for all features at once. The one that is installed here has no words for the answer. */
  getDeploymentInfo(_request: Empty, answer: Answer<undefined>): void {
    answer(UNIMPLEMENTED, undefined);
  }

  supportsFeature(
    request: resourceProto.SupportsFeatureRequest,
    answer: Answer<resourceProto.SupportsFeatureResponse>,
  ): void {
    const response = new resourceProto.SupportsFeatureResponse();
    response.setHassupport(SUPPORTED.includes(request.getId()));
    answer(null, response);
  }

  registerStackTransform(transform: Callback, answer: Answer<Empty>): void {
    this.#transforms.addToStack(transform);
    answer(null, new Empty());
  }

  /** The SDK closes its connection when a program is done. */
  close(): void {
    this.#transforms.close();
  }

  async #read(request: resourceProto.ReadResourceRequest): Promise<Props> {
    const [type, id] = [request.getType(), request.getId()];
    if (type === STACK_REFERENCE) return this.#stackReference(id);
    const found = await this.providers.of(type, request.getProvider()).read(type, { id });
    if (found === undefined) throw new Error(`there is no resource with id ${id}`);
    return found.outputs;
  }

  #stackReference(name: string): Props {
    const outputs = this.surroundings.outputsOf?.(name);
    if (outputs === undefined) throw new Error(`there is no stack "${name}"; deploy it first`);
    return { name, outputs, secretOutputNames: [] };
  }

  #answering<T>(answer: Answer<T>, subject: string, work: () => Promise<T>): void {
    work().then(
      (response) => {
        answer(null, response);
      },
      (error: unknown) => {
        this.surroundings.fail(about(subject, error));
      },
    );
  }
}

const STACK_REFERENCE = "pulumi:pulumi:StackReference";

function subjectOf(request: { getType(): string; getName(): string }): string {
  return `${request.getType()} "${request.getName()}"`;
}

/** The same error, saying which resource it is about, unless it does already. */
function about(subject: string, error: unknown): unknown {
  if (!(error instanceof Error) || error.message.includes(subject)) return error;
  error.message = `${subject}: ${error.message}`;
  return error;
}

/** The same error without what the program keeps secret: a refusal shows the value that it refuses. */
function hushed(error: unknown, secrets: readonly string[]): unknown {
  if (error instanceof Error) error.message = withoutSecrets(error.message, secrets);
  return error;
}

function structOf(props: Record<string, unknown>): Struct {
  return Struct.fromJavaScript(props as Parameters<typeof Struct.fromJavaScript>[0]);
}
