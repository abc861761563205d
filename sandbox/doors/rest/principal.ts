import type { Cloud } from "../../cloud/cloud";
import { CloudError } from "../../cloud/errors";
import { apiCaller } from "../../ingress/api-caller";
import { API_REFUSALS, type UnknownCaller } from "../../ingress/api-refusals";
import type { Api } from "./api";

/** Who calls an API. */
export interface Principal {
  /** As IAM writes it, such as `user:somebody@example.com`. */
  readonly member: string;
  readonly scopes: readonly string[];
}

/** Finds who calls an API with these Authorization headers; throws when nobody can be told, or the token has no scope of the API's. */
export type Authenticate = (authorization: readonly string[], api: Pick<Api, "name" | "scopes">) => Principal;

/** Knows the cloud's own access tokens. */
export function authenticator(cloud: Cloud): Authenticate {
  return (authorization, { name, scopes }) => {
    const headers = authorization.map((value): [string, string] => ["Authorization", value]);
    const caller = apiCaller(cloud, headers, { service: name, scopes });
    if ("refusal" in caller) throw unknown(caller.refusal, name);
    return caller;
  };
}

/** Knows nobody. */
export const nobody: Authenticate = (_, { name }) => {
  throw unknown("no credential", name);
};

function unknown(refusal: UnknownCaller, service: string): CloudError {
  const { code, message, reason } = API_REFUSALS[refusal];
  return new CloudError(code, message, { reason, domain: "googleapis.com", metadata: { service } });
}
