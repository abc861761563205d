import * as pulumi from "@pulumi/pulumi";
import { callerEmail } from "../wiring/accounts";
import { requireCaller } from "../wiring/arguments";
import type { Caller, CallerReference } from "../wiring/callers";
import type { Subject } from "../wiring/checks";
import { checked, isPlain, refuse } from "../wiring/checks";

/** What knows the callers of a target: in words, for errors. */
export interface Gatekeeper {
  /** Such as "the application's verifier". */
  readonly who: string;
  /** What to do besides adding a caller, such as "give the application its new verifierSettings"; nothing if that is all. */
  readonly thenAlso?: string;
}

/**
 * The callers of a target that learns of them when it is made, since they are part of a document or of an
 * application's settings: nothing that is decided later could reach it.
 */
export class KnownCallers {
  /** Their addresses, checked, in the order of the map. */
  readonly emails: pulumi.Output<string[]>;
  /** The same one by one, under the callers' keys, so that one that is not known yet hides no other. */
  readonly each: Readonly<Record<string, pulumi.Output<string>>>;
  readonly #known: readonly CallerReference[];

  constructor(
    private readonly subject: Subject,
    callers: Readonly<Record<string, CallerReference>>,
    private readonly gatekeeper: Gatekeeper,
  ) {
    this.#known = Object.values(callers);
    if (this.#known.length === 0) {
      refuse(
        subject,
        "callers",
        {},
        {
          problem: `is empty, so ${gatekeeper.who} would let nobody in`,
          remedy: "Name at least one caller: callers: { nightly: nightlyCaller }",
        },
      );
    }
    this.each = Object.fromEntries(
      Object.entries(callers).map(([key, caller]) => [
        key,
        pulumi.output(checked(subject, `callers.${key}.email`, addressOf(caller), callerEmail)),
      ]),
    );
    this.emails = pulumi.all(Object.values(this.each));
  }

  /** Throws for a caller that is not among them. They are told apart by what they were made from. */
  require(caller: Caller): void {
    requireCaller(this.subject, caller);
    if (this.#known.some((known) => known === caller || known.email === caller.email)) return;
    const { who, thenAlso } = this.gatekeeper;
    refuse(this.subject, "authorize", caller.logicalName, {
      problem: `is not among its callers, so ${who} would refuse it`,
      remedy: `Add it to \`callers\`${thenAlso === undefined ? "" : `, and ${thenAlso}`}`,
    });
  }
}

/** A caller's address at once: a document has no need to wait, as a source has, until tokens may be minted. */
function addressOf({ email, member }: CallerReference): pulumi.Input<string> {
  if (member === undefined || isPlain(email)) return email;
  return pulumi.output(
    pulumi.output(member).apply((known) => /^serviceAccount:(.+)$/.exec(known)?.[1] ?? email),
  );
}
