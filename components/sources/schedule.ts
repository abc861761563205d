import { CronExpressionParser } from "cron-parser";
import type { Check } from "../wiring/checks";

/** A check that a schedule is one that Cloud Scheduler takes: five cron fields. */
export const cronExpression: Check<string> = (schedule) => {
  const remedy = 'Write minute, hour, day of month, month and day of week, such as "5 * * * *"';
  if (typeof schedule !== "string" || schedule.trim().split(/\s+/).length !== 5) {
    return { problem: "is not a schedule of five fields", remedy };
  }
  // cron-parser knows more than Google does: seconds, "L", "#" and hashed fields.
  if (/[LWHlwh#?]/.test(schedule.replace(/[A-Za-z]{3}/g, ""))) {
    return { problem: "uses signs that Cloud Scheduler does not know", remedy };
  }
  try {
    CronExpressionParser.parse(schedule);
    return undefined;
  } catch (error) {
    return { problem: `cannot be read: ${error instanceof Error ? error.message : String(error)}`, remedy };
  }
};

/** A check that a time zone is one of the tz database's. */
export const timeZoneName: Check<string> = (zone) => {
  try {
    new Intl.DateTimeFormat("en", { timeZone: zone });
    return undefined;
  } catch {
    return {
      problem: "is not a time zone",
      remedy: 'Name one as the tz database does, such as "Europe/Berlin"',
    };
  }
};
