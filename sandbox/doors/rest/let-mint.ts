import type { Cloud } from "../../cloud/cloud";
import { CloudError } from "../../cloud/errors";
import { serviceAccountName } from "../../cloud/names";

/** The least that lets somebody have id_tokens of an account. https://docs.cloud.google.com/iam/docs/service-account-permissions */
export const MINTER = "roles/iam.serviceAccountOpenIdTokenCreator";

/** Does what `gcloud iam service-accounts add-iam-policy-binding` does. */
export function letMint({ iam }: Cloud, member: string, email: string): void {
  const account = iam.account(email);
  if (account === undefined) throw new CloudError("NOT_FOUND", `Service account ${email} does not exist.`);
  iam.grant(serviceAccountName(account.project, account.email), { role: MINTER, member });
}
