import { EnvoyFront } from "../ingress/envoy/envoy-front";
import type { Front } from "../ingress/front";
import { IstioFront } from "../ingress/istio/istio-front";
import { AppError } from "./app-error";
import { type Facts, referredTo } from "./filled-in";
import type { FrontSpec } from "./local-apps";

/** What stands before the app behind a host, made from the documents that the stack gives out. */
export function hostFront(host: string, spec: FrontSpec, facts: Facts): Front {
  const document = (text: string): unknown => referredTo(text, facts, `${host}: front`);
  try {
    if ("envoy" in spec) return new EnvoyFront(document(spec.envoy));
    const { manifests, ...workload } = spec.istio;
    return new IstioFront(workload, manifests === undefined ? undefined : document(manifests));
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw new AppError(
      `The front of ${host} does not start: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}
