import { CloudError } from "../../cloud/errors";

/** Looks like the ids that Google gives, and is the same in every run. */
const FIRST_ID = 10_000_000_000_000;

/**
 * How long the name of a task that is done or deleted is not free: "up to 24 hours"
 * (https://cloud.google.com/tasks/docs/reference/rest/v2/projects.locations.queues.tasks/create); here always the longest.
 */
const KEPT = 86_400_000;

const QUEUE = /^projects\/([^/]+)\/locations\/([^/]+)\/queues\/([^/]+)$/;

export interface QueuePath {
  project: string;
  location: string;
  queue: string;
}

/** The parts of a queue's name; the words for what is none were recorded from Google (see below). */
export function parseQueue(path: string): QueuePath {
  const [, project = "", location = "", queue = ""] = QUEUE.exec(path) ?? [];
  if (project !== "") return { project, location, queue };
  throw new CloudError(
    "INVALID_ARGUMENT",
    'Queue name must be formatted: "projects/<PROJECT_ID>/locations/<LOCATION_ID>/queues/<QUEUE_ID>".',
  );
}

/** The queue's part of a task's name. */
export function queueOfTask(name: string): string {
  return name.replace(/\/tasks\/[^/]*$/, "");
}

export interface KeptNames {
  given: number;
  /** When each name is free again. */
  freeAt: [string, number][];
}

/**
 * The names of tasks: which are taken, and which were of late. The words of the refusals were recorded from Google:
 * github.com/aertje/cloud-tasks-emulator, conformance/golden/realcloud.json
 */
export class TaskNames {
  readonly #freeAt = new Map<string, number>();
  #given = 0;

  /** A whole name for a task of a queue: the one that is wanted, or one that nobody has. */
  of(queue: string, wanted: string | undefined): string {
    if (wanted === undefined) return `${queue}/tasks/${FIRST_ID + ++this.#given}`;
    const parent = queueOfTask(wanted);
    const id = wanted.slice(parent.length + "/tasks/".length);
    if (parent !== queue) {
      throw new CloudError(
        "INVALID_ARGUMENT",
        `The queue name from request ('${queue}') must be the same as the queue name in the named task ('${parent}').`,
      );
    }
    if (!/^[A-Za-z0-9_-]{1,500}$/.test(id)) {
      throw new CloudError(
        "INVALID_ARGUMENT",
        `Task ID "${id}" can contain only letters ([A-Za-z]), numbers ([0-9]), hyphens (-), or underscores (_). ` +
          "Task ID must between 1 and 500 characters.",
      );
    }
    return wanted;
  }

  /** Names that are free by now are left out. */
  kept(now: number): KeptNames {
    return { given: this.#given, freeAt: [...this.#freeAt].filter(([, freeAt]) => freeAt > now) };
  }

  load({ given, freeAt }: KeptNames): void {
    this.#given = Math.max(this.#given, given);
    for (const [name, time] of freeAt) this.#freeAt.set(name, time);
  }

  /** A task of this name is gone. */
  keep(name: string, now: number): void {
    this.#freeAt.set(name, now + KEPT);
  }

  isKept(name: string, now: number): boolean {
    const freeAt = this.#freeAt.get(name);
    if (freeAt !== undefined && freeAt <= now) this.#freeAt.delete(name);
    return freeAt !== undefined && freeAt > now;
  }
}
