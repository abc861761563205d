import type { Check } from "./checks";

/** The two generations of Cloud Functions. */
export type Generation = "1st gen" | "2nd gen";

/** What a function runs on when nothing is said: the newest that each generation offers. */
export const DEFAULT_RUNTIME: Readonly<Record<Generation, string>> = {
  "1st gen": "nodejs22",
  "2nd gen": "nodejs24",
};

/**
 * The days from which Google refuses to create or change functions on a runtime
 * (https://docs.cloud.google.com/functions/1stgendocs/runtime-support).
 */
const DECOMMISSIONED: Readonly<Record<string, string>> = {
  nodejs6: "2020-08",
  nodejs8: "2021-02",
  nodejs10: "2025-01-30",
  nodejs12: "2025-01-30",
  nodejs14: "2025-01-30",
  nodejs16: "2025-01-30",
  nodejs18: "2025-10-30",
  nodejs20: "2026-10-30",
  python37: "2025-01-30",
  python38: "2025-10-14",
  python39: "2026-04-05",
};

/** Runtimes that only 2nd gen offers, as far as they have been met here. */
const ONLY_2ND_GEN: readonly string[] = ["nodejs24", "nodejs26"];

/** A check that Google still builds functions on a runtime. */
export function runtimeOf(generation: Generation): Check<string> {
  const remedy = `Use "${DEFAULT_RUNTIME[generation]}" or another one that Google lists as supported`;
  return (runtime) => {
    if (!/^[a-z]+[0-9]+$/.test(runtime)) return { problem: "is not a runtime", remedy };
    const since = DECOMMISSIONED[runtime];
    if (since !== undefined) return { problem: `was decommissioned by Google in ${since}`, remedy };
    return generation === "1st gen" && ONLY_2ND_GEN.includes(runtime)
      ? { problem: "is offered to 2nd gen functions only", remedy }
      : undefined;
  };
}
