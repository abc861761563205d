import type { Column } from "../sandbox/cli/table";
import { table } from "../sandbox/cli/table";

/** One comparison. */
export interface Row {
  readonly name: string;
  readonly against: string;
  readonly what: "time" | "cpu" | "memory";
  readonly value: number;
  readonly base: number;
  readonly ratio: number;
  /** What the ratio may be, where something is promised. */
  readonly bound?: number;
}

const UNITS: Readonly<Record<Row["what"], { title: string; unit: string }>> = {
  time: { title: "time", unit: "ms" },
  cpu: { title: "processor time", unit: "ms" },
  memory: { title: "peak memory", unit: "MiB" },
};

const COLUMNS: readonly Column<Row>[] = [
  { title: "measured", text: ({ name }) => name },
  { title: "against", text: ({ against }) => against },
  { title: "of", text: ({ what }) => UNITS[what].title },
  { title: "median", text: ({ value, what }) => `${value.toFixed(0)} ${UNITS[what].unit}` },
  { title: "its median", text: ({ base, what }) => `${base.toFixed(0)} ${UNITS[what].unit}` },
  { title: "ratio", text: ({ ratio }) => ratio.toFixed(2) },
  {
    title: "bound",
    text: ({ ratio, bound }) => (bound === undefined ? "" : `${bound} ${verdict(ratio, bound)}`),
  },
];

/** All comparisons as a table, and the longest chain where it was computed. */
export function report(rows: readonly Row[], chain: readonly string[]): string {
  if (chain.length === 0) return table(COLUMNS, rows).join("\n");
  return [
    ...table(COLUMNS, rows),
    "",
    `Longest chain of dependent creations in the dev stack: ${chain.length}`,
    ...chain.map((step, index) => `${index + 1}. ${step}`),
  ].join("\n");
}

function verdict(ratio: number, bound: number): string {
  return ratio <= bound ? "kept" : "EXCEEDED";
}
