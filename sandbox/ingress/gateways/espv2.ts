import type { Cloud } from "../../cloud/cloud";
import { defaultComputeAccount, describe } from "../../cloud/names";
import { readServiceConfig } from "../../cloud/openapi/read";
import { ENDPOINTS_SERVICE, managedServiceOf } from "../../cloud/resources/endpoints-service";
import { ingressContainer } from "../../cloud/resources/ingress-container";
import { isProps } from "../../cloud/resources/values";
import type { StoredResource } from "../../cloud/store";
import { NoInstanceAvailable } from "../http";
import type { Proxy } from "./proxy";

interface ProxyContainer {
  image?: string;
  ports?: unknown;
  envs?: { name: string; value?: string }[];
}

/** What is read of a Run service to see whether it is a proxy. */
export interface ProxyState {
  template?: {
    serviceAccount?: string;
    containers?: ProxyContainer[];
  };
}

/** Which document a proxy goes by. */
interface Wanted {
  service: string;
  version: string;
}

const IMAGE = /(^|\/)endpoints-runtime-serverless(:|@|$)/;

/** github.com/GoogleCloudPlatform/esp-v2/blob/master/docker/serverless/gcloud_build_image: VERSION-SERVICE-CONFIG */
const BUILT = /:[\d.]+-(.+\.cloud\.goog)-(\d{4}-\d{2}-\d{2}r\d+)$/;

/** Whether a Run service is ESPv2: it has the image, or is started as one under another. */
export function isProxy({ template }: ProxyState): boolean {
  const container = ingressContainer(template);
  const named = container?.envs?.some(({ name }) => name === "ENDPOINTS_SERVICE_NAME") ?? false;
  return named || IMAGE.test(container?.image ?? "");
}

/** The proxy that runs in a Run service; throws NoInstanceAvailable where it does not start. */
export function espv2(cloud: Cloud, service: StoredResource<ProxyState>): Proxy {
  const label = `ESPv2 "${service.id.split("/").pop() ?? ""}"`;
  const { template } = service.state;
  const { service: serviceName, version } = wantedBy(label, ingressContainer(template));
  const managed = cloud.store.get(ENDPOINTS_SERVICE, serviceName);
  const email =
    template?.serviceAccount ?? defaultComputeAccount(cloud.projects.require(service.project).number);
  if (managed === undefined)
    throw new NoInstanceAvailable(`there is no managed service ${serviceName} for ${label}`);
  const decision = cloud.iam.decide({
    member: `serviceAccount:${email}`,
    permission: "servicemanagement.services.get",
    resource: managed.fullName,
  });
  if (!decision.allowed) {
    throw new NoInstanceAvailable(
      `${label} may not read its configuration and does not start: ${decision.reason}`,
    );
  }
  const own = isProps(managed.data) ? managed.data.own : undefined;
  const text = managedServiceOf(own).configs[version];
  if (text === undefined) {
    throw new NoInstanceAvailable(
      `${describe(managed.fullName)} has no configuration ${version} for ${label}`,
    );
  }
  return {
    label,
    target: { kind: "run-service", fullName: service.fullName },
    email,
    serviceName,
    config: readServiceConfig(text),
    // github.com/GoogleCloudPlatform/esp-v2, src/go/configgenerator/filterconfig/filter_gen_jwt_authn.go
    userInfoHeader: "X-Endpoint-API-UserInfo",
    mergesSlashes: true,
    assumed:
      "that each request meets an instance that has just started; one that runs keeps what it has read",
  };
}

/** github.com/GoogleCloudPlatform/esp-v2/blob/master/docker/serverless/env_start_proxy.py */
function wantedBy(label: string, container: ProxyContainer | undefined): Wanted {
  const [, built, config] = BUILT.exec(container?.image ?? "") ?? [];
  if (built !== undefined && config !== undefined) return { service: built, version: config };
  const variable = (name: string): string | undefined =>
    container?.envs?.find((env) => env.name === name)?.value;
  if (variable("ESPv2_ARGS") !== undefined) {
    throw new NoInstanceAvailable(`ESPv2_ARGS of ${label} is not modelled by the sandbox`);
  }
  const [service, version] = [variable("ENDPOINTS_SERVICE_NAME"), variable("ENDPOINTS_SERVICE_VERSION")];
  if (service === undefined || version === undefined) {
    throw new NoInstanceAvailable(
      `${label} expects ENDPOINTS_SERVICE_NAME and ENDPOINTS_SERVICE_VERSION in its environment (without a version it ` +
        "follows rollouts, which the sandbox does not model)",
    );
  }
  return { service, version };
}
