import { requireCaller } from "../wiring/arguments";
import type { Caller, CallerReference } from "../wiring/callers";
import type { Subject } from "../wiring/checks";
import { refuse } from "../wiring/checks";
import type { Granted } from "../wiring/members";
import { notAmong } from "../wiring/members";

/** What names the grant of one caller on one target, and what it was called before. */
interface GrantName {
  readonly name: string;
  readonly aliases: { name: string }[];
}

/** What a grant is made of, besides the target. */
interface GrantParts extends GrantName {
  /** The caller, known not to have this grant already. */
  readonly reference: CallerReference;
}

/** How the program names a grant. */
export interface GrantNaming {
  /** In place of the caller's name. */
  readonly as?: string;
  /** What `as` was before. */
  readonly formerly?: readonly string[];
}

interface Authorization<T> {
  readonly as: string;
  readonly caller: Caller;
  readonly role: string;
  readonly target: T;
}

/**
 * The callers that one target has authorized: each once, whoever asks and however often. Two grants for one caller
 * would be one binding with two owners, and gone for both when the first of them goes.
 */
export class Authorizations<T> {
  readonly #made: Authorization<T>[] = [];
  /** Names that grants had before, with what each of these grants is called now. */
  readonly #former = new Map<string, string>();

  /** `granted`: whom an argument of the target lets in already. */
  constructor(
    private readonly subject: Subject,
    private readonly granted?: Granted,
  ) {}

  /** The authorization of a caller, made by `grant` the first time. */
  of(caller: Caller, role: string, naming: GrantNaming, grant: (parts: GrantParts) => T): T {
    requireCaller(this.subject, caller);
    const made = this.#made.find((other) => isSame(other.caller, caller));
    if (made !== undefined) {
      this.#checkSame(made, role, naming.as);
      return made.target;
    }
    const as = naming.as ?? caller.logicalName;
    this.#checkFree(as);
    const target = grant({
      ...this.#nameOf(caller, as, naming.formerly ?? []),
      reference: { email: caller.email, member: this.#memberOf(caller, role) },
    });
    this.#made.push({ as, caller, role, target });
    return target;
  }

  #memberOf(caller: Caller, role: string): Caller["member"] {
    return this.granted?.role === role ? notAmong(this.subject, this.granted, caller) : caller.member;
  }

  /** A name that two grants had before is the first one's: the engine takes each former name once. */
  #nameOf(caller: Caller, as: string, formerly: readonly string[]): GrantName {
    const former = [...formerly, caller.logicalName, ...caller.formerNames].filter(
      (old, index, all) => old !== as && all.indexOf(old) === index && !this.#isTaken(old),
    );
    if (as !== caller.logicalName) for (const old of former) this.#former.set(old, as);
    return {
      name: `${this.subject.name}-${as}`,
      aliases: former.map((old) => ({ name: `${this.subject.name}-${old}` })),
    };
  }

  #isTaken(name: string): boolean {
    return this.#former.has(name) || this.#made.some(({ as }) => as === name);
  }

  #checkFree(as: string): void {
    if (this.#made.some((other) => other.as === as)) {
      refuse(this.subject, "authorize", as, {
        problem: "is the name of two different callers, and grants are named after their caller",
        remedy: 'Give one of them a name of its own here: authorize(caller, { as: "…" })',
      });
    }
    const heir = this.#former.get(as);
    if (heir !== undefined) {
      refuse(this.subject, "authorize", as, {
        problem: `is also what the grant "${heir}", of another caller, may have been called before`,
        remedy: "Authorize this one first, so that each keeps its own",
      });
    }
  }

  #checkSame(made: Authorization<T>, role: string, as: string | undefined): void {
    if (as !== undefined && as !== made.as) {
      refuse(this.subject, "authorize", as, {
        problem: `is a second name for a caller that is authorized already, as "${made.as}"; it would be one binding with two owners, and gone for both with the first of them`,
        remedy: "Authorize it once, and use what that answers wherever it is needed",
      });
    }
    if (made.role !== role) {
      refuse(this.subject, "authorize", made.as, {
        problem: `is authorized already, with ${made.role}`,
        remedy: "One role per caller is enough; authorize it once",
      });
    }
  }
}

/** Two objects may speak of one account: then they share what they were made from. */
function isSame(one: Caller, other: Caller): boolean {
  return one === other || one.member === other.member || one.email === other.email;
}
