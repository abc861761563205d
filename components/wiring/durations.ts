import type { Check } from "./checks";

/** Seconds in a duration as Google writes it ("30s", "0.5s"); not a number when it is not one. */
export function seconds(duration: string): number {
  return /^\d+(\.\d{1,9})?s$/.test(duration) ? Number(duration.slice(0, -1)) : Number.NaN;
}

/** A check that a duration is written as Google writes it and lies in a range. */
export function durationWithin(min: number, max: number): Check<string> {
  return (value) => {
    const length = seconds(value);
    if (Number.isNaN(length)) {
      return { problem: "is not a duration", remedy: 'Write seconds with an s behind them, such as "30s"' };
    }
    return length >= min && length <= max
      ? undefined
      : { problem: `is not between ${min}s and ${max}s`, remedy: "Choose a duration in that range" };
  };
}
