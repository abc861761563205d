import type * as cloudrunv2 from "@pulumi/gcp/cloudrunv2";
import type * as iap from "@pulumi/gcp/iap";
import type * as projects from "@pulumi/gcp/projects";
import type * as secretmanager from "@pulumi/gcp/secretmanager";
import type * as serviceaccount from "@pulumi/gcp/serviceaccount";
import * as pulumi from "@pulumi/pulumi";
import { requireArguments } from "../wiring/arguments";
import { audienceLater } from "../wiring/audience";
import type { AuthorizedTarget } from "../wiring/authorizedTarget";
import { Beside } from "../wiring/beside";
import type { Caller } from "../wiring/callers";
import type { Subject } from "../wiring/checks";
import type { Granted } from "../wiring/members";
import { childOf, NO_INPUTS } from "../wiring/options";
import { Authorizations } from "./authorizations";
import { grantInvokers } from "./grantInvokers";
import { IAP_ROLE, iapAudience, IapInvoker } from "./IapInvoker";
import type { IapBefore, RunIap } from "./runIap";
import { checkBesideIap, checkIapRole, iapBefore } from "./runIap";
import { runIdentity } from "./runIdentity";
import type { RunIngress } from "./runIngress";
import { createRunService } from "./runService";
import type { VpcEgress } from "./runTemplate";
import type { SecretReference } from "./runtimeAccount";
import { RunInvoker, RunInvokerRole } from "./RunInvoker";

/** Arguments of `CloudRunService`. */
export interface CloudRunServiceArgs {
  /** The container image. */
  image: pulumi.Input<string>;
  /** Region, such as `us-central1`. Changing it replaces the service. */
  region: pulumi.Input<string>;
  /** Id of the project. Default: the provider's. Changing it replaces the service. */
  project?: pulumi.Input<string>;
  /** Exact name, up to 49 characters. Default: the component's name and a random suffix. Changing it replaces the service. */
  serviceName?: pulumi.Input<string>;
  /** What the service is for. */
  description?: pulumi.Input<string>;
  /**
   * From where the service can be reached. Default: everywhere, and then IAM decides. `Internal` still lets the sources
   * of the same project in, on the service's own address only (https://docs.cloud.google.com/run/docs/securing/ingress).
   */
  ingress?: RunIngress;
  /**
   * Audiences that the service accepts besides its own address, such as that of a custom domain. The first is the one
   * that authorized callers send; keep the old one behind a new one until tokens for it have expired.
   */
  customAudiences?: pulumi.Input<string>[];
  /**
   * Identity-Aware Proxy before the service, which people pass with a browser and callers with a token for an OAuth client.
   * Default: none, IAM alone decides. Switching it on or off changes the service in place, and what `authorize` grants:
   * until the sources follow, later in the same update, their calls are refused.
   */
  iap?: RunIap;
  /** Fewest instances that are kept ready, no more than `maxInstances`. Default: 0. */
  minInstances?: pulumi.Input<number>;
  /** Most instances at one time. Default: 100. */
  maxInstances?: pulumi.Input<number>;
  /** Most requests that one instance serves at one time, 1 to 1000. Default: 80. */
  concurrency?: pulumi.Input<number>;
  /**
   * How long a request may take, up to "3600s". Default: "300s". Must be longer than the deadline of the sources, or
   * work is cut off and delivered again.
   */
  timeout?: pulumi.Input<string>;
  /** Most CPU per instance, such as "1" or "2". Default: "1". */
  cpu?: pulumi.Input<string>;
  /** Most memory per instance, such as "512Mi". Default: "512Mi". */
  memory?: pulumi.Input<string>;
  /** Port that the container listens on. Default: 8080. */
  port?: pulumi.Input<number>;
  /**
   * Address of the account that the code runs as. Default: one of its own, without any role. Never the default compute
   * account, which may edit the whole project in most organisations.
   */
  serviceAccountEmail?: pulumi.Input<string>;
  /** Environment variables. */
  environment?: Record<string, pulumi.Input<string>>;
  /** Environment variables that hold secrets. The runtime account gets `secretAccessor` on each, before the revision. */
  secrets?: Record<string, pulumi.Input<SecretReference>>;
  /** How the service reaches private networks. Default: not at all. */
  vpcEgress?: VpcEgress;
  /**
   * Connection names of Cloud SQL instances, mounted under /cloudsql. The runtime account gets `roles/cloudsql.client` on
   * the project, since Cloud SQL has no policies of its own per instance.
   */
  cloudSqlInstances?: pulumi.Input<string>[];
  /** Whether another pipeline deploys images: then a changed image is not a change here. Default: false. */
  imageDeployedElsewhere?: boolean;
  /** Whether Google refuses to delete the service. Default: true, as the provider's. */
  deletionProtection?: pulumi.Input<boolean>;
  /** Labels of the service. */
  labels?: Record<string, pulumi.Input<string>>;
  /**
   * Who else may call, that no source here speaks for: IAM members ("group:…") under keys of your choice, which name
   * their grants. Everybody is refused. With `iap`, name them in `iap.accessors`.
   * Renaming a key takes access away (docs/resource-options.md).
   */
  invokers?: Record<string, pulumi.Input<string>>;
  /** Who deploys the service: IAM members under keys of your choice, who may then attach its runtime account. Renaming a key takes access away (docs/resource-options.md). */
  deployers?: Record<string, pulumi.Input<string>>;
}

