import * as serviceaccount from "@pulumi/gcp/serviceaccount";
import * as pulumi from "@pulumi/pulumi";
import { accountEmail } from "../wiring/accounts";
import { after } from "../wiring/after";
import type { Subject } from "../wiring/checks";
import { checkedMembers } from "../wiring/members";
import { NAME_RULES } from "../wiring/names";
import { grantOf } from "../wiring/options";
import { keepingName, suffixedName } from "./resourceName";

/** Whom a component lets attach the accounts that it makes: a key of your choice, and the IAM member. */
export type Deployers = Record<string, pulumi.Input<string>>;

/** What a service account is made from. */
export interface AccountRequest {
  readonly subject: Subject;
  /** Logical name of the account; its suffix and grants are called after it. */
  readonly child: string;
  readonly accountId?: pulumi.Input<string>;
  readonly project?: pulumi.Input<string>;
  readonly displayName?: pulumi.Input<string>;
  readonly description?: pulumi.Input<string>;
  readonly deployers?: Deployers;
}

/** A service account with the grants to those who attach it to resources. */
export interface DedicatedAccount {
  readonly account: serviceaccount.Account;
  readonly deployerGrants: Record<string, serviceaccount.IAMMember>;
  /** The address, at once. */
  readonly email: pulumi.Output<string>;
  /** The address for whatever attaches the account: waits until the deployers may. */
  readonly attachableEmail: pulumi.Output<string>;
}

/**
 * Makes a service account of its own for one purpose. Its id ends in a random suffix, since Google keeps a deleted
 * account's id, and a new account of the same id is another account for which no old grant counts
 * (https://cloud.google.com/iam/docs/service-accounts-delete-undelete).
 */
export function dedicatedAccount(
  request: AccountRequest,
  options: pulumi.CustomResourceOptions,
): DedicatedAccount {
  const { subject, child, project, displayName, description } = request;
  const name = { subject, child, rule: NAME_RULES.account, exact: request.accountId, property: "accountId" };
  const account = new serviceaccount.Account(
    child,
    { accountId: suffixedName(name, options), project, displayName, description },
    keepingName(name, "accountId", options),
  );
  const deployerGrants = grantActAs(subject, child, account.name, request.deployers ?? {}, options);
  const email = request.accountId === undefined ? account.email : predictedEmail(account);
  return {
    account,
    deployerGrants,
    email,
    attachableEmail: after(
      email,
      Object.values(deployerGrants).map((grant) => grant.role),
    ),
  };
}

/** Lets the deployers attach an account: without it Google refuses with `iam.serviceAccounts.actAs`. */
export function grantActAs(
  subject: Subject,
  child: string,
  serviceAccountId: pulumi.Input<string>,
  deployers: Deployers,
  options: pulumi.CustomResourceOptions,
): Record<string, serviceaccount.IAMMember> {
  return Object.fromEntries(
    checkedMembers(subject, "deployers", deployers).map(([key, member]) => [
      key,
      new serviceaccount.IAMMember(
        `${child}-deployer-${key}`,
        {
          serviceAccountId,
          role: "roles/iam.serviceAccountUser",
          member,
        },
        grantOf(options),
      ),
    ]),
  );
}

/** With an exact id the address is known before the account exists, and first previews can show it. */
function predictedEmail(account: serviceaccount.Account): pulumi.Output<string> {
  return pulumi.all([account.accountId, account.project]).apply(([id, project]) => accountEmail(id, project));
}
