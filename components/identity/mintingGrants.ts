import * as projects from "@pulumi/gcp/projects";
import * as serviceaccount from "@pulumi/gcp/serviceaccount";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { after } from "../wiring/after";
import type { TokenAgent } from "../wiring/agents";
import { agentEmail, sendsAccessTokens } from "../wiring/agents";
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
  readonly accessTokens: boolean;
  readonly tasksActAs: boolean;
  readonly createPubSubAgent: boolean;
}

/** The grants that let agents mint, and what else had to be made for them. */
export interface MintingGrants {
  /** A literal of each grant, to wait for. */
  readonly roles: readonly pulumi.Output<string>[];
  readonly nodes: {
    readonly mintingGrants: Readonly<Partial<Record<TokenAgent, serviceaccount.IAMMember>>>;
    readonly accessTokenGrants?: Readonly<Partial<Record<TokenAgent, serviceaccount.IAMMember>>>;
    readonly accessTokenRole?: projects.IAMCustomRole;
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
  const minter = settings.customRole ? minterRole(subject, settings, ID_TOKENS, options) : undefined;
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

  const access = settings.accessTokens ? accessTokenGrants(subject, settings, options) : undefined;

  const made = [
    ...Object.values(grants),
    ...Object.values(access?.grants ?? {}),
    ...(tasksActAs === undefined ? [] : [tasksActAs]),
  ];
  return {
    roles: made.map((grant) => grant.role),
    nodes: {
      mintingGrants: grants,
      accessTokenGrants: access?.grants,
      accessTokenRole: access?.role,
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

/**
 * Lets the agents that can send access tokens mint them, for this one account. No predefined role holds
 * `iam.serviceAccounts.getAccessToken` and nothing else (https://docs.cloud.google.com/iam/docs/roles-permissions/iam).
 */
function accessTokenGrants(
  subject: Subject,
  settings: MintingSettings,
  options: pulumi.CustomResourceOptions,
) {
  const { resource, role } = minterRole(subject, settings, ACCESS_TOKENS, options);
  const grants: Partial<Record<TokenAgent, serviceaccount.IAMMember>> = {};
  for (const agent of settings.agents.filter(sendsAccessTokens)) {
    grants[agent] = new serviceaccount.IAMMember(
      `${subject.name}-access-${agent}`,
      {
        serviceAccountId: settings.account,
        role,
        member: pulumi.interpolate`serviceAccount:${emailOf(agent, settings)}`,
      },
      grantOf(options),
    );
  }
  return { grants, role: resource };
}

/** What a role with one permission is called. */
interface MinterRole {
  readonly child: string;
  readonly id: string;
  readonly title: string;
  readonly mints: string;
  readonly permission: string;
}

const ID_TOKENS: MinterRole = {
  child: "minter",
  id: "idTokenMinter",
  title: "ID token minter",
  mints: "id_tokens",
  permission: "iam.serviceAccounts.getOpenIdToken",
};

const ACCESS_TOKENS: MinterRole = {
  child: "access-minter",
  id: "accessTokenMinter",
  title: "Access token minter",
  mints: "access tokens",
  permission: "iam.serviceAccounts.getAccessToken",
};

/** A role with the one permission. Its id ends in a suffix: Google blocks a deleted role's id for up to 37 days. */
function minterRole(
  subject: Subject,
  settings: MintingSettings,
  { child, id, title, mints, permission }: MinterRole,
  options: pulumi.CustomResourceOptions,
) {
  const suffix = new random.RandomString(
    `${subject.name}-${child}-suffix`,
    { length: 6, special: false, upper: false },
    options,
  );
  const resource = new projects.IAMCustomRole(
    `${subject.name}-${child}`,
    {
      project: settings.project,
      // Only letters, digits, dots and underscores: the provider's own way of naming would use a hyphen.
      roleId: pulumi.interpolate`${id}_${suffix.result}`,
      title,
      description: `Mints ${mints} of the service account that it is granted on, and nothing else`,
      permissions: [permission],
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
