import type { Decision } from "../cloud/iam/decide";

export interface HttpRequest {
  method: string;
  /** Absolute: the host decides which target is meant. */
  url: string;
  /** As sent: repeated headers stay repeated. */
  headers: readonly (readonly [string, string])[];
  body: string;
}

export interface HttpResponse {
  status: number;
  headers: Record<string, string>;
  body: string;
}

export type TargetRef =
  | { kind: "run-service" | "function-v1" | "api-gateway"; fullName: string }
  | { kind: "run-job"; fullName: string }
  | { kind: "foreign"; host: string };

/**
 * How a request that was let in reaches the code behind a target. Real I/O belongs into `clock.real()`. Throw
 * NoInstanceAvailable when nothing can answer for the target.
 */
export type Backend = (q: { target: TargetRef; request: HttpRequest }) => Promise<HttpResponse>;

/** Where a request comes from, as far as a target's ingress setting cares. */
export type Origin = { network: "internet" } | { network: "google"; project: string };

export interface Verdict {
  outcome: "let in" | "refused" | "not found";
  target?: TargetRef;
  /** What decided before an application that is not Google's, if anything did. */
  front?: "envoy" | "istio";
  status?: number;
  /** The rule and the binding, or what is missing. */
  reason: string;
  /** What Google writes to Cloud Logging. */
  log?: string;
  decision?: Decision;
  /** Who asked, as IAM writes it, once a token has shown it. */
  principal?: string;
  /** Whoever has a token for the audience is let in: who may call is the application's matter. */
  applicationDecides?: true;
  /** What of this verdict rests on no documented fact. */
  assumed?: string;
}

/** Nothing runs behind a target, and nothing could be started in time. */
export class NoInstanceAvailable extends Error {
  override readonly name = "NoInstanceAvailable";
}
