import type * as cloudrunv2 from "@pulumi/gcp/cloudrunv2";
import * as endpoints from "@pulumi/gcp/endpoints";
import type * as serviceaccount from "@pulumi/gcp/serviceaccount";
import * as pulumi from "@pulumi/pulumi";
import { after } from "../wiring/after";
import { requireArguments } from "../wiring/arguments";
import type { AuthorizedTarget } from "../wiring/authorizedTarget";
import { Beside } from "../wiring/beside";
import type { Caller, CallerReference } from "../wiring/callers";
import { checked } from "../wiring/checks";
import { durationWithin } from "../wiring/durations";
import { childOf, NO_INPUTS } from "../wiring/options";
import { backendEnvironment } from "./backendEnvironment";
import { createProxy, grantController } from "./endpointsProxy";
import type { GatewayBackend } from "./gatewayBackend";
import { checkedBackend, gatewayIdentity } from "./gatewayBackend";
import { gatewayAudience, gatewayAudiences, gatewayDocument } from "./gatewayDocument";
import { KnownCallers } from "./knownCallers";
import { managedServiceName } from "./managedServiceName";
import type { RunInvoker } from "./RunInvoker";

/** Arguments of `EndpointsService`. */
export interface EndpointsServiceArgs {
  /** The private Run service that requests go on to. The proxy's own account is let in there, by a grant. */
  backend: GatewayBackend;
  /** Who is let in: callers under keys of your choice. A `CallerIdentity` fits. The backend's verifier enforces it. */
  callers: Record<string, CallerReference>;
  /** Region of the proxy, such as `us-central1`. Changing it replaces the proxy. */
  region: pulumi.Input<string>;
  /** Id of the project. Default: the provider's. Changing it replaces everything. */
  project?: pulumi.Input<string>;
  /**
   * Your own OpenAPI 2.0 document, as YAML or JSON text. Its paths are kept; host, backend and security are written into
   * it. What would leave a door open in it is refused by its place. Default: a document with `paths`.
   */
  openapi?: pulumi.Input<string>;
  /** Paths to serve where there is no document, such as `/orders/{order}`. Default: all paths. */
  paths?: string[];
  /**
   * The audience that callers send. Default: `https://` and the managed service's name. A text of your choice is known
   * before anything is deployed, so that a backend in the same program can be told of it. No commas or white space.
   */
  audience?: pulumi.Input<string>;
  /** Audiences that are still accepted besides, until tokens for them have expired. Default: none. */
  formerAudiences?: pulumi.Input<string>[];
  /**
   * Exact name of the managed service, `NAME.endpoints.PROJECT.cloud.goog`. Default: made from the component's name,
   * with a random suffix: Google keeps a deleted one's name for 30 days. Changing it replaces the managed service.
   */
  managedServiceName?: pulumi.Input<string>;
  /** Exact name of the proxy's Run service, up to 49 characters. Default: the component's name and a random suffix. Changing it replaces the proxy. */
  serviceName?: pulumi.Input<string>;
  /**
   * Image of the proxy. Default: `gcr.io/endpoints-release/endpoints-runtime-serverless:2`, which reads the document when
   * it starts. An image that `gcloud_build_image` has built carries a document of its own instead.
   */
  image?: pulumi.Input<string>;
  /** Fewest instances that are kept ready, no more than `maxInstances`. Default: 0. */
  minInstances?: pulumi.Input<number>;
  /** Most instances at one time. Default: 100. */
  maxInstances?: pulumi.Input<number>;
  /** How long a request may take, in the proxy and in the backend, up to "3600s". Default: "300s". */
  timeout?: pulumi.Input<string>;
  /** Whether Google refuses to delete the proxy. Default: true, as the provider's. */
  deletionProtection?: pulumi.Input<boolean>;
  /** Labels of the proxy. */
  labels?: Record<string, pulumi.Input<string>>;
  /** Who deploys: IAM members under keys of your choice, who may then attach the proxy's account. Renaming a key takes access away (docs/resource-options.md). */
  deployers?: Record<string, pulumi.Input<string>>;
}

/**
 * Cloud Endpoints: Google's proxy ESPv2 on Cloud Run, which checks each token against an OpenAPI document and passes
 * requests on to a private Run service.
 *
 * ```typescript
 * const shared = { audience: "https://orders.example.com", callers: { schedulerunner } };
 * const orders = new CloudRunService("orders", {
 *   image: "us-docker.pkg.dev/my-project/apps/orders",
 *   region: "us-central1",
 *   environment: new BackendCallers("orders", shared).environment,
 * });
 * const api = new EndpointsService("orders-api", {
 *   ...shared,
 *   region: "us-central1",
 *   backend: { service: orders.serviceName, region: "us-central1", url: orders.uri },
 * });
 * new SchedulerJob("sync", { schedule: "5 * * * *", path: "/sync", target: api.authorize(schedulerunner) });
 * ```
 *
 * **The proxy does not ask who calls.** It checks signature, issuer, audience and expiry, and every Google account in the
 * world can have a token made for any audience. So the backend must look at the e-mail in the token, which is handed on in
 * X-Forwarded-Authorization: `backendEnvironment` holds what it needs, and `BackendCallers` makes the same beforehand.
 *
 * The proxy has to be reachable without IAM, which would use up the token first; so the service has `invokerIamDisabled`.
 * Where an organisation enforces `run.managed.requireInvokerIam` Google refuses to deploy it: have an exception made for
 * the project (https://cloud.google.com/run/docs/securing/managing-access), or use `ApiGateway`, which runs at Google's.
 * Starting the proxy without a built image, by ENDPOINTS_SERVICE_NAME, works and is not officially supported
 * (https://github.com/GoogleCloudPlatform/esp-v2/blob/master/docker/serverless/env_start_proxy.py); `image` is the way out.
 *
 * It needs the APIs `servicemanagement`, `servicecontrol`, `endpoints`, `run` and `iam`.
 */
