import { z } from "zod/mini";
import { isBase64 } from "../../../cloud/base64";
import { CloudError } from "../../../cloud/errors";
import type { Tasks } from "../../../delivery/tasks/tasks";
import type { Api, Call } from "../api";
import { paged, PAGES } from "../paged";
import { readJson } from "../read-json";
import { requireParameters } from "../require-parameters";
import { requireSame } from "./require-same";
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
        requireParameters(call, ...PAGES);
        const { page, nextPageToken } = paged(call, tasks().queues(who(call), project, location), 9800);
        return { body: { queues: page.map(queueJson), nextPageToken } };
      },
      [`GET ${QUEUE}`]: (call) => {
        requireParameters(call);
        return { body: queueJson(tasks().queue(who(call), queueOf(call))) };
      },
      [`POST ${QUEUE}:purge`]: (call) => {
        requireParameters(call);
        return { body: queueJson(tasks().purge(who(call), queueOf(call))) };
      },

      [`POST ${QUEUE}/tasks`]: (call) => {
        const principal = who(call);
        requireParameters(call);
        const { task, responseView, parent } = readJson(call, created);
        requireSame("parent", parent, queueOf(call));
        const full = isFull(responseView);
        return { body: taskJson(tasks().create(principal, queueOf(call), taskFrom(task), { full }), full) };
      },
      [`GET ${QUEUE}/tasks`]: (call) => {
        requireParameters(call, "responseView", ...PAGES);
        const full = isFull(call.url.searchParams.get("responseView"));
        const { page, nextPageToken } = paged(call, tasks().list(who(call), queueOf(call), { full }), 1000);
        return { body: { tasks: page.map((task) => taskJson(task, full)), nextPageToken } };
      },
      [`POST ${QUEUE}/tasks:buffer`]: (call) => buffered(tasks(), call, undefined),
      [`POST ${TASK}:buffer`]: (call) => buffered(tasks(), call, call.params.task),

      [`GET ${TASK}`]: (call) => {
        requireParameters(call, "responseView");
        const full = isFull(call.url.searchParams.get("responseView"));
        return { body: taskJson(tasks().get(who(call), taskOf(call), { full }), full) };
      },
      [`DELETE ${TASK}`]: (call) => {
        requireParameters(call);
        tasks().delete(who(call), taskOf(call));
        return { body: {} };
      },
      [`POST ${TASK}:run`]: (call) => {
        const principal = who(call);
        requireParameters(call);
        const { name, responseView } = readJson(call, viewed);
        requireSame("name", name, taskOf(call));
        const full = isFull(responseView);
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
  requireParameters(call);
  const body = messageIn(call.body) ?? Buffer.from(call.body).toString("base64");
  return { body: { task: taskJson(tasks.buffer(who(call), queueOf(call), { id, body }), false) } };
}

const message = z.strictObject({
  body: z.strictObject({ contentType: z.optional(z.string()), data: z.string() }),
});

function messageIn(body: string): string | undefined {
  let data: string | undefined;
  try {
    data = message.safeParse(JSON.parse(body)).data?.body.data;
  } catch {
    return undefined;
  }
  if (data === undefined || isBase64(data)) return data;
  throw new CloudError("INVALID_ARGUMENT", "body.data: it must be base64.");
}
