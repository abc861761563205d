import * as projects from "@pulumi/gcp/projects";
import * as pulumi from "@pulumi/pulumi";
import { after } from "../wiring/after";
import { requireArguments } from "../wiring/arguments";
import { Beside } from "../wiring/beside";
import type { Check } from "../wiring/checks";
import { checkedNow, refuse } from "../wiring/checks";
import { childOf, NO_INPUTS } from "../wiring/options";

/** Arguments of `ProjectApis`. */
export interface ProjectApisArgs {
  /** Id of the project. Changing it replaces everything. */
  project: pulumi.Input<string>;
  /**
   * The APIs to enable, such as `run.googleapis.com` or just `run`. Each is a resource of its own, named after its
   * API, so adding one changes nothing else.
   */
  services: string[];
}

/**
 * Enables the APIs that a stack needs, and never disables one: others in the project may rely on it.
 *
 * Create everything else in the project that this component hands out, and it waits for the APIs. Look the project's
 * number up with the plain project id, not with this output: else one more API makes the number, and with it every
 * grant to an agent, unknown in the preview.
 *
 * ```typescript
 * const apis = new ProjectApis("apis", { project: "my-project", services: ["run", "cloudscheduler", "iam"] });
 * new CloudRunService("hello", { project: apis.project, region: "us-central1", image: "…" });
 * ```
 *
 * A new project needs three things by hand, once: billing, and the APIs `serviceusage` and `cloudresourcemanager`,
 * through which all others are enabled. Activation takes a while to be seen everywhere: when the first deployment
 * stops at "… has not been used in project … before or it is disabled", run it again
 * (https://registry.terraform.io/providers/hashicorp/google/latest/docs/resources/google_project_service).
 */
export class ProjectApis extends pulumi.ComponentResource {
  /** The project id, for all that must wait until the APIs are enabled. */
  readonly project: pulumi.Output<string>;

  constructor(name: string, args: ProjectApisArgs, opts?: pulumi.ComponentResourceOptions) {
    super("automatic-oidc:index:ProjectApis", name, NO_INPUTS, opts);
    const subject = { component: "ProjectApis", name };
    requireArguments(subject, args, "project", "services");
    const apis = args.services.map((service) => inFull(checkedNow(subject, "services", service, apiName)));
    const twice = apis.find((api, index) => apis.indexOf(api) !== index);
    if (twice !== undefined) {
      refuse(subject, "services", twice, { problem: "is there twice", remedy: "Name each API once" });
    }

    const services = apis.map((service) => enableApi(name, service, args.project, childOf(this, opts)));
    nodes.set(this, { services });
    this.project = after(
      args.project,
      services.map((service) => service.service),
    );
    this.registerOutputs({ project: this.project });
  }

  /** The underlying resources. */
  get nodes(): ProjectApisNodes {
    return nodes.get(this);
  }
}

/** The resources that a `ProjectApis` is made of. */
export interface ProjectApisNodes {
  /** `NAME-API`. One for each API, named after it without its domain. */
  readonly services: readonly projects.Service[];
}

const nodes = new Beside<ProjectApis, ProjectApisNodes>();

const apiName: Check<string> = (service) =>
  typeof service === "string" && /^[a-z][a-z0-9-]*(\.googleapis\.com)?$/.test(service)
    ? undefined
    : { problem: "is not an API's name", remedy: 'Write it as "run.googleapis.com" or "run"' };

const inFull = (service: string): string =>
  service.endsWith(".googleapis.com") ? service : `${service}.googleapis.com`;

function enableApi(
  name: string,
  service: string,
  project: pulumi.Input<string>,
  options: pulumi.CustomResourceOptions,
): projects.Service {
  return new projects.Service(
    `${name}-${service.replace(".googleapis.com", "")}`,
    { project, service, disableOnDestroy: false },
    options,
  );
}
