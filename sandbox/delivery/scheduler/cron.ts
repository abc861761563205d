import { CronExpressionParser } from "cron-parser";
import { CloudError } from "../../cloud/errors";

const NAMES = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|sun|mon|tue|wed|thu|fri|sat";
/** unix-cron knows numbers, names, lists, ranges and steps; the library knows more. */
const FIELD = new RegExp(`^(?:[\\d*,/-]|${NAMES})+$`, "i");

/**
 * When a schedule is next due after a time, both in milliseconds since 1970. What Google does with an hour that a
 * change of daylight saving time leaves out or repeats is not documented; here it is as cron-parser sees it.
 */
export function nextRun(schedule: string, timeZone: string, after: number): number {
  const fields = schedule.trim().split(/\s+/);
  if (fields.length !== 5 || !fields.every((field) => FIELD.test(field))) {
    throw new CloudError(
      "INVALID_ARGUMENT",
      `Schedule "${schedule}" is not in unix-cron format. Write five fields, such as "0 9 * * 1".`,
    );
  }
  try {
    return CronExpressionParser.parse(schedule, { currentDate: new Date(after), tz: timeZone })
      .next()
      .getTime();
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new CloudError("INVALID_ARGUMENT", `Schedule "${schedule}" in "${timeZone}" is not valid: ${why}.`);
  }
}
