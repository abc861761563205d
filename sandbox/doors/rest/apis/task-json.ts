import { CloudError } from "../../../cloud/errors";
import type { StoredQueue } from "../../../delivery/tasks/queue";
import type { Task, TaskAttempt } from "../../../delivery/tasks/task";

/** In the order of their numbers, with which clients write them too. google/cloud/tasks/v2/target.proto */
const METHODS = ["HTTP_METHOD_UNSPECIFIED", "POST", "GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS"];
const VIEWS = ["VIEW_UNSPECIFIED", "BASIC", "FULL"];

/** Statuses of HTTP as Google's codes. https://github.com/googleapis/googleapis/blob/master/google/rpc/code.proto */
const RPC_CODES: Readonly<Partial<Record<number, number>>> = {
  400: 3,
  401: 16,
  403: 7,
  404: 5,
  409: 10,
  429: 8,
  499: 1,
  500: 13,
  501: 12,
  503: 14,
  504: 4,
};
const UNKNOWN_CODE = 2;

/** Whether a view, by name or number, is the one with the bodies. */
export function isFull(view: string | number | null | undefined): boolean {
  if (view === undefined || view === null) return false;
  const name = typeof view === "number" || /^\d+$/.test(view) ? VIEWS[Number(view)] : view;
  if (name !== undefined && VIEWS.includes(name)) return name === "FULL";
  throw new CloudError(
    "INVALID_ARGUMENT",
    `Invalid value at 'responseView': ${JSON.stringify(view)}. It must be one of ${VIEWS.join(", ")}.`,
  );
}

/** A task as it was sent, with the names of choices in place of their numbers. */
export function taskFrom(json: Readonly<Record<string, unknown>>): unknown {
  const { httpRequest } = json;
  if (typeof httpRequest !== "object" || httpRequest === null || !("httpMethod" in httpRequest)) return json;
  const { httpMethod } = httpRequest;
  const named = typeof httpMethod === "number" ? (METHODS[httpMethod] ?? httpMethod) : httpMethod;
  return { ...json, httpRequest: { ...httpRequest, httpMethod: named } };
}

/** https://cloud.google.com/tasks/docs/reference/rest/v2/projects.locations.queues.tasks#Task */
export function taskJson(task: Task, full: boolean): object {
  const { url, httpMethod, headers, body, oidcToken } = task.call;
  return {
    name: task.name,
    httpRequest: {
      ...(url !== "" && { url }),
      httpMethod,
      // Google adds this one already here: github.com/aertje/cloud-tasks-emulator, conformance/golden/headers.json
      headers: { ...headers, "User-Agent": "Google-Cloud-Tasks" },
      ...(full && body !== "" && { body }),
      ...(oidcToken !== undefined && { oidcToken }),
    },
    scheduleTime: time(task.scheduleTime),
    createTime: time(Math.floor(task.createTime / 1000) * 1000),
    dispatchDeadline: `${task.deadline / 1000}s`,
    ...(task.dispatchCount > 0 && { dispatchCount: task.dispatchCount }),
    ...(task.responseCount > 0 && { responseCount: task.responseCount }),
    ...(task.firstAttempt && { firstAttempt: { dispatchTime: time(task.firstAttempt.dispatchTime) } }),
    ...(task.lastAttempt && { lastAttempt: attemptJson(task.lastAttempt) }),
    view: full ? "FULL" : "BASIC",
  };
}

function attemptJson({ scheduleTime, dispatchTime, responseTime, status }: TaskAttempt): object {
  return {
    scheduleTime: time(scheduleTime),
    dispatchTime: time(dispatchTime),
    ...(responseTime !== undefined && { responseTime: time(responseTime) }),
    ...(status !== undefined && {
      responseStatus: { code: rpcCode(status), message: `HTTP status code ${status}` },
    }),
  };
}

function rpcCode(status: number): number {
  return status >= 200 && status <= 299 ? 0 : (RPC_CODES[status] ?? UNKNOWN_CODE);
}

/** https://cloud.google.com/tasks/docs/reference/rest/v2/projects.locations.queues#Queue */
export function queueJson({ id, state }: StoredQueue): object {
  const { httpTarget, rateLimits, retryConfig, desiredState } = state;
  return { name: id, httpTarget, rateLimits, retryConfig, state: desiredState ?? "RUNNING" };
}

function time(ms: number): string {
  return new Date(ms).toISOString();
}
