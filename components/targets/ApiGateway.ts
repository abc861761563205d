import type * as apigateway from "@pulumi/gcp/apigateway";
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
import { createApi, createConfig, createGateway } from "./apiGatewayParts";
import { backendEnvironment } from "./backendEnvironment";
import type { GatewayBackend } from "./gatewayBackend";
import { checkedBackend, gatewayIdentity } from "./gatewayBackend";
import { gatewayAudience, gatewayAudiences, gatewayDocument } from "./gatewayDocument";
import { KnownCallers } from "./knownCallers";
import type { RunInvoker } from "./RunInvoker";

/** Arguments of `ApiGateway`. */
export interface ApiGatewayArgs {
  /** The private Run service that requests go on to. The gateway's own account is let in there, by a grant. */
  backend: GatewayBackend;
  /** Who is let in: callers under keys of your choice. A `CallerIdentity` fits. The backend's verifier enforces it. */
  callers: Record<string, CallerReference>;
  /** Region of the gateway, one that API Gateway has, such as `us-central1`. Changing it replaces the gateway. */
  region: pulumi.Input<string>;
  /** Id of the project. Default: the provider's. Changing it replaces everything. */
  project?: pulumi.Input<string>;
  /**
   * Your own OpenAPI document, 2.0, 3.0.x or 3.1.x, as YAML or JSON text. Its paths are kept; backend and security are
   * written into it. What would leave a door open in it is refused by its place. Default: a document with `paths`.
   */
  openapi?: pulumi.Input<string>;
  /** Paths to serve where there is no document, such as `/orders/{order}`. Default: all paths. */
  paths?: string[];
  /**
   * The audience that callers send. Default: `https://` and the API's managed service. A text of your choice is known
   * before anything is deployed, so that a backend in the same program can be told of it. No commas or white space.
   */
  audience?: pulumi.Input<string>;
  /** Audiences that are still accepted besides, until tokens for them have expired. Default: none. */
  formerAudiences?: pulumi.Input<string>[];
  /** Exact id of the gateway, up to 49 characters. Default: the component's name and a random suffix. Changing it replaces the gateway. */
  gatewayId?: pulumi.Input<string>;
  /** Exact id of the API, up to 49 characters. Default: the component's name and a random suffix. Changing it replaces everything. */
  apiId?: pulumi.Input<string>;
  /** How long a request may take in the backend, up to "3600s". Default: "300s". */
  timeout?: pulumi.Input<string>;
  /** Labels of the API, its configurations and the gateway. */
  labels?: Record<string, pulumi.Input<string>>;
  /** Who deploys: IAM members under keys of your choice, who may then attach the gateway's account. Renaming a key takes access away (docs/resource-options.md). */
  deployers?: Record<string, pulumi.Input<string>>;
}

/**
 * API Gateway: Google's managed gateway, which checks each token against an OpenAPI document and passes requests on to a
 * private Run service.
 *
 * ```typescript
 * const shared = { audience: "https://orders.example.com", callers: { schedulerunner } };
 * const orders = new CloudRunService("orders", {
 *   image: "us-docker.pkg.dev/my-project/apps/orders",
 *   region: "us-central1",
 *   environment: new BackendCallers("orders", shared).environment,
 * });
 * const gateway = new ApiGateway("orders-api", {
 *   ...shared,
 *   region: "us-central1",
 *   backend: { service: orders.serviceName, region: "us-central1", url: orders.uri },
 * });
 * new SchedulerJob("sync", { schedule: "5 * * * *", path: "/sync", target: gateway.authorize(schedulerunner) });
 * ```
 *
 * **The gateway does not ask who calls.** It checks signature, issuer, audience and expiry, and every Google account in
 * the world can have a token made for any audience. So the backend must look at the e-mail in the token, which is handed
 * on in X-Forwarded-Authorization: `backendEnvironment` holds what it needs, and `BackendCallers` makes the same beforehand.
 *
 * A configuration never changes (https://cloud.google.com/api-gateway/docs/deployment-model): each document makes one of
 * its own, named by its content, before the gateway moves to it and the old one goes.
 *
 * It needs the APIs `apigateway`, `servicemanagement`, `servicecontrol`, `run` and `iam`.
 */
export class ApiGateway extends pulumi.ComponentResource {
  /** The gateway's address. It carries no grant: give sources what `authorize` returns. */
  readonly uri: pulumi.Output<string>;
  /** The audience that callers send. */
  readonly audience: pulumi.Output<string>;
  /** The OpenAPI document that is deployed. */
  readonly document: pulumi.Output<string>;
  /** The account that the gateway calls the backend as. */
  readonly proxyEmail: pulumi.Output<string>;
  /** What the backend must be told to check who calls: AUDIENCE and CALLERS, separated by commas, and TOKEN_HEADER. */
  readonly backendEnvironment: Record<string, pulumi.Output<string>>;

  constructor(name: string, args: ApiGatewayArgs, opts?: pulumi.ComponentResourceOptions) {
    super("automatic-oidc:index:ApiGateway", name, NO_INPUTS, opts);
    const subject = { component: "ApiGateway", name };
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
    const api = createApi(subject, args, options);
    this.audience = gatewayAudience(audiences, api.managedService);
    this.document = gatewayDocument(subject, {
      ...args,
      dialects: ["2.0", "3"],
      audiences,
      audience: this.audience,
      backend,
      timeout,
    });
    const config = createConfig(subject, args, { api, document: this.document, identity }, options);
    const gateway = createGateway(subject, args, config, options);

    this.uri = pulumi.interpolate`https://${gateway.defaultHostname}`;
    this.proxyEmail = identity.account.email;
    this.backendEnvironment = backendEnvironment([this.audience, ...audiences.former], callers.emails);
    beside.set(this, {
      callers,
      nodes: {
        gateway,
        config,
        api,
        proxyAccount: identity.account.account,
        deployerGrants: identity.account.deployerGrants,
        backendInvoker: identity.invoker,
      },
    });
    this.registerOutputs({
      uri: this.uri,
      audience: this.audience,
      document: this.document,
      proxyEmail: this.proxyEmail,
      backendEnvironment: this.backendEnvironment,
    });
  }

  /** What a source needs to call as one of the callers that were given at construction. Waits for the gateway's grant. */
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
  get nodes(): ApiGatewayNodes {
    return beside.get(this).nodes;
  }
}

/** The resources that an `ApiGateway` is made of. */
export interface ApiGatewayNodes {
  /** `NAME`. The gateway. */
  readonly gateway: apigateway.Gateway;
  /** `NAME-config`. The configuration with the document; another document makes another one. */
  readonly config: apigateway.ApiConfig;
  /** `NAME-api`. The API. */
  readonly api: apigateway.Api;
  /** `NAME-proxy`. The account that the gateway calls the backend as. */
  readonly proxyAccount: serviceaccount.Account;
  /** `NAME-proxy-deployer-KEY`. A grant on that account for each of `deployers`. */
  readonly deployerGrants: Readonly<Record<string, serviceaccount.IAMMember>>;
  /** `NAME-backend`. Lets the gateway's account into the backend. */
  readonly backendInvoker: RunInvoker;
}

const beside = new Beside<ApiGateway, { callers: KnownCallers; nodes: ApiGatewayNodes }>();
