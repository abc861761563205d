import * as cloudrunv2 from "@pulumi/gcp/cloudrunv2";
import * as iap from "@pulumi/gcp/iap";
import * as projects from "@pulumi/gcp/projects";
import * as pulumi from "@pulumi/pulumi";
import { projectNumber } from "../identity/projectNumber";
import { after } from "../wiring/after";
import { agentEmail } from "../wiring/agents";
import type { Subject } from "../wiring/checks";
import { checked, isPlain, refuse } from "../wiring/checks";
import { checkedMembers } from "../wiring/members";
import { oauthClient } from "../wiring/oauthClient";
import { grantOf } from "../wiring/options";
import { IAP_ROLE } from "./IapInvoker";
import { RunInvokerRole } from "./RunInvoker";

/** Identity-Aware Proxy before a Run service. */
export interface RunIap {
  /**
   * Id of an OAuth client, `NUMBER-LETTERS.apps.googleusercontent.com`: the audience that authorized callers send, put on
   * the list of those that programs may use. Make it by hand in the console; no API does.
   */
  clientId: pulumi.Input<string>;
  /** Ids that programs may use besides, such as the former one until tokens for it have expired. Default: none. */
  formerClientIds?: pulumi.Input<string>[];
  /**
   * Who else gets through, that no source here speaks for, such as people with a browser: IAM members ("group:…") under
   * keys of your choice, which name their grants. Everybody is refused. Default: nobody.
   */
  accessors?: Record<string, pulumi.Input<string>>;
  /**
   * Number of the service's project, from which the address of IAP's agent is computed. Default: looked up, with `project`
   * or the provider's project; needed when `project` is an output.
   */
  projectNumber?: pulumi.Input<string>;
}

/** What is made for IAP before a service. */
interface RunIapNodes {
  readonly iapAgent: projects.ServiceIdentity;
  readonly iapAgentGrant: cloudrunv2.ServiceIamMember;
  readonly iapSettings: iap.Settings;
  readonly iapAccessors: Readonly<Record<string, iap.WebCloudRunServiceIamMember>>;
}

/** IAP before a service, ready for callers. */
export interface IapBefore {
  readonly clientId: pulumi.Input<string>;
  /** The service's address, for whoever must wait until IAP lets programs on and the service lets IAP in. */
  readonly url: pulumi.Output<string>;
  readonly nodes: RunIapNodes;
}

/** What has no meaning together with IAP, which decides first and calls on as an agent of its own. */
export interface BesideIap {
  readonly iap?: RunIap;
  readonly invokers?: Readonly<Record<string, pulumi.Input<string>>>;
  readonly customAudiences?: readonly pulumi.Input<string>[];
}

/** Refuses what would open nothing behind IAP. https://docs.cloud.google.com/run/docs/securing/identity-aware-proxy-cloud-run */
export function checkBesideIap(subject: Subject, { iap: asked, invokers, customAudiences }: BesideIap): void {
  if (asked === undefined) return;
  for (const [key, member] of Object.entries(invokers ?? {})) {
    refuse(subject, `invokers.${key}`, shownAs(member), {
      problem:
        "is given together with iap, which decides first and calls as an agent of its own, so run.invoker opens nothing to anybody else",
      remedy: "Name it in iap.accessors",
    });
  }
  for (const audience of customAudiences ?? []) {
    refuse(subject, "customAudiences", shownAs(audience), {
      problem:
        "is given together with iap, which takes the ids of OAuth clients as audience and nothing else",
      remedy: "Leave it out; authorized callers send iap.clientId",
    });
  }
}

/** Refuses a choice of role: IAP looks at one alone. */
export function checkIapRole(subject: Subject, role: RunInvokerRole | undefined): void {
  if (role === undefined) return;
  refuse(subject, "role", role, {
    problem: `is given for a service with iap, which looks at ${IAP_ROLE} alone`,
    remedy: "Leave it out",
  });
}

/** Lets IAP in and programs through IAP, and people too if any are named. */
export function iapBefore(
  subject: Subject,
  settings: RunIap,
  service: cloudrunv2.Service,
  {
    project,
    parent,
    options,
  }: {
    readonly project?: pulumi.Input<string>;
    readonly parent: pulumi.ComponentResource;
    readonly options: pulumi.CustomResourceOptions;
  },
): IapBefore {
  const clientId = checked(subject, "iap.clientId", settings.clientId, oauthClient);
  const property = "iap.projectNumber";
  const number = projectNumber({ subject, property, number: settings.projectNumber, project, parent });

  const iapAgent = new projects.ServiceIdentity(
    `${subject.name}-iap-agent`,
    { project, service: "iap.googleapis.com" },
    options,
  );
  const iapAgentGrant = grantAgent(subject, service, { agent: iapAgent, number }, options);
  const iapSettings = new iap.Settings(
    `${subject.name}-iap`,
    {
      name: pulumi.interpolate`projects/${number}/iap_web/cloud_run-${service.location}/services/${service.name}`,
      accessSettings: {
        oauthSettings: {
          programmaticClients: [
            clientId,
            ...(settings.formerClientIds ?? []).map((former) =>
              checked(subject, "iap.formerClientIds", former, oauthClient),
            ),
          ],
        },
      },
    },
    options,
  );
  return {
    clientId,
    url: after(service.uri, [iapAgentGrant.role, iapSettings.name]),
    nodes: {
      iapAgent,
      iapAgentGrant,
      iapSettings,
      iapAccessors: grantAccessors(subject, settings.accessors ?? {}, service, options),
    },
  };
}

/**
 * IAP calls the service as its own agent, which comes into being on request and without any role
 * (https://docs.cloud.google.com/iap/docs/enabling-cloud-run). Its address is computed, so that previews show it; the grant
 * waits by a literal that the request echoes.
 */
function grantAgent(
  subject: Subject,
  service: cloudrunv2.Service,
  { agent, number }: { agent: projects.ServiceIdentity; number: pulumi.Input<string> },
  options: pulumi.CustomResourceOptions,
): cloudrunv2.ServiceIamMember {
  const email = pulumi.output(number).apply((known) => agentEmail("iap", known));
  return new cloudrunv2.ServiceIamMember(
    `${subject.name}-iap-agent`,
    {
      name: service.name,
      location: service.location,
      project: service.project,
      role: RunInvokerRole.Invoker,
      member: pulumi.interpolate`serviceAccount:${after(email, [agent.service])}`,
    },
    grantOf(options),
  );
}

function grantAccessors(
  subject: Subject,
  accessors: Readonly<Record<string, pulumi.Input<string>>>,
  service: cloudrunv2.Service,
  options: pulumi.CustomResourceOptions,
): RunIapNodes["iapAccessors"] {
  return Object.fromEntries(
    checkedMembers(subject, "iap.accessors", accessors).map(([key, member]) => [
      key,
      new iap.WebCloudRunServiceIamMember(
        `${subject.name}-accessor-${key}`,
        {
          cloudRunServiceName: service.name,
          location: service.location,
          project: service.project,
          role: IAP_ROLE,
          member,
        },
        grantOf(options),
      ),
    ]),
  );
}

const shownAs = (value: pulumi.Input<string>): unknown => (isPlain(value) ? value : "an output");
