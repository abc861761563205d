import type { Cloud } from "../../cloud/cloud";
import { CloudError } from "../../cloud/errors";
import { CLOUD_PLATFORM } from "../../cloud/tokens/access-tokens";

/** Who calls an API. */
export interface Principal {
  /** As IAM writes it, such as `user:somebody@example.com`. */
  readonly member: string;
  readonly scopes: readonly string[];
}

/** Finds who is meant by an access token; undefined if nobody is. */
export type Authenticate = (token: string) => Principal | undefined;

export function authenticator(cloud: Cloud): Authenticate {
  return (token) => {
    const access = cloud.tokens.findAccess(token);
    const email = /^serviceAccount:(.+)$/.exec(access?.member ?? "")?.[1];
    // An account that was deleted and made again under the same e-mail is not the one that the token was for.
    if (email !== undefined && cloud.iam.account(email)?.uniqueId !== access?.uid) return undefined;
    return access;
  };
}

const EXPECTED =
  "Expected OAuth 2 access token, login cookie or other valid authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project.";

/** Reasons as in https://github.com/googleapis/googleapis/blob/master/google/api/error_reason.proto */
export function principalOf(
  authorization: string | undefined,
  authenticate: Authenticate,
  { name: service, scopes = [CLOUD_PLATFORM] }: { name: string; scopes?: readonly string[] },
): Principal {
  const refusal = (status: "UNAUTHENTICATED" | "PERMISSION_DENIED", message: string, reason: string) =>
    new CloudError(status, message, { reason, domain: "googleapis.com", metadata: { service } });

  const token = /^bearer +(\S+)$/i.exec(authorization ?? "")?.[1];
  if (token === undefined) {
    throw refusal(
      "UNAUTHENTICATED",
      `Request is missing required authentication credential. ${EXPECTED}`,
      "CREDENTIALS_MISSING",
    );
  }
  const principal = authenticate(token);
  if (principal === undefined) {
    // An id_token, for example, says who somebody is, and not what was consented to.
    throw refusal(
      "UNAUTHENTICATED",
      `Request had invalid authentication credentials. ${EXPECTED}`,
      token.startsWith("ya29.") ? "ACCESS_TOKEN_EXPIRED" : "ACCESS_TOKEN_TYPE_UNSUPPORTED",
    );
  }
  if (!principal.scopes.some((scope) => scopes.includes(scope) || scope === CLOUD_PLATFORM)) {
    throw refusal(
      "PERMISSION_DENIED",
      "Request had insufficient authentication scopes.",
      "ACCESS_TOKEN_SCOPE_INSUFFICIENT",
    );
  }
  return principal;
}
