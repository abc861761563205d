import type { ServiceError } from "@grpc/grpc-js";
import * as resourceProto from "@pulumi/pulumi/proto/resource_pb";
import * as providerProto from "@pulumi/pulumi/proto/provider_pb";
import { Struct } from "google-protobuf/google/protobuf/struct_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import type { Deployment } from "./deployment";
import type { Providers } from "./providers";
import { declaredBy } from "./request";
import { received, sent } from "./wire";

type Answer<T> = (error: ServiceError | null, response: T) => void;

/** What the SDK may count on. Aliases come as whole URNs, which the SDK computes itself when asked to. */
const SUPPORTED: readonly string[] = ["secrets", "resourceReferences", "deletedWith"];

/**
 * The side of Pulumi's engine that a running program talks to, in this process. When something fails it does not
 * answer at all, as an engine that shuts down: the failure ends the run, and no rejection is left to somebody else.
 */
export class Monitor {
  readonly #outputs = new Map<string, Record<string, unknown>>();

  constructor(
    private readonly where: { stack: string; project: string },
    private readonly deployment: Deployment,
    private readonly providers: Providers,
    private readonly fail: (error: unknown) => void,
  ) {}

  /** The outputs that a component, or the stack, registered. */
  outputsOf(urn: string): Record<string, unknown> | undefined {
    return this.#outputs.get(urn);
  }

  registerResource(
    request: resourceProto.RegisterResourceRequest,
    answer: Answer<resourceProto.RegisterResourceResponse>,
  ): void {
    this.#answering(answer, async () => {
      if (request.getRemote()) {
        throw new Error(
          `${request.getType()} "${request.getName()}": a component of another process is not run here`,
        );
      }
      const declared = declaredBy(request, this.where);
      const registered = await this.deployment.register(declared);
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
    this.#answering(answer, async () => {
      const provider = this.providers.of(request.getType(), request.getProvider());
      const found = await provider.read(request.getType(), { id: request.getId() });
      if (found === undefined) {
        throw new Error(
          `${request.getType()} "${request.getName()}": there is no resource with id ${request.getId()}`,
        );
      }
      const declared = declaredBy(request, this.where);
      const response = new resourceProto.ReadResourceResponse();
      response.setUrn(declared.urn);
      response.setProperties(structOf(sent(found.outputs, [])));
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
    this.#answering(answer, async () => {
      const { props } = received(request.getArgs()?.toJavaScript());
      const result = await this.providers
        .of(request.getTok(), request.getProvider())
        .invoke(request.getTok(), { args: props });
      const response = new providerProto.InvokeResponse();
      response.setReturn(structOf(sent(result, [])));
      return response;
    });
  }

  supportsFeature(
    request: resourceProto.SupportsFeatureRequest,
    answer: Answer<resourceProto.SupportsFeatureResponse>,
  ): void {
    const response = new resourceProto.SupportsFeatureResponse();
    response.setHassupport(SUPPORTED.includes(request.getId()));
    answer(null, response);
  }

  /** The SDK closes its connection when a program is done; there is none here. */
  close(): void {
    return undefined;
  }

  #answering<T>(answer: Answer<T>, work: () => Promise<T>): void {
    work().then((response) => {
      answer(null, response);
    }, this.fail);
  }
}

function structOf(props: Record<string, unknown>): Struct {
  return Struct.fromJavaScript(props as Parameters<typeof Struct.fromJavaScript>[0]);
}
