import type { Edge } from "../../trust/graph";
import type { CallRow, IntrusionRow, Report } from "./report";
import { table, type Column } from "./table";

/** Colours, or none. */
export interface Paint {
  green: (text: string) => string;
  red: (text: string) => string;
  bold: (text: string) => string;
  dim: (text: string) => string;
}

const SOURCES: Readonly<Record<Edge["source"]["kind"], string>> = {
  "scheduler-job": "job",
  "push-subscription": "push",
  "task-queue": "queue",
};

const TARGETS: Readonly<Record<Edge["target"]["kind"], string>> = {
  "run-service": "run",
  "function-v2": "gen 2",
  "function-v1": "gen 1",
  external: "app",
};

const INTRUDERS: Readonly<Record<IntrusionRow["intruder"], string>> = {
  "no token": "nobody, without a token",
  "wrong audience": "the caller, token for another audience",
  "foreign signature": "the caller's token, signed by another key",
  "expired token": "the caller, expired token",
  stranger: "another account, valid token",
  "grant removed": "the caller, its grant removed",
  caller: "the caller, all in order",
};

/** The report for people: two tables, who else gets in, and the totals. */
export function print(report: Report, { width, paint }: { width: number; paint: Paint }): string {
  const mark = (ok: boolean): string => (ok ? paint.green("✓") : paint.red("✗"));
  const lines = (texts: readonly string[]): string =>
    texts.map((text, i) => (i === 0 ? paint.bold(text) : text)).join("\n");
  const sections = [
    lines(table(callColumns(mark, paint), report.calls, width)),
    lines(table(intrusionColumns(mark, paint), report.intrusions, width)),
    ...(report.insiders.length > 0 ? [insiderLines(report)] : []),
    totals(report, paint),
  ];
  return `${sections.join("\n\n")}\n`;
}

/** What this is, before anything else. */
export function header({ notice, stack, project }: Pick<Report, "notice" | "stack" | "project">): string {
  const kind = project.kind === "hardened" ? "hardened: no usual roles" : "as Google makes projects";
  const delay = project.iamDelaySeconds === 0 ? "at once" : `after ${project.iamDelaySeconds} s`;
  return [
    notice,
    `Stack ${stack.stack} of ${stack.project}, in project ${project.id} (${kind}); IAM changes take effect ${delay}.`,
  ].join("\n");
}

type Mark = (ok: boolean) => string;

function callColumns(mark: Mark, paint: Paint): Column<CallRow>[] {
  return [
    { title: "", text: () => " ", paint: (_, { ok }) => mark(ok) },
    { title: "SOURCE", text: ({ source }) => `${SOURCES[source.kind]} ${source.name}` },
    { title: "CALLER", text: ({ caller }) => caller },
    { title: "TARGET", text: targetText },
    { title: "AUDIENCE", text: ({ audience }) => audience ?? "(none)" },
    { title: "STATUS", text: statusText, paint: (text, { ok }) => (ok ? text : paint.red(text)) },
    { title: "ANSWER", text: ({ ok, answer, reason }) => (ok ? (answer ?? "") : (answer ?? reason)) },
  ];
}

function intrusionColumns(mark: Mark, paint: Paint): Column<IntrusionRow>[] {
  return [
    { title: "", text: () => " ", paint: (_, { ok }) => mark(ok) },
    { title: "TARGET", text: targetText },
    { title: "WHO TRIES", text: ({ intruder }) => INTRUDERS[intruder] },
    { title: "EXPECTED", text: ({ expected }) => outcome(expected) },
    { title: "GOT", text: ({ got }) => outcome(got), paint: (text, { ok }) => (ok ? text : paint.red(text)) },
    { title: "WHY", text: ({ reason }) => reason, paint: paint.dim },
  ];
}

function targetText({ target }: { target: Edge["target"] }): string {
  return `${TARGETS[target.kind]} ${target.name}`;
}

function statusText({ status, tries }: CallRow): string {
  const times = tries > 1 ? ` (${tries} tries)` : "";
  return status === undefined ? "-" : `${status}${times}`;
}

function outcome(of: { letIn: boolean; status?: number } | undefined): string {
  if (of === undefined) return "not tried";
  if (of.letIn) return of.status === undefined ? "let in" : `let in, ${of.status}`;
  return `kept out, ${of.status ?? "?"}`;
}

function insiderLines({ insiders }: Report): string {
  return [
    "Also let in, by a role on the whole project, which no target can take away:",
    ...insiders.map(({ member, role, targets }) => `  ${member} (${role}): ${targets.join(", ")}`),
  ].join("\n");
}

function totals({ ok, calls, intrusions, resources, seconds }: Report, paint: Paint): string {
  const good = (rows: readonly { ok: boolean }[]): string =>
    `${rows.filter((row) => row.ok).length} of ${rows.length}`;
  const controls = intrusions.filter(({ intruder }) => intruder === "caller");
  const intruders = intrusions.filter(({ intruder }) => intruder !== "caller");
  const untried = intrusions.filter(({ got }) => got === undefined).length;
  const text = [
    `${resources} resources`,
    `${good(calls)} calls got in`,
    `${good(intruders)} intruders met what they should`,
    `${good(controls)} callers are as before`,
    ...(untried > 0 ? [`${untried} not tried`] : []),
    `${seconds.toFixed(1)} s`,
  ].join(" · ");
  return ok ? paint.green(`All as it should be: ${text}`) : paint.red(`Not as it should be: ${text}`);
}
