import type { Edge } from "../../trust/graph";
import type { Insider } from "./insiders";
import type { CallRow, IntrusionRow, Report } from "./report";
import { table, type Column } from "./table";

/** Colours, or none. */
export interface Paint {
  green: (text: string) => string;
  red: (text: string) => string;
  bold: (text: string) => string;
  dim: (text: string) => string;
}

export const SOURCES: Readonly<Record<Edge["source"]["kind"], string>> = {
  "scheduler-job": "job",
  "push-subscription": "push",
  "task-queue": "queue",
};

const TARGETS: Readonly<Record<Edge["target"]["kind"], string>> = {
  "run-service": "run",
  "function-v2": "gen 2",
  "function-v1": "gen 1",
  "run-job": "run job",
  endpoints: "endpoints",
  "api-gateway": "gateway",
  external: "app",
};

const INTRUDERS: Readonly<Record<IntrusionRow["intruder"], string>> = {
  "no token": "nobody: no token",
  "wrong audience": "caller: another audience",
  "foreign signature": "caller: foreign signature",
  "expired token": "caller: expired token",
  stranger: "stranger: valid token",
  "grant removed": "caller: grant removed",
  id_token: "caller: id_token",
  "wrong scope": "caller: another scope",
  caller: "caller: all in order",
};

/** The report for people: two tables, who else gets in, and the totals. */
export function print(report: Report, { width, paint }: { width: number; paint: Paint }): string {
  const mark = (ok: boolean): string => (ok ? paint.green : paint.red)(markText({ ok }));
  const lines = (texts: readonly string[]): string =>
    texts.map((text, i) => (i === 0 ? paint.bold(text) : text)).join("\n");
  const sections = [
    lines(table(callColumns(mark, paint), report.calls, width)),
    lines(table(intrusionColumns(mark, paint), report.intrusions, width)),
    ...(report.insiders.length > 0 ? [lines(table(INSIDER_COLUMNS, report.insiders, width))] : []),
    totals(report, paint),
  ];
  return `${sections.join("\n\n")}\n`;
}

/** What this is, before anything else. */
export function header({ notice, stack, project }: Pick<Report, "notice" | "stack" | "project">): string {
  const kind = project.kind === "hardened" ? "hardened: no usual roles" : "as Google makes projects";
  const delay = project.iamDelaySeconds === 0 ? "at once" : `after ${project.iamDelaySeconds} s`;
  return [
    ...notice.split(/(?<=\.) /),
    `Stack ${stack.stack} of ${stack.project}, in project ${project.id} (${kind}).`,
    `IAM changes take effect ${delay}.`,
  ].join("\n");
}

type Mark = (ok: boolean) => string;

function markText({ ok }: { ok: boolean }): string {
  return ok ? "✓" : "✗";
}

function callColumns(mark: Mark, paint: Paint): Column<CallRow>[] {
  return [
    { title: "", text: markText, paint: (_, { ok }) => mark(ok) },
    { title: "SOURCE", text: ({ source }) => `${SOURCES[source.kind]} ${source.name}`, least: 15 },
    { title: "CALLER", text: ({ caller }) => caller },
    { title: "TARGET", text: targetText, least: 16 },
    { title: "AUDIENCE", text: ({ audience, scope }) => audience ?? scope ?? "(none)" },
    { title: "STATUS", text: statusText, paint: (text, { ok }) => (ok ? text : paint.red(text)) },
    {
      title: "ANSWER",
      text: ({ ok, answer, reason }) => (ok ? (answer ?? "") : (answer ?? reason)),
      // What the application says of its caller is what all this is about.
      least: 36,
    },
  ];
}

function intrusionColumns(mark: Mark, paint: Paint): Column<IntrusionRow>[] {
  return [
    { title: "", text: markText, paint: (_, { ok }) => mark(ok) },
    { title: "TARGET", text: targetText, least: 16 },
    { title: "WHO TRIES", text: ({ intruder }) => INTRUDERS[intruder], least: 25 },
    { title: "EXPECTED", text: ({ expected }) => outcome(expected) },
    { title: "GOT", text: ({ got }) => outcome(got), paint: (text, { ok }) => (ok ? text : paint.red(text)) },
    { title: "WHY", text: ({ reason }) => reason, paint: paint.dim },
  ];
}

function targetText({ target, front }: { target: Edge["target"]; front?: "envoy" | "istio" }): string {
  return `${front ?? TARGETS[target.kind]} ${target.name}`;
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

const INSIDER_COLUMNS: readonly Column<Insider>[] = [
  { title: "ALSO LET IN", text: ({ member }) => member },
  { title: "BY A ROLE ON THE WHOLE PROJECT", text: ({ role }) => role },
  { title: "INTO", text: ({ targets }) => targets.join(", ") },
];

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
