import type { RetryConfig } from "./backoff";

export const JOB = "gcp:cloudscheduler/job:Job";

/** What the scheduler reads of a job. */
export interface JobState {
  name: string;
  schedule?: string;
  timeZone?: string;
  attemptDeadline?: string;
  paused?: boolean;
  retryConfig?: RetryConfig;
  httpTarget?: {
    uri: string;
    httpMethod?: string;
    /** base64 */
    body?: string;
    headers?: Record<string, string>;
    oidcToken?: { serviceAccountEmail: string; audience?: string };
    oauthToken?: { serviceAccountEmail: string; scope?: string };
  };
}

/** https://cloud.google.com/scheduler/docs/reference/rest/v1/projects.locations.jobs */
export const JOB_DEFAULTS = { timeZone: "Etc/UTC", attemptDeadline: "180s" };
