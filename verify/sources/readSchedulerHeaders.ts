import { HeaderReader } from "./HeaderReader";
import type { SourceHeaders } from "./SourceHeaders";

/** A call of Cloud Scheduler, as its headers tell it. */
export interface SchedulerCall {
  readonly jobName: string;
  /**
   * For when the run was planned, in milliseconds since 1970: the same for each attempt of it, so that together with the name
   * it tells repeated calls. Undefined when somebody started the job by hand.
   */
  readonly scheduleTime: number | undefined;
}

/**
 * Reads the headers of Cloud Scheduler; undefined if the request comes from elsewhere. Everybody can write these headers: only the
 * token tells who calls, so let a verifier see the request first.
 *
 * ```ts
 * import { readSchedulerHeaders } from "@automatic-oidc/verify";
 *
 * const call = readSchedulerHeaders({
 *   "x-cloudscheduler": "true",
 *   "x-cloudscheduler-jobname": "nightly",
 *   "x-cloudscheduler-scheduletime": "2026-01-01T03:00:00Z",
 * });
 * console.log(call?.jobName, call?.scheduleTime); // nightly 1767236400000
 * ```
 *
 * @throws RequestRefused `ERR_HEADER_MALFORMED`
 */
export function readSchedulerHeaders(headers: SourceHeaders): SchedulerCall | undefined {
  // https://cloud.google.com/scheduler/docs/reference/rest/v1/projects.locations.jobs#httptarget
  const reader = new HeaderReader(headers, "X-CloudScheduler");
  if (reader.text("") !== "true") return undefined;
  return { jobName: reader.requiredText("-JobName"), scheduleTime: reader.optionalTime("-ScheduleTime") };
}
