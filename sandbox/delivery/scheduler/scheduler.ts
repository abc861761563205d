import type { Timer } from "../../cloud/clock";
import { CloudError } from "../../cloud/errors";
import type { Change, StoredResource } from "../../cloud/store";
import type { Attempt } from "../attempt";
import { execute, type Tools } from "./execution";
import { nextRun } from "./cron";
import { JOB, JOB_DEFAULTS, type JobState } from "./job";

interface Armed {
  /** What the timer was set for; another timing sets it anew. */
  timing: string;
  timer: Timer;
}

/** Cloud Scheduler: fires jobs when they are due, or when they are told to. */
export class Scheduler {
  readonly #tools: Tools;
  readonly #armed = new Map<string, Armed>();
  readonly #running = new Map<string, number>();

  constructor(tools: Tools) {
    this.#tools = tools;
  }

  /** Arms every job that is there. */
  start(): void {
    for (const job of this.#tools.cloud.store.list<JobState>(JOB)) this.#arm(job);
  }

  stop(): void {
    for (const id of [...this.#armed.keys()]) this.#disarm(id);
  }

  changed({ op, resource }: Change): void {
    if (resource.token !== JOB) return;
    if (op === "remove") this.#disarm(resource.id);
    else this.#arm(resource as StoredResource & { state: JobState });
  }

  /**
   * Runs a job now, also when it is paused or running already.
   * https://cloud.google.com/scheduler/docs/reference/rest/v1/projects.locations.jobs/run
   */
  async run(id: string): Promise<Attempt[]> {
    if (this.#tools.cloud.store.get(JOB, id) === undefined) {
      throw new CloudError("NOT_FOUND", `Job "${id}" does not exist.`);
    }
    return this.#execute(id, undefined);
  }

  #arm(job: StoredResource<JobState>, after = this.#tools.cloud.clock.now()): void {
    const { schedule, timeZone = JOB_DEFAULTS.timeZone, paused = false } = job.state;
    const timing = JSON.stringify([schedule, timeZone, paused]);
    if (this.#armed.get(job.id)?.timing === timing) return;
    this.#disarm(job.id);
    if (schedule === undefined || schedule === "" || paused) return;
    const due = nextRun(schedule, timeZone, after);
    const timer = this.#tools.cloud.clock.at(due, () => {
      this.#due(job.id, due);
    });
    this.#armed.set(job.id, { timing, timer });
  }

  #disarm(id: string): void {
    this.#armed.get(id)?.timer.cancel();
    this.#armed.delete(id);
  }

  #due(id: string, scheduledFor: number): void {
    this.#armed.delete(id);
    const job = this.#tools.cloud.store.get<JobState>(JOB, id);
    if (job === undefined) return;
    this.#arm(job, scheduledFor);
    // Executions of one job never overlap: one that is late, because retries go on, is left out.
    // https://cloud.google.com/scheduler/docs/configuring/retry-jobs
    if ((this.#running.get(id) ?? 0) === 0) void this.#execute(id, scheduledFor);
  }

  async #execute(id: string, scheduledFor: number | undefined): Promise<Attempt[]> {
    this.#count(id, 1);
    try {
      return await execute(this.#tools, id, scheduledFor);
    } finally {
      this.#count(id, -1);
    }
  }

  #count(id: string, change: number): void {
    const running = (this.#running.get(id) ?? 0) + change;
    if (running === 0) this.#running.delete(id);
    else this.#running.set(id, running);
  }
}