/** How `authorize` makes its grant. */
export interface AuthorizeOptions {
  /** The role. Default: `roles/run.invoker`. Behind IAP there is no choice, and none is taken. */
  role?: RunInvokerRole;
  /** Names the grant, where two callers have the same name; one caller has one name. Default: the caller's name. */
  as?: string;
  /**
   * What `as` was before it was changed or taken away. Without it a grant is made anew, and access goes with the old one,
   * which is the same for Google. Default: nothing but the caller's own names, which are known.
   */
  formerly?: string[];
}

/**
 * A Cloud Run service that only those may call whom it authorizes.
 *
 * ```typescript
 * const hello = new CloudRunService("hello", {
 *   image: "us-docker.pkg.dev/cloudrun/container/hello",
 *   region: "us-central1",
 * });
 * new SchedulerJob("oidctest", { schedule: "5 * * * *", target: hello.authorize(schedulerunner) });
 * ```
 *
 * With `iap: { clientId: "123456789012-abc.apps.googleusercontent.com" }`, Identity-Aware Proxy stands before it: callers send
 * the OAuth client's id as audience, and the grant is one on IAP. Google wants the project, and all that get in, to belong to
 * one organization. Enable `iap.googleapis.com`, and let whoever deploys set IAP's policy (`roles/iap.admin`) and settings
 * (`iap.webServices.updateSettings`;
 * https://docs.cloud.google.com/run/docs/securing/identity-aware-proxy-cloud-run,
 * https://docs.cloud.google.com/iap/docs/reference/rest/v1/TopLevel/updateIapSettings).
 *
 * Besides those, whoever holds a role on the project that can invoke gets in: owners, editors (the default compute
 * account often is one), Run admins and developers (https://cloud.google.com/run/docs/reference/iam/roles).
 */
export class CloudRunService extends pulumi.ComponentResource {
  /** The service's own address, as Google reports it. It carries no grant: give sources what `authorize` returns. */
  readonly uri: pulumi.Output<string>;
  /** The audience that authorized callers send: the first custom one, else the bare address; with `iap`, its client's id. */
  readonly audience: pulumi.Output<string>;
  /** The service's name. */
  readonly serviceName: pulumi.Output<string>;
  /** The account that the code runs as. */
  readonly runtimeEmail: pulumi.Output<string>;

  constructor(name: string, args: CloudRunServiceArgs, opts?: pulumi.ComponentResourceOptions) {
    super("automatic-oidc:index:CloudRunService", name, NO_INPUTS, opts);
    const subject = { component: "CloudRunService", name };
    requireArguments(subject, args, "image", "region");
    checkBesideIap(subject, args);
    const options = childOf(this, opts);
    const identity = runIdentity(subject, args, options);

    const service = createRunService(subject, args, identity, options);
    const invokers = grantInvokers(subject, args.invokers ?? {}, service, options);
    const { project } = args;
    const iap = args.iap && iapBefore(subject, args.iap, service, { project, parent: this, options });

    this.uri = service.uri;
    this.serviceName = service.name;
    this.runtimeEmail = identity.email;
    this.audience = iap === undefined ? ownAudience(service, args) : iapAudience(iap.clientId);
    beside.set(this, {
      subject,
      args,
      iap,
      authorizations: new Authorizations(subject, letInBy(args)),
      nodes: { service, invokers, ...identity.nodes, ...iap?.nodes },
    });
    this.registerOutputs({
      uri: this.uri,
      audience: this.audience,
      serviceName: this.serviceName,
      runtimeEmail: this.runtimeEmail,
    });
  }

