import type { Decision } from "../cloud/iam/decide";
import type { HttpResponse, Verdict } from "../ingress/http";
import type { Attempt } from "./attempt";
import type { Minted, MintedAccess } from "./mint";
import type { Waits } from "./waits";

/** What is known of an attempt before anything was sent. */
export type Planned = Pick<
  Attempt,
  "at" | "source" | "task" | "number" | "url" | "caller" | "audience" | "scope"
>;

export interface Answered {
  response: HttpResponse;
  verdict: Verdict;
}

export interface Sending {
  /** Undefined for a source that sends no token. */
  mint: () => Promise<Minted | MintedAccess | undefined>;
  send: (token: string | undefined) => Promise<Answered>;
  deadline: number;
  isSuccess: (status: number) => boolean;
}

/** Mints, sends, and waits for the answer until the deadline; undefined when called off meanwhile. */
export async function send(waits: Waits, planned: Planned, sending: Sending): Promise<Attempt | undefined> {
  let minted: Minted | MintedAccess | undefined;
  try {
    minted = await sending.mint();
    if (minted?.ok === false) return notMinted(planned, minted.decision);
    if (waits.stopped) return undefined;
    const result = await waits.within(sending.deadline, sending.send(minted?.token));
    if (result.kind === "stopped") return undefined;
    const base = { ...planned, minted: shown(planned, minted) };
    if (result.kind === "too late") {
      const reason = `No answer within ${sending.deadline / 1000} s.`;
      return { ...base, outcome: "deadline exceeded", reason };
    }
    const { response, verdict } = result.value;
    const outcome = sending.isSuccess(response.status) ? "success" : "failed";
    return { ...base, response, verdict, outcome, reason: explain(response, verdict, minted?.decision) };
  } catch (error) {
    return notSent(planned, error, minted);
  }
}

/** The attempt that came to no answer. */
export function notSent(planned: Planned, error: unknown, minted?: Minted | MintedAccess): Attempt {
  const why = error instanceof Error ? error.message : String(error);
  const reason = `The target could not be called: ${why}`;
  return { ...planned, minted: shown(planned, minted), outcome: "failed", reason };
}

/** The attempt whose token could not be had: no request was sent. */
export function notMinted(planned: Planned, decision: Decision): Attempt {
  return {
    ...planned,
    minted: { ok: false, decision },
    outcome: "not minted",
    reason: `PERMISSION_DENIED (403): no token was minted, so no request was sent. ${decision.reason}`,
  };
}

function shown(planned: Planned, minted: Minted | MintedAccess | undefined): Attempt["minted"] {
  if (minted?.ok === true) {
    return "access" in minted ? { ok: true, access: minted.access } : { ok: true, claims: minted.claims };
  }
  const { kind, name, id } = planned.source;
  const reason = `The ${kind} "${name}" sends no token, or could not ask for one.`;
  return { ok: false, decision: { allowed: false, member: "", permission: "", resource: id, reason } };
}

function explain({ status }: HttpResponse, verdict: Verdict, minting: Decision | undefined): string {
  const where =
    verdict.outcome === "let in" ? `Let in, answered ${status}.` : `Answered ${status} at the gate.`;
  const assumed = minting?.assumed === undefined ? "" : ` Assumed in minting: ${minting.assumed}.`;
  return `${where} ${verdict.reason}${assumed}`;
}
