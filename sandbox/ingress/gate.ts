import type { Audiences } from "./audiences";
import type { Iap } from "./iap";

/** What stands before the code of a target. */
export interface Gate {
  ref: { kind: "run-service" | "function-v1"; fullName: string };
  /** Such as `Run service "hello"`. */
  label: string;
  project: string;
  permission: "run.routes.invoke" | "cloudfunctions.functions.invoke";
  audiences: Audiences;
  /** `internal`: only from inside, where some of Google's own services count as inside. */
  ingress: "all" | "internal";
  /** invokerIamDisabled: nobody is asked for anything. */
  open: boolean;
  /** Identity-Aware Proxy, which decides before IAM does. */
  iap?: Iap;
  defaultUrlDisabled: boolean;
  /** Whether plain http is served too (1st gen functions, unless SECURE_ALWAYS). */
  plainHttp: boolean;
}
