import { z } from "zod/mini";
import type { Tasks } from "../../../delivery/tasks/tasks";
import type { Api, Call } from "../api";
import { readJson } from "../read-json";
import { isFull, queueJson, taskFrom, taskJson } from "./task-json";

const LOCATION = "/v2/projects/{project}/locations/{location}";
const QUEUE = `${LOCATION}/queues/{queue}`;
const TASK = `${QUEUE}/tasks/{task}`;

const created = z.strictObject({
  parent: z.optional(z.string()),
  task: z.record(z.string(), z.unknown()),
  responseView: z.optional(z.union([z.string(), z.number()])),
});
const viewed = z.strictObject({
  name: z.optional(z.string()),
  responseView: z.optional(z.union([z.string(), z.number()])),
});

/**
 * The part of Cloud Tasks with which an application works: its clients speak it when they are told to use REST.
 * https://cloud.google.com/tasks/docs/reference/rest. Queues are made and changed as resources.
 */
export function tasksApi(tasks: () => Tasks): Api {
  return {
    name: "cloudtasks.googleapis.com",
    // https://developers.google.com/identity/protocols/oauth2/scopes#cloudtasks
    scopes: ["https://www.googleapis.com/auth/cloud-tasks"],
    routes: {
      [`GET ${LOCATION}/queues`]: (call) => {
        const { project = "", location = "" } = call.params;
        return { body: { queues: tasks().queues(who(call), project, location).map(queueJson) } };
      },
      [`GET ${QUEUE}`]: (call) => ({ body: queueJson(tasks().queue(who(call), queueOf(call))) }),
      [`POST ${QUEUE}:purge`]: (call) => ({ body: queueJson(tasks().purge(who(call), queueOf(call))) }),

      [`POST ${QUEUE}/tasks`]: (call) => {
        const principal = who(call);
        const { task, responseView } = readJson(call, created);
        const full = isFull(responseView);
        return { body: taskJson(tasks().create(principal, queueOf(call), taskFrom(task), { full }), full) };
      },
      [`GET ${QUEUE}/tasks`]: (call) => {
        const full = isFull(call.url.searchParams.get("responseView"));
        const { page, nextPageToken } = paged(call, tasks().list(who(call), queueOf(call), { full }));
        return { body: { tasks: page.map((task) => taskJson(task, full)), nextPageToken } };
      },
      [`POST ${QUEUE}/tasks:buffer`]: (call) => buffered(tasks(), call, undefined),
      [`POST ${TASK}:buffer`]: (call) => buffered(tasks(), call, call.params.task),

      [`GET ${TASK}`]: (call) => {
        const full = isFull(call.url.searchParams.get("responseView"));
        return { body: taskJson(tasks().get(who(call), taskOf(call), { full }), full) };
      },
      [`DELETE ${TASK}`]: (call) => {
        tasks().delete(who(call), taskOf(call));
        return { body: {} };
      },
      [`POST ${TASK}:run`]: (call) => {
        const principal = who(call);
        const full = isFull(readJson(call, viewed).responseView);
        return { body: taskJson(tasks().run(principal, taskOf(call), { full }), full) };
      },
    },
  };
}

function who(call: Call): string {
  return call.principal().member;
}

function queueOf({ params: { project = "", location = "", queue = "" } }: Call): string {
  return `projects/${project}/locations/${location}/queues/${queue}`;
}

function taskOf(call: Call): string {
  return `${queueOf(call)}/tasks/${call.params.task ?? ""}`;
}

/**
 * What is sent becomes the body of the task, as the guide shows it
 * (https://docs.cloud.google.com/tasks/docs/creating-http-target-tasks). The reference speaks of a message
 * { body: { data } } instead, which is understood as well.
 */
function buffered(tasks: Tasks, call: Call, id: string | undefined) {
  const body = messageIn(call.body) ?? Buffer.from(call.body).toString("base64");
  return { body: { task: taskJson(tasks.buffer(who(call), queueOf(call), { id, body }), false) } };
}

const message = z.strictObject({
  body: z.strictObject({ contentType: z.optional(z.string()), data: z.string() }),
});

function messageIn(body: string): string | undefined {
  try {
    return message.safeParse(JSON.parse(body)).data?.body.data;
  } catch {
    return undefined;
  }
}

/** At most a thousand at once. https://cloud.google.com/tasks/docs/reference/rest/v2/projects.locations.queues.tasks/list */
function paged<T>({ url }: Call, all: readonly T[]): { page: readonly T[]; nextPageToken?: string } {
  const size = Math.min(Number(url.searchParams.get("pageSize") ?? 0) || 1000, 1000);
  const start = Number(url.searchParams.get("pageToken") ?? 0) || 0;
  const end = start + size;
  return { page: all.slice(start, end), ...(end < all.length && { nextPageToken: String(end) }) };
}
