import { z } from "zod/mini";
import { CloudError } from "../../cloud/errors";
import { failuresOf } from "../../cloud/resources/checking";
import {
  base64,
  block,
  choice,
  duration,
  headerMap,
  optional,
  pattern,
  serviceAccountEmail,
} from "../../cloud/resources/shapes";
import type { Props } from "../../cloud/resources/values";
import { milliseconds } from "../duration";
import type { TaskCall } from "./task";

const METHODS = ["HTTP_METHOD_UNSPECIFIED", "POST", "GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS"];
const WITH_BODY: readonly string[] = ["POST", "PUT", "PATCH"];
const DAY = 86_400_000;
const KIB = 1024;

// The limits: docs.cloud.google.com/tasks/docs/reference/rest/v2/projects.locations.queues.tasks and
// docs.cloud.google.com/tasks/docs/quotas
const schema = () =>
  block({
    name: optional(z.string()),
    scheduleTime: optional(
      z
        .string()
        .check(z.refine((time) => isTimestamp(time), "it must be a time, as in 2026-01-31T12:00:00Z")),
    ),
    dispatchDeadline: optional(duration(15, 1800)),
    httpRequest: block({
      url: pattern(/^https?:\/\/[^/\s]\S*$/, "it must be an http or https address").check(
        z.refine((url) => URL.canParse(url), "it must be an address"),
        z.refine(
          (url) => !URL.canParse(url) || new URL(url).href.length <= 2083,
          "it is longer than 2083 characters",
        ),
      ),
      httpMethod: optional(choice(METHODS)),
      headers: optional(headerMap()),
      body: optional(base64()),
      oidcToken: optional(
        block({ serviceAccountEmail: serviceAccountEmail(), audience: optional(z.string()) }),
      ),
    }),
  });

type Input = z.infer<ReturnType<typeof schema>>;

/** What somebody asks for, read and found right. */
export interface WantedTask {
  name?: string;
  call: TaskCall;
  scheduleTime: number;
  deadline: number;
}

/** https://cloud.google.com/tasks/docs/reference/rest/v2/projects.locations.queues.tasks#Task */
const DEFAULT_DEADLINE = "600s";

/** Reads a task as the API takes it, or throws what is wrong with it. */
export function readTask(input: unknown, now: number): WantedTask {
  const { name, httpRequest, scheduleTime, dispatchDeadline } = parsed(input);
  const { url, headers = {}, body = "", oidcToken } = httpRequest;
  const httpMethod = methodOf(httpRequest.httpMethod);
  if (body !== "" && !WITH_BODY.includes(httpMethod)) {
    refuse(`task.httpRequest.body is not allowed with method ${httpMethod}, only with POST, PUT and PATCH`);
  }
  requireSmall("The headers", sizeOf(JSON.stringify(headers)), 80 * KIB);
  const call = { url, httpMethod, headers, body, oidcToken };
  requireSmall("The task", sizeOf(JSON.stringify({ ...call, body: "" })) + bytesOf(body), KIB * KIB);
  return {
    name: name === "" ? undefined : name,
    call,
    scheduleTime: dueAt(scheduleTime, now),
    deadline: milliseconds(dispatchDeadline ?? DEFAULT_DEADLINE),
  };
}

/** A task that BufferTask makes: nothing but a body. https://cloud.google.com/tasks/docs/reference/rest/v2/projects.locations.queues.tasks/buffer */
export function bufferedTask(body: string, now: number): WantedTask {
  requireSmall("The task", bytesOf(body), KIB * KIB);
  return {
    call: { url: "", httpMethod: "POST", headers: {}, body },
    scheduleTime: now,
    deadline: milliseconds(DEFAULT_DEADLINE),
  };
}

const SUBJECT = "task";

function parsed(input: unknown): Input {
  const props = (typeof input === "object" && input !== null ? input : {}) as Props;
  const failures = failuresOf(SUBJECT, schema(), props);
  const [first] = failures;
  if (first === undefined) return props as Input;
  // What is wrong beside something unknown may be wrong only because that is not read.
  const unknown = failures.find(({ reason }) => reason.endsWith("is not modelled by the sandbox"));
  if (unknown !== undefined) throw new CloudError("UNIMPLEMENTED", unknown.reason);
  throw new CloudError("INVALID_ARGUMENT", first.reason);
}

function methodOf(method = "POST"): string {
  return method === "HTTP_METHOD_UNSPECIFIED" ? "POST" : method;
}

/** A time in the past means now. */
function dueAt(scheduleTime: string | undefined, now: number): number {
  const time = scheduleTime === undefined ? now : Math.max(now, Date.parse(scheduleTime));
  if (time - now > 30 * DAY) refuse(`task.scheduleTime ${String(scheduleTime)} is more than 30 days ahead`);
  return time;
}

function isTimestamp(text: string): boolean {
  return (
    /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/.test(text) &&
    !Number.isNaN(Date.parse(text))
  );
}

function requireSmall(what: string, size: number, most: number): void {
  if (size > most) refuse(`${what} may be ${most} bytes long, and is ${size}`);
}

function sizeOf(text: string): number {
  return Buffer.byteLength(text);
}

function bytesOf(base64: string): number {
  return Buffer.from(base64, "base64").length;
}

function refuse(message: string): never {
  throw new CloudError("INVALID_ARGUMENT", `${message}.`);
}
