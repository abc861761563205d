import type { Caller, Callers } from "./callers";
import { entriesOf, type PolicyEntry } from "./policy-entries";
import { KNOWN_LATER, originsOf, textAt, type ResourceState } from "./resources";
import { placeOf, samePlace, type Gate, type Place, type Target } from "./targets";

/** An IAM binding that was written to let somebody into a target. */
export interface Grant {
  urn: string;
  role: string;
  member: string;
  /** The logical name of the target; undefined when it lies on the whole project, or on something of another stack. */
  target?: string;
  targetUrn?: string;
  /** The member as a caller, when it is a service account. */
  caller?: string;
  callerUrn?: string;
  /** Where it lies. */
  on: "target" | "project";
  /** The same by name, as far as it is known. */
  place?: Place;
  /** What must be true for it to let somebody in, in IAM's language; absent when nothing must. */
  condition?: string;
  /** Why it lets nobody in although it looks as if it did. */
  futile?: string;
}

/** A grant with what only this folder needs. */
export interface ReadGrant {
  readonly grant: Grant;
  readonly target: Target | undefined;
  readonly caller: Caller | undefined;
  readonly project: string | undefined;
}

interface Kind {
  gates: readonly Gate[];
  on: "target" | "project";
  roles: readonly string[];
  /** Roles for other work that let in as well. Who has them by name is no matter of calls; to give them to all is one. */
  wider?: readonly string[];
  nameProperty?: string;
  regionProperty?: string;
  /** Which of a target's places the name means; default: that of its gate. */
  names?: "functionPlace";
  futile?: string;
}

/** Roles made for calling, and nothing else. https://docs.cloud.google.com/iam/docs/roles-permissions/run */
const RUN_ROLES = ["roles/run.invoker", "roles/run.servicesInvoker"];
const IAP_ROLES = ["roles/iap.httpsResourceAccessor"];
const FUNCTION_ROLES = ["roles/cloudfunctions.invoker"];
const JOB_ROLES = ["roles/run.jobsExecutor", "roles/run.jobsExecutorWithOverrides", "roles/run.invoker"];

/** https://docs.cloud.google.com/iam/docs/roles-permissions/cloudfunctions */
const FUNCTION_WORK = [
  "roles/owner",
  "roles/editor",
  "roles/cloudfunctions.admin",
  "roles/cloudfunctions.developer",
];
const RUN_WORK = [...FUNCTION_WORK, "roles/run.admin", "roles/run.developer", "roles/run.sourceDeveloper"];

const ON_RUN: Kind = {
  gates: ["run", "iap"],
  on: "target",
  roles: RUN_ROLES,
  wider: RUN_WORK,
  nameProperty: "name",
  regionProperty: "location",
};
// https://docs.cloud.google.com/run/docs/securing/identity-aware-proxy-cloud-run
const BEHIND_IAP = "IAP decides first, and calls as an agent of its own";
const ON_IAP: Kind = {
  ...ON_RUN,
  gates: ["iap"],
  roles: IAP_ROLES,
  wider: [],
  nameProperty: "cloudRunServiceName",
};
const ON_JOB: Kind = { ...ON_RUN, gates: ["google-api"], roles: JOB_ROLES };
const ON_FUNCTION: Kind = {
  gates: ["function-v1"],
  on: "target",
  roles: FUNCTION_ROLES,
  wider: FUNCTION_WORK,
  nameProperty: "cloudFunction",
  regionProperty: "region",
};
const ON_FUNCTION_V2: Kind = {
  ...ON_FUNCTION,
  gates: ["run"],
  regionProperty: "location",
  names: "functionPlace",
  // https://docs.cloud.google.com/functions/docs/securing/authenticating
  futile: "a 2nd gen function is opened by run.invoker on the Run service underneath",
};
const ON_PROJECT: Kind = {
  gates: ["run", "iap", "function-v1", "google-api"],
  on: "project",
  roles: [...RUN_ROLES, ...IAP_ROLES, ...FUNCTION_ROLES, ...JOB_ROLES],
};

/** By type, without the end that says how much of a policy is declared: one member, one role, or all of it. */
const KINDS: Readonly<Record<string, Kind>> = {
  "gcp:cloudrunv2/serviceIam": ON_RUN,
  // The older resources lie on the very same services.
  "gcp:cloudrun/iam": { ...ON_RUN, nameProperty: "service" },
  "gcp:iap/webCloudRunServiceIam": ON_IAP,
  "gcp:cloudrunv2/jobIam": ON_JOB,
  "gcp:cloudfunctions/functionIam": ON_FUNCTION,
  "gcp:cloudfunctionsv2/functionIam": ON_FUNCTION_V2,
  "gcp:projects/iAM": ON_PROJECT,
};

