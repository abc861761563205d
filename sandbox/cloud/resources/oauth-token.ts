import type { Failure } from "./kind";
import { isUnknown, valueAt, type Props } from "./values";

/**
 * What is wrong with the access token that a job or a queue asks for. `misuse` answers why it would go where it should not; it
 * is asked only of a token that is there, and there alone.
 */
export function oauthRules(inputs: Props, misuse: () => string | undefined): Failure[] {
  const [oidc, oauth] = [valueAt(inputs, "httpTarget.oidcToken"), valueAt(inputs, "httpTarget.oauthToken")];
  if (oauth === undefined || isUnknown(oauth)) return [];
  const isWithOther = oidc !== undefined && !isUnknown(oidc);
  const reason = isWithOther
    ? 'conflicts with "httpTarget.oidcToken": a request carries one token'
    : misuse();
  return reason === undefined ? [] : [{ property: "httpTarget.oauthToken", reason }];
}
