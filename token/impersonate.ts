import { Impersonated } from "google-auth-library";
import { MINTER } from "../sandbox/doors/rest/let-mint";
import type { Choice } from "./choice";
import type { Operator } from "./world";

/** Whoever asks may not have the token. */
class TokenRefused extends Error {
  override readonly name = "TokenRefused";
}

/** As Google's APIs say no: https://google.aip.dev/193 */
interface Refusal {
  status?: string;
  message?: string;
  details?: readonly { reason?: string; detail?: string; metadata?: Readonly<Record<string, string>> }[];
}

/** An id_token of the caller's for the audience, through IAM Credentials. The operator needs no key of anybody's. */
export async function impersonate(
  { client, member }: Operator,
  { caller, audience }: Pick<Choice, "caller" | "audience">,
  endpoint?: string,
): Promise<string> {
  const impersonated = new Impersonated({ sourceClient: client, targetPrincipal: caller.email, endpoint });
  try {
    return await impersonated.fetchIdToken(audience, { includeEmail: true });
  } catch (error) {
    const refusal = refusalIn(error);
    if (refusal === undefined) throw error;
    throw new TokenRefused(explain(refusal, caller.email, await member()));
  }
}

function explain({ status, message = "", details = [] }: Refusal, email: string, member?: string): string {
  const reason = details.map(({ detail }) => detail).find((detail) => detail !== undefined);
  const because = reason === undefined ? [] : [reason];
  if (details.some(({ reason: why }) => why === "SERVICE_DISABLED")) {
    const project = details.map(({ metadata }) => metadata?.consumer).find((each) => each !== undefined);
    const where = project === undefined ? "" : ` --project=${project.replace("projects/", "")}`;
    return [
      "The IAM Service Account Credentials API is not enabled. This enables it:",
      `  gcloud services enable iamcredentials.googleapis.com${where}`,
    ].join("\n");
  }
  const permission = details.map(({ metadata }) => metadata?.permission).find((each) => each !== undefined);
  if (status !== "PERMISSION_DENIED" || permission === undefined) {
    return [`No token for ${email}: ${message}`, ...because].join("\n");
  }
  return [
    `${member ?? "You"} may not mint id_tokens for ${email}: ${permission} is missing. No basic role has it, not even Owner.`,
    `${MINTER} on that one account gives it:`,
    `  gcloud iam service-accounts add-iam-policy-binding ${email} \\`,
    `    --member=${member ?? "user:YOUR_EMAIL"} --role=${MINTER}`,
    "A grant takes effect within minutes.",
    ...because,
  ].join("\n");
}

function refusalIn(error: unknown): Refusal | undefined {
  const response = isRecord(error) ? error.response : undefined;
  const data = isRecord(response) ? response.data : undefined;
  const refusal = isRecord(data) ? data.error : undefined;
  return isRecord(refusal) && typeof refusal.status === "string" ? refusal : undefined;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
