import type { Store } from "../../cloud/store";
import { readStrictly } from "../read-document";
import { manifest, type Manifest } from "./manifests-schema";

export const REQUEST_AUTHENTICATION = "kubernetes:security.istio.io/v1:RequestAuthentication";
export const AUTHORIZATION_POLICY = "kubernetes:security.istio.io/v1:AuthorizationPolicy";

/** What is applied to the cluster, as it stands. */
export function appliedManifests(store: Store): Manifest[] {
  return [REQUEST_AUTHENTICATION, AUTHORIZATION_POLICY].flatMap((token) =>
    store.list(token).map(({ fullName, state }) => readStrictly(fullName, manifest, state)),
  );
}
