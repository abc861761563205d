import type { Timer } from "../../cloud/clock";
import type { Attempt } from "../attempt";
import { dispatch, retryAfter, type TaskTools } from "./dispatch";
import {
  isPaused,
  isTriedAgain,
  limitsOf,
  QUEUE,
  retryDelay,
  type QueueState,
  type StoredQueue,
} from "./queue";
import type { Task } from "./task";
import { TokenBucket } from "./token-bucket";

/** https://docs.cloud.google.com/tasks/docs/quotas: whatever became of it by then, it is deleted. */
const LONGEST_STAY = 31 * 86_400_000;

/** With these a target says that it is overloaded: https://cloud.google.com/tasks/docs/reference/rest/v2/projects.locations.queues.tasks#HttpRequest */
const OVERLOADED: readonly number[] = [429, 503];

/** What an attempt at the deadline is told to the next one as, recorded from Google: github.com/aertje/cloud-tasks-emulator */
const TOO_LATE = 504;

export interface WorkerTools extends TaskTools {
  /** A task is done, dropped or deleted, and its name not free for a while. */
  gone: (task: Task) => void;
}

/** The tasks of one queue, and their dispatch within its limits. */
export class QueueWorker {
  readonly #tools: WorkerTools;
  readonly #id: string;
  readonly #tasks = new Map<string, Task>();
  readonly #underWay = new Map<Task, number>();
  #running = 0;
  readonly #bucket = new TokenBucket();
  /** Until when an overloaded target is left alone. */
  #restsUntil = 0;
  #timer: Timer | undefined;
  #closed = false;

  constructor(tools: WorkerTools, id: string) {
    this.#tools = tools;
    this.#id = id;
  }

  get tasks(): readonly Task[] {
    return [...this.#tasks.values()].filter((task) => !this.#isTooOld(task));
  }

  get(name: string): Task | undefined {
    const task = this.#tasks.get(name);
    return task === undefined || this.#isTooOld(task) ? undefined : task;
  }

  add(task: Task): void {
    this.#tasks.set(task.name, task);
    this.work();
  }

  delete(task: Task): void {
    if (this.#tasks.delete(task.name)) this.#tools.gone(task);
  }

  purge(): void {
    for (const task of [...this.#tasks.values()]) this.delete(task);
  }

  /** Sends a task at once, whatever limits and state the queue has and whether it is under way already. */
  run(task: Task): void {
    const queue = this.#queue();
    if (queue !== undefined) void this.#try(queue, task, this.#tools.cloud.clock.now());
  }

  /** Sends what is due and may be sent, and sets the clock for what comes next. */
  work(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    const { clock } = this.#tools.cloud;
    for (;;) {
      const queue = this.#queue();
      const next = this.#next();
      if (queue === undefined || next === undefined || isPaused(queue)) return;
      const limits = limitsOf(queue);
      // The end of one that is under way comes back here.
      if (this.#running >= limits.concurrent) return;
      const now = clock.now();
      const at = Math.max(next.scheduleTime, this.#bucket.readyAt(now, limits), this.#restsUntil);
      if (at > now) {
        this.#timer = clock.at(at, () => {
          this.work();
        });
        return;
      }
      this.#bucket.take(now, limits);
      void this.#try(queue, next);
    }
  }

  /** The queue is gone, and so are its tasks; or nobody wants to hear of them any more. */
  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    this.#tasks.clear();
  }

  /** The one that is due first, of those that are not under way. */
  #next(): Task | undefined {
    let next: Task | undefined;
    for (const task of this.#tasks.values()) {
      if (this.#isTooOld(task)) this.delete(task);
      else if (!this.#underWay.has(task) && (next === undefined || task.scheduleTime < next.scheduleTime)) {
        next = task;
      }
    }
    return next;
  }

  /** `forcedAt` is when somebody asked for this attempt: the wait for the next one is counted from then. */
  async #try(queue: StoredQueue, task: Task, forcedAt?: number): Promise<void> {
    this.#count(task, 1);
    const { clock } = this.#tools.cloud;
    const dispatchTime = clock.now();
    const begun = { scheduleTime: task.scheduleTime, dispatchTime };
    task.dispatchCount++;
    task.firstAttempt ??= begun;
    const attempt = await dispatch(this.#tools, queue, task).finally(() => {
      this.#count(task, -1);
    });
    if (attempt === undefined) return;
    const status = attempt.outcome === "deadline exceeded" ? TOO_LATE : attempt.response?.status;
    task.lastAttempt = { ...begun, responseTime: clock.now(), status };
    if (attempt.response !== undefined) {
      task.responseCount++;
      if (attempt.response.status < 500) task.executionCount++;
    }
    this.#tools.log.add({ ...attempt, reason: `${attempt.reason}${this.#settle(task, attempt, forcedAt)}` });
    this.work();
  }

  /** What becomes of the task, said for the log where it is not plain. */
  #settle(task: Task, attempt: Attempt, forcedAt: number | undefined): string {
    // Deleted meanwhile, or done by another attempt.
    if (!this.#tasks.has(task.name)) return "";
    if (attempt.outcome === "success") {
      this.delete(task);
      return "";
    }
    const queue = this.#queue();
    if (queue === undefined) return "";
    const now = this.#tools.cloud.clock.now();
    const elapsed = now - (task.firstAttempt?.dispatchTime ?? now);
    if (!isTriedAgain(queue, task.dispatchCount, elapsed)) {
      this.delete(task);
      return ` Dropped after ${task.dispatchCount} attempts.`;
    }
    const delay = Math.max(retryDelay(queue, task.dispatchCount - 1), this.#rest(attempt, queue));
    task.scheduleTime = (forcedAt ?? now) + delay;
    return "";
  }

  /**
   * How long an overloaded target is left alone, by the whole queue. Documented is that Retry-After is considered and the
   * rate goes down; assumed is by how much: nothing is sent until then, or for the shortest back-off.
   */
  #rest({ response }: Attempt, queue: StoredQueue): number {
    if (response === undefined || !OVERLOADED.includes(response.status)) return 0;
    const now = this.#tools.cloud.clock.now();
    const rest = retryAfter(response, now) ?? retryDelay(queue, 0);
    this.#restsUntil = Math.max(this.#restsUntil, now + rest);
    return rest;
  }

  #isTooOld({ createTime }: Task): boolean {
    return this.#tools.cloud.clock.now() - createTime >= LONGEST_STAY;
  }

  #count(task: Task, change: number): void {
    this.#running += change;
    const count = (this.#underWay.get(task) ?? 0) + change;
    if (count === 0) this.#underWay.delete(task);
    else this.#underWay.set(task, count);
  }

  /** As it is now: settings may have changed since the task came. */
  #queue(): StoredQueue | undefined {
    if (this.#closed || this.#tools.waits.stopped) return undefined;
    return this.#tools.cloud.store.get<QueueState>(QUEUE, this.#id);
  }
}
