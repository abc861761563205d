import type { Cloud } from "../../cloud/cloud";
import { CloudError } from "../../cloud/errors";
import type { Decision } from "../../cloud/iam/decide";
import type { Principal } from "./principal";

/** Throws unless the caller has the permission. */
export function allow(cloud: Cloud, { member }: Principal, permission: string, resource: string): Decision {
  const decision = cloud.iam.decide({ member, permission, resource });
  if (decision.allowed) return decision;
  throw denied(permission, decision.reason);
}

/** Google's words, and IAM's reason beside them. As in https://github.com/google-github-actions/auth/issues/340 */
export function denied(permission: string, reason: string): CloudError {
  return new CloudError(
    "PERMISSION_DENIED",
    `Permission '${permission}' denied on resource (or it may not exist).`,
    [
      { reason: "IAM_PERMISSION_DENIED", domain: "iam.googleapis.com", metadata: { permission } },
      { "@type": "type.googleapis.com/google.rpc.DebugInfo", detail: `The sandbox: ${reason}` },
    ],
  );
}
