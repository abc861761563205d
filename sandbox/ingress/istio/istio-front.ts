import type { Cloud } from "../../cloud/cloud";
import { FilterChain } from "../envoy/filter-chain";
import { RBAC_FILTER } from "../envoy/filters-schema";
import type { Exchange } from "../envoy/match";
import { pathOf, queryOf, withPath } from "../envoy/paths";
import type { Front, FrontAnswer } from "../front";
import type { HttpRequest } from "../http";
import { documentsIn, readStrictly } from "../read-document";
import { appliedManifests } from "./applied";
import { keysOf, toJwtFilter } from "./jwt";
import {
  manifest,
  type AuthorizationPolicy,
  type Manifest,
  type RequestAuthentication,
} from "../../cloud/resources/istio-manifests";
import { toRbac } from "./rbac";

/** A workload, by what its sidecar knows of it. */
export interface MeshWorkload {
  namespace: string;
  labels: Readonly<Record<string, string>>;
}

const WHAT = "Istio's manifests";

/** What Istio speaks of when it means the whole mesh. https://istio.io/latest/docs/reference/config/istio.mesh.v1alpha1/ */
const ROOT_NAMESPACE = "istio-system";

/** The sidecar of a workload in a mesh, as the manifests in it say. */
export class IstioFront implements Front {
  readonly kind = "istio";
  readonly #workload: MeshWorkload;
  readonly #given: readonly Manifest[] | undefined;

  /** Without `manifests`: those that are applied in the cloud, at the time of each request. */
  constructor(workload: MeshWorkload, manifests?: unknown) {
    this.#workload = workload;
    this.#given = manifests === undefined ? undefined : read(manifests);
  }

  async decide(cloud: Cloud, request: HttpRequest): Promise<FrontAnswer> {
    const all = (this.#given ?? appliedManifests(cloud.store)).filter((each) =>
      speaksOf(each, this.#workload),
    );
    // https://istio.io/latest/docs/ops/best-practices/security/#customize-your-system-on-path-normalization
    const path = pathOf(request.url, { normalize_path: true }) ?? "/";
    const exchange: Exchange = {
      method: request.method,
      host: new URL(request.url).host,
      path,
      query: queryOf(request.url),
      headers: request.headers,
      metadata: {},
    };
    return chainOf(all).decide(cloud, { ...request, url: withPath(request.url, path) }, exchange);
  }
}

function chainOf(all: readonly Manifest[]): FilterChain {
  const rules = all.filter(isAuthentication).flatMap(({ spec }) => spec.jwtRules ?? []);
  const policies = all.filter(isAuthorization);
  const jwt = toJwtFilter(rules);
  const rbacs = (["DENY", "ALLOW"] as const).flatMap((action) => toRbac(policies, action) ?? []);
  return new FilterChain(
    WHAT,
    [
      ...(jwt === undefined ? [] : [jwt]),
      ...rbacs.map((each) => ({ "@type": RBAC_FILTER, rules: each }) as const),
      { "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router" },
    ],
    keysOf,
  );
}

function isAuthentication(each: Manifest): each is RequestAuthentication {
  return each.kind === "RequestAuthentication";
}

function isAuthorization(each: Manifest): each is AuthorizationPolicy {
  return each.kind === "AuthorizationPolicy";
}

function speaksOf({ metadata, spec }: Manifest, { namespace, labels }: MeshWorkload): boolean {
  const wanted = Object.entries(spec.selector?.matchLabels ?? {});
  return (
    [namespace, ROOT_NAMESPACE].includes(metadata.namespace) &&
    wanted.every(([key, value]) => labels[key] === value)
  );
}

/** A text, a list, or an object that holds the manifests under names of its own. */
function read(manifests: unknown): Manifest[] {
  const documents = documentsIn(WHAT, manifests).flatMap((each) =>
    typeof each === "object" && each !== null && !("kind" in each)
      ? (Object.values(each) as unknown[])
      : [each],
  );
  return documents.map((each) => readStrictly(WHAT, manifest, each));
}
