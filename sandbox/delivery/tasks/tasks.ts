import { CloudError } from "../../cloud/errors";
import { projectName, queueName } from "../../cloud/names";
import type { Change } from "../../cloud/store";
import type { TaskTools } from "./dispatch";
import { bufferedTask, readTask, type WantedTask } from "./new-task";
import { requirePermission } from "./permission";
import { requireUsable } from "./named-caller";
import { QUEUE, type QueueState, type StoredQueue } from "./queue";
import { QueueWorker } from "./queue-worker";
import type { Task } from "./task";
import { type KeptNames, parseQueue, queueOfTask, TaskNames } from "./task-names";

const API = "cloudtasks.googleapis.com";

/** Every task that is not done, and the names that are not free. */
export interface KeptTasks {
  names: KeptNames;
  tasks: Task[];
}

/**
 * Cloud Tasks: what is put into a queue is sent by it. Every call is made by somebody, named as an IAM member, and decided
 * by IAM as Google documents it (https://cloud.google.com/tasks/docs/reference-access-control). Queues themselves are made
 * and changed as resources.
 */
export class Tasks {
  readonly #tools: TaskTools;
  readonly #workers = new Map<string, QueueWorker>();
  readonly #names = new TaskNames();
  readonly #unsubscribe: () => void;

