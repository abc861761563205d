import type * as serviceaccount from "@pulumi/gcp/serviceaccount";
import * as pulumi from "@pulumi/pulumi";
import { accountName, callerEmail, projectOfEmail } from "../wiring/accounts";
import { after } from "../wiring/after";
import type { Subject } from "../wiring/checks";
import { atMostBytes, checked } from "../wiring/checks";
import { displayName } from "../wiring/names";
import type { CallerIdentityArgs } from "./CallerIdentity";
import type { Deployers } from "./dedicatedAccount";
import { dedicatedAccount, grantActAs } from "./dedicatedAccount";

/** The account, made here or brought along. */
export interface CallerAccount {
  account?: serviceaccount.Account;
  deployerGrants: Readonly<Record<string, serviceaccount.IAMMember>>;
  email: pulumi.Output<string>;
  attachableEmail: pulumi.Output<string>;
  /** As IAM resources name it. */
  name: pulumi.Output<string>;
}

/** Makes one. */
export function ownAccount(
  subject: Subject,
  args: CallerIdentityArgs,
  options: pulumi.CustomResourceOptions,
): CallerAccount {
  const { accountId, project, deployers } = args;
  const made = dedicatedAccount(
    {
      subject,
      child: subject.name,
      accountId,
      project,
      displayName: checked(
        subject,
        "displayName",
        args.displayName ?? displayName(subject.name),
        atMostBytes(100),
      ),
      description: checked(
        subject,
        "description",
        args.description ?? "Calls services with OIDC tokens; has no other purpose",
        atMostBytes(256),
      ),
      deployers,
    },
    options,
  );
  return { ...made, name: made.account.name };
}

/** Takes one that is there, and makes only the grants that are asked for. */
export function existingAccount(
  subject: Subject,
  args: CallerIdentityArgs,
  options: pulumi.CustomResourceOptions,
): CallerAccount {
  const email = pulumi.output(checked(subject, "existingEmail", args.existingEmail ?? "", callerEmail));
  const name = pulumi
    .all([email, args.project])
    .apply(([e, project]) => accountName(e, projectOfEmail(e) ?? project));
  const deployers: Deployers = args.deployers ?? {};
  const deployerGrants = grantActAs(subject, subject.name, name, deployers, options);
  return {
    deployerGrants,
    email,
    attachableEmail: after(
      email,
      Object.values(deployerGrants).map((grant) => grant.role),
    ),
    name,
  };
}
