import { CloudError } from "../cloud/errors";

/** Milliseconds of a duration as Google's APIs write it: "3.5s". */
export function milliseconds(duration: string): number {
  if (!/^\d+(\.\d{1,9})?s$/.test(duration)) {
    throw new CloudError(
      "INVALID_ARGUMENT",
      `"${duration}" is not a duration. Write seconds with an s behind them, such as "30s".`,
    );
  }
  return Number(duration.slice(0, -1)) * 1000;
}
