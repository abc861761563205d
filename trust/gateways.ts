import { openIn } from "./documents";
import { hasBlock, itemsAt, originsOf, textAt, type ResourceState } from "./resources";
import type { Target } from "./targets";

const RUN = "gcp:cloudrunv2/service:Service";
const MANAGED_SERVICE = "gcp:endpoints/service:Service";
const GATEWAY = "gcp:apigateway/gateway:Gateway";
const CONFIG = "gcp:apigateway/apiConfig:ApiConfig";

/** What a proxy is told it by. https://github.com/GoogleCloudPlatform/esp-v2/blob/master/docker/serverless/env_start_proxy.py */
const SERVICE_NAME = "ENDPOINTS_SERVICE_NAME";

type Read = Pick<Target, "kind" | "gate" | "url" | "urls" | "open" | "callsAs">;

/** What a resource is when it is a gateway that goes by an OpenAPI document; undefined for anything else. */
export function readGateway(resource: ResourceState, all: readonly ResourceState[]): Read | undefined {
  if (resource.type === RUN && isProxy(resource)) return readProxy(resource, all);
  return resource.type === GATEWAY ? readApiGateway(resource, all) : undefined;
}

/** Whether a Run service is the proxy of Cloud Endpoints, by its environment or its image. */
function isProxy(service: ResourceState): boolean {
  return containersOf(service).some(
    ({ image, envs }) =>
      /endpoints-runtime-serverless/.test(String(image)) || variablesOf(envs).includes(SERVICE_NAME),
  );
}

function readProxy(service: ResourceState, all: readonly ResourceState[]): Read {
  const documents = all.filter(({ type }) => type === MANAGED_SERVICE);
  const named = containersOf(service)
    .flatMap(({ envs }) => (Array.isArray(envs) ? (envs as unknown[]) : []))
    .find((env) => nameOf(env) === SERVICE_NAME);
  const name = record(named)["value"];
  const managed =
    documents.find((each) => typeof name === "string" && textAt(each, "serviceName") === name) ??
    only(documents.filter(({ urn }) => originsOf(service, "template").includes(urn)));
  return {
    kind: "endpoints",
    gate: "gateway",
    url: textAt(service, "uri"),
    urls: [...new Set([textAt(service, "uri") ?? [], ...texts(service.outputs["urls"])].flat())],
    open: openIn(managed && textAt(managed, "openapiConfig")),
    callsAs: textAt(service, "template", "serviceAccount"),
  };
}

function readApiGateway(gateway: ResourceState, all: readonly ResourceState[]): Read {
  const host = textAt(gateway, "defaultHostname");
  const url = host === undefined ? undefined : `https://${host}`;
  const configs = all.filter(({ type }) => type === CONFIG);
  const id = textAt(gateway, "apiConfig");
  const config =
    configs.find((each) => id !== undefined && each.id === id) ??
    only(configs.filter(({ urn }) => originsOf(gateway, "apiConfig").includes(urn)));
  return {
    kind: "api-gateway",
    gate: "gateway",
    url,
    urls: url === undefined ? [] : [url],
    open: openIn(config && documentOf(config)),
    callsAs: config && textAt(config, "gatewayConfig", "backendConfig", "googleServiceAccount"),
  };
}

function documentOf(config: ResourceState): string | undefined {
  const [first] = itemsAt(config, "openapiDocuments");
  const contents = record(record(first)["document"])["contents"];
  return typeof contents === "string" ? Buffer.from(contents, "base64").toString() : undefined;
}

/** Those that requests may come to: of several, the one with a port. https://docs.cloud.google.com/run/docs/deploying#sidecars */
function containersOf(service: ResourceState): Record<string, unknown>[] {
  const all = hasBlock(service, "template") ? itemsAt(service, "template", "containers").map(record) : [];
  return all.length > 1 ? all.filter(({ ports }) => ports !== undefined && ports !== null) : all;
}

function variablesOf(envs: unknown): unknown[] {
  return Array.isArray(envs) ? envs.map(nameOf) : [];
}

function nameOf(env: unknown): unknown {
  return record(env)["name"];
}

function only<T>(items: readonly T[]): T | undefined {
  return items.length === 1 ? items[0] : undefined;
}

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === "string") : [];
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}
