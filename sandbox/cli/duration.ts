import { UsageError } from "./usage-error";

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000 };

/** Milliseconds of a duration such as `90s` or `2m`. */
export function duration(text: string): number {
  const [, number = "", unit = ""] =
    /^(\d+(?:\.\d+)?)(ms|s|m)$/.exec(text) ?? (text === "0" ? ["", "0", "s"] : []);
  const factor = UNITS[unit];
  if (factor !== undefined) return Number(number) * factor;
  throw new UsageError(`"${text}" is not a duration. Write it as 90s or 2m.`);
}
