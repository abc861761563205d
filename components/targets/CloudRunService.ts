import * as cloudrunv2 from "@pulumi/gcp/cloudrunv2";
import type * as projects from "@pulumi/gcp/projects";
import type * as secretmanager from "@pulumi/gcp/secretmanager";
import type * as serviceaccount from "@pulumi/gcp/serviceaccount";
import * as pulumi from "@pulumi/pulumi";
import { autoName } from "../identity/resourceName";
import { after } from "../wiring/after";
import { audienceOf } from "../wiring/audience";
import type { AuthorizedTarget } from "../wiring/authorizedTarget";
import { Beside } from "../wiring/beside";
import type { Caller } from "../wiring/callers";
import type { Subject } from "../wiring/checks";
import { checked, nonEmpty, oneOf, within } from "../wiring/checks";
import { durationWithin } from "../wiring/durations";
import { NAME_RULES } from "../wiring/names";
import { childOf, NO_INPUTS } from "../wiring/options";
import { Authorizations } from "./authorizations";
import { grantInvokers } from "./grantInvokers";
import { instanceLimits } from "./instances";
import type { RunIdentity } from "./runIdentity";
import { runIdentity } from "./runIdentity";
import type { VpcEgress } from "./runTemplate";
import { runTemplate } from "./runTemplate";
import type { SecretReference } from "./runtimeAccount";
import { RunInvoker, RunInvokerRole } from "./RunInvoker";

/** From where a service can be reached at all, before anyone asks who calls. */
export const RunIngress = {
  /** From everywhere. */
  All: "INGRESS_TRAFFIC_ALL",
  /** From the project's own networks, and from Scheduler, Tasks and Pub/Sub of the same project or perimeter. */
  Internal: "INGRESS_TRAFFIC_INTERNAL_ONLY",
  /** The same, and from Google's load balancers. */
  InternalLoadBalancer: "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER",
} as const;
export type RunIngress = (typeof RunIngress)[keyof typeof RunIngress];

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
   * their grants. Everybody is refused.
   * Renaming a key takes access away (docs/resource-options.md).
   */
  invokers?: Record<string, pulumi.Input<string>>;
  /** Who deploys the service: IAM members under keys of your choice, who may then attach its runtime account. Renaming a key takes access away (docs/resource-options.md). */
  deployers?: Record<string, pulumi.Input<string>>;
}

/** How `authorize` makes its grant. */
export interface AuthorizeOptions {
  /** The role. Default: `roles/run.invoker`. */
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
 * Besides those, whoever holds a role on the project that can invoke gets in: owners, editors (the default compute
 * account often is one), Run admins and developers (https://cloud.google.com/run/docs/reference/iam/roles).
 */
export class CloudRunService extends pulumi.ComponentResource {
  /** The service's own address, as Google reports it. It carries no grant: give sources what `authorize` returns. */
  readonly uri: pulumi.Output<string>;
  /** The audience that authorized callers send: the first custom one, else the bare address. */
  readonly audience: pulumi.Output<string>;
  /** The service's name. */
  readonly serviceName: pulumi.Output<string>;
  /** The account that the code runs as. */
  readonly runtimeEmail: pulumi.Output<string>;

  constructor(name: string, args: CloudRunServiceArgs, opts?: pulumi.ComponentResourceOptions) {
    super("automatic-oidc:index:CloudRunService", name, NO_INPUTS, opts);
    const subject = { component: "CloudRunService", name };
    const options = childOf(this, opts);
    const identity = runIdentity(subject, args, options);

    const service = createService(subject, args, identity, options);
    const invokers = grantInvokers(subject, args.invokers ?? {}, service, options);

    this.uri = service.uri;
    this.serviceName = service.name;
    this.runtimeEmail = identity.email;
    this.audience = pulumi
      .all([service.uri, args.customAudiences?.[0]])
      .apply(([url, declared]) => audienceOf("run", { url, declared }));
    beside.set(this, {
      args,
      authorizations: new Authorizations(subject),
      nodes: { service, invokers, ...identity.nodes },
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
   * the same. The grant is a `RunInvoker` called `NAME-CALLER`.
   */
  authorize(caller: Caller, options: AuthorizeOptions = {}): AuthorizedTarget {
    const { args, authorizations, nodes } = beside.get(this);
    const role = options.role ?? RunInvokerRole.Invoker;
    return authorizations.of(caller, role, options, ({ name, aliases }) => {
      const { url, serviceAccountEmail, audience } = new RunInvoker(
        name,
        {
          service: nodes.service.name,
          region: nodes.service.location,
          project: nodes.service.project,
          url: nodes.service.uri,
          audience: args.customAudiences?.[0],
          caller: { email: caller.email, member: caller.member },
          role,
        },
        { parent: this, aliases },
      );
      return { url, serviceAccountEmail, audience };
    });
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
}

const beside = new Beside<
  CloudRunService,
  { args: CloudRunServiceArgs; authorizations: Authorizations<AuthorizedTarget>; nodes: CloudRunServiceNodes }
>();

function createService(
  subject: Subject,
  args: CloudRunServiceArgs,
  identity: RunIdentity,
  options: pulumi.CustomResourceOptions,
): cloudrunv2.Service {
  const { name, options: named } = autoName(
    {
      subject,
      child: subject.name,
      rule: NAME_RULES.runService,
      exact: args.serviceName,
      property: "serviceName",
    },
    options,
  );
  const instances = instanceLimits(subject, args, 1000);
  return new cloudrunv2.Service(
    subject.name,
    {
      name,
      location: checked(subject, "region", args.region, nonEmpty),
      project: args.project,
      description: args.description,
      ingress: checked(subject, "ingress", args.ingress ?? RunIngress.All, oneOf(RunIngress)),
      customAudiences: args.customAudiences?.map((audience) =>
        checked(subject, "customAudiences", audience, nonEmpty),
      ),
      deletionProtection: args.deletionProtection,
      labels: args.labels,
      scaling: {
        minInstanceCount: instances.min,
      },
      template: runTemplate(
        {
          image: checked(subject, "image", args.image, nonEmpty),
          environment: args.environment ?? {},
          secrets: args.secrets ?? {},
          cpu: args.cpu ?? "1",
          memory: args.memory ?? "512Mi",
          port: checked(subject, "port", args.port ?? 8080, within(1, 65535, "")),
          maxInstances: instances.max,
          concurrency: checked(subject, "concurrency", args.concurrency ?? 80, within(1, 1000, "requests")),
          timeout: checked(subject, "timeout", args.timeout ?? "300s", durationWithin(1, 3600)),
          vpcEgress: args.vpcEgress,
          cloudSqlInstances: args.cloudSqlInstances ?? [],
        },
        after(identity.attachableEmail, identity.revisionNeeds),
      ),
    },
    args.imageDeployedElsewhere === true
      ? // What the other pipeline writes: the image, and which tool wrote it.
        pulumi.mergeOptions(named, {
          ignoreChanges: ["template.containers[0].image", "client", "clientVersion"],
        })
      : named,
  );
}
