import { readGateway } from "./gateways";
import { flagAt, itemsAt, textAt, textIn, textsAt, type ResourceState } from "./resources";

export type TargetKind =
  "run-service" | "function-v2" | "function-v1" | "run-job" | "endpoints" | "api-gateway" | "external";

/**
 * Who decides about a request: Google, by the IAM policy of a Run service or of a 1st gen function; Identity-Aware
 * Proxy before a Run service, by a policy of its own; one of Google's APIs,
 * by the policy of the resource that it is asked about; a gateway, by the OpenAPI document that was deployed, and then the
 * application behind it; or the application alone.
 */
export type Gate = "run" | "iap" | "function-v1" | "google-api" | "gateway" | "application";

/** What is called. */
export interface Target {
  kind: TargetKind;
  /** The logical name, or the host of an address that no resource here has. */
  name: string;
  /** Absent for an external target. */
  urn?: string;
  gate: Gate;
  /** The address that callers should use; absent when it is not known yet. */
  url?: string;
  /** All addresses. */
  urls: string[];
  /** What IAM policies hang on. For a 2nd gen function this is the Run service underneath. */
  place?: Place;
  /** Where the function itself is, whose own policy opens nothing in the 2nd gen. */
  functionPlace?: Place;
  /** Why anybody gets in, such as `allUsers`; empty for a private target. */
  open: string[];
  /** As whom a gateway calls its backend: the account's address, when it is known. */
  callsAs?: string;
}

/** Whether who may call is the application's matter: no grant on such a target exists. */
export function isDecidedByApplication(gate: Gate): boolean {
  return gate === "application" || gate === "gateway";
}

export interface Place {
  project?: string;
  region?: string;
  name?: string;
}

type Reader = (resource: ResourceState) => Omit<Target, "name" | "urn">;

const READERS: Readonly<Record<string, Reader>> = {
  "gcp:cloudrunv2/service:Service": (service) => ({
    kind: "run-service",
    gate: flagAt(service, "iapEnabled") ? "iap" : "run",
    url: textAt(service, "uri"),
    urls: unique([textAt(service, "uri"), ...textsAt(service, "urls")]),
    place: placeOf(service, "location", textAt(service, "name")),
    // https://docs.cloud.google.com/run/docs/authenticating/public
    open:
      flagAt(service, "invokerIamDisabled") && !flagAt(service, "iapEnabled") ? ["invokerIamDisabled"] : [],
  }),
  // The same services by Run's first API, where what it has no field for is an annotation.
  // https://docs.cloud.google.com/run/docs/securing/managing-access
  "gcp:cloudrun/service:Service": (service) => {
    const isOn = (name: string) =>
      textAt(service, "metadata", "annotations", `run.googleapis.com/${name}`) === "true";
    const [status] = itemsAt(service, "statuses");
    const url =
      typeof status === "object" && status !== null && "url" in status ? textIn(status.url) : undefined;
    return {
      kind: "run-service",
      gate: isOn("iap-enabled") ? "iap" : "run",
      url,
      urls: unique([url]),
      place: placeOf(service, "location", textAt(service, "name")),
      open: isOn("invoker-iam-disabled") && !isOn("iap-enabled") ? ["invokerIamDisabled"] : [],
    };
  },
  // The gate is the Run service underneath. https://docs.cloud.google.com/functions/docs/securing/authenticating
  "gcp:cloudfunctionsv2/function:Function": (fn) => ({
    kind: "function-v2",
    gate: "run",
    url: textAt(fn, "serviceConfig", "uri"),
    urls: unique([textAt(fn, "serviceConfig", "uri"), textAt(fn, "url")]),
    place: placeOf(fn, "location", textAt(fn, "serviceConfig", "service")),
    functionPlace: placeOf(fn, "location", textAt(fn, "name")),
    open: [],
  }),
  "gcp:cloudfunctions/function:Function": (fn) => ({
    kind: "function-v1",
    gate: "function-v1",
    url: textAt(fn, "httpsTriggerUrl"),
    urls: unique([textAt(fn, "httpsTriggerUrl")]),
    place: placeOf(fn, "region", textAt(fn, "name")),
    open: [],
  }),
  // It has no address of its own: the Cloud Run API runs it.
  // https://docs.cloud.google.com/run/docs/reference/rest/v2/projects.locations.jobs/run
  "gcp:cloudrunv2/job:Job": (job) => {
    const place = placeOf(job, "location", textAt(job, "name"));
    const { project, region, name } = place;
    const known = [project, region, name].every((part) => part !== undefined);
    const url = known
      ? `https://run.googleapis.com/v2/projects/${project}/locations/${region}/jobs/${name}:run`
      : undefined;
    return { kind: "run-job", gate: "google-api", url, urls: unique([url]), place, open: [] };
  },
};

