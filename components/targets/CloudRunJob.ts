import * as cloudrunv2 from "@pulumi/gcp/cloudrunv2";
import type * as projects from "@pulumi/gcp/projects";
import type * as secretmanager from "@pulumi/gcp/secretmanager";
import type * as serviceaccount from "@pulumi/gcp/serviceaccount";
import * as pulumi from "@pulumi/pulumi";
import { autoName } from "../identity/resourceName";
import { after } from "../wiring/after";
import { requireArguments } from "../wiring/arguments";
import type { AuthorizedTarget } from "../wiring/authorizedTarget";
import { Beside } from "../wiring/beside";
import type { Caller } from "../wiring/callers";
import type { Subject } from "../wiring/checks";
import { checked, nonEmpty, within } from "../wiring/checks";
import { durationWithin } from "../wiring/durations";
import { checkedLabels } from "../wiring/labels";
import { NAME_RULES } from "../wiring/names";
import { childOf, NO_INPUTS } from "../wiring/options";
import { notAbove } from "../wiring/order";
import { regionName } from "../wiring/places";
import { Authorizations } from "./authorizations";
import type { RunIdentity } from "./runIdentity";
import { runIdentity } from "./runIdentity";
import { RunJobInvoker, RunJobRole } from "./RunJobInvoker";
import type { VpcEgress } from "./runTemplate";
import { taskTemplate } from "./runTemplate";
import type { SecretReference } from "./runtimeAccount";

/** Arguments of `CloudRunJob`. */
export interface CloudRunJobArgs {
  /** The container image. It runs to its end, and serves no requests. */
  image: pulumi.Input<string>;
  /** Region, such as `us-central1`. Changing it replaces the job. */
  region: pulumi.Input<string>;
  /** Id of the project. Default: the provider's. Changing it replaces the job. */
  project?: pulumi.Input<string>;
  /** Exact name, up to 49 characters. Default: the component's name and a random suffix. Changing it replaces the job. */
  jobName?: pulumi.Input<string>;
  /** What is run in the container. Default: the image's entry point. */
  command?: pulumi.Input<string>[];
  /** Its arguments. Default: the image's. */
  arguments?: pulumi.Input<string>[];
  /** How many tasks one execution has, 1 to 10000; each is told its number as CLOUD_RUN_TASK_INDEX. Default: 1. */
  tasks?: pulumi.Input<number>;
  /** Most tasks of one execution at one time, no more than `tasks`. Default: as many as there are. */
  parallelism?: pulumi.Input<number>;
  /** How often a task that fails is tried again, 0 to 10. Default: 3. */
  maxRetries?: pulumi.Input<number>;
  /** How long one attempt of a task may take, up to "604800s" (7 days). Default: "600s". */
  timeout?: pulumi.Input<string>;
  /** Most CPU per task, such as "1" or "2". Default: "1". */
  cpu?: pulumi.Input<string>;
  /** Most memory per task, such as "512Mi". Default: "512Mi". */
  memory?: pulumi.Input<string>;
  /**
   * Address of the account that the code runs as. Default: one of its own, without any role. Never the default compute
   * account, which may edit the whole project in most organisations.
   */
  serviceAccountEmail?: pulumi.Input<string>;
  /** Environment variables. */
  environment?: Record<string, pulumi.Input<string>>;
  /** Environment variables that hold secrets. The runtime account gets `secretAccessor` on each, before the job. */
  secrets?: Record<string, pulumi.Input<SecretReference>>;
  /** How the job reaches private networks. Default: not at all. */
  vpcEgress?: VpcEgress;
  /**
   * Connection names of Cloud SQL instances, mounted under /cloudsql. The runtime account gets `roles/cloudsql.client` on
   * the project, since Cloud SQL has no policies of its own per instance.
   */
  cloudSqlInstances?: pulumi.Input<string>[];
  /** Whether another pipeline deploys images: then a changed image is not a change here. Default: false. */
  imageDeployedElsewhere?: boolean;
  /** Whether Google refuses to delete the job. Default: true, as the provider's. */
  deletionProtection?: pulumi.Input<boolean>;
  /** Labels of the job. */
  labels?: Record<string, pulumi.Input<string>>;
  /** Who deploys the job: IAM members under keys of your choice, who may then attach its runtime account. Renaming a key takes access away (docs/resource-options.md). */
  deployers?: Record<string, pulumi.Input<string>>;
}

/** How `authorize` of a `CloudRunJob` makes its grant. */
export interface AuthorizeJobOptions {
  /** The role. Default: `roles/run.jobsExecutor`. */
  role?: RunJobRole;
  /** Names the grant, where two callers have the same name; one caller has one name. Default: the caller's name. */
  as?: string;
  /**
   * What `as` was before it was changed or taken away. Without it a grant is made anew, and access goes with the old one,
   * which is the same for Google. Default: nothing but the caller's own names, which are known.
   */
  formerly?: string[];
}

/**
 * A Cloud Run job that only those may run whom it authorizes. It has no address of its own: a source runs it through the
 * Cloud Run API, with an access token of its caller.
 *
 * ```typescript
 * const nightly = new CallerIdentity("nightly", { accessTokens: true });
 * const cleanup = new CloudRunJob("cleanup", {
 *   image: "us-docker.pkg.dev/cloudrun/container/job",
 *   region: "us-central1",
 * });
 * new SchedulerJob("nightly", { schedule: "0 3 * * *", target: cleanup.authorize(nightly) });
 * ```
 *
 * The call is answered as soon as the execution has begun; whether it succeeds shows in its own log. Pub/Sub cannot run
 * a job, since its pushes carry no access tokens. Besides those who are authorized, owners, editors, Run admins and
 * developers of the project may run it.
 */
