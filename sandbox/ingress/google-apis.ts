import type { Cloud } from "../cloud/cloud";
import type { Decision } from "../cloud/iam/decide";
import { apiCaller } from "./api-caller";
import { apiRefusal, type ApiRefusalCase } from "./api-refusals";
import type { HttpRequest, HttpResponse, TargetRef, Verdict } from "./http";
import { runJobApi } from "./run-jobs";

/** One method of one of Google's APIs, asked for by a request. */
export interface ApiCall {
  /** Such as `run.googleapis.com`. */
  readonly service: string;
  readonly target: TargetRef & { fullName: string };
  /** The project that the resource lies in. */
  readonly project: string;
  /** All of these are needed. */
  readonly permissions: readonly string[];
  /** Why the request cannot be understood; who may not call is told nothing of it. */
  readonly fault?: string;
  /** Does it; undefined if there is nothing of that name. */
  readonly carryOut: () => { status: number; body: unknown; reason: string } | undefined;
}

/** What a request asks for of a method that is modelled otherwise, by name. */
export interface Unmodelled {
  readonly unmodelled: readonly string[];
}

/** What the ingress answers of Google's own APIs, in words. */
export const MODELLED_APIS = "POST https://run.googleapis.com/v2/projects/P/locations/R/jobs/J:run";

type Refused = {
  refusal: ApiRefusalCase;
  reason: string;
  assumed?: string;
  permission?: string;
  decision?: Decision;
};

/** A call of one of Google's own APIs, decided and carried out; otherwise what of it is not modelled, or undefined for all. */
export function callGoogleApi(
  cloud: Cloud,
  request: HttpRequest,
  url: URL,
): { response: HttpResponse; verdict: Verdict } | Unmodelled | undefined {
  const call = runJobApi(cloud, request, url);
  if (call === undefined || "unmodelled" in call) return call;
  const { target } = call;
  const refuse = (why: Refused, principal?: string) => {
    const { refusal, permission, ...rest } = why;
    const { status, assumed, ...response } = apiRefusal(refusal, call, { permission, fault: call.fault });
    const all = [rest.assumed, assumed].filter((text) => text !== undefined).join("; ");
    const verdict = {
      ...rest,
      outcome: "refused" as const,
      target,
      status,
      principal,
      assumed: all || undefined,
    };
    return { response: { status, ...response }, verdict };
  };

  const who = apiCaller(cloud, request.headers, call);
  if ("refusal" in who) return refuse(who);
  const may = authorize(cloud, who, call);
  if ("refusal" in may) return refuse(may, who.member);
  if (call.fault !== undefined) return refuse({ refusal: "bad request", reason: call.fault }, who.member);
  const done = call.carryOut();
  if (done === undefined) {
    return refuse({ refusal: "not found", reason: `There is no ${target.fullName}.` }, who.member);
  }
  return {
    response: json(done.status, done.body),
    verdict: {
      outcome: "let in",
      target,
      status: done.status,
      principal: who.member,
      decision: may.decision,
      reason: `${may.decision.reason} ${done.reason}`,
      assumed: may.decision.assumed,
    },
  };
}

function authorize(
  cloud: Cloud,
  { member }: { member: string },
  call: ApiCall,
): { decision: Decision } | Refused {
  const { target, project, service, permissions } = call;
  if (cloud.projects.get(project) === undefined) {
    const [permission] = permissions;
    return { refusal: "no permission", reason: `There is no project "${project}".`, permission };
  }
  if (!cloud.apis.isEnabled(project, service)) {
    return { refusal: "api disabled", reason: `${service} is not enabled in project "${project}".` };
  }
  const decisions = permissions.map((permission) =>
    cloud.iam.decide({ member, permission, resource: target.fullName }),
  );
  const denied = decisions.find(({ allowed }) => !allowed);
  if (denied !== undefined) {
    return {
      refusal: "no permission",
      reason: denied.reason,
      decision: denied,
      permission: denied.permission,
    };
  }
  const [decision] = decisions;
  if (decision === undefined) throw new Error(`${service}: a method that needs no permission`);
  return { decision };
}

function json(status: number, body: unknown): HttpResponse {
  return {
    status,
    headers: { "content-type": "application/json; charset=UTF-8" },
    body: `${JSON.stringify(body, undefined, 2)}\n`,
  };
}
