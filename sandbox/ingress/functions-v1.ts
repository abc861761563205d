import type { StoredResource } from "../cloud/store";
import { describe } from "../cloud/names";
import type { Gate } from "./gate";

export const FUNCTION_V1 = "gcp:cloudfunctions/function:Function";

/** What the ingress reads of a 1st gen function. */
export interface FunctionV1State {
  httpsTriggerUrl?: string;
  httpsTriggerSecurityLevel?: string;
  ingressSettings?: string;
}

export function functionV1Gate({ fullName, project, state }: StoredResource<FunctionV1State>): Gate {
  return {
    ref: { kind: "function-v1", fullName },
    label: `1st gen ${describe(fullName)}`,
    project,
    // https://cloud.google.com/functions/1stgendocs/securing/authenticating
    permission: "cloudfunctions.functions.invoke",
    // The exact URL, the function's name included; a host alone is refused.
    audiences: { origins: [], exact: state.httpsTriggerUrl === undefined ? [] : [state.httpsTriggerUrl] },
    ingress: (state.ingressSettings ?? "ALLOW_ALL") === "ALLOW_ALL" ? "all" : "internal",
    open: false,
    defaultUrlDisabled: false,
    // Plain http is served unless this says otherwise: the API's default is "optional".
    plainHttp: state.httpsTriggerSecurityLevel !== "SECURE_ALWAYS",
  };
}
