import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { isAlive } from "./is-alive";
import { HostError } from "./host-error";
import { isSystemError } from "../doors/shared/system-error";

/** The process that serves a folder, and how to reach it. */
export interface Serving {
  readonly pid: number;
  /** As in 127.0.0.1:8085 */
  readonly address: string;
  readonly secret: string;
}

/** Who serves, according to the file, and lives; undefined if nobody does. */
export function whoServes(file: string): Serving | undefined {
  try {
    const serving = JSON.parse(readFileSync(file, "utf8")) as Serving;
    return isAlive(serving.pid) ? serving : undefined;
  } catch {
    return undefined;
  }
}

/** Takes the file for oneself. Gives back who has it, if it is not to be had. */
export function claim(file: string, serving: Serving): Serving | undefined {
  const own = `${file}.${serving.pid}`;
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    writeFileSync(own, JSON.stringify(serving), { mode: 0o600 });
  } catch (error) {
    throw new HostError(
      `${dirname(file)} cannot be written to: ${error instanceof Error ? error.message : String(error)}. Set SANDBOX_FOLDER to a folder that can.`,
    );
  }
  try {
    while (!linked(own, file)) {
      const other = whoServes(file);
      if (other !== undefined) return other;
      setAside(file, `${own}.old`);
    }
    return undefined;
  } finally {
    rmSync(own, { force: true });
  }
}

export function release(file: string, { secret }: Serving): void {
  if (whoServes(file)?.secret === secret) rmSync(file, { force: true });
}

/** A link appears with its content, or not at all. */
function linked(own: string, file: string): boolean {
  try {
    linkSync(own, file);
    return true;
  } catch (error) {
    if (isSystemError(error, "EEXIST")) return false;
    throw error;
  }
}

/** Removes what a dead process left; if somebody took its place this very moment, that one keeps it. */
function setAside(file: string, aside: string): void {
  try {
    renameSync(file, aside);
  } catch {
    return;
  }
  if (whoServes(aside) !== undefined) linked(aside, file);
  rmSync(aside, { force: true });
}
