import type { HttpRequest } from "../../ingress/http";
import type { StoredQueue } from "./queue";
import { shortName, type Task } from "./task";

const METHODS_WITH_BODY = new Set(["POST", "PUT", "PATCH"]);
/** Replaced by Google whatever task and queue say; Host and Content-Length belong to whoever writes the request to the wire. */
const OVERRIDDEN = /^(?:host|content-length|user-agent|x-google-.*|x-appengine-.*|x-cloudtasks-.*)$/i;

/**
 * The request of one attempt. Content-Type is not set when neither task nor queue says one.
 * https://docs.cloud.google.com/tasks/docs/creating-http-target-tasks#handler; which headers come at which attempt, and that
 * the reason of a retry is sent empty, was recorded from Google: github.com/aertje/cloud-tasks-emulator,
 * conformance/golden/dispatch.json
 */
export function taskRequest(
  { state }: StoredQueue,
  task: Task,
  url: string,
  token: string | undefined,
): HttpRequest {
  const method = methodOf(state.httpTarget?.httpMethod) ?? task.call.httpMethod;
  return {
    method,
    url,
    headers: [
      ...ownHeaders(state.httpTarget?.headerOverrides ?? [], task.call.headers, token !== undefined),
      ["User-Agent", "Google-Cloud-Tasks"],
      ["X-CloudTasks-QueueName", state.name],
      ["X-CloudTasks-TaskName", shortName(task)],
      // The attempt that this request belongs to is counted already.
      ["X-CloudTasks-TaskRetryCount", String(task.dispatchCount - 1)],
      ["X-CloudTasks-TaskExecutionCount", String(task.executionCount)],
      ["X-CloudTasks-TaskETA", (task.scheduleTime / 1000).toFixed(6)],
      ...retryHeaders(task),
      ...(token === undefined ? [] : [["Authorization", `Bearer ${token}`] as const]),
    ],
    body: METHODS_WITH_BODY.has(method) ? Buffer.from(task.call.body, "base64").toString("utf8") : "",
  };
}

/** Which method a queue names, if any: its first choice names none. google/cloud/tasks/v2/target.proto, HttpMethod */
function methodOf(method: string | undefined): string | undefined {
  return method === "HTTP_METHOD_UNSPECIFIED" ? undefined : method;
}

/** The task's, over which the queue's go. A token takes the place of every Authorization header, as documented. */
function ownHeaders(
  overrides: readonly { header: { key: string; value: string } }[],
  ofTask: Readonly<Record<string, string>>,
  hasToken: boolean,
): (readonly [string, string])[] {
  const ofQueue = overrides.map(({ header: { key, value } }) => [key, value] as const);
  const replaced = new Set(ofQueue.map(([name]) => name.toLowerCase()));
  return [...Object.entries(ofTask).filter(([name]) => !replaced.has(name.toLowerCase())), ...ofQueue].filter(
    ([name]) => !OVERRIDDEN.test(name) && !(hasToken && name.toLowerCase() === "authorization"),
  );
}

function retryHeaders({ dispatchCount, lastAttempt }: Task): (readonly [string, string])[] {
  if (dispatchCount <= 1) return [];
  const status = lastAttempt?.status;
  return [
    ...(status === undefined ? [] : [["X-CloudTasks-TaskPreviousResponse", String(status)] as const]),
    ["X-CloudTasks-TaskRetryReason", ""],
  ];
}
