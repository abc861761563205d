import { createHash } from "node:crypto";
import * as apigateway from "@pulumi/gcp/apigateway";
import * as pulumi from "@pulumi/pulumi";
import { keepingName, suffixedName } from "../identity/resourceName";
import type { Subject } from "../wiring/checks";
import { checked } from "../wiring/checks";
import { checkedLabels } from "../wiring/labels";
import { displayName, NAME_RULES } from "../wiring/names";
import { regionName } from "../wiring/places";
import type { ApiGatewayArgs } from "./ApiGateway";
import type { GatewayIdentity } from "./gatewayBackend";

/** Its managed service is one of those whose names Google keeps for a while. */
export function createApi(
  subject: Subject,
  { apiId, project, labels }: ApiGatewayArgs,
  options: pulumi.CustomResourceOptions,
): apigateway.Api {
  const child = `${subject.name}-api`;
  const name = { subject, child, rule: NAME_RULES.gateway, exact: apiId, property: "apiId" };
  return new apigateway.Api(
    child,
    {
      apiId: suffixedName(name, options),
      project,
      displayName: displayName(subject.name),
      labels: checkedLabels(subject, labels),
    },
    keepingName(name, "apiId", options),
  );
}

interface ConfigParts {
  readonly api: apigateway.Api;
  readonly document: pulumi.Output<string>;
  readonly identity: GatewayIdentity;
}

/** Hexadecimal characters of the hash of all that a configuration is made from. */
const HASH_LENGTH = 12;

/** Never changed: named by all that it is made from. */
export function createConfig(
  subject: Subject,
  { project, labels }: ApiGatewayArgs,
  { api, document, identity }: ConfigParts,
  options: pulumi.CustomResourceOptions,
): apigateway.ApiConfig {
  const all = pulumi.all([document, identity.account.email]);
  // Not named after the component, so that renaming it does not make another one.
  const apiConfigId = all.apply((parts) => `config-${hashOf(parts.join("\n"))}`);
  const contents = document.apply((text) => Buffer.from(text).toString("base64"));
  return new apigateway.ApiConfig(
    `${subject.name}-config`,
    {
      api: api.apiId,
      apiConfigId,
      project,
      labels: checkedLabels(subject, labels),
      openapiDocuments: [{ document: { path: "openapi.json", contents } }],
      gatewayConfig: { backendConfig: { googleServiceAccount: identity.account.attachableEmail } },
    },
    options,
  );
}

function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, HASH_LENGTH);
}

/** The one that answers. */
export function createGateway(
  subject: Subject,
  { gatewayId, region, project, labels }: ApiGatewayArgs,
  config: apigateway.ApiConfig,
  options: pulumi.CustomResourceOptions,
): apigateway.Gateway {
  const name = {
    subject,
    child: subject.name,
    rule: NAME_RULES.gateway,
    exact: gatewayId,
    property: "gatewayId",
  };
  return new apigateway.Gateway(
    subject.name,
    {
      gatewayId: suffixedName(name, options),
      apiConfig: config.id,
      region: checked(subject, "region", region, regionName),
      project,
      displayName: displayName(subject.name),
      labels: checkedLabels(subject, labels),
    },
    keepingName(name, "gatewayId", options),
  );
}
