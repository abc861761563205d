import { requireCaller } from "../wiring/arguments";
import type { Caller } from "../wiring/callers";
import type { Subject } from "../wiring/checks";
import { refuse } from "../wiring/checks";

/** What names the grant of one caller on one target, and what it was called before. */
export interface GrantName {
  readonly name: string;
  readonly aliases: { name: string }[];
}

interface Authorization<T> {
  readonly caller: Caller;
  readonly role: string;
  readonly target: T;
}

/**
 * The callers that one target has authorized: each once, whoever asks and however often. Two grants for one caller
 * would be one binding with two owners, and gone for both when the first of them goes.
 */
export class Authorizations<T> {
  readonly #made = new Map<string, Authorization<T>>();

  constructor(private readonly subject: Subject) {}

  /** The authorization of a caller, made by `grant` the first time. */
  of(caller: Caller, role: string, key: string | undefined, grant: (name: GrantName) => T): T {
    requireCaller(this.subject, caller);
    const as = key ?? caller.logicalName;
    const made = this.#made.get(as);
    if (made === undefined) {
      const target = grant(this.#nameOf(caller, as));
      this.#made.set(as, { caller, role, target });
      return target;
    }
    this.#checkSame(made, caller, role, as);
    return made.target;
  }

  #nameOf(caller: Caller, as: string): GrantName {
    const former = as === caller.logicalName ? caller.formerNames : [];
    return {
      name: `${this.subject.name}-${as}`,
      aliases: former.map((old) => ({ name: `${this.subject.name}-${old}` })),
    };
  }

  #checkSame(made: Authorization<T>, caller: Caller, role: string, as: string): void {
    if (made.caller !== caller) {
      refuse(this.subject, "authorize", as, {
        problem: "is the name of two different callers, and grants are named after their caller",
        remedy: 'Give one of them a name of its own here: authorize(caller, { as: "…" })',
      });
    }
    if (made.role !== role) {
      refuse(this.subject, "authorize", as, {
        problem: `is authorized already, with ${made.role}`,
        remedy: "One role per caller is enough; authorize it once",
      });
    }
  }
}
