import { z } from "zod/mini";
import { CloudError } from "../errors";
import { apiConfigName, apiName, defaultComputeAccount, gatewayName } from "../names";
import { readServiceConfig } from "../openapi/read";
import { requireActAs } from "./access";
import { lettersOf } from "./identifiers";
import { kind, type Kind } from "./kind";
import { LABEL_OUTPUTS, labelOutputs } from "./labelled";
import { projectIn } from "./project";
import { regionCode } from "./regions";
import { block, choice, labels, optional, pattern, projectId, text } from "./shapes";

export const API = "gcp:apigateway/api:Api";
export const API_CONFIG = "gcp:apigateway/apiConfig:ApiConfig";
export const GATEWAY = "gcp:apigateway/gateway:Gateway";

const APIS = ["apigateway.googleapis.com", "servicemanagement.googleapis.com"];

/** docs.cloud.google.com/api-gateway/docs/reference/rest/v1/projects.locations.apis/create */
const resourceId = () =>
  pattern(
    /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/,
    "it must be up to 63 lower-case letters, digits and dashes, no dash first or last",
  );

/** cloud.google.com/api-gateway/docs/deployment-model */
const REGIONS = [
  "asia-northeast1",
  "australia-southeast1",
  "europe-west1",
  "europe-west2",
  "us-central1",
  "us-east1",
  "us-east4",
  "us-west2",
  "us-west3",
  "us-west4",
];

export const api: Kind<never> = kind(
  () =>
    block({
      apiId: resourceId(),
      displayName: optional(text(256)),
      labels: optional(labels()),
      project: optional(projectId()),
    }),
  {
    token: API,
    apis: APIS,
    replaceOn: ["apiId", "project"],
    fromProvider: { project: "project" },
    computed: ["name", "createTime", "managedService", "displayName", ...LABEL_OUTPUTS],
    planned: labelOutputs,
    identify: (cx, inputs) => {
      const project = projectIn(cx, inputs).id;
      const id = `projects/${project}/locations/global/apis/${inputs.apiId}`;
      return { id, fullName: apiName(project, inputs.apiId), project };
    },
    create: (cx, inputs) => {
      const project = projectIn(cx, inputs).id;
      const hash = lettersOf(`${inputs.apiId} ${cx.cloud.random()}`, 13);
      return {
        computed: {
          name: `projects/${project}/locations/global/apis/${inputs.apiId}`,
          createTime: new Date(cx.cloud.clock.now()).toISOString(),
          managedService: `${inputs.apiId}-${hash}.apigateway.${project}.cloud.goog`,
          displayName: inputs.apiId,
          ...labelOutputs(inputs),
        },
      };
    },
    update: (_cx, _current, news) => ({ computed: labelOutputs(news) }),
    delete: (cx, { id }) => {
      const left = cx.cloud.store.list(API_CONFIG).filter((config) => config.id.startsWith(`${id}/configs/`));
      refuseInUse(id, "configuration", left);
    },
  },
);

/** Made once and never changed: cloud.google.com/api-gateway/docs/deployment-model */
export const apiConfig: Kind<never> = kind(
  () =>
    block({
      api: resourceId(),
      apiConfigId: resourceId(),
      displayName: optional(text(256)),
      labels: optional(labels()),
      project: optional(projectId()),
      openapiDocuments: z
        .array(block({ document: block({ path: z.string().check(z.minLength(1)), contents: z.base64() }) }))
        .check(z.minLength(1), z.maxLength(1, "the sandbox models one document")),
      gatewayConfig: optional(block({ backendConfig: block({ googleServiceAccount: z.string() }) })),
    }),
  {
    token: API_CONFIG,
    apis: APIS,
    replaceOn: ["api", "apiConfigId", "project", "openapiDocuments", "gatewayConfig"],
    fromProvider: { project: "project" },
    computed: ["name", "serviceConfigId", "displayName", ...LABEL_OUTPUTS],
    planned: labelOutputs,
    identify: (cx, inputs) => {
      const project = projectIn(cx, inputs).id;
      return { ...configAt(project, inputs.api, inputs.apiConfigId), project };
    },
    create: (cx, inputs) => {
      const project = projectIn(cx, inputs);
      const { id } = configAt(project.id, inputs.api, inputs.apiConfigId);
      const owner = `projects/${project.id}/locations/global/apis/${inputs.api}`;
      if (cx.cloud.store.get(API, owner) === undefined) {
        throw new CloudError("NOT_FOUND", `Resource '${owner}' was not found`);
      }
      for (const { document } of inputs.openapiDocuments) {
        readServiceConfig(Buffer.from(document.contents, "base64").toString());
      }
      const email = accountOf(inputs.gatewayConfig?.backendConfig.googleServiceAccount, project.number);
      requireActAs(cx, { email, project: project.id, to: `API config "${inputs.apiConfigId}"` });
      return {
        computed: {
          name: id,
          serviceConfigId: `${inputs.apiConfigId}-${lettersOf(`config ${cx.cloud.random()}`, 13)}`,
          displayName: inputs.apiConfigId,
          ...labelOutputs(inputs),
        },
      };
    },
    update: (_cx, _current, news) => ({ computed: labelOutputs(news) }),
    delete: (cx, { id }) => {
      refuseInUse(
        id,
        "gateway",
        cx.cloud.store.list(GATEWAY).filter(({ state }) => state.apiConfig === id),
      );
    },
  },
);

