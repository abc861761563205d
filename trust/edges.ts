import type { Caller, Callers } from "./callers";
import { coversTarget, isEveryone, type ReadGrant } from "./grants";
import { hasBlock, KNOWN_LATER, originsOf, textAt, type ResourceState } from "./resources";
import {
  decidesItself,
  externalTarget,
  isDecidedByApplication,
  targetAt,
  type Target,
  type TargetKind,
} from "./targets";

/** One source calling one target as one caller. */
export interface Edge {
  source: { kind: "scheduler-job" | "push-subscription" | "task-queue"; name: string; urn: string };
  /** The e-mail. */
  caller: string;
  callerUrn?: string;
  target: { kind: TargetKind; name: string; urn?: string };
  url: string;
  /** Undefined when the source is left to Google's default, the whole url, which most targets refuse; and with a scope. */
  audience: string | undefined;
  /** The OAuth scope of a source that sends an access token instead of an id_token, to one of Google's APIs. */
  scope?: string;
  /**
   * Some grant on the target lets this caller in. Never for an application, in front of it a gateway or nothing: there it
   * decides, and no grant exists. Nor for what is called through an API and is none of the kinds of target here.
   */
  granted: boolean;
  /** Absent where it is let in without one, or not at all. */
  grant?: { role: string; urn: string; condition?: string };
  /** Who decides where no grant that could be read here does: the application, or the API that is called. */
  decidedBy?: "application" | "api";
}

/** An edge with what only this folder needs. */
export interface ReadEdge {
  readonly edge: Edge;
  readonly target: Target;
  readonly caller: Caller | undefined;
}

interface Kind {
  kind: Edge["source"]["kind"];
  block: string;
  /** The address that it calls; undefined while it is not known. */
  url: (source: ResourceState) => string | undefined;
}

const KINDS: Readonly<Record<string, Kind>> = {
  "gcp:cloudscheduler/job:Job": {
    kind: "scheduler-job",
    block: "httpTarget",
    url: (job) => textAt(job, "httpTarget", "uri"),
  },
  "gcp:pubsub/subscription:Subscription": {
    kind: "push-subscription",
    block: "pushConfig",
    url: (subscription) => textAt(subscription, "pushConfig", "pushEndpoint"),
  },
  "gcp:cloudtasks/queue:Queue": { kind: "task-queue", block: "httpTarget", url: queueUrl },
};

interface Known {
  targets: readonly Target[];
  grants: readonly ReadGrant[];
  callers: Callers;
}

/** All sources among the resources that send a token. */
export function readEdges(resources: readonly ResourceState[], known: Known): ReadEdge[] {
  return resources.flatMap((resource) => {
    const kind = KINDS[resource.type];
    if (kind === undefined) return [];
    const token = TOKENS.find((name) => hasBlock(resource, kind.block, name));
    return token === undefined ? [] : [readEdge(resource, kind, token, known)];
  });
}

/** An id_token, or an access token. */
const TOKENS = ["oidcToken", "oauthToken"] as const;

function readEdge(
  resource: ResourceState,
  { kind, block, url: urlOf }: Kind,
  token: (typeof TOKENS)[number],
  known: Known,
): ReadEdge {
  const origins = originsOf(resource, block);
  const url = urlOf(resource);
  const target = targetOf(url, origins, known.targets);
  const caller = known.callers.find(textAt(resource, block, token, "serviceAccountEmail"), origins);
  const grounds = known.grants.filter(
    (candidate) =>
      admits(candidate, caller) &&
      (coversTarget(candidate, target) || isWaitedFor(candidate, target, origins)),
  );
  const { grant } = grounds.find((ground) => ground.grant.condition === undefined) ?? grounds[0] ?? {};
  const decidedBy = deciderOf(target);
  return {
    target,
    caller,
    edge: {
      source: { kind, name: resource.name, urn: resource.urn },
      caller: caller?.email ?? KNOWN_LATER,
      callerUrn: caller?.urn,
      target: { kind: target.kind, name: target.name, urn: target.urn },
      url: url ?? KNOWN_LATER,
      audience: token === "oidcToken" ? audienceOf(resource, block) : undefined,
      ...(token === "oauthToken" && { scope: scopeOf(resource, block) }),
      granted: grant !== undefined || (!isDecidedByApplication(target.gate) && target.open.length > 0),
      grant: grant && {
        role: grant.role,
        urn: grant.urn,
        ...(grant.condition !== undefined && { condition: grant.condition }),
      },
      ...(decidedBy && { decidedBy }),
    },
  };
}

/**
 * What a queue puts in place of its tasks' addresses. A part that it leaves to the tasks is left out, and a queue that leaves
 * them the host calls what no resource tells.
 */
function queueUrl(queue: ResourceState): string | undefined {
  const part = (...path: string[]): string | undefined => textAt(queue, "httpTarget", "uriOverride", ...path);
  const [scheme = "HTTPS", host, port] = [part("scheme"), part("host"), part("port")];
  if (host === undefined) return undefined;
  const [path, query] = [part("pathOverride", "path"), part("queryOverride", "queryParams")];
  const at = port === undefined || port === "0" ? "" : `:${port}`;
  return `${scheme.toLowerCase()}://${host}${at}${path ?? ""}${query === undefined ? "" : `?${query}`}`;
}

/** By its address; while that is unknown, by the one target that the address comes from. */
function targetOf(url: string | undefined, origins: readonly string[], targets: readonly Target[]): Target {
  if (url !== undefined) return targetAt(targets, url) ?? externalTarget(url);
  const found = targets.filter(({ urn }) => urn !== undefined && origins.includes(urn));
  return (found.length === 1 ? found[0] : undefined) ?? externalTarget(KNOWN_LATER);
}

function admits(candidate: ReadGrant, caller: Caller | undefined): boolean {
  return isEveryone(candidate.grant.member) || (caller !== undefined && candidate.caller === caller);
}

/** A grant on a service of another stack says nothing of its address; but the source was made to wait for it. */
function isWaitedFor(candidate: ReadGrant, target: Target, origins: readonly string[]): boolean {
  const { grant, target: own } = candidate;
  return (
    target.kind === "external" &&
    !isDecidedByApplication(target.gate) &&
    grant.on === "target" &&
    own === undefined &&
    grant.futile === undefined &&
    origins.includes(grant.urn)
  );
}

function deciderOf(target: Target): Edge["decidedBy"] {
  if (isDecidedByApplication(target.gate)) return "application";
  return decidesItself(target) ? "api" : undefined;
}

function audienceOf(resource: ResourceState, block: string): string | undefined {
  const audience = textAt(resource, block, "oidcToken", "audience");
  return audience ?? (hasBlock(resource, block, "oidcToken", "audience") ? KNOWN_LATER : undefined);
}

function scopeOf(resource: ResourceState, block: string): string {
  const scope = textAt(resource, block, "oauthToken", "scope");
  if (scope !== undefined) return scope;
  // https://cloud.google.com/scheduler/docs/reference/rest/v1/projects.locations.jobs#OAuthToken
  return hasBlock(resource, block, "oauthToken", "scope")
    ? KNOWN_LATER
    : "https://www.googleapis.com/auth/cloud-platform";
}
