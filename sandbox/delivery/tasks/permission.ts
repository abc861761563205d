import type { Cloud } from "../../cloud/cloud";
import { CloudError } from "../../cloud/errors";

export interface Access {
  /** Who asks, as an IAM member. */
  principal: string;
  permission: string;
  /** Full name of what it is asked on. */
  on: string;
  /** The same as Google's message writes it. */
  shown: string;
}

/**
 * Throws what Cloud Tasks answers to whoever may not; the words are those of
 * https://github.com/googleapis/repo-automation-bots/issues/5598 and https://github.com/googleapis/nodejs-tasks/issues/249,
 * with the sandbox's reason behind them.
 */
export function requirePermission({ iam }: Cloud, { principal, permission, on, shown }: Access): void {
  const decision = iam.decide({ member: principal, permission, resource: on });
  if (decision.allowed) return;
  throw new CloudError(
    "PERMISSION_DENIED",
    `The principal (user or service account) lacks IAM permission "${permission}" for the resource "${shown}" ` +
      `(or the resource may not exist). ${decision.reason}`,
  );
}
