import * as cloudfunctions from "@pulumi/gcp/cloudfunctions";
import * as pulumi from "@pulumi/pulumi";
import { callerEmail } from "../wiring/accounts";
import { after } from "../wiring/after";
import { requireArguments } from "../wiring/arguments";
import { audienceLater } from "../wiring/audience";
import { Beside } from "../wiring/beside";
import type { CallerReference } from "../wiring/callers";
import { checked, checkedIfGiven } from "../wiring/checks";
import { childOf, grantOf, NO_INPUTS } from "../wiring/options";
import { bareName, regionName } from "../wiring/places";
import { httpsUrl } from "../wiring/urls";

/** Arguments of `FunctionV1Invoker`. */
export interface FunctionV1InvokerArgs {
  /** Name of the 1st gen function. */
  function: pulumi.Input<string>;
  /** Region of the function. Default: the provider's. */
  region?: pulumi.Input<string>;
  /** Id of the function's project. Default: the provider's. */
  project?: pulumi.Input<string>;
  /** The function's own https address with its name in it, as the deployed resource reports it. Also the audience. */
  url: pulumi.Input<string>;
  /** Who is let in. A `CallerIdentity` fits. */
  caller: CallerReference;
}

/**
 * The grant that lets one caller into one 1st gen function: `roles/cloudfunctions.invoker` on it. It is itself an
 * authorized target: give it to a source as `target`. For functions that were made elsewhere. A 2nd gen function is
 * not opened by this role: use `RunInvoker` on the service underneath
 * (https://docs.cloud.google.com/functions/docs/securing/authenticating).
 *
 * ```typescript
 * const legacy = new FunctionV1Invoker("legacy", {
 *   function: "legacy", region: "us-central1", url: legacyUrl, caller: schedulerunner,
 * });
 * ```
 */
export class FunctionV1Invoker extends pulumi.ComponentResource {
  /** The address to call; waits for the grant. */
  readonly url: pulumi.Output<string>;
  /** The account that is let in; waits for the grant, and for what the caller itself waits for. */
  readonly serviceAccountEmail: pulumi.Output<string>;
  /** The exact audience that the function accepts; waits for the grant. */
  readonly audience: pulumi.Output<string>;

  constructor(name: string, args: FunctionV1InvokerArgs, opts?: pulumi.ComponentResourceOptions) {
    super("automatic-oidc:index:FunctionV1Invoker", name, NO_INPUTS, opts);
    const subject = { component: "FunctionV1Invoker", name };
    requireArguments(subject, args, "function", "url", "caller");
    const { email, member } = args.caller;
    const url = checked(subject, "url", args.url, httpsUrl);
    const caller = checked(subject, "caller.email", email, callerEmail);

    const grant = new cloudfunctions.FunctionIamMember(
      `${name}-invoker`,
      {
        cloudFunction: checked(subject, "function", args.function, bareName("function")),
        region: checkedIfGiven(subject, "region", args.region, regionName),
        project: args.project,
        role: "roles/cloudfunctions.invoker",
        member: member ?? pulumi.interpolate`serviceAccount:${caller}`,
      },
      grantOf(childOf(this, opts)),
    );
    nodes.set(this, { grant });

    this.url = after(url, [grant.role]);
    this.serviceAccountEmail = after(caller, [grant.role]);
    this.audience = audienceLater("functionV1", this.url);
    this.registerOutputs({
      url: this.url,
      serviceAccountEmail: this.serviceAccountEmail,
      audience: this.audience,
    });
  }

  /** The underlying resources. */
  get nodes(): FunctionV1InvokerNodes {
    return nodes.get(this);
  }
}

/** The resources that a `FunctionV1Invoker` is made of. */
export interface FunctionV1InvokerNodes {
  /** `NAME-invoker`. The grant. */
  readonly grant: cloudfunctions.FunctionIamMember;
}

const nodes = new Beside<FunctionV1Invoker, FunctionV1InvokerNodes>();