/** All grants for calling among the resources. */
export function readGrants(
  resources: readonly ResourceState[],
  targets: readonly Target[],
  callers: Callers,
): ReadGrant[] {
  return resources.flatMap((resource) => {
    const kind = kindOf(resource);
    if (kind === undefined) return [];
    const target = kind.on === "target" ? targetOf(resource, kind, targets) : undefined;
    return entriesOf(resource)
      .filter((entry) => isForCalling(entry, kind))
      .map(({ role, member, condition, origins }) => {
        const caller = callerOf(member, origins, callers);
        const grant: Grant = {
          urn: resource.urn,
          role,
          member: member ?? (caller === undefined ? KNOWN_LATER : `serviceAccount:${caller.email}`),
          target: target?.name,
          targetUrn: target?.urn,
          caller: caller?.email,
          callerUrn: caller?.urn,
          on: kind.on,
          place: placeIn(resource, kind),
          ...(condition !== undefined && { condition }),
          futile: kind.futile ?? (isBypassed(target, { role, member, caller }) ? BEHIND_IAP : undefined),
        };
        return { grant, target, caller, project: textAt(resource, "project") };
      });
  });
}

function isForCalling({ role, member }: PolicyEntry, { roles, wider = [], on }: Kind): boolean {
  if (roles.includes(role) || (role === KNOWN_LATER && on === "target")) return true;
  return member !== undefined && isEveryone(member) && wider.includes(role);
}

function kindOf({ type }: ResourceState): Kind | undefined {
  const [, family = ""] = /^(.+?)(?:Member|Binding|Policy):\w+$/.exec(type) ?? [];
  return KINDS[family];
}

/** Whether a grant is one on this target (or above it) and of a role that its gate looks at. */
export function coversTarget({ grant, target: own, project }: ReadGrant, target: Target): boolean {
  if (grant.futile !== undefined || grant.role === KNOWN_LATER) return false;
  if (grant.on === "target") return own === target;
  const place = target.place?.project;
  return (
    rolesOf(target).includes(grant.role) &&
    (place === undefined || project === undefined || place === project)
  );
}

/** Of the roles that are read here, those that a target's gate looks at. */
function rolesOf({ gate, kind }: Target): readonly string[] {
  if (kind === "run-job") return JOB_ROLES;
  if (gate === "run") return RUN_ROLES;
  if (gate === "iap") return IAP_ROLES;
  return gate === "function-v1" ? FUNCTION_ROLES : [];
}

/** https://docs.cloud.google.com/iam/docs/principal-identifiers */
export function isEveryone(member: string): boolean {
  return member === "allUsers" || member === "allAuthenticatedUsers";
}

function targetOf(resource: ResourceState, kind: Kind, targets: readonly Target[]): Target | undefined {
  const { nameProperty = "name" } = kind;
  const fitting = targets.filter(({ gate }) => kind.gates.includes(gate));
  const place = placeIn(resource, kind);
  if (place.name !== undefined) {
    const named = fitting.find((target) => samePlace(place, target[kind.names ?? "place"] ?? {}));
    if (named !== undefined) return named;
  }
  const origins = originsOf(resource, nameProperty);
  const waitedFor = fitting.filter(({ urn }) => urn !== undefined && origins.includes(urn));
  return waitedFor.length === 1 ? waitedFor[0] : undefined;
}

function placeIn(resource: ResourceState, kind: Kind): Place {
  if (kind.on === "project") return { project: textAt(resource, "project") };
  const { nameProperty = "name", regionProperty = "location" } = kind;
  return placeOf(resource, regionProperty, textAt(resource, nameProperty));
}

/** Behind IAP the service's own policy is asked about IAP's agent, and about nobody else. */
function isBypassed(
  target: Target | undefined,
  { role, member, caller }: { role: string; member: string | undefined; caller: Caller | undefined },
): boolean {
  if (target?.gate !== "iap" || IAP_ROLES.includes(role) || role === KNOWN_LATER) return false;
  return member === undefined ? caller !== undefined : !isIapAgent(member);
}

/** It passes on what others send, and sends nothing by itself. https://docs.cloud.google.com/iap/docs/enabling-cloud-run */
function isIapAgent(member: string): boolean {
  return /^serviceAccount:service-\d+@gcp-sa-iap\.iam\.gserviceaccount\.com$/.test(member);
}

function callerOf(
  member: string | undefined,
  origins: readonly string[],
  callers: Callers,
): Caller | undefined {
  if (member !== undefined && isIapAgent(member)) return undefined;
  if (member === undefined) return callers.find(undefined, origins);
  const email = /^serviceAccount:(.+)$/.exec(member)?.[1];
  return email === undefined ? undefined : callers.find(email, origins);
}
