import * as iap from "@pulumi/gcp/iap";
import * as pulumi from "@pulumi/pulumi";
import { callerEmail } from "../wiring/accounts";
import { after } from "../wiring/after";
import { requireArguments } from "../wiring/arguments";
import { audienceLater } from "../wiring/audience";
import { Beside } from "../wiring/beside";
import type { CallerReference } from "../wiring/callers";
import type { Subject } from "../wiring/checks";
import { checked, isPlain, nonEmpty, refuse } from "../wiring/checks";
import { oauthClient } from "../wiring/oauthClient";
import { childOf, grantOf, NO_INPUTS } from "../wiring/options";
import { bareName, regionName } from "../wiring/places";
import { httpsUrl } from "../wiring/urls";

/** Arguments of `IapInvoker`: either `service` and `region`, or `backendService`. */
export interface IapInvokerArgs {
  /** Name of the Cloud Run service that has IAP switched on. Changing it makes another grant. */
  service?: pulumi.Input<string>;
  /** Region of `service`. */
  region?: pulumi.Input<string>;
  /** Name of the global backend service behind a load balancer that has IAP switched on. Changing it makes another grant. */
  backendService?: pulumi.Input<string>;
  /** Id of the project of either. Default: the provider's. */
  project?: pulumi.Input<string>;
  /** The https address to call: the service's own, or the load balancer's. */
  url: pulumi.Input<string>;
  /**
   * Id of the OAuth client that IAP lets programs use: `NUMBER-LETTERS.apps.googleusercontent.com`. It is the audience of
   * every token.
   */
  clientId: pulumi.Input<string>;
  /** Who is let in. A `CallerIdentity` fits. */
  caller: CallerReference;
}

/**
 * The grant that lets one caller through Identity-Aware Proxy, on a Cloud Run service or on a backend service. It is
 * itself an authorized target: give it to a source as `target`. Scheduler, Tasks and Pub/Sub can all send its audience.
 *
 * ```typescript
 * const reports = new IapInvoker("reports", {
 *   service: "reports", region: "europe-west1", url: reportsUrl, caller: schedulerunner,
 *   clientId: "123456789012-abc.apps.googleusercontent.com",
 * });
 * new SchedulerJob("nightly", { schedule: "0 3 * * *", target: reports });
 * ```
 *
 * For what was made elsewhere; a Run service of one's own has all of it by `iap` of `CloudRunService`. Three things are not
 * its to make. The OAuth client: no API creates one, it is made by hand in the console. Its place on
 * the allow-list for programs (`gcp.iap.Settings`, `programmaticClients`): without it, IAP answers 401 to every token,
 * whatever is granted. And, before a Run service, the grant of `roles/run.invoker` to IAP's own agent
 * (`service-NUMBER@gcp-sa-iap.iam.gserviceaccount.com`), as which IAP calls on: IAP decides first, then IAM decides about
 * IAP. So `roles/run.invoker` for the caller opens nothing
 * (https://docs.cloud.google.com/iap/docs/authentication-howto,
 * https://docs.cloud.google.com/run/docs/securing/identity-aware-proxy-cloud-run). That page warns that Pub/Sub may stop
 * working: it does with its usual audience, the address, and Google names the client's id for it instead
 * (https://docs.cloud.google.com/pubsub/docs/authenticate-push-subscriptions).
 *
 * On a backend service it is the grant alone: load balancer, IAP on it (`iap` of `gcp.compute.BackendService`) and its settings
 * are the program's. The sandbox models none of these: it keeps the grant, and answers 501 to who calls through it.
 */
export class IapInvoker extends pulumi.ComponentResource {
  /** The address to call; waits for the grant. */
  readonly url: pulumi.Output<string>;
  /** The account that is let in; waits for the grant, and for what the caller itself waits for. */
  readonly serviceAccountEmail: pulumi.Output<string>;
  /** The OAuth client's id; waits for the grant. */
  readonly audience: pulumi.Output<string>;

  constructor(name: string, args: IapInvokerArgs, opts?: pulumi.ComponentResourceOptions) {
    super("automatic-oidc:index:IapInvoker", name, NO_INPUTS, opts);
    const subject = { component: "IapInvoker", name };
    requireArguments(subject, args, "url", "clientId", "caller");
    const { email, member } = args.caller;
    const url = checked(subject, "url", args.url, httpsUrl);
    const clientId = checked(subject, "clientId", args.clientId, oauthClient);
    const caller = checked(subject, "caller.email", email, callerEmail);

    const grant = createGrant(
      subject,
      args,
      member ?? pulumi.interpolate`serviceAccount:${caller}`,
      grantOf(childOf(this, opts)),
    );
    nodes.set(this, { grant });

    this.url = after(url, [grant.role]);
    this.serviceAccountEmail = after(caller, [grant.role]);
    this.audience = after(iapAudience(clientId), [grant.role]);
    this.registerOutputs({
      url: this.url,
      serviceAccountEmail: this.serviceAccountEmail,
      audience: this.audience,
    });
  }

  /** The underlying resources. */
  get nodes(): IapInvokerNodes {
    return nodes.get(this);
  }
}

/** The resources that an `IapInvoker` is made of. */
export interface IapInvokerNodes {
  /** `NAME-accessor`. The grant: on the Cloud Run service, or on the backend service. */
  readonly grant: iap.WebCloudRunServiceIamMember | iap.WebBackendServiceIamMember;
}

const nodes = new Beside<IapInvoker, IapInvokerNodes>();

// The one role with the one permission that IAP asks for. https://docs.cloud.google.com/iap/docs/managing-access
export const IAP_ROLE = "roles/iap.httpsResourceAccessor";

/** The address has no part in it, and as long as the service is new would hide it in previews. */
export function iapAudience(clientId: pulumi.Input<string>): pulumi.Output<string> {
  return audienceLater("iap", "", clientId);
}

function createGrant(
  subject: Subject,
  { service, region, backendService, project }: IapInvokerArgs,
  member: pulumi.Input<string>,
  options: pulumi.CustomResourceOptions,
): IapInvokerNodes["grant"] {
  const name = `${subject.name}-accessor`;
  if (backendService === undefined) {
    const on = {
      cloudRunServiceName: checked(
        subject,
        "service",
        service ?? missing(subject, "service"),
        bareName("service"),
      ),
      location: checked(subject, "region", region ?? missing(subject, "region"), regionName),
      project,
    };
    return new iap.WebCloudRunServiceIamMember(name, { ...on, role: IAP_ROLE, member }, options);
  }
  if (service !== undefined) refuseBeside(subject, "service", service);
  if (region !== undefined) refuseBeside(subject, "region", region);
  const webBackendService = checked(subject, "backendService", backendService, nonEmpty);
  return new iap.WebBackendServiceIamMember(
    name,
    { webBackendService, project, role: IAP_ROLE, member },
    options,
  );
}

function missing(subject: Subject, property: string): never {
  return refuse(subject, property, undefined, {
    problem: "does not say what IAP stands before",
    remedy: "Give service and region of a Run service, or backendService",
  });
}

/** The grant on a backend service of one region is another resource, which has no component here. */
function refuseBeside(subject: Subject, property: string, value: pulumi.Input<string>): never {
  return refuse(subject, property, isPlain(value) ? value : "an output", {
    problem: "is given together with backendService, which is a global one of a load balancer's",
    remedy: "Give service and region of a Run service, or backendService alone",
  });
}