export const gateway: Kind<never> = kind(
  () =>
    block({
      gatewayId: resourceId(),
      apiConfig: pattern(
        /^projects\/[^/]+\/locations\/global\/apis\/[^/]+\/configs\/[^/]+$/,
        "it must be projects/…/locations/global/apis/…/configs/…",
      ),
      region: choice(REGIONS as [string, ...string[]]),
      displayName: optional(text(256)),
      labels: optional(labels()),
      project: optional(projectId()),
    }),
  {
    token: GATEWAY,
    apis: APIS,
    replaceOn: ["gatewayId", "region", "project"],
    fromProvider: { project: "project", region: "region" },
    computed: ["name", "defaultHostname", "displayName", ...LABEL_OUTPUTS],
    planned: labelOutputs,
    identify: (cx, inputs) => {
      const project = projectIn(cx, inputs).id;
      const id = `projects/${project}/locations/${inputs.region}/gateways/${inputs.gatewayId}`;
      return { id, fullName: gatewayName(project, inputs.region, inputs.gatewayId), project };
    },
    create: (cx, inputs) => {
      const { id: project, number } = projectIn(cx, inputs);
      requireConfig(cx, inputs.apiConfig);
      // cloud.google.com/api-gateway/docs/deployment-model: GATEWAY_ID-HASH.REGION_CODE.gateway.dev
      const hash = lettersOf(`gateway.dev ${number}`, 8);
      return {
        computed: {
          name: `projects/${project}/locations/${inputs.region}/gateways/${inputs.gatewayId}`,
          defaultHostname: `${inputs.gatewayId}-${hash}.${regionCode(inputs.region) ?? inputs.region}.gateway.dev`,
          displayName: inputs.gatewayId,
          ...labelOutputs(inputs),
        },
      };
    },
    update: (cx, _current, news) => {
      requireConfig(cx, news.apiConfig);
      return { computed: labelOutputs(news) };
    },
  },
);

/** By its address, or by its full name; without one it is the project's default. */
export function accountOf(given: string | undefined, projectNumber: string): string {
  return given === undefined
    ? defaultComputeAccount(projectNumber)
    : given.replace(/^projects\/[^/]+\/serviceAccounts\//, "");
}

function configAt(project: string, owner: string, config: string): { id: string; fullName: string } {
  const id = `projects/${project}/locations/global/apis/${owner}/configs/${config}`;
  return { id, fullName: apiConfigName(project, owner, config) };
}

function requireConfig({ cloud }: Parameters<Kind<never>["create"]>[0], id: string): void {
  if (cloud.store.get(API_CONFIG, id) === undefined) {
    throw new CloudError("NOT_FOUND", `Resource '${id}' was not found`);
  }
}

function refuseInUse(id: string, by: string, users: readonly { id: string }[]): void {
  const [user] = users;
  if (user === undefined) return;
  throw new CloudError(
    "FAILED_PRECONDITION",
    `Resource '${id}' is in use by the ${by} ${user.id}. Delete that first.`,
  );
}
