/** The call that a task asks for. */
export interface TaskCall {
  /** Empty in a buffered task: the queue knows where to. */
  url: string;
  httpMethod: string;
  headers: Readonly<Record<string, string>>;
  /** In base64. */
  body: string;
  oidcToken?: { serviceAccountEmail: string; audience?: string };
}

/** One try, in milliseconds since 1970. */
export interface TaskAttempt {
  scheduleTime: number;
  dispatchTime: number;
  responseTime?: number;
  /** HTTP status; absent when none came. */
  status?: number;
}

/** A task in its queue. https://cloud.google.com/tasks/docs/reference/rest/v2/projects.locations.queues.tasks */
export interface Task {
  /** projects/…/locations/…/queues/…/tasks/… */
  readonly name: string;
  readonly call: TaskCall;
  readonly createTime: number;
  /** When it is to be tried next. */
  scheduleTime: number;
  /** Milliseconds that a try may take. */
  readonly deadline: number;
  dispatchCount: number;
  responseCount: number;
  /** Answers below 500: those at or above it are not counted, as measured. */
  executionCount: number;
  firstAttempt?: TaskAttempt;
  lastAttempt?: TaskAttempt;
  /** What of its creation rests on no documented fact. */
  readonly assumed?: string;
}

/** The last part of the name. */
export function shortName({ name }: Pick<Task, "name">): string {
  return name.slice(name.lastIndexOf("/") + 1);
}
