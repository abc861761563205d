import type { Decision } from "../cloud/iam/decide";
import type { Access } from "../cloud/tokens/access-tokens";
import type { IdTokenClaims } from "../cloud/tokens/claims";
import type { HttpResponse, Verdict } from "../ingress/http";

interface Source {
  kind: "scheduler-job" | "push-subscription" | "task-queue";
  /** Short. */
  name: string;
  id: string;
}

/** One try of one source to call its target. */
export interface Attempt {
  at: number;
  source: Source;
  /** Of a task queue: the task's whole name. */
  task?: string;
  /** From 1, counted anew for every execution of a job, every message and every task. */
  number: number;
  url: string;
  /** The service account that is called as; empty when the source is to send no token. */
  caller: string;
  audience: string | undefined;
  /** The scope of the access token, of a source that sends one instead of an id_token. */
  scope?: string;
  /** Not ok without "not minted" as the outcome: the source sends no token at all. */
  minted:
    | { ok: true; claims: IdTokenClaims; access?: undefined }
    | { ok: true; access: Access; claims?: undefined }
    | { ok: false; decision: Decision };
  response?: HttpResponse;
  verdict?: Verdict;
  outcome: "success" | "failed" | "deadline exceeded" | "not minted";
  reason: string;
}

/** The attempts so far, and who wants to hear of the next. */
export class AttemptLog {
  readonly #attempts: Attempt[] = [];
  readonly #listeners = new Set<(attempt: Attempt) => void>();

  /** `most`: of more than these, the latest are kept. */
  constructor(private readonly most = Infinity) {}

  get all(): readonly Attempt[] {
    return this.#attempts;
  }

  add(attempt: Attempt): void {
    this.#attempts.push(attempt);
    if (this.#attempts.length > this.most) this.#attempts.shift();
    for (const listener of [...this.#listeners]) listener(attempt);
  }

  /** Returns what ends the listening. */
  onAttempt(listener: (attempt: Attempt) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
