import { credentials } from "@grpc/grpc-js";
import { CallbacksClient } from "@pulumi/pulumi/proto/callback_grpc_pb";
import { CallbackInvokeRequest } from "@pulumi/pulumi/proto/callback_pb";
import type { Callback } from "@pulumi/pulumi/proto/callback_pb";
import {
  TransformRequest,
  TransformResourceOptions,
  TransformResponse,
} from "@pulumi/pulumi/proto/resource_pb";
import type { RegisterResourceRequest } from "@pulumi/pulumi/proto/resource_pb";

/**
 * The transforms of a program: functions that may change every resource below the one, or the stack, that they are
 * given to. The program serves them; whoever registers a resource asks it.
 */
export class Transforms {
  readonly #ofStack: Callback[] = [];
  readonly #ofResource = new Map<string, { parent: string; transforms: readonly Callback[] }>();
  readonly #clients = new Map<string, CallbacksClient>();

  addToStack(transform: Callback): void {
    this.#ofStack.push(transform);
  }

  /** Lets all transforms that a resource stands under change its request: its own first, the stack's last. */
  async apply(urn: string, request: RegisterResourceRequest): Promise<void> {
    const own = request.getTransformsList();
    this.#ofResource.set(urn, { parent: request.getParent(), transforms: own });
    for (const transform of [...own, ...this.#above(request.getParent()), ...this.#ofStack]) {
      await this.#applyOne(transform, request);
    }
  }

  close(): void {
    for (const client of this.#clients.values()) client.close();
  }

  #above(urn: string): Callback[] {
    const resource = this.#ofResource.get(urn);
    return resource === undefined ? [] : [...resource.transforms, ...this.#above(resource.parent)];
  }

  async #applyOne(transform: Callback, request: RegisterResourceRequest): Promise<void> {
    const call = new CallbackInvokeRequest();
    call.setToken(transform.getToken());
    call.setRequest(asTransformRequest(request).serializeBinary());
    const client = this.#clientOf(transform.getTarget());
    const bytes = await new Promise<Uint8Array>((resolve, reject) => {
      client.invoke(call, (error, response) => {
        if (error === null) resolve(response.getResponse_asU8());
        else reject(new Error(`a transform failed: ${error.details}`));
      });
    });
    takeOver(TransformResponse.deserializeBinary(bytes), request);
  }

  #clientOf(target: string): CallbacksClient {
    const client = this.#clients.get(target) ?? new CallbacksClient(target, credentials.createInsecure());
    this.#clients.set(target, client);
    return client;
  }
}

function asTransformRequest(request: RegisterResourceRequest): TransformRequest {
  const asked = new TransformRequest();
  asked.setType(request.getType());
  asked.setName(request.getName());
  asked.setCustom(request.getCustom());
  asked.setParent(request.getParent());
  asked.setProperties(request.getObject());
  const options = new TransformResourceOptions();
  options.setDependsOnList(request.getDependenciesList());
  options.setIgnoreChangesList(request.getIgnorechangesList());
  options.setReplaceOnChangesList(request.getReplaceonchangesList());
  options.setProvider(request.getProvider());
  options.setDeleteBeforeReplace(request.getDeletebeforereplace());
  options.setImport(request.getImportid());
  const [protect, retain] = [request.getProtect(), request.getRetainondelete()];
  if (protect !== undefined) options.setProtect(protect);
  if (retain !== undefined) options.setRetainOnDelete(retain);
  asked.setOptions(options);
  return asked;
}

function takeOver(response: TransformResponse, request: RegisterResourceRequest): void {
  request.setObject(response.getProperties());
  const options = response.getOptions();
  if (options === undefined) return;
  request.setDependenciesList(options.getDependsOnList());
  request.setIgnorechangesList(options.getIgnoreChangesList());
  request.setReplaceonchangesList(options.getReplaceOnChangesList());
  request.setProvider(options.getProvider());
  request.setDeletebeforereplace(options.getDeleteBeforeReplace() ?? false);
  request.setImportid(options.getImport());
  const [protect, retain] = [options.getProtect(), options.getRetainOnDelete()];
  if (protect !== undefined) request.setProtect(protect);
  if (retain !== undefined) request.setRetainondelete(retain);
}
