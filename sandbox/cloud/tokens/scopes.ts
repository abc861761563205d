import { CloudError } from "../errors";
import { CLOUD_PLATFORM } from "./access-tokens";

/** What a scope of Google's looks like. https://developers.google.com/identity/protocols/oauth2/scopes */
export const SCOPE = /^(?:openid|email|profile|https:\/\/[a-z0-9.-]+\.(?:googleapis|google)\.com\/\S*)$/;

const AUTH = "https://www.googleapis.com/auth";

/** Those of what the sandbox has, and those that say who somebody is. https://developers.google.com/identity/protocols/oauth2/scopes */
const KNOWN: readonly string[] = [
  CLOUD_PLATFORM,
  `${AUTH}/cloud-platform.read-only`,
  `${AUTH}/cloud-scheduler`,
  `${AUTH}/cloud-tasks`,
  `${AUTH}/devstorage.full_control`,
  `${AUTH}/devstorage.read_only`,
  `${AUTH}/devstorage.read_write`,
  `${AUTH}/iam`,
  `${AUTH}/logging.write`,
  `${AUTH}/pubsub`,
  `${AUTH}/userinfo.email`,
  `${AUTH}/userinfo.profile`,
  "email",
  "openid",
  "profile",
];

/** Throws what `invalid` makes of scopes that are none, and names those that may be scopes of what the sandbox does not have. */
export function requireScopes(scopes: readonly string[], invalid: (scope: string) => Error): void {
  const wrong = scopes.find((scope) => !SCOPE.test(scope));
  if (wrong !== undefined) throw invalid(wrong);
  const unknown = scopes.find((scope) => !KNOWN.includes(scope));
  if (unknown === undefined) return;
  throw new CloudError(
    "UNIMPLEMENTED",
    `The sandbox does not know whether there is a scope ${unknown}. It knows: ${KNOWN.join(", ")}.`,
  );
}
