import { InvalidArgumentError, Option } from "commander";
import { duration } from "./duration";
import { LONGEST_IAM_DELAY } from "./options";
import { UsageError } from "./usage-error";

function delay(text: string): number {
  const ms = understood(() => duration(text));
  if (ms <= LONGEST_IAM_DELAY) return ms;
  throw new InvalidArgumentError(`At most ${LONGEST_IAM_DELAY / 60_000}m, or tokens would expire meanwhile.`);
}

export function port(text: string): number {
  const number = Number(text);
  if (/^\d+$/.test(text) && number > 0 && number < 65_536) return number;
  throw new InvalidArgumentError("It must be a number from 1 to 65535.");
}

export function projectKind(): Option {
  return new Option(
    "--project-kind <kind>",
    "a project as Google makes it, or without any of its usual roles",
  )
    .choices(["default", "hardened"])
    .default("default");
}

export function iamDelay(): Option {
  return new Option("--iam-delay <duration>", "how long an IAM change takes to take effect, such as 2m")
    .argParser(delay)
    .default(0);
}

function understood<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw error instanceof UsageError ? new InvalidArgumentError(error.message) : error;
  }
}
