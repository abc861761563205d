import type { Cloud } from "../../cloud/cloud";
import type { HttpResponse } from "../../ingress/http";
import type { Ingress } from "../../ingress/ingress";
import type { Attempt, AttemptLog } from "../attempt";
import { following } from "../scheduler/redirects";
import { send, type Planned } from "../send";
import type { Waits } from "../waits";
import { calledUrl } from "./called-url";
import type { StoredQueue } from "./queue";
import type { Task } from "./task";
import { taskRequest } from "./task-request";
import { taskToken, wantedToken } from "./token";

export interface TaskTools {
  cloud: Cloud;
  ingress: Ingress;
  log: AttemptLog;
  waits: Waits;
}

/** One try of one task, counted already; undefined when called off meanwhile. */
export async function dispatch(
  { cloud, ingress, waits }: TaskTools,
  queue: StoredQueue,
  task: Task,
): Promise<Attempt | undefined> {
  const { id, project, state } = queue;
  const url = calledUrl(state.httpTarget, task.call.url);
  const wanted = wantedToken(queue, task, url);
  const planned: Planned = {
    at: cloud.clock.now(),
    source: { kind: "task-queue", name: state.name, id },
    task: task.name,
    number: task.dispatchCount,
    url,
    caller: wanted?.caller ?? "",
    audience: wanted?.audience,
    scope: wanted?.scope,
  };
  // Not documented: an attempt for which no token can be had counts like one that was refused.
  const attempt = await send(waits, planned, {
    mint: async () => (wanted === undefined ? undefined : taskToken(cloud, project, wanted)),
    send: (token) =>
      following(
        (request) => ingress.handle(request, { network: "google", project }),
        taskRequest(queue, task, url, token),
      ),
    deadline: task.deadline,
    isSuccess: (status) => status >= 200 && status <= 299,
  });
  if (attempt === undefined || task.assumed === undefined) return attempt;
  return { ...attempt, reason: `${attempt.reason} Assumed in enqueueing: ${task.assumed}.` };
}

/** Milliseconds that a target asks to be left alone for: https://www.rfc-editor.org/rfc/rfc9110#name-retry-after */
export function retryAfter({ headers }: HttpResponse, now: number): number | undefined {
  const value = Object.entries(headers).find(([name]) => name.toLowerCase() === "retry-after")?.[1];
  if (value === undefined) return undefined;
  const wait = /^\d+$/.test(value.trim()) ? Number(value) * 1000 : Date.parse(value) - now;
  return Number.isFinite(wait) ? Math.max(0, wait) : undefined;
}