  constructor(tools: TaskTools) {
    this.#tools = tools;
    this.#unsubscribe = tools.cloud.store.onChange((change) => {
      this.#changed(change);
    });
  }

  /** No timer is left on the clock. */
  stop(): void {
    this.#unsubscribe();
    for (const worker of this.#workers.values()) worker.close();
  }

  kept(): KeptTasks {
    const tasks = [...this.#workers.values()].flatMap((worker) => worker.tasks);
    return { names: this.#names.kept(this.#tools.cloud.clock.now()), tasks: structuredClone(tasks) };
  }

  /** A task that was under way when it was kept is sent again, as Cloud Tasks may too: each is sent at least once. */
  load({ names, tasks }: KeptTasks): void {
    this.#names.load(names);
    for (const task of structuredClone(tasks)) this.#worker(queueOfTask(task.name)).add(task);
  }

  /** A task as the REST API takes it. `full`: to be shown with its body, which takes a permission of its own. */
  create(principal: string, parent: string, task: unknown, { full = false } = {}): Task {
    const queue = this.#queue(principal, parent, "cloudtasks.tasks.create");
    if (full) this.#require(principal, parent, "cloudtasks.tasks.fullView");
    return this.#add(principal, queue, readTask(task, this.#tools.cloud.clock.now()));
  }

  /** Puts a bare body (in base64) into a queue that says itself where to and how. */
  buffer(principal: string, parent: string, { id, body = "" }: { id?: string; body?: string } = {}): Task {
    const queue = this.#queue(principal, parent, "cloudtasks.tasks.create");
    if (queue.state.httpTarget?.uriOverride?.host === undefined) {
      throw new CloudError(
        "INVALID_ARGUMENT",
        `Queue "${queue.id}" has no HTTP target with a host, so a buffered task has nowhere to go.`,
      );
    }
    const wanted = bufferedTask(body, this.#tools.cloud.clock.now());
    return this.#add(principal, queue, {
      ...wanted,
      ...(id !== undefined && { name: `${queue.id}/tasks/${id}` }),
    });
  }

  get(principal: string, name: string, { full = false } = {}): Task {
    return this.#task(principal, name, "cloudtasks.tasks.get", full);
  }

  list(principal: string, parent: string, { full = false } = {}): Task[] {
    const queue = this.#queue(principal, parent, "cloudtasks.tasks.list");
    if (full) this.#require(principal, parent, "cloudtasks.tasks.fullView");
    return [...this.#worker(queue.id).tasks];
  }

  delete(principal: string, name: string): void {
    const task = this.#task(principal, name, "cloudtasks.tasks.delete");
    this.#worker(queueOfTask(task.name)).delete(task);
  }

  /** Sends a task now, also from a paused queue and over its limits. */
  run(principal: string, name: string, { full = false } = {}): Task {
    const task = this.#task(principal, name, "cloudtasks.tasks.run", full);
    this.#worker(queueOfTask(task.name)).run(task);
    return task;
  }

  /** Deletes all tasks of a queue. */
  purge(principal: string, name: string): StoredQueue {
    const queue = this.#queue(principal, name, "cloudtasks.queues.purge");
    this.#worker(queue.id).purge();
    return queue;
  }

  queue(principal: string, name: string): StoredQueue {
    return this.#queue(principal, name, "cloudtasks.queues.get");
  }

  queues(principal: string, project: string, location: string): StoredQueue[] {
    const { cloud } = this.#tools;
    const { id } = this.#project(project);
    const on = projectName(id);
    const shown = `projects/${project}/locations/${location}`;
    requirePermission(cloud, { principal, permission: "cloudtasks.queues.list", on, shown });
    const start = `projects/${id}/locations/${location}/queues/`;
    return cloud.store
      .list<QueueState>(QUEUE)
      .filter((queue) => queue.id.startsWith(start))
      .sort((one, other) => (one.id < other.id ? -1 : 1));
  }

  /** How many tasks a queue has that are not done. */
  backlog(queueId: string): number {
    return this.#workers.get(queueId)?.tasks.length ?? 0;
  }

  #add(principal: string, queue: StoredQueue, { name: wanted, call, ...rest }: WantedTask): Task {
    const { cloud } = this.#tools;
    const now = cloud.clock.now();
    const name = this.#names.of(queue.id, wanted);
    const worker = this.#worker(queue.id);
    if (worker.get(name) !== undefined || this.#names.isKept(name, now)) {
      throw new CloudError("ALREADY_EXISTS", "Requested entity already exists");
    }
    const { assumed } = requireUsable(cloud, principal, queue, call);
    const counts = { dispatchCount: 0, responseCount: 0, executionCount: 0 };
    const task: Task = { name, call, createTime: now, ...rest, ...counts, assumed };
    worker.add(task);
    return task;
  }

  #task(principal: string, name: string, permission: string, full = false): Task {
    const queue = this.#queue(principal, queueOfTask(name), permission);
    if (full) this.#require(principal, queue.id, "cloudtasks.tasks.fullView");
    const whole = `${queue.id}${name.slice(queueOfTask(name).length)}`;
    const task = this.#worker(queue.id).get(whole);
    if (task !== undefined) return task;
    // Recorded from Google: github.com/aertje/cloud-tasks-emulator, conformance/golden/realcloud.json
    throw new CloudError(
      "NOT_FOUND",
      this.#names.isKept(whole, this.#tools.cloud.clock.now()) && permission === "cloudtasks.tasks.get"
        ? "The task no longer exists, though a task with this name existed recently. The task either successfully completed or was deleted."
        : "Requested entity was not found.",
    );
  }

  /** The queue, for whoever has the permission on it. */
  #queue(principal: string, path: string, permission: string): StoredQueue {
    this.#require(principal, path, permission);
    const { project, location, queue } = parseQueue(path);
    const id = `projects/${this.#project(project).id}/locations/${location}/queues/${queue}`;
    const found = this.#tools.cloud.store.get<QueueState>(QUEUE, id);
    if (found !== undefined) return found;
    throw new CloudError(
      "NOT_FOUND",
      "Queue does not exist. If you just created the queue, wait at least a minute for the queue to initialize.",
    );
  }

  #require(principal: string, path: string, permission: string): void {
    const { project, location, queue } = parseQueue(path);
    const on = queueName(this.#project(project).id, location, queue);
    requirePermission(this.#tools.cloud, { principal, permission, on, shown: path });
  }

  #project(idOrNumber: string): { id: string } {
    const { projects, apis } = this.#tools.cloud;
    const project = projects.get(idOrNumber);
    if (project === undefined) {
      throw new CloudError("PERMISSION_DENIED", `Permission denied on resource project ${idOrNumber}.`);
    }
    apis.require(project.id, API);
    return project;
  }

  #worker(id: string): QueueWorker {
    const { cloud } = this.#tools;
    const gone = ({ name }: Task): void => {
      this.#names.keep(name, cloud.clock.now());
    };
    const worker = this.#workers.get(id) ?? new QueueWorker({ ...this.#tools, gone }, id);
    this.#workers.set(id, worker);
    return worker;
  }

  #changed({ op, resource }: Change): void {
    const worker = resource.token === QUEUE ? this.#workers.get(resource.id) : undefined;
    if (op === "put") worker?.work();
    else {
      worker?.close();
      if (worker !== undefined) this.#workers.delete(resource.id);
    }
  }
}
