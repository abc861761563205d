import * as pulumi from "@pulumi/pulumi";
import type { DedicatedAccount, Deployers } from "../identity/dedicatedAccount";
import { dedicatedAccount } from "../identity/dedicatedAccount";
import type { Subject } from "../wiring/checks";
import { checked, checkedIfGiven, nonEmpty } from "../wiring/checks";
import { displayName } from "../wiring/names";
import { bareName, regionName } from "../wiring/places";
import { httpsUrl } from "../wiring/urls";
import { RunInvoker } from "./RunInvoker";

/** The private Run service behind a gateway. Of a `CloudRunService`: its `serviceName`, its region and its `uri`. */
export interface GatewayBackend {
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
}

/** The leaves of a backend, checked under the gateway's name. */
export function checkedBackend(subject: Subject, backend: GatewayBackend): GatewayBackend {
  return {
    service: checked(subject, "backend.service", backend.service, bareName("service")),
    region: checked(subject, "backend.region", backend.region, regionName),
    project: checkedIfGiven(subject, "backend.project", backend.project, nonEmpty),
    url: checked(subject, "backend.url", backend.url, httpsUrl),
    audience: checkedIfGiven(subject, "backend.audience", backend.audience, nonEmpty),
  };
}

/** As whom a gateway calls its backend: an account of its own, and the grant that lets it in. */
export interface GatewayIdentity {
  readonly account: DedicatedAccount;
  readonly invoker: RunInvoker;
}

/** Makes the account that a gateway calls as, `NAME-proxy`, and lets it into the backend, `NAME-backend`. */
export function gatewayIdentity(
  subject: Subject,
  args: { project?: pulumi.Input<string>; deployers?: Deployers; backend: GatewayBackend },
  options: pulumi.CustomResourceOptions,
): GatewayIdentity {
  const { backend, project, deployers } = args;
  const account = dedicatedAccount(
    {
      subject,
      child: `${subject.name}-proxy`,
      project,
      displayName: displayName(`${subject.name} proxy`),
      description: "Passes on what the gateway lets through; has no other purpose",
      deployers,
    },
    options,
  );
  const caller = { email: account.email, member: pulumi.interpolate`serviceAccount:${account.email}` };
  const invoker = new RunInvoker(`${subject.name}-backend`, { ...backend, caller }, options);
  return { account, invoker };
}
