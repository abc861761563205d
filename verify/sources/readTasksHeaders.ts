import { HeaderReader } from "./HeaderReader";
import type { SourceHeaders } from "./SourceHeaders";

/** A call of Cloud Tasks, as its headers tell it. */
export interface TasksCall {
  readonly queueName: string;
  /** Short name; the same at each attempt, so that it tells repeated calls. */
  readonly taskName: string;
  /** How often the task was tried before, 0 at first. */
  readonly retryCount: number;
  /** How often a handler has answered before. Answers of 500 and above are not counted. */
  readonly executionCount: number;
  /** For when the task was planned, in milliseconds since 1970. */
  readonly eta: number;
  /** The HTTP status of the attempt before, if this is a retry. */
  readonly previousResponse: number | undefined;
  /** Why it is tried again, if Google says so; it may be empty. */
  readonly retryReason: string | undefined;
}

/**
 * Reads the headers of Cloud Tasks; undefined if the request comes from elsewhere. Everybody can write these headers: only the token
 * tells who calls, so let a verifier see the request first.
 *
 * ```ts
 * import { readTasksHeaders } from "@automatic-oidc/verify";
 *
 * const call = readTasksHeaders({
 *   "x-cloudtasks-queuename": "orders",
 *   "x-cloudtasks-taskname": "7",
 *   "x-cloudtasks-taskretrycount": "0",
 *   "x-cloudtasks-taskexecutioncount": "0",
 *   "x-cloudtasks-tasketa": "1767225600.5",
 * });
 * console.log(call?.taskName, call?.eta); // 7 1767225600500
 * ```
 *
 * @throws RequestRefused `ERR_HEADER_MALFORMED`
 */
export function readTasksHeaders(headers: SourceHeaders): TasksCall | undefined {
  // https://docs.cloud.google.com/tasks/docs/creating-http-target-tasks
  const reader = new HeaderReader(headers, "X-CloudTasks-");
  const queueName = reader.text("QueueName");
  if (queueName === undefined) return undefined;
  return {
    queueName,
    taskName: reader.requiredText("TaskName"),
    retryCount: reader.count("TaskRetryCount"),
    executionCount: reader.count("TaskExecutionCount"),
    eta: reader.secondsAsTime("TaskETA"),
    previousResponse: reader.optionalCount("TaskPreviousResponse"),
    retryReason: reader.text("TaskRetryReason"),
  };
}
