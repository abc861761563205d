import type { Clock } from "../Clock";

/**
 * Who may call: a list of e-mails, or, in so many words, anybody. There is no default, because everybody with a Google
 * account can get a token for any audience: the e-mail decides.
 */
export type AllowedCallers =
  | {
      /** Exact e-mails of the service accounts (or people) that may call. At least one. */
      callers: readonly string[];
      anyGoogleAccountMayCall?: never;
    }
  | {
      callers?: never;
      /** Gives up the question who calls: every Google account in the world gets in, and `Caller.email` tells which. */
      anyGoogleAccountMayCall: true;
    };

/** What each verifier must be told, and what it may be. */
export type VerifierRules = AllowedCallers & {
  /** The exact `aud` that is meant for this service; several while one takes over from another. */
  audience: string | readonly string[];
  /** By how many seconds the clocks of Google and of this machine may differ. Default 60, at most 300. */
  clockSkewSeconds?: number;
  /** Tells the time. Default: the machine's. */
  clock?: Clock;
};
