import { readFileSync, renameSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Snapshot } from "../cloud/snapshot";
import type { KeptDelivery } from "../delivery/kept";
import type { Made } from "../doors/provider/door";
import { HostError } from "./host-error";
import { isSystemError } from "../doors/shared/system-error";

const VERSION = 1;

/** All that outlives a process. */
export interface State {
  snapshot: Snapshot;
  /** How far the cloud's time is ahead of the real time, in milliseconds. */
  ahead: number;
  /** What Pulumi made, with its URNs. */
  made: Made[];
  /** What was still to be delivered. */
  delivery?: KeptDelivery;
}

/** Reads what was saved last; undefined if nothing was. */
export function readState(path: string): State | undefined {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if (isSystemError(error, "ENOENT")) return undefined;
    throw error;
  }
  try {
    const { version, ...state } = JSON.parse(text) as State & { version: unknown };
    if (version === VERSION) return state;
  } catch {
    // Said below.
  }
  throw new HostError(
    `${path} is no state of this version of the sandbox. Move it away to begin with an empty cloud, and ${join(dirname(path), "pulumi")} with it.`,
  );
}

/** Saves so that there is always one whole file, whatever happens; saves that are asked for meanwhile become one. */
export class StateFile {
  #last: Promise<void> = Promise.resolve();
  #next: Promise<void> | undefined;

  constructor(
    private readonly path: string,
    private readonly state: () => State,
  ) {}

  /** Done when everything is saved that is so at the time of the call. */
  async save(): Promise<void> {
    this.#next ??= this.#after(this.#last);
    await this.#next;
  }

  async #after(last: Promise<void>): Promise<void> {
    // Whoever waited for the last one has been told if it failed.
    await last.catch(() => undefined);
    this.#last = this.#write();
    this.#next = undefined;
    await this.#last;
  }

  async #write(): Promise<void> {
    const unfinished = `${this.path}.${process.pid}`;
    const text = JSON.stringify({ version: VERSION, ...this.state() });
    // It may hold secrets.
    await writeFile(unfinished, text, { mode: 0o600 });
    renameSync(unfinished, this.path);
  }
}
