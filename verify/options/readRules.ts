import type { Clock } from "../Clock";
import type { VerifierRules } from "./VerifierRules";

/** The rules as the checks read them. */
export interface Rules {
  readonly audiences: ReadonlySet<string>;
  readonly callers: ReadonlySet<string> | "any";
  /** Milliseconds. */
  readonly skew: number;
  readonly clock: Clock;
}

/** Google's own verifiers allow 300 seconds; the proxies in front of its services (ESPv2, Envoy) 60. */
const SKEW = { default: 60, most: 300 };

/** Refuses whatever would let in more than its author thinks. `maker` is named in the messages. */
export function readRules(maker: string, options: VerifierRules): Rules {
  const { clockSkewSeconds = SKEW.default, clock = Date } = options;
  if (!(clockSkewSeconds >= 0 && clockSkewSeconds <= SKEW.most)) {
    throw new TypeError(`${maker}: clockSkewSeconds is ${clockSkewSeconds}; give 0 to ${SKEW.most}.`);
  }
  return {
    audiences: readAudiences(maker, options.audience),
    callers: readCallers(maker, options),
    skew: clockSkewSeconds * 1000,
    clock,
  };
}

function readAudiences(maker: string, audience: unknown): ReadonlySet<string> {
  const audiences: unknown[] = Array.isArray(audience) ? audience : [audience];
  if (audiences.length === 0)
    throw new TypeError(`${maker}: audience is empty; without one any token would fit.`);
  return new Set(audiences.map((each) => readAudience(maker, each)));
}

function readAudience(maker: string, audience: unknown): string {
  if (typeof audience === "string" && audience !== "" && audience.trim() === audience) return audience;
  const got = typeof audience === "string" ? JSON.stringify(audience) : typeof audience;
  throw new TypeError(
    `${maker}: audience is ${got}; give the exact text that the token's "aud" must be, ` +
      `for instance "https://orders.example.com". Is the environment variable set?`,
  );
}

/** Read as if nothing were known about it: not everybody has a compiler that refuses what the types do. */
interface UncheckedCallers {
  callers?: unknown;
  anyGoogleAccountMayCall?: unknown;
}

function readCallers(maker: string, options: UncheckedCallers): Rules["callers"] {
  const { callers, anyGoogleAccountMayCall: any } = options;
  if (callers === undefined && any === true) return "any";
  if (callers === undefined) {
    throw new TypeError(
      `${maker}: callers is missing; list the e-mails of the accounts that may call. Everybody with a Google account ` +
        "can get a token for any audience, so the audience alone keeps nobody out.",
    );
  }
  if (any !== undefined)
    throw new TypeError(`${maker}: give either callers or anyGoogleAccountMayCall, not both.`);
  if (!Array.isArray(callers) || callers.length === 0) {
    throw new TypeError(`${maker}: callers is not a list with at least one e-mail.`);
  }
  return new Set(callers.map((each) => readCaller(maker, each)));
}

function readCaller(maker: string, caller: unknown): string {
  if (typeof caller === "string" && /^[^\s*:,@]+@[^\s*:,@]+$/.test(caller)) return caller;
  const got = typeof caller === "string" ? JSON.stringify(caller) : typeof caller;
  throw new TypeError(
    `${maker}: callers holds ${got}; give whole e-mails such as "nightly@my-project.iam.gserviceaccount.com", ` +
      "without a prefix or a wildcard.",
  );
}