/** Services, functions and jobs among the resources. */
export function readTargets(resources: readonly ResourceState[]): Target[] {
  return resources.flatMap((resource) => {
    const read = readGateway(resource, resources) ?? READERS[resource.type]?.(resource);
    return read === undefined ? [] : [{ name: resource.name, urn: resource.urn, ...read }];
  });
}

/** A target that no resource here is: an own application, or a service of another stack. */
export function externalTarget(url: string): Target {
  const { host, hostname, origin } = URL.canParse(url)
    ? new URL(url)
    : { host: url, hostname: url, origin: url };
  const gate = GOOGLES_GATES.find(([domain]) => hostname.endsWith(domain))?.[1] ?? "application";
  return { kind: "external", name: host, gate, url, urls: [origin], open: [] };
}

const GOOGLES_GATES: readonly (readonly [domain: string, gate: Gate])[] = [
  [".run.app", "run"],
  [".cloudfunctions.net", "function-v1"],
  [".googleapis.com", "google-api"],
  [".gateway.dev", "gateway"],
];

/** Whether the grants that let somebody in are none that could be read here: an application's, or those of another API. */
export function decidesItself({ gate, kind }: Target): boolean {
  return gate === "application" || (gate === "google-api" && kind === "external");
}

/** What answers at an address: a Run service on its whole host, a function under its name in the path. */
export function targetAt(targets: readonly Target[], url: string): Target | undefined {
  const asked = addressOf(url);
  if (asked === undefined) return undefined;
  return targets.find((target) =>
    addressesOf(target).some(
      ({ origin, path }) =>
        origin === asked.origin && (asked.path === path || asked.path.startsWith(`${path}/`)),
    ),
  );
}

interface Address {
  origin: string;
  /** Without a slash at its end. */
  path: string;
}

/** Read once: every source's address is held against those of all targets. */
const ADDRESSES = new WeakMap<Target, Address[]>();

function addressesOf(target: Target): Address[] {
  const known = ADDRESSES.get(target);
  if (known !== undefined) return known;
  const read = target.urls.map(addressOf).filter((address) => address !== undefined);
  ADDRESSES.set(target, read);
  return read;
}

function addressOf(url: string): Address | undefined {
  if (!URL.canParse(url)) return undefined;
  const { origin, pathname } = new URL(url);
  return { origin, path: pathname.replace(/\/$/, "") };
}

export function samePlace(a: Place, b: Place): boolean {
  if (a.name === undefined || a.name !== b.name) return false;
  return agree(a.region, b.region) && agree(a.project, b.project);
}

/** Names come alone or as the end of a whole path (`projects/…/services/name`). */
export function placeOf(resource: ResourceState, regionProperty: string, name: string | undefined): Place {
  const [, project, region] = /^projects\/([^/]+)\/locations\/([^/]+)\//.exec(name ?? "") ?? [];
  return {
    project: project ?? textAt(resource, "project"),
    region: region ?? textAt(resource, regionProperty),
    name: name?.split("/").pop(),
  };
}

function agree(a: string | undefined, b: string | undefined): boolean {
  return a === undefined || b === undefined || a === b;
}

function unique(values: readonly (string | undefined)[]): string[] {
  return [...new Set(values.filter((value) => value !== undefined))];
}
