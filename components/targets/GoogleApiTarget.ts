import * as pulumi from "@pulumi/pulumi";
import { callerEmail } from "../wiring/accounts";
import { after } from "../wiring/after";
import { requireArguments } from "../wiring/arguments";
import type { CallerReference } from "../wiring/callers";
import { checked, nonEmpty } from "../wiring/checks";
import { NO_INPUTS } from "../wiring/options";
import { CLOUD_PLATFORM, oauthScope } from "../wiring/scopes";
import { googleApiUrl } from "../wiring/urls";

/** Arguments of `GoogleApiTarget`. */
export interface GoogleApiTargetArgs {
  /** The https address of the call, on a host of `googleapis.com`; its method is the source's matter. */
  url: pulumi.Input<string>;
  /** Who calls. A `CallerIdentity` fits; in a hardened project it needs `accessTokens: true`. */
  caller: CallerReference;
  /**
   * A value that waits for the grant which the call needs, and should be known in previews: the `role` of the IAM
   * resource that makes it. Grant on the one resource that is called, never on the project.
   */
  grant: pulumi.Input<string>;
  /** The OAuth scope of the access token. Default: `https://www.googleapis.com/auth/cloud-platform`. */
  scope?: pulumi.Input<string>;
}

/**
 * A call of one of Google's own APIs as one caller, with an access token instead of an id_token. It is itself an
 * authorized target: give it to a `SchedulerJob` or a `TaskQueue` as `target`; Pub/Sub sends no access tokens. It makes no
 * grant, since every API has its own kind of resource to grant on: make that grant beside it and give its `role`. To run a
 * Cloud Run job, use `CloudRunJob` or `RunJobInvoker`, which make theirs.
 *
 * ```typescript
 * const mayPublish = new gcp.pubsub.TopicIAMMember("nightly-publishes", {
 *   topic: runtopic.id, role: "roles/pubsub.publisher", member: schedulerunner.member,
 * });
 * const publish = new GoogleApiTarget("publish", {
 *   url: pulumi.interpolate`https://pubsub.googleapis.com/v1/${runtopic.id}:publish`,
 *   caller: schedulerunner,
 *   grant: mayPublish.role,
 * });
 * new SchedulerJob("nightly", { schedule: "0 3 * * *", target: publish, body: { messages: [{ data: "aGk=" }] } });
 * ```
 */
export class GoogleApiTarget extends pulumi.ComponentResource {
  /** The address to call; waits for the grant. */
  readonly url: pulumi.Output<string>;
  /** The account that calls; waits for the grant, and for what the caller itself waits for. */
  readonly serviceAccountEmail: pulumi.Output<string>;
  /** The scope of the access token; waits for the grant. */
  readonly scope: pulumi.Output<string>;

  constructor(name: string, args: GoogleApiTargetArgs, opts?: pulumi.ComponentResourceOptions) {
    super("automatic-oidc:index:GoogleApiTarget", name, NO_INPUTS, opts);
    const subject = { component: "GoogleApiTarget", name };
    requireArguments(subject, args, "url", "caller", "grant");
    const url = checked(subject, "url", args.url, googleApiUrl);
    const caller = checked(subject, "caller.email", args.caller.email, callerEmail);
    const scope = checked(subject, "scope", args.scope ?? CLOUD_PLATFORM, oauthScope);
    const grant = checked(subject, "grant", args.grant, nonEmpty);

    this.url = after(url, [grant]);
    this.serviceAccountEmail = after(caller, [grant]);
    this.scope = after(scope, [grant]);
    this.registerOutputs({ url: this.url, serviceAccountEmail: this.serviceAccountEmail, scope: this.scope });
  }
}
