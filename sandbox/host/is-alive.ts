import { isSystemError } from "../doors/shared/system-error";

/** Whether a process of this machine exists. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // It exists, and is somebody else's.
    return isSystemError(error, "EPERM");
  }
}
