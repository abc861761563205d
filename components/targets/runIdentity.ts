import * as projects from "@pulumi/gcp/projects";
import type * as secretmanager from "@pulumi/gcp/secretmanager";
import type * as serviceaccount from "@pulumi/gcp/serviceaccount";
import * as pulumi from "@pulumi/pulumi";
import type { Deployers } from "../identity/dedicatedAccount";
import { dedicatedAccount, grantActAs } from "../identity/dedicatedAccount";
import { accountName, callerEmail } from "../wiring/accounts";
import { after } from "../wiring/after";
import type { Subject } from "../wiring/checks";
import { checked } from "../wiring/checks";
import { displayName } from "../wiring/names";
import { grantOf } from "../wiring/options";
import type { SecretReferences } from "./runtimeAccount";
import { grantSecrets } from "./runtimeAccount";

/** What decides as whom the code behind a target runs. */
export interface RunIdentityArgs {
  readonly project?: pulumi.Input<string>;
  readonly serviceAccountEmail?: pulumi.Input<string>;
  readonly secrets?: SecretReferences;
  readonly cloudSqlInstances?: readonly pulumi.Input<string>[];
  readonly deployers?: Deployers;
}

/** As whom the code behind a target runs, with what it may. */
export interface RunIdentity {
  readonly email: pulumi.Output<string>;
  /** The same for the resource that attaches it: waits until the deployers may. */
  readonly attachableEmail: pulumi.Output<string>;
  /** Literals of the grants that a revision needs before it starts. */
  readonly revisionNeeds: readonly pulumi.Output<string>[];
  readonly nodes: {
    readonly runtimeAccount?: serviceaccount.Account;
    readonly deployerGrants: Readonly<Record<string, serviceaccount.IAMMember>>;
    readonly secretGrants: readonly secretmanager.SecretIamMember[];
    readonly cloudSqlGrant?: projects.IAMMember;
  };
}

/** The account that a target's code runs as: its own unless one was brought along, with what the code reads. */
export function runIdentity(
  subject: Subject,
  args: RunIdentityArgs,
  options: pulumi.CustomResourceOptions,
): RunIdentity {
  const account =
    args.serviceAccountEmail === undefined ? own(subject, args, options) : brought(subject, args, options);
  const member = pulumi.interpolate`serviceAccount:${account.email}`;
  const secretGrants = grantSecrets(subject, args.secrets ?? {}, member, args.project, options);
  const cloudSqlGrant =
    (args.cloudSqlInstances ?? []).length > 0
      ? grantCloudSql(subject, member, args.project, account, options)
      : undefined;
  return {
    email: account.email,
    attachableEmail: account.attachableEmail,
    revisionNeeds: [...secretGrants, ...(cloudSqlGrant === undefined ? [] : [cloudSqlGrant])].map(
      (g) => g.role,
    ),
    nodes: {
      runtimeAccount: account.account,
      deployerGrants: account.deployerGrants,
      secretGrants,
      cloudSqlGrant,
    },
  };
}

function own(subject: Subject, args: RunIdentityArgs, options: pulumi.CustomResourceOptions) {
  const made = dedicatedAccount(
    {
      subject,
      child: `${subject.name}-runtime`,
      project: args.project,
      displayName: displayName(`${subject.name} runtime`),
      description: "Runs the code; has only what the program grants it",
      deployers: args.deployers,
    },
    options,
  );
  return { ...made, project: made.account.project };
}

function brought(subject: Subject, args: RunIdentityArgs, options: pulumi.CustomResourceOptions) {
  const email = pulumi.output(
    checked(subject, "serviceAccountEmail", args.serviceAccountEmail ?? "", callerEmail),
  );
  const name = pulumi.all([email, args.project]).apply(([e, project]) => accountName(e, project));
  const deployerGrants = grantActAs(subject, `${subject.name}-runtime`, name, args.deployers ?? {}, options);
  const echoes = Object.values(deployerGrants).map((grant) => grant.role);
  return {
    account: undefined,
    deployerGrants,
    email,
    attachableEmail: after(email, echoes),
    project: undefined,
  };
}

/** On the project, against the rule: an instance of Cloud SQL has no policy of its own. */
function grantCloudSql(
  subject: Subject,
  member: pulumi.Input<string>,
  project: pulumi.Input<string> | undefined,
  account: { project: pulumi.Output<string> | undefined; email: pulumi.Output<string> },
  options: pulumi.CustomResourceOptions,
): projects.IAMMember {
  const of =
    project ?? account.project ?? account.email.apply((email) => email.replace(/^[^@]+@|\.iam\..*$/g, ""));
  return new projects.IAMMember(
    `${subject.name}-cloudsql`,
    { project: of, role: "roles/cloudsql.client", member },
    grantOf(options),
  );
}
