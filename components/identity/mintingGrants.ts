import * as projects from "@pulumi/gcp/projects";
import * as serviceaccount from "@pulumi/gcp/serviceaccount";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { after } from "../wiring/after";
import type { TokenAgent } from "../wiring/agents";
import { agentEmail } from "../wiring/agents";
import type { Subject } from "../wiring/checks";
import { grantOf } from "../wiring/options";

/** What the grants that let agents mint are made from. */
export interface MintingSettings {
  /** The account, as IAM resources name it. */
  readonly account: pulumi.Output<string>;
  readonly project?: pulumi.Input<string>;
  readonly projectNumber: pulumi.Input<string>;
  readonly agents: readonly TokenAgent[];
  readonly emails: Readonly<Partial<Record<TokenAgent, pulumi.Input<string>>>>;
  readonly customRole: boolean;
  readonly tasksActAs: boolean;
  readonly createPubSubAgent: boolean;
}

/** The grants that let agents mint, and what else had to be made for them. */
export interface MintingGrants {
  /** A literal of each grant, to wait for. */
  readonly roles: readonly pulumi.Output<string>[];
  readonly nodes: {
    readonly mintingGrants: Readonly<Partial<Record<TokenAgent, serviceaccount.IAMMember>>>;
    readonly tasksActAs?: serviceaccount.IAMMember;
    readonly customRole?: projects.IAMCustomRole;
    readonly pubSubAgent?: projects.ServiceIdentity;
    readonly pubSubAgentRole?: projects.IAMMember;
  };
}

/** The predefined role that holds `iam.serviceAccounts.getOpenIdToken` and nothing else. */
const MINTER_ROLE = "roles/iam.serviceAccountOpenIdTokenCreator";

/** Lets each agent mint id_tokens of one account, and of no other. */
export function mintingGrants(
  subject: Subject,
  settings: MintingSettings,
  options: pulumi.CustomResourceOptions,
): MintingGrants {
  const minter = settings.customRole ? minterRole(subject, settings, options) : undefined;
  const pubSub = settings.createPubSubAgent ? pubSubAgent(subject, settings, options) : undefined;

  const grants: Partial<Record<TokenAgent, serviceaccount.IAMMember>> = {};
  for (const agent of settings.agents) {
    const email = agent === "pubsub" && pubSub !== undefined ? pubSub.email : emailOf(agent, settings);
    grants[agent] = new serviceaccount.IAMMember(
      `${subject.name}-mint-${agent}`,
      {
        serviceAccountId: settings.account,
        role: minter?.role ?? MINTER_ROLE,
        member: pulumi.interpolate`serviceAccount:${email}`,
      },
      grantOf(options),
    );
  }
  const tasksActAs =
    settings.tasksActAs && grants.tasks !== undefined ? actAsForTasks(subject, settings, options) : undefined;

  const made = [...Object.values(grants), ...(tasksActAs === undefined ? [] : [tasksActAs])];
  return {
    roles: made.map((grant) => grant.role),
    nodes: {
      mintingGrants: grants,
      tasksActAs,
      customRole: minter?.resource,
      pubSubAgent: pubSub?.identity,
      pubSubAgentRole: pubSub?.role,
    },
  };
}

function emailOf(agent: TokenAgent, settings: MintingSettings): pulumi.Input<string> {
  return (
    settings.emails[agent] ??
    pulumi.output(settings.projectNumber).apply((number) => agentEmail(agent, number))
  );
}

/**
 * What Google documents for tasks that carry a token (https://docs.cloud.google.com/tasks/docs/creating-http-target-tasks):
 * actAs for the agent, on this one account. It stands although nothing here fails without it: reports differ on whether
 * Google asks for it.
 */
function actAsForTasks(
  subject: Subject,
  settings: MintingSettings,
  options: pulumi.CustomResourceOptions,
): serviceaccount.IAMMember {
  return new serviceaccount.IAMMember(
    `${subject.name}-actas-tasks`,
    {
      serviceAccountId: settings.account,
      role: "roles/iam.serviceAccountUser",
      member: pulumi.interpolate`serviceAccount:${emailOf("tasks", settings)}`,
    },
    grantOf(options),
  );
}

/** A role with the one permission. Its id ends in a suffix: Google blocks a deleted role's id for up to 37 days. */
function minterRole(subject: Subject, settings: MintingSettings, options: pulumi.CustomResourceOptions) {
  const suffix = new random.RandomString(
    `${subject.name}-minter-suffix`,
    { length: 6, special: false, upper: false },
    options,
  );
  const resource = new projects.IAMCustomRole(
    `${subject.name}-minter`,
    {
      project: settings.project,
      // Only letters, digits, dots and underscores: the provider's own way of naming would use a hyphen.
      roleId: pulumi.interpolate`idTokenMinter_${suffix.result}`,
      title: "ID token minter",
      description: "Mints id_tokens of the service account that it is granted on, and nothing else",
      permissions: ["iam.serviceAccounts.getOpenIdToken"],
    },
    options,
  );
  return { resource, role: resource.name };
}

/**
 * Pub/Sub's agent is made on request, and then lacks the role that Google usually gives it
 * (https://docs.cloud.google.com/iam/docs/create-service-agents).
 */
function pubSubAgent(subject: Subject, settings: MintingSettings, options: pulumi.CustomResourceOptions) {
  const identity = new projects.ServiceIdentity(
    `${subject.name}-pubsub-agent`,
    { project: settings.project, service: "pubsub.googleapis.com" },
    options,
  );
  const role = new projects.IAMMember(
    `${subject.name}-pubsub-agent`,
    {
      project: settings.project ?? identity.project,
      role: "roles/pubsub.serviceAgent",
      member: pulumi.interpolate`serviceAccount:${emailOf("pubsub", settings)}`,
    },
    // Google's own grant to its own agent: every other subscription in the project relies on it.
    { ...options, dependsOn: [identity], protect: false, retainOnDelete: true },
  );
  // The address is computed, so that it is known in previews; waiting is by a literal that the identity echoes.
  return { identity, role, email: after(emailOf("pubsub", settings), [identity.service]) };
}
