import { CloudError } from "../errors";
import type { Decision } from "../iam/decide";
import { serviceAccountName } from "../names";
import type { Context } from "./kind";

/**
 * Assumed: how long Google's control plane and the deployers on top of it go on trying while an IAM change spreads. The
 * decision is therefore the one that will stand by then, or every deployment that grants before it uses would fail under a
 * spreading delay. docs.cloud.google.com/iam/docs/access-change-propagation
 */
const PATIENCE = 10 * 60_000;

/** The decision as it will stand once the IAM changes written so far have spread. */
export function decisionSoon(
  cx: Context,
  q: { member: string; permission: string; resource: string },
): Decision {
  return cx.cloud.iam.decide({ ...q, at: cx.cloud.clock.now() + PATIENCE });
}

/** Of what a service account is to become the identity. */
export interface Attachment {
  email: string;
  /** The project of the resource that it is attached to. */
  project: string;
  /** As in: Scheduler job "nightly". */
  to: string;
}

/** Attaching an account needs actAs on it: docs.cloud.google.com/iam/docs/attach-service-accounts */
export function requireActAs(cx: Context, q: Attachment): void {
  const member = cx.cloud.deployer(q.project);
  const account = cx.cloud.iam.account(q.email);
  const permission = "iam.serviceAccounts.actAs";
  if (account !== undefined) {
    const resource = serviceAccountName(account.project, account.email);
    if (decisionSoon(cx, { member, permission, resource }).allowed) return;
  }
  throw new CloudError(
    "PERMISSION_DENIED",
    `Permission '${permission}' denied on service account ${q.email} (or it may not exist): ${member} attaches it to ${q.to}. ` +
      `Grant ${member} roles/iam.serviceAccountUser on that account first.`,
  );
}

/**
 * The identity of a source's requests, which is an account of the source's own project:
 * docs.cloud.google.com/scheduler/docs/http-target-auth, docs.cloud.google.com/tasks/docs/creating-http-target-tasks,
 * cloud.google.com/pubsub/docs/create-push-subscription. Assumed: status and words, which no documentation gives.
 */
export function requireCaller(cx: Context, q: Attachment): void {
  const account = cx.cloud.iam.account(q.email);
  if (account?.agent === true) {
    throw new CloudError(
      "INVALID_ARGUMENT",
      `${q.email} is one of Google's service agents, which cannot be the identity of ${q.to}. ` +
        "Make a service account of your own for it.",
    );
  }
  if (account !== undefined && account.project !== q.project) {
    throw new CloudError(
      "INVALID_ARGUMENT",
      `Service account ${q.email} is of project "${account.project}", and ${q.to} of project "${q.project}". ` +
        "Both must be of the same project.",
    );
  }
  requireActAs(cx, q);
}

/** Secrets are read by the account at run time: cloud.google.com/run/docs/configuring/services/secrets */
export function requireReadable(
  cx: Context,
  q: { secret: { id: string; fullName: string }; email: string; reader: string },
): void {
  const member = `serviceAccount:${q.email}`;
  const permission = "secretmanager.versions.access";
  if (decisionSoon(cx, { member, permission, resource: q.secret.fullName }).allowed) return;
  throw new CloudError(
    "PERMISSION_DENIED",
    `Permission denied on secret: ${q.secret.id} for ${q.reader}, which runs as ${q.email}. The service account used must be ` +
      "granted the 'Secret Manager Secret Accessor' role (roles/secretmanager.secretAccessor) at the secret, project or higher level.",
  );
}
