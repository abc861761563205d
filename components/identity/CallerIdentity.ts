import type * as projects from "@pulumi/gcp/projects";
import type * as serviceaccount from "@pulumi/gcp/serviceaccount";
import * as pulumi from "@pulumi/pulumi";
import { after } from "../wiring/after";
import { agentAddress, TokenAgent } from "../wiring/agents";
import { requireArguments } from "../wiring/arguments";
import { Beside } from "../wiring/beside";
import { formerNames } from "../wiring/callers";
import type { Subject } from "../wiring/checks";
import { checkedIfGiven } from "../wiring/checks";
import { childOf, NO_INPUTS } from "../wiring/options";
import type { CallerAccount } from "./callerAccount";
import { existingAccount, ownAccount } from "./callerAccount";
import { checkTogether, grantsMinting } from "./callerRules";
import type { MintingGrants } from "./mintingGrants";
import { mintingGrants } from "./mintingGrants";
import { projectNumber } from "./projectNumber";

/** Addresses of Google's agents, where they are not the usual ones. */
export interface AgentEmails {
  /** Cloud Scheduler's agent. Default: computed from the project's number. */
  scheduler?: pulumi.Input<string>;
  /** Cloud Tasks' agent. Default: computed from the project's number. */
  tasks?: pulumi.Input<string>;
  /** Pub/Sub's agent. Default: computed from the project's number. */
  pubsub?: pulumi.Input<string>;
}

/** Arguments of `CallerIdentity`. */
export interface CallerIdentityArgs {
  /** Id of the project. Default: the provider's. Changing it replaces the account. */
  project?: pulumi.Input<string>;
  /**
   * Number of the project, from which the agents' addresses are computed. Default: looked up, with `project` or the
   * provider's project; needed when `project` is an output, so that one more enabled API does not make every minting
   * grant unknown in the preview.
   */
  projectNumber?: pulumi.Input<string>;
  /**
   * Exact id of the account, 6 to 30 characters. Default: made from the component's name, with a random suffix.
   * Changing it replaces the account.
   */
  accountId?: pulumi.Input<string>;
  /** Name that people see, up to 100 bytes. Default: the component's name. */
  displayName?: pulumi.Input<string>;
  /** What the account is for, up to 256 bytes. Default: a sentence that says so. */
  description?: pulumi.Input<string>;
  /**
   * Address of an account that exists already. Then none is made, and no grant on it either unless `mintingGrants`
   * or `deployers` asks for it: its grants belong to whoever made it.
   */
  existingEmail?: pulumi.Input<string>;
  /** The services that may mint this caller's tokens. Default: all three. */
  agents?: TokenAgent[];
  /** Addresses of the agents, where they are not the usual ones. */
  agentEmails?: AgentEmails;
  /**
   * Whether to let the agents mint this caller's tokens, by grants on this account alone. Default: true, but false
   * with `existingEmail`. False is right where the agents have their usual roles on the project, as Google gives
   * them when an API is enabled.
   */
  mintingGrants?: boolean;
  /**
   * Whether to let agents mint by a custom role with `iam.serviceAccounts.getOpenIdToken` and nothing else, rather
   * than by `roles/iam.serviceAccountOpenIdTokenCreator`, which holds the same. Default: false.
   */
  customRole?: boolean;
  /**
   * Whether to let Scheduler's and Tasks' agents mint access tokens too, which calls to Google's own APIs carry. By a
   * custom role with `iam.serviceAccounts.getAccessToken` and nothing else, on this account alone. In a project as
   * Google makes it the agents have that permission already. Default: false.
   */
  accessTokens?: boolean;
  /**
   * Whether to give Cloud Tasks' agent `roles/iam.serviceAccountUser` on the account too. Google documents it as
   * needed (https://docs.cloud.google.com/tasks/docs/creating-http-target-tasks); projects have been seen to do
   * without. Default: true, when Tasks is among the agents.
   */
  tasksActAs?: boolean;
  /**
   * Whether to make sure that Pub/Sub's agent exists, with the role that Google usually gives it on the project:
   * the one grant on the project, Google's own to its own agent, and never taken away again, since every
   * subscription in the project relies on it. Say so in one program of a project only. Default: false.
   */
  createPubSubAgent?: boolean;
  /**
   * Who deploys sources that call as this caller: IAM members under keys of your choice. Each gets
   * `roles/iam.serviceAccountUser` on this account, without which Google refuses to attach it.
   * Renaming a key takes access away (docs/resource-options.md).
   */
  deployers?: Record<string, pulumi.Input<string>>;
}

/**
 * Who calls: a service account of its own, whose id_tokens Cloud Scheduler, Cloud Tasks and Pub/Sub may mint, and
 * nobody else by this component's doing. It has no roles until a target authorizes it.
 *
 * ```typescript
 * const schedulerunner = new CallerIdentity("schedulerunner", { displayName: "Task Schedule Runner" });
 * const target = hello.authorize(schedulerunner);
 * ```
 *
 * The agents get `roles/iam.serviceAccountOpenIdTokenCreator` on this one account. In a project as Google makes it
 * they hold project-wide roles that cover it already; where somebody took these away the grants here are what makes
 * tokens possible. That they suffice is documented for Pub/Sub
 * (https://docs.cloud.google.com/pubsub/docs/authenticate-push-subscriptions) and an assumption for the other two:
 * do not take `roles/cloudscheduler.serviceAgent` from Scheduler's agent
 * (https://docs.cloud.google.com/scheduler/docs/http-target-auth).
 */
