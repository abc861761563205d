import type { StoredResource } from "../cloud/store";
import { describe } from "../cloud/names";
import type { FunctionV2State } from "./functions-v2";
import type { Gate } from "./gate";
import type { ProxyState } from "./gateways/espv2";
import type { Iap } from "./iap";

export const RUN_SERVICE = "gcp:cloudrunv2/service:Service";

/** What the ingress reads of a Run service. */
export interface RunServiceState {
  uri?: string;
  urls?: string[];
  customAudiences?: string[];
  ingress?: string;
  invokerIamDisabled?: boolean;
  iapEnabled?: boolean;
  defaultUriDisabled?: boolean;
  /** As far as it tells whether this is a proxy. */
  template?: ProxyState["template"];
}

const OPEN_INGRESS = [undefined, "", "INGRESS_TRAFFIC_ALL", "ALLOW_ALL"];

/** The gate of a Run service, or of a 2nd gen function when one is deployed on it. */
export function runGate(
  service: StoredResource<RunServiceState>,
  { behind, iap }: { behind: FunctionV2State | undefined; iap: Iap },
): Gate {
  const { state } = service;
  const ingress = [state.ingress, behind?.serviceConfig?.ingressSettings];
  return {
    ref: { kind: "run-service", fullName: service.fullName },
    label: describe(service.fullName),
    project: service.project,
    permission: "run.routes.invoke",
    // The cloudfunctions.net address counts too, when the service was made as a function; custom audiences come on
    // top of the default ones. https://docs.cloud.google.com/run/docs/troubleshooting
    audiences: {
      origins: unique([state.uri, ...(state.urls ?? [])]),
      exact: unique([...(state.customAudiences ?? []), behind?.url]),
    },
    ingress: ingress.every((setting) => OPEN_INGRESS.includes(setting)) ? "all" : "internal",
    open: state.invokerIamDisabled ?? false,
    iap: state.iapEnabled === true ? iap : undefined,
    defaultUrlDisabled: state.defaultUriDisabled ?? false,
    plainHttp: false,
  };
}

function unique(values: readonly (string | undefined)[]): string[] {
  return [...new Set(values.filter((value) => value !== undefined && value !== ""))] as string[];
}