export class CloudRunJob extends pulumi.ComponentResource {
  /** The job's name. */
  readonly jobName: pulumi.Output<string>;
  /** The account that the code runs as. */
  readonly runtimeEmail: pulumi.Output<string>;

  constructor(name: string, args: CloudRunJobArgs, opts?: pulumi.ComponentResourceOptions) {
    super("automatic-oidc:index:CloudRunJob", name, NO_INPUTS, opts);
    const subject = { component: "CloudRunJob", name };
    requireArguments(subject, args, "image", "region");
    const options = childOf(this, opts);
    const identity = runIdentity(subject, args, options);
    const job = createJob(subject, args, identity, options);

    this.jobName = job.name;
    this.runtimeEmail = identity.email;
    beside.set(this, {
      authorizations: new Authorizations(subject),
      nodes: { job, ...identity.nodes },
    });
    this.registerOutputs({ jobName: this.jobName, runtimeEmail: this.runtimeEmail });
  }

  /**
   * Lets a caller run the job, and answers what a source needs to do so as that caller. Once per caller: asked again it
   * answers the same. The grant is a `RunJobInvoker` called `NAME-CALLER`.
   */
  authorize(caller: Caller, options: AuthorizeJobOptions = {}): AuthorizedTarget {
    const { authorizations, nodes } = beside.get(this);
    const role = options.role ?? RunJobRole.Executor;
    return authorizations.of(caller, role, options, ({ name, aliases, reference }) => {
      const { url, serviceAccountEmail, scope } = new RunJobInvoker(
        name,
        {
          job: nodes.job.name,
          region: nodes.job.location,
          project: nodes.job.project,
          caller: reference,
          role,
        },
        { parent: this, aliases },
      );
      return { url, serviceAccountEmail, scope };
    });
  }

  /** The underlying resources. */
  get nodes(): CloudRunJobNodes {
    return beside.get(this).nodes;
  }
}

/** The resources that a `CloudRunJob` is made of. */
export interface CloudRunJobNodes {
  /** `NAME`. The job. */
  readonly job: cloudrunv2.Job;
  /** `NAME-runtime`. The account that the code runs as, unless one was brought along. */
  readonly runtimeAccount?: serviceaccount.Account;
  /** `NAME-runtime-deployer-KEY`. A grant on the runtime account for each of `deployers`. */
  readonly deployerGrants: Readonly<Record<string, serviceaccount.IAMMember>>;
  /** `NAME-secret-SECRET`. A grant for each secret, called after it, or after its variable if the secret is an output. */
  readonly secretGrants: readonly secretmanager.SecretIamMember[];
  /** `NAME-cloudsql`. With `cloudSqlInstances`: `roles/cloudsql.client` for the runtime account, on the project. */
  readonly cloudSqlGrant?: projects.IAMMember;
}

const beside = new Beside<
  CloudRunJob,
  { authorizations: Authorizations<AuthorizedTarget>; nodes: CloudRunJobNodes }
>();

function createJob(
  subject: Subject,
  args: CloudRunJobArgs,
  identity: RunIdentity,
  options: pulumi.CustomResourceOptions,
): cloudrunv2.Job {
  const { name, options: named } = autoName(
    { subject, child: subject.name, rule: NAME_RULES.runJob, exact: args.jobName, property: "jobName" },
    options,
  );
  const ownedElsewhere = {
    ignoreChanges: ["template.template.containers[0].image", "client", "clientVersion"],
  };
  const tasks = checked(subject, "tasks", args.tasks ?? 1, within(1, 10_000, "tasks"));
  return new cloudrunv2.Job(
    subject.name,
    {
      name,
      location: checked(subject, "region", args.region, regionName),
      project: args.project,
      deletionProtection: args.deletionProtection,
      labels: checkedLabels(subject, args.labels),
      // Limits: https://docs.cloud.google.com/run/quotas, https://docs.cloud.google.com/run/docs/configuring/max-retries
      template: {
        taskCount: tasks,
        parallelism: parallelismOf(subject, args.parallelism, tasks),
        template: taskTemplate(
          {
            image: checked(subject, "image", args.image, nonEmpty),
            command: args.command,
            arguments: args.arguments,
            environment: args.environment ?? {},
            secrets: args.secrets ?? {},
            cpu: args.cpu ?? "1",
            memory: args.memory ?? "512Mi",
            maxRetries: checked(subject, "maxRetries", args.maxRetries ?? 3, within(0, 10, "retries")),
            timeout: checked(subject, "timeout", args.timeout ?? "600s", durationWithin(1, 604_800)),
            vpcEgress: args.vpcEgress,
            cloudSqlInstances: args.cloudSqlInstances ?? [],
          },
          after(identity.attachableEmail, identity.revisionNeeds),
        ),
      },
    },
    args.imageDeployedElsewhere === true ? pulumi.mergeOptions(named, ownedElsewhere) : named,
  );
}

/**
 * 0 is as many as possible (https://docs.cloud.google.com/run/docs/reference/rest/v2/ExecutionTemplate). Said in words,
 * since a limit that is left out later would stay: the provider takes what is there for Google's own choice.
 */
function parallelismOf(
  subject: Subject,
  given: pulumi.Input<number> | undefined,
  tasks: pulumi.Input<number>,
): pulumi.Input<number> {
  if (given === undefined) return 0;
  const parallelism = checked(subject, "parallelism", given, within(1, 10_000, "tasks"));
  return notAbove(subject, "parallelism", parallelism, { property: "tasks", value: tasks }, Number);
}
