import * as cloudrunv2 from "@pulumi/gcp/cloudrunv2";
import * as pulumi from "@pulumi/pulumi";
import { callerEmail } from "../wiring/accounts";
import { after } from "../wiring/after";
import { requireArguments } from "../wiring/arguments";
import { audienceLater } from "../wiring/audience";
import { Beside } from "../wiring/beside";
import type { CallerReference } from "../wiring/callers";
import { checked, checkedIfGiven, nonEmpty, oneOf } from "../wiring/checks";
import { childOf, grantOf, NO_INPUTS } from "../wiring/options";
import { bareName, regionName } from "../wiring/places";
import { httpsUrl } from "../wiring/urls";

/** The roles that let a caller into a Run service. */
export const RunInvokerRole = {
  /** Calls the service (and runs its jobs, were it one): the role that Google's pages name. */
  Invoker: "roles/run.invoker",
  /** Calls services and nothing else: narrower. */
  ServicesInvoker: "roles/run.servicesInvoker",
} as const;
export type RunInvokerRole = (typeof RunInvokerRole)[keyof typeof RunInvokerRole];

/** Arguments of `RunInvoker`. */
export interface RunInvokerArgs {
  /** Name of the Run service. For a 2nd gen function: that of the service underneath (`serviceConfig.service`). */
  service: pulumi.Input<string>;
  /** Region of the service. */
  region: pulumi.Input<string>;
  /** Id of the service's project. Default: the provider's. */
  project?: pulumi.Input<string>;
  /** The service's own https address, as the deployed resource reports it. */
  url: pulumi.Input<string>;
  /** A custom audience that the service accepts. Default: the bare `url`. */
  audience?: pulumi.Input<string>;
  /** Who is let in. A `CallerIdentity` fits. */
  caller: CallerReference;
  /** The role. Default: `roles/run.invoker`. Changing it makes the new grant first and deletes the old one last. */
  role?: RunInvokerRole;
}

/**
 * The grant that lets one caller into one Cloud Run service, or into a 2nd gen function, which is one underneath. It is
 * itself an authorized target: give it to a source as `target`. For services that were made elsewhere: by hand, by
 * another tool, in another stack or language. `authorize` of the targets here makes one of these.
 *
 * ```typescript
 * const reports = new RunInvoker("reports", {
 *   service: "reports", region: "europe-west1", url: reportsUrl, caller: schedulerunner,
 * });
 * new SchedulerJob("nightly", { schedule: "0 3 * * *", target: reports });
 * ```
 */
export class RunInvoker extends pulumi.ComponentResource {
  /** The address to call; waits for the grant. */
  readonly url: pulumi.Output<string>;
  /** The account that is let in; waits for the grant, and for what the caller itself waits for. */
  readonly serviceAccountEmail: pulumi.Output<string>;
  /** The exact audience that the service accepts; waits for the grant. */
  readonly audience: pulumi.Output<string>;

  constructor(name: string, args: RunInvokerArgs, opts?: pulumi.ComponentResourceOptions) {
    super("automatic-oidc:index:RunInvoker", name, NO_INPUTS, opts);
    const subject = { component: "RunInvoker", name };
    requireArguments(subject, args, "service", "region", "url", "caller");
    const { email, member } = args.caller;
    const service = checked(subject, "service", args.service, bareName("service"));
    const region = checked(subject, "region", args.region, regionName);
    const url = checked(subject, "url", args.url, httpsUrl);
    const declared = checkedIfGiven(subject, "audience", args.audience, nonEmpty);
    const role = checked(subject, "role", args.role ?? RunInvokerRole.Invoker, oneOf(RunInvokerRole));
    const caller = checked(subject, "caller.email", email, callerEmail);

    const grant = new cloudrunv2.ServiceIamMember(
      `${name}-${args.role === RunInvokerRole.ServicesInvoker ? "services-invoker" : "invoker"}`,
      {
        name: service,
        location: region,
        project: args.project,
        role,
        member: member ?? pulumi.interpolate`serviceAccount:${caller}`,
      },
      grantOf(childOf(this, opts)),
    );
    nodes.set(this, { grant });

    this.url = after(url, [grant.role]);
    this.serviceAccountEmail = after(caller, [grant.role]);
    this.audience = after(audienceLater("run", url, declared), [grant.role]);
    this.registerOutputs({
      url: this.url,
      serviceAccountEmail: this.serviceAccountEmail,
      audience: this.audience,
    });
  }

  /** The underlying resources. */
  get nodes(): RunInvokerNodes {
    return nodes.get(this);
  }
}

/** The resources that a `RunInvoker` is made of. */
export interface RunInvokerNodes {
  /** `NAME-invoker`. The grant; `NAME-services-invoker` with the narrower role. */
  readonly grant: cloudrunv2.ServiceIamMember;
}

const nodes = new Beside<RunInvoker, RunInvokerNodes>();
