import * as cloudrunv2 from "@pulumi/gcp/cloudrunv2";
import * as pulumi from "@pulumi/pulumi";
import { callerEmail } from "../wiring/accounts";
import { after } from "../wiring/after";
import { requireArguments } from "../wiring/arguments";
import { Beside } from "../wiring/beside";
import type { CallerReference } from "../wiring/callers";
import { checked, oneOf } from "../wiring/checks";
import { childOf, grantOf, NO_INPUTS } from "../wiring/options";
import { bareName, regionName } from "../wiring/places";
import { CLOUD_PLATFORM } from "../wiring/scopes";
import { runJobUrl } from "../wiring/urls";

/** The roles that let a caller run a Run job. */
export const RunJobRole = {
  /** Runs the job as it is. */
  Executor: "roles/run.jobsExecutor",
  /** Runs it with other arguments, environment or number of tasks too, as the body of the call says. */
  ExecutorWithOverrides: "roles/run.jobsExecutorWithOverrides",
} as const;
export type RunJobRole = (typeof RunJobRole)[keyof typeof RunJobRole];

/** Arguments of `RunJobInvoker`. */
export interface RunJobInvokerArgs {
  /** Name of the Run job. */
  job: pulumi.Input<string>;
  /** Region of the job. */
  region: pulumi.Input<string>;
  /** Id of the job's project. Default: the provider's. */
  project?: pulumi.Input<string>;
  /** Who may run it. A `CallerIdentity` fits. */
  caller: CallerReference;
  /** The role. Default: `roles/run.jobsExecutor`. Changing it makes the new grant first and deletes the old one last. */
  role?: RunJobRole;
}

/**
 * The grant that lets one caller run one Cloud Run job. It is itself an authorized target: give it to a source as
 * `target`. For jobs that were made elsewhere; `authorize` of a `CloudRunJob` makes one of these. The source calls the
 * Cloud Run API with an access token, since a job has no address of its own.
 *
 * ```typescript
 * const cleanup = new RunJobInvoker("cleanup", {
 *   job: "cleanup", region: "europe-west1", caller: schedulerunner,
 * });
 * new SchedulerJob("nightly", { schedule: "0 3 * * *", target: cleanup });
 * ```
 */
export class RunJobInvoker extends pulumi.ComponentResource {
  /** The address that runs the job; waits for the grant. */
  readonly url: pulumi.Output<string>;
  /** The account that may run it; waits for the grant, and for what the caller itself waits for. */
  readonly serviceAccountEmail: pulumi.Output<string>;
  /** The scope of the access token; waits for the grant. */
  readonly scope: pulumi.Output<string>;

  constructor(name: string, args: RunJobInvokerArgs, opts?: pulumi.ComponentResourceOptions) {
    super("automatic-oidc:index:RunJobInvoker", name, NO_INPUTS, opts);
    const subject = { component: "RunJobInvoker", name };
    requireArguments(subject, args, "job", "region", "caller");
    const job = checked(subject, "job", args.job, bareName("job"));
    const region = checked(subject, "region", args.region, regionName);
    const role = checked(subject, "role", args.role ?? RunJobRole.Executor, oneOf(RunJobRole));
    const caller = checked(subject, "caller.email", args.caller.email, callerEmail);

    const grant = new cloudrunv2.JobIamMember(
      `${name}-${args.role === RunJobRole.ExecutorWithOverrides ? "executor-with-overrides" : "executor"}`,
      {
        name: job,
        location: region,
        project: args.project,
        role,
        member: args.caller.member ?? pulumi.interpolate`serviceAccount:${caller}`,
      },
      grantOf(childOf(this, opts)),
    );
    nodes.set(this, { grant });

    const at = pulumi.all([args.project ?? grant.project, region, job]);
    this.url = after(
      at.apply(([project, location, id]) => runJobUrl(project, location, id)),
      [grant.role],
    );
    this.serviceAccountEmail = after(caller, [grant.role]);
    this.scope = after(CLOUD_PLATFORM, [grant.role]);
    this.registerOutputs({ url: this.url, serviceAccountEmail: this.serviceAccountEmail, scope: this.scope });
  }

  /** The underlying resources. */
  get nodes(): RunJobInvokerNodes {
    return nodes.get(this);
  }
}

/** The resources that a `RunJobInvoker` is made of. */
export interface RunJobInvokerNodes {
  /** `NAME-executor`. The grant; `NAME-executor-with-overrides` with the wider role. */
  readonly grant: cloudrunv2.JobIamMember;
}

const nodes = new Beside<RunJobInvoker, RunJobInvokerNodes>();
