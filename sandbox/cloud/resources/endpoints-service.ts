import { z } from "zod/mini";
import { CloudError } from "../errors";
import { managedServiceName } from "../names";
import { readServiceConfig } from "../openapi/read";
import { kind, type Context, type Kind } from "./kind";
import { projectIn } from "./project";
import { block, optional, pattern, projectId } from "./shapes";
import { isProps } from "./values";

export const ENDPOINTS_SERVICE = "gcp:endpoints/service:Service";

/** Where the store keeps the names of managed services that were deleted: they stay taken for a while. */
const DELETED = "deleted:managed-service";

const DAY = 24 * 60 * 60_000;

/** Every configuration that was ever rolled out, by its id: a proxy may still go by an old one. */
export interface ManagedService {
  configs: Record<string, string>;
}

/** https://cloud.google.com/service-infrastructure/docs/service-management/reference/rest/v1/services */
export const endpointsService: Kind<never> = kind(
  () =>
    block({
      // Other names belong to domains that their owners have to verify, or to Run services.
      serviceName: pattern(
        /^[a-z]([-a-z0-9]{0,61}[a-z0-9])?\.endpoints\.[a-z][-a-z0-9]*\.cloud\.goog$/,
        "it must be NAME.endpoints.PROJECT.cloud.goog (the sandbox does not model names of other domains)",
      ),
      openapiConfig: z.string().check(z.minLength(1)),
      project: optional(projectId()),
    }),
  {
    token: ENDPOINTS_SERVICE,
    apis: ["servicemanagement.googleapis.com"],
    replaceOn: ["serviceName", "project"],
    fromProvider: { project: "project" },
    computed: ["configId", "dnsAddress"],
    volatile: ["configId"],
    identify: (cx, inputs) => {
      const project = projectIn(cx, inputs).id;
      return { id: inputs.serviceName, fullName: managedServiceName(project, inputs.serviceName), project };
    },
    create: (cx, inputs) => {
      requireOwnName(projectIn(cx, inputs).id, inputs.serviceName);
      requireFree(cx, inputs.serviceName);
      const { id, own } = rolledOut(cx, inputs, { configs: {} });
      return { computed: { configId: id, dnsAddress: inputs.serviceName }, own };
    },
    update: (cx, current, news) => {
      const { id, own } = rolledOut(cx, news, managedServiceOf(current.own));
      return { computed: { configId: id }, own };
    },
    delete: (cx, { id, stored }) => {
      if (stored !== undefined)
        cx.cloud.store.put({ ...stored, token: DELETED, id, data: cx.cloud.clock.now() });
    },
  },
);

/** What the kind remembers, read back from the store. */
export function managedServiceOf(own: unknown): ManagedService {
  const configs = isProps(own) && isProps(own.configs) ? own.configs : {};
  return { configs: configs as Record<string, string> };
}

/** The document as the next configuration of the day. */
function rolledOut(
  cx: Context,
  { serviceName, openapiConfig }: { serviceName: string; openapiConfig: string },
  { configs }: ManagedService,
): { id: string; own: ManagedService } {
  const { host, version } = readServiceConfig(openapiConfig);
  if (version !== "2.0") {
    throw new CloudError(
      "UNIMPLEMENTED",
      "OpenAPI documents of version 3 for Cloud Endpoints are not modelled by the sandbox",
    );
  }
  if (host !== serviceName) {
    throw new CloudError(
      "INVALID_ARGUMENT",
      `The document is for the host "${host ?? ""}", and the managed service is "${serviceName}".`,
    );
  }
  const today = new Date(cx.cloud.clock.now()).toISOString().slice(0, 10);
  const number = Object.keys(configs).filter((id) => id.startsWith(`${today}r`)).length;
  const id = `${today}r${number}`;
  return { id, own: { configs: { ...configs, [id]: openapiConfig } } };
}

/** https://cloud.google.com/endpoints/docs/openapi/naming-your-api-service */
function requireOwnName(project: string, serviceName: string): void {
  if (serviceName.endsWith(`.endpoints.${project}.cloud.goog`)) return;
  throw new CloudError(
    "PERMISSION_DENIED",
    `Ownership for domain name "${serviceName}" could not be verified: names in this project end in .endpoints.${project}.cloud.goog.`,
  );
}

/** https://docs.cloud.google.com/service-infrastructure/docs/create-services#undeleting */
function requireFree(cx: Context, serviceName: string): void {
  const deleted = cx.cloud.store.get(DELETED, serviceName)?.data;
  if (typeof deleted !== "number" || cx.cloud.clock.now() - deleted >= 30 * DAY) {
    cx.cloud.store.remove(DELETED, serviceName);
    return;
  }
  throw new CloudError(
    "FAILED_PRECONDITION",
    `Service ${serviceName} has been deleted and will be purged after 30 days. To reuse this service, please undelete the service.`,
  );
}
