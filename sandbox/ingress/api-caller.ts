import type { Cloud } from "../cloud/cloud";
import { CLOUD_PLATFORM } from "../cloud/tokens/access-tokens";
import type { UnknownCaller } from "./api-refusals";
import { credentials } from "./credentials";
import type { HttpRequest } from "./http";

/** Who calls one of Google's APIs, or why that cannot be told. */
export type ApiCaller =
  | {
      /** As IAM writes it, such as `user:somebody@example.com`. */
      readonly member: string;
      readonly scopes: readonly string[];
    }
  | {
      readonly refusal: UnknownCaller;
      readonly reason: string;
      /** What of the refusal rests on no documented fact. */
      readonly assumed?: string;
    };

/**
 * Only an access token says who calls an API: https://docs.cloud.google.com/docs/authentication/token-types. The scope
 * cloud-platform is good for all of them; `scopes` are the API's others.
 */
export function apiCaller(
  cloud: Cloud,
  all: HttpRequest["headers"],
  { service, scopes = [] }: { service: string; scopes?: readonly string[] },
): ApiCaller {
  // The other header that gates look at is Cloud Run's own.
  const found = credentials(all.filter(([name]) => name.toLowerCase() === "authorization"));
  if (found.kind !== "bearer") {
    const assumed =
      found.kind === "none" ? undefined : "that any other credential is answered as if there were none";
    return { refusal: "no credential", reason: `${service} wants an access token, and none came.`, assumed };
  }
  const access = cloud.tokens.findAccess(found.token);
  if (access === undefined) return unknownToken(found.token);
  const email = access.member.replace(/^[A-Za-z]+:/, "");
  const account = cloud.iam.account(email);
  // An account that was deleted and made again under the same e-mail is not the one that the token was for.
  if (account?.uniqueId !== access.uid || account?.disabled === true) {
    const reason = `The account ${email} that the token was made for is disabled, or does not exist any more.`;
    return { refusal: "account gone", reason };
  }
  const enough = [CLOUD_PLATFORM, ...scopes];
  if (!access.scopes.some((scope) => enough.includes(scope))) {
    const reason = `The token has the scope ${access.scopes.join(" ")}, and the call needs ${enough.join(" or ")}.`;
    return { refusal: "wrong scope", reason };
  }
  return access;
}

function unknownToken(token: string): ApiCaller {
  return token.startsWith("ya29.")
    ? { refusal: "expired token", reason: "Nobody has this access token, or not any more." }
    : {
        refusal: "no access token",
        reason:
          "Google's APIs take access tokens, and this is none: an id_token says who calls, and gives nothing.",
      };
}
