import type { Finding } from "../../doctor/examine";
import type { Edge, Target } from "../../trust/graph";
import type { Attempt } from "../delivery/attempt";
import type { Call } from "./fire";
import type { Insider } from "./insiders";

/** Everything that one run shows, as data; what is printed and what `--json` writes are both made from it. */
export interface Report {
  ok: boolean;
  notice: string;
  stack: { project: string; stack: string };
  project: { id: string; number: string; kind: string; iamDelaySeconds: number };
  resources: number;
  calls: CallRow[];
  intrusions: IntrusionRow[];
  insiders: Insider[];
  seconds: number;
}

export interface CallRow {
  ok: boolean;
  source: Edge["source"];
  caller: string;
  target: Edge["target"];
  /** What stood before an application that is not Google's. */
  front?: "envoy" | "istio";
  url: string;
  audience?: string;
  /** Of an access token, instead. */
  scope?: string;
  /** Of the last try; absent when nothing came back. */
  status?: number;
  tries: number;
  /** What the application said, when it was reached. */
  answer?: string;
  /** Why it was let in, or kept out. */
  reason: string;
  /** What of this rests on no documented fact. */
  assumed?: string;
}

export interface IntrusionRow {
  ok: boolean;
  intruder: Finding["attempt"]["who"];
  target: Edge["target"];
  front?: "envoy" | "istio";
  url: string;
  caller?: string;
  expected: { letIn: boolean; status?: number };
  got?: { letIn: boolean; status: number };
  reason: string;
}

export const NOTICE =
  "An embedded Google Cloud: a model in this process, with throw-away keys. It is no security boundary, and asks nothing of Google.";

const NOTHING_SENT: Readonly<Record<Edge["source"]["kind"], string>> = {
  "scheduler-job": "nothing was sent",
  "push-subscription": "nothing was sent: no message came through its filter",
  "task-queue": "nothing was sent: the queue leaves the address to its tasks",
};

export function callRow({ edge, attempts }: Call): CallRow {
  const last = attempts.at(-1);
  const reached = last?.verdict?.outcome === "let in";
  return {
    ok: last?.outcome === "success",
    source: edge.source,
    caller: edge.caller,
    target: edge.target,
    front: last?.verdict?.front,
    url: edge.url,
    audience: last?.audience ?? edge.audience,
    scope: last?.scope ?? edge.scope,
    status: last?.response?.status,
    tries: attempts.length,
    answer: reached ? last.response?.body.trim() : undefined,
    reason: last === undefined ? NOTHING_SENT[edge.source.kind] : reasonOf(last),
    assumed: last?.verdict?.assumed,
  };
}

export function intrusionRow({ attempt, answer, untried, asExpected }: Finding): IntrusionRow {
  const { who, target, front, url, caller, expected } = attempt;
  return {
    ok: asExpected,
    intruder: who,
    target: reference(target),
    front,
    url,
    caller,
    expected: { letIn: expected.letIn, status: expected.letIn ? undefined : expected.status },
    got: answer && { letIn: answer.letIn ?? answer.status < 400, status: answer.status },
    reason: untried ?? answer?.reason ?? "",
  };
}

function reference({ kind, name, urn }: Target): Edge["target"] {
  return { kind, name, urn };
}

function reasonOf({ outcome, reason, verdict }: Attempt): string {
  return outcome === "success" || reason === "" ? (verdict?.reason ?? reason) : reason;
}
