import type { Attempt } from "../delivery/attempt";
import { SOURCES } from "./print";
import { table, type Column } from "./table";

/** One line for each attempt, the latest last. */
export function printAttempts(attempts: readonly Attempt[], width: number): string {
  return `${table(COLUMNS, attempts, width).join("\n")}\n`;
}

const COLUMNS: readonly Column<Attempt>[] = [
  { title: "", text: ({ outcome }) => (outcome === "success" ? "✓" : "✗") },
  { title: "AT", text: ({ at }) => new Date(at).toISOString().replace(/\.\d+Z$/, "Z"), least: 20 },
  { title: "SOURCE", text: ({ source }) => `${SOURCES[source.kind]} ${source.name}`, least: 15 },
  { title: "TRY", text: ({ number }) => String(number) },
  { title: "CALLER", text: ({ caller }) => (caller === "" ? "(none)" : caller) },
  { title: "URL", text: ({ url }) => url },
  { title: "STATUS", text: ({ response, outcome }) => String(response?.status ?? outcome) },
  {
    title: "ANSWER",
    text: ({ outcome, response, reason }) => (outcome === "success" ? (response?.body ?? "") : reason),
    least: 36,
  },
];
