import type { Cloud } from "../../cloud/cloud";
import type { HttpResponse } from "../../ingress/http";
import type { Ingress } from "../../ingress/ingress";
import type { Attempt, AttemptLog } from "../attempt";
import { following } from "../scheduler/redirects";
import { notSent, send, type Planned } from "../send";
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

/** One try of one task, counted already; undefined when called off meanwhile. It never throws. */
export async function dispatch(
  tools: TaskTools,
  queue: StoredQueue,
  task: Task,
): Promise<Attempt | undefined> {
  const planned: Planned = {
    at: tools.cloud.clock.now(),
    source: { kind: "task-queue", name: queue.state.name, id: queue.id },
    task: task.name,
    number: task.dispatchCount,
    url: task.call.url,
    caller: "",
    audience: undefined,
  };
  try {
    return await sent(tools, queue, task, planned);
  } catch (error) {
    return notSent(planned, error);
  }
}

async function sent(
  { cloud, ingress, waits }: TaskTools,
  queue: StoredQueue,
  task: Task,
  start: Planned,
): Promise<Attempt | undefined> {
  const { project } = queue;
  const url = calledUrl(queue.state.httpTarget, task.call.url);
  const wanted = wantedToken(queue, task, url);
  const { caller = "", audience, scope } = wanted ?? {};
  const planned: Planned = { ...start, url, caller, audience, scope };
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

/** Assumed: that a target is not left alone for longer, whatever it asks for. It is the usual longest back-off. */
const LONGEST_REST = 3_600_000;

/** Milliseconds that a target asks to be left alone for: https://www.rfc-editor.org/rfc/rfc9110#name-retry-after */
export function retryAfter({ headers }: HttpResponse, now: number): number | undefined {
  const value = Object.entries(headers).find(([name]) => name.toLowerCase() === "retry-after")?.[1];
  if (value === undefined) return undefined;
  const wait = /^\d+$/.test(value.trim()) ? Number(value) * 1000 : Date.parse(value) - now;
  return Number.isNaN(wait) ? undefined : Math.min(Math.max(0, wait), LONGEST_REST);
}