export class EndpointsService extends pulumi.ComponentResource {
  /** The proxy's address. It carries no grant: give sources what `authorize` returns. */
  readonly uri: pulumi.Output<string>;
  /** The audience that callers send. */
  readonly audience: pulumi.Output<string>;
  /** Name of the managed service. */
  readonly managedServiceName: pulumi.Output<string>;
  /** The OpenAPI document that is deployed. */
  readonly document: pulumi.Output<string>;
  /** The account that the proxy calls the backend as. */
  readonly proxyEmail: pulumi.Output<string>;
  /** What the backend must be told to check who calls: AUDIENCE and CALLERS, separated by commas, and TOKEN_HEADER. */
  readonly backendEnvironment: Record<string, pulumi.Output<string>>;

  constructor(name: string, args: EndpointsServiceArgs, opts?: pulumi.ComponentResourceOptions) {
    super("automatic-oidc:index:EndpointsService", name, NO_INPUTS, opts);
    const subject = { component: "EndpointsService", name };
    requireArguments(subject, args, "backend", "callers", "region");
    const callers = new KnownCallers(subject, args.callers, {
      who: "the backend's verifier",
      thenAlso: "give the backend its new environment",
    });
    const options = childOf(this, opts);
    const backend = checkedBackend(subject, args.backend);
    const audiences = gatewayAudiences(subject, args);
    const timeout = checked(subject, "timeout", args.timeout ?? "300s", durationWithin(1, 3600));

    const identity = gatewayIdentity(subject, { ...args, backend }, options);
    const host = managedServiceName(subject, args, identity.account.account.project, options);
    this.audience = gatewayAudience(audiences, host);
    this.document = gatewayDocument(subject, {
      ...args,
      dialects: ["2.0"],
      host,
      audiences,
      audience: this.audience,
      backend,
      timeout,
    });
    const managedService = new endpoints.Service(
      `${name}-document`,
      { serviceName: host, project: args.project, openapiConfig: this.document },
      options,
    );
    const controllerGrant = grantController(subject, managedService, identity, options);
    const service = createProxy(
      subject,
      { ...args, timeout },
      { managedService, controllerGrant, identity },
      options,
    );

    this.uri = service.uri;
    this.managedServiceName = managedService.serviceName;
    this.proxyEmail = identity.account.email;
    this.backendEnvironment = backendEnvironment([this.audience, ...audiences.former], callers.emails);
    beside.set(this, {
      callers,
      nodes: {
        service,
        managedService,
        controllerGrant,
        proxyAccount: identity.account.account,
        deployerGrants: identity.account.deployerGrants,
        backendInvoker: identity.invoker,
      },
    });
    this.registerOutputs({
      uri: this.uri,
      audience: this.audience,
      managedServiceName: this.managedServiceName,
      document: this.document,
      proxyEmail: this.proxyEmail,
      backendEnvironment: this.backendEnvironment,
    });
  }

  /** What a source needs to call as one of the callers that were given at construction. Waits for the proxy's grants. */
  authorize(caller: Caller): AuthorizedTarget {
    const { callers, nodes } = beside.get(this);
    callers.require(caller);
    return {
      url: after(this.uri, [nodes.backendInvoker.nodes.grant.role]),
      serviceAccountEmail: caller.email,
      audience: this.audience,
    };
  }

  /** The underlying resources. */
  get nodes(): EndpointsServiceNodes {
    return beside.get(this).nodes;
  }
}

/** The resources that an `EndpointsService` is made of. */
export interface EndpointsServiceNodes {
  /** `NAME`. The Run service of the proxy. */
  readonly service: cloudrunv2.Service;
  /** `NAME-document`. The managed service, with the document and its rollout. */
  readonly managedService: endpoints.Service;
  /** `NAME-controller`. Lets the proxy read the document and report: `roles/servicemanagement.serviceController`. */
  readonly controllerGrant: endpoints.ServiceIamMember;
  /** `NAME-proxy`. The account that the proxy runs as. */
  readonly proxyAccount: serviceaccount.Account;
  /** `NAME-proxy-deployer-KEY`. A grant on that account for each of `deployers`. */
  readonly deployerGrants: Readonly<Record<string, serviceaccount.IAMMember>>;
  /** `NAME-backend`. Lets the proxy's account into the backend. */
  readonly backendInvoker: RunInvoker;
}

const beside = new Beside<EndpointsService, { callers: KnownCallers; nodes: EndpointsServiceNodes }>();
