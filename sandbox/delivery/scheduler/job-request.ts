import type { HttpRequest } from "../../ingress/http";
import type { JobState } from "./job";

const METHODS_WITH_BODY = new Set(["POST", "PUT", "PATCH"]);
/** Replaced by Google whatever the job says; Host and Content-Length belong to whoever writes the request to the wire. */
const OVERRIDDEN = /^(?:host|content-length|user-agent|x-google-.*|x-appengine-.*|x-cloudscheduler.*)$/i;

/**
 * The request of one attempt. `scheduledFor` is undefined for forced runs, which carry no schedule time.
 * https://cloud.google.com/scheduler/docs/reference/rest/v1/projects.locations.jobs#httptarget
 */
export function jobRequest(
  job: JobState & { httpTarget: NonNullable<JobState["httpTarget"]> },
  token: string | undefined,
  scheduledFor: number | undefined,
): HttpRequest {
  const { uri, httpMethod, body, headers: wanted } = job.httpTarget;
  const method = httpMethod ?? "POST";
  const sent = METHODS_WITH_BODY.has(method) ? decode(body) : "";
  const own = Object.entries(wanted ?? {}).filter(
    // Not documented what happens to a job's own Authorization beside a token; two would be refused anyway.
    ([name]) => !OVERRIDDEN.test(name) && !(token !== undefined && name.toLowerCase() === "authorization"),
  );
  const typed = own.some(([name]) => name.toLowerCase() === "content-type");
  return {
    method,
    url: uri,
    headers: [
      ...own,
      ...(sent !== "" && !typed ? [["Content-Type", "application/octet-stream"] as const] : []),
      ["User-Agent", "Google-Cloud-Scheduler"],
      ["X-CloudScheduler", "true"],
      ["X-CloudScheduler-JobName", job.name],
      ...(scheduledFor === undefined
        ? []
        : [["X-CloudScheduler-ScheduleTime", rfc3339(scheduledFor)] as const]),
      ...(token === undefined ? [] : [["Authorization", `Bearer ${token}`] as const]),
    ],
    body: sent,
  };
}

function decode(base64: string | undefined): string {
  return Buffer.from(base64 ?? "", "base64").toString("utf8");
}

function rfc3339(time: number): string {
  return new Date(time).toISOString().replace(".000Z", "Z");
}