  /**
   * Lets a caller in, and answers what a source needs to call as that caller. Once per caller: asked again it answers
   * the same. The grant is a `RunInvoker` called `NAME-CALLER`; with `iap` the grant is an `IapInvoker` called `NAME-CALLER`.
   */
  authorize(caller: Caller, options: AuthorizeOptions = {}): AuthorizedTarget {
    const { subject, args, iap, authorizations, nodes } = beside.get(this);
    if (iap !== undefined) checkIapRole(subject, options.role);
    const role = options.role ?? RunInvokerRole.Invoker;
    return authorizations.of(
      caller,
      iap === undefined ? role : IAP_ROLE,
      options,
      ({ name, aliases, reference }) => {
        const { name: service, location: region, project, uri } = nodes.service;
        const on = { service, region, project, caller: reference };
        const { url, serviceAccountEmail, audience } =
          iap === undefined
            ? new RunInvoker(
                name,
                { ...on, url: uri, audience: args.customAudiences?.[0], role },
                { parent: this, aliases },
              )
            : new IapInvoker(
                name,
                { ...on, url: iap.url, clientId: iap.clientId },
                { parent: this, aliases },
              );
        return { url, serviceAccountEmail, audience };
      },
    );
  }

  /** The underlying resources. */
  get nodes(): CloudRunServiceNodes {
    return beside.get(this).nodes;
  }
}

/** The resources that a `CloudRunService` is made of. */
export interface CloudRunServiceNodes {
  /** `NAME`. The service. */
  readonly service: cloudrunv2.Service;
  /** `NAME-runtime`. The account that the code runs as, unless one was brought along. */
  readonly runtimeAccount?: serviceaccount.Account;
  /** `NAME-runtime-deployer-KEY`. A grant on the runtime account for each of `deployers`. */
  readonly deployerGrants: Readonly<Record<string, serviceaccount.IAMMember>>;
  /** `NAME-secret-SECRET`. A grant for each secret, called after it, or after its variable if the secret is an output. */
  readonly secretGrants: readonly secretmanager.SecretIamMember[];
  /** `NAME-cloudsql`. With `cloudSqlInstances`: `roles/cloudsql.client` for the runtime account, on the project. */
  readonly cloudSqlGrant?: projects.IAMMember;
  /** `NAME-invoker-KEY`. A grant for each of `invokers`. */
  readonly invokers: Readonly<Record<string, cloudrunv2.ServiceIamMember>>;
  /** `NAME-iap-agent`. With `iap`: IAP's own agent in the project, as which it calls the service. */
  readonly iapAgent?: projects.ServiceIdentity;
  /** `NAME-iap-agent`. With `iap`: that agent's `roles/run.invoker` on the service. */
  readonly iapAgentGrant?: cloudrunv2.ServiceIamMember;
  /** `NAME-iap`. With `iap`: IAP's settings for the service, with the clients that programs may use. */
  readonly iapSettings?: iap.Settings;
  /** `NAME-accessor-KEY`. A grant for each of `iap.accessors`. */
  readonly iapAccessors?: Readonly<Record<string, iap.WebCloudRunServiceIamMember>>;
}

interface State {
  subject: Subject;
  args: CloudRunServiceArgs;
  iap: IapBefore | undefined;
  authorizations: Authorizations<AuthorizedTarget>;
  nodes: CloudRunServiceNodes;
}

const beside = new Beside<CloudRunService, State>();

/** Whom an argument lets in already, by the grant that `authorize` makes as well. */
function letInBy({ iap, invokers = {} }: CloudRunServiceArgs): Granted {
  return iap === undefined
    ? { property: "invokers", members: invokers, role: RunInvokerRole.Invoker }
    : { property: "iap.accessors", members: iap.accessors ?? {}, role: IAP_ROLE };
}

function ownAudience(service: cloudrunv2.Service, args: CloudRunServiceArgs): pulumi.Output<string> {
  return audienceLater("run", service.uri, args.customAudiences?.[0]);
}
