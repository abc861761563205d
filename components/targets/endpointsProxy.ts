import * as cloudrunv2 from "@pulumi/gcp/cloudrunv2";
import * as endpoints from "@pulumi/gcp/endpoints";
import * as pulumi from "@pulumi/pulumi";
import { after } from "../wiring/after";
import type { Subject } from "../wiring/checks";
import { checked, nonEmpty } from "../wiring/checks";
import { checkedLabels } from "../wiring/labels";
import { grantOf } from "../wiring/options";
import { regionName } from "../wiring/places";
import type { EndpointsServiceArgs } from "./EndpointsService";
import type { GatewayIdentity } from "./gatewayBackend";
import { instanceLimits } from "./instances";
import { runServiceName } from "./runServiceName";
import { runTemplate } from "./runTemplate";

/** https://docs.cloud.google.com/endpoints/docs/openapi/get-started-cloud-run#deploying_the_espv2_container */
const PROXY_IMAGE = "gcr.io/endpoints-release/endpoints-runtime-serverless:2";

/** Lets the proxy read its document and report. https://docs.cloud.google.com/endpoints/docs/openapi/control-api-callers */
export function grantController(
  subject: Subject,
  managedService: endpoints.Service,
  { account }: GatewayIdentity,
  options: pulumi.CustomResourceOptions,
): endpoints.ServiceIamMember {
  return new endpoints.ServiceIamMember(
    `${subject.name}-controller`,
    {
      serviceName: managedService.serviceName,
      role: "roles/servicemanagement.serviceController",
      member: pulumi.interpolate`serviceAccount:${account.email}`,
    },
    grantOf(options),
  );
}

/** What a proxy is started with. */
export interface ProxyParts {
  readonly managedService: endpoints.Service;
  readonly controllerGrant: endpoints.ServiceIamMember;
  readonly identity: GatewayIdentity;
}

/** The Run service of the proxy. A changed document is another configuration id, and so another revision. */
export function createProxy(
  subject: Subject,
  args: EndpointsServiceArgs & { timeout: pulumi.Input<string> },
  { managedService, controllerGrant, identity }: ProxyParts,
  options: pulumi.CustomResourceOptions,
): cloudrunv2.Service {
  const { name, options: named } = runServiceName(subject, args.serviceName, options);
  const instances = instanceLimits(subject, args, 1000);
  return new cloudrunv2.Service(
    subject.name,
    {
      name,
      location: checked(subject, "region", args.region, regionName),
      project: args.project,
      ingress: "INGRESS_TRAFFIC_ALL",
      // IAM would take the token before the proxy sees it.
      invokerIamDisabled: true,
      deletionProtection: args.deletionProtection,
      labels: checkedLabels(subject, args.labels),
      scaling: { minInstanceCount: instances.min },
      template: runTemplate(
        {
          image: checked(subject, "image", args.image ?? PROXY_IMAGE, nonEmpty),
          environment: {
            ENDPOINTS_SERVICE_NAME: managedService.serviceName,
            ENDPOINTS_SERVICE_VERSION: managedService.configId,
          },
          secrets: {},
          cpu: "1",
          memory: "512Mi",
          port: 8080,
          maxInstances: instances.max,
          concurrency: 80,
          timeout: args.timeout,
          cloudSqlInstances: [],
        },
        // An instance that may not read its document does not start.
        after(identity.account.attachableEmail, [controllerGrant.role]),
      ),
    },
    named,
  );
}
