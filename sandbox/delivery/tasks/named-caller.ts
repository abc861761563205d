import type { Cloud } from "../../cloud/cloud";
import { CloudError } from "../../cloud/errors";
import { serviceAccountName } from "../../cloud/names";
import { requirePermission } from "./permission";
import type { StoredQueue } from "./queue";
import type { TaskCall } from "./task";

const QUEUE_ACTS =
  "that whoever enqueues needs no iam.serviceAccounts.actAs when the queue names the account, which is not documented (docs.cloud.google.com/tasks/docs/creating-http-target-tasks)";

/**
 * Whether somebody may create a task with this call: one that names an account must come from somebody who may act as it,
 * and the account must be of the queue's project.
 * https://cloud.google.com/tasks/docs/reference/rest/v2/OidcToken
 */
export function requireUsable(
  cloud: Cloud,
  principal: string,
  queue: StoredQueue,
  { oidcToken }: TaskCall,
): { assumed?: string } {
  if (oidcToken === undefined) {
    return queue.state.httpTarget?.oidcToken === undefined ? {} : { assumed: QUEUE_ACTS };
  }
  const { serviceAccountEmail: email } = oidcToken;
  const account = cloud.iam.account(email);
  requirePermission(cloud, {
    principal,
    permission: "iam.serviceAccounts.actAs",
    on: serviceAccountName(account?.project ?? queue.project, email),
    shown: email,
  });
  if (account === undefined || account.agent === true || account.project !== queue.project) {
    throw new CloudError(
      "INVALID_ARGUMENT",
      `Service account ${email} cannot be what a task of "${queue.id}" calls as: it must be one of your own, in the same project.`,
    );
  }
  return {};
}
