import type { Cloud } from "../../cloud/cloud";
import { readServiceConfig } from "../../cloud/openapi/read";
import { accountOf, API, API_CONFIG, GATEWAY } from "../../cloud/resources/api-gateway";
import type { Store, StoredResource } from "../../cloud/store";
import type { Proxy } from "./proxy";

/** What is read of a gateway. */
export interface GatewayState {
  gatewayId?: string;
  apiConfig?: string;
  defaultHostname?: string;
}

interface ConfigState {
  api?: string;
  openapiDocuments?: { document: { contents: string } }[];
  gatewayConfig?: { backendConfig?: { googleServiceAccount?: string } };
}

export function findGateway(store: Store, host: string): StoredResource<GatewayState> | undefined {
  return store.list<GatewayState>(GATEWAY).find(({ state }) => state.defaultHostname === host);
}

/** The proxy of a gateway, by the configuration that is deployed to it. */
export function apiGateway({ store, projects }: Cloud, gateway: StoredResource<GatewayState>): Proxy {
  const { gatewayId = "", apiConfig = "" } = gateway.state;
  const config = store.get<ConfigState>(API_CONFIG, apiConfig);
  const api = store.get<{ managedService?: string }>(API, apiConfig.replace(/\/configs\/.*$/, ""));
  const contents = config?.state.openapiDocuments?.[0]?.document.contents ?? "";
  const { number } = projects.require(gateway.project);
  return {
    label: `API Gateway "${gatewayId}"`,
    target: { kind: "api-gateway", fullName: gateway.fullName },
    email: accountOf(config?.state.gatewayConfig?.backendConfig?.googleServiceAccount, number),
    serviceName: api?.state.managedService ?? "",
    config: readServiceConfig(Buffer.from(contents, "base64").toString()),
    // https://docs.cloud.google.com/api-gateway/docs/authenticating-users-jwt
    userInfoHeader: "X-Apigateway-Api-Userinfo",
    mergesSlashes: false,
  };
}
