import { AUTHORIZATION_POLICY, REQUEST_AUTHENTICATION } from "../../cloud/resources/istio";
import type { Store } from "../../cloud/store";
import { readStrictly } from "../read-document";
import { manifest, type Manifest } from "../../cloud/resources/istio-manifests";

/** What is applied to the cluster, as it stands. */
export function appliedManifests(store: Store): Manifest[] {
  return [REQUEST_AUTHENTICATION, AUTHORIZATION_POLICY].flatMap((token) =>
    store.list(token).map(({ fullName, state }) => readStrictly(fullName, manifest, state)),
  );
}