export class CallerIdentity extends pulumi.ComponentResource {
  /** The account's address, for sources: known to Google's agents, since it waits for the minting grants. */
  readonly email: pulumi.Output<string>;
  /** The account as IAM writes it ("serviceAccount:…"), for grants: does not wait for the minting grants. */
  readonly member: pulumi.Output<string>;

  constructor(name: string, args: CallerIdentityArgs = {}, opts?: pulumi.ComponentResourceOptions) {
    super("automatic-oidc:index:CallerIdentity", name, NO_INPUTS, opts);
    const subject = { component: "CallerIdentity", name };
    requireArguments(subject, args);
    checkTogether(subject, args);
    const options = childOf(this, opts);

    const account =
      args.existingEmail === undefined
        ? ownAccount(subject, args, options)
        : existingAccount(subject, args, options);
    const minting = grantsMinting(args)
      ? mintingGrants(subject, mintingSettings(subject, args, account, this), options)
      : undefined;

    this.member = pulumi.interpolate`serviceAccount:${account.email}`;
    this.email = after(account.attachableEmail, minting?.roles ?? []);
    state.set(this, {
      logicalName: name,
      formerNames: formerNames(opts?.aliases),
      nodes: { account: account.account, deployerGrants: account.deployerGrants, ...minting?.nodes },
    });
    this.registerOutputs({ email: this.email, member: this.member });
  }

  /** The logical name, which names the grants that targets make for this caller. */
  get logicalName(): string {
    return state.get(this).logicalName;
  }

  /** Logical names that this caller had before, as its aliases say. */
  get formerNames(): readonly string[] {
    return state.get(this).formerNames;
  }

  /** The underlying resources. */
  get nodes(): CallerIdentityNodes {
    return state.get(this).nodes;
  }
}

/** The resources that a `CallerIdentity` is made of. */
export interface CallerIdentityNodes {
  /** `NAME`. The account, unless an existing one was brought along. */
  readonly account?: serviceaccount.Account;
  /** `NAME-deployer-KEY`. A grant for each of `deployers`. */
  readonly deployerGrants: Readonly<Record<string, serviceaccount.IAMMember>>;
  /** `NAME-mint-AGENT`. The grants that let each agent mint. */
  readonly mintingGrants?: MintingGrants["nodes"]["mintingGrants"];
  /** `NAME-access-AGENT`. With `accessTokens`: the grants that let Scheduler's and Tasks' agents mint access tokens. */
  readonly accessTokenGrants?: MintingGrants["nodes"]["accessTokenGrants"];
  /** `NAME-access-minter`. The role of `accessTokens`. */
  readonly accessTokenRole?: projects.IAMCustomRole;
  /** `NAME-actas-tasks`. The grant of `tasksActAs`. */
  readonly tasksActAs?: serviceaccount.IAMMember;
  /** `NAME-minter`. The role of `customRole`. */
  readonly customRole?: projects.IAMCustomRole;
  /** `NAME-pubsub-agent`. Pub/Sub's agent, with `createPubSubAgent`. */
  readonly pubSubAgent?: projects.ServiceIdentity;
  /** `NAME-pubsub-agent`. That agent's usual role on the project, which is never taken away. */
  readonly pubSubAgentRole?: projects.IAMMember;
}

interface CallerState {
  logicalName: string;
  formerNames: readonly string[];
  nodes: CallerIdentityNodes;
}

const state = new Beside<CallerIdentity, CallerState>();

function mintingSettings(
  subject: Subject,
  args: CallerIdentityArgs,
  account: CallerAccount,
  parent: CallerIdentity,
) {
  const agents = args.agents ?? Object.values(TokenAgent);
  const emails = {
    scheduler: checkedIfGiven(subject, "agentEmails.scheduler", args.agentEmails?.scheduler, agentAddress),
    tasks: checkedIfGiven(subject, "agentEmails.tasks", args.agentEmails?.tasks, agentAddress),
    pubsub: checkedIfGiven(subject, "agentEmails.pubsub", args.agentEmails?.pubsub, agentAddress),
  };
  const addressed = args.createPubSubAgent === true ? [...agents, TokenAgent.PubSub] : agents;
  const numberNeeded = addressed.some((agent) => emails[agent] === undefined);
  return {
    account: account.name,
    project: args.project,
    agents,
    emails,
    projectNumber: numberNeeded
      ? projectNumber({
          subject,
          property: "projectNumber",
          number: args.projectNumber,
          project: args.project,
          parent,
        })
      : "",
    customRole: args.customRole ?? false,
    accessTokens: args.accessTokens ?? false,
    tasksActAs: args.tasksActAs ?? true,
    createPubSubAgent: args.createPubSubAgent ?? false,
  };
}
