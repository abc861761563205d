import { entriesOf } from "./policy-entries";
import { KNOWN_LATER, originsOf, textAt, type ResourceState } from "./resources";

/** A binding that lets somebody make tokens for a caller. */
export interface MintingGrant {
  /** Which of Google's agents it is, or the member itself when it is none of the known ones. */
  agent: string;
  member: string;
  role: string;
  urn: string;
}

/** A service account that calls, or that a target lets in. */
export interface Caller {
  email: string;
  /** The account's logical name; the part before the @ when the account is not among the resources. */
  name: string;
  /** Absent when the account is not among the resources. */
  urn?: string;
  minting: MintingGrant[];
}

const ACCOUNT = "gcp:serviceaccount/account:Account";
/** One member, the members of one role, or a whole policy on an account. */
const ON_ACCOUNT = /^gcp:serviceaccount\/iAM(Member|Binding|Policy):/;

/** https://docs.cloud.google.com/iam/docs/service-agents */
const AGENTS: readonly (readonly [domain: string, agent: string])[] = [
  ["@gcp-sa-cloudscheduler.", "Scheduler"],
  ["@gcp-sa-cloudtasks.", "Tasks"],
  ["@gcp-sa-pubsub.", "Pub/Sub"],
];

/** Predefined roles that hold `iam.serviceAccounts.getOpenIdToken` and are meant for it; custom roles count as well. */
const MINTING_ROLES =
  /^roles\/iam\.(serviceAccount(OpenId)?TokenCreator|workloadIdentityUser)$|^(projects|organizations)\//;

/** Finds the account that is meant by an e-mail, or by the resources that a value comes from. */
export class Callers {
  readonly #byUrn = new Map<string, Caller>();
  readonly #byEmail = new Map<string, Caller>();
  readonly #accountIds = new Map<string, string | undefined>();
  readonly #used = new Set<Caller>();

  constructor(resources: readonly ResourceState[]) {
    for (const account of resources.filter(({ type }) => type === ACCOUNT)) {
      this.#accountIds.set(account.urn, textAt(account, "accountId"));
      this.#add({
        email: textAt(account, "email") ?? KNOWN_LATER,
        name: account.name,
        urn: account.urn,
        minting: [],
      });
    }
    for (const grant of resources.filter(({ type }) => ON_ACCOUNT.test(type))) this.#addMinting(grant);
  }

  /** Those that were asked for: an account that calls nothing and is let in nowhere is nobody's caller. */
  get used(): Caller[] {
    return [...this.#used];
  }

  find(email: string | undefined, origins: readonly string[]): Caller | undefined {
    const caller =
      email === undefined
        ? this.#among(origins)
        : (this.#byEmail.get(email) ?? this.#learned(email, origins) ?? this.#brought(email));
    if (caller !== undefined) this.#used.add(caller);
    return caller;
  }

  /** Only when it is clear which one: two accounts behind one unknown value could be either. */
  #among(origins: readonly string[]): Caller | undefined {
    const found = [...new Set(origins)]
      .map((urn) => this.#byUrn.get(urn))
      .filter((caller) => caller !== undefined);
    return found.length === 1 ? found[0] : undefined;
  }

  /** A preview may know an e-mail where it is used, and not yet say it of the account that it is of. */
  #learned(email: string, origins: readonly string[]): Caller | undefined {
    const caller = this.#among(origins);
    const accountId = this.#accountIds.get(caller?.urn ?? "");
    if (caller?.email !== KNOWN_LATER || accountId === undefined || !email.startsWith(`${accountId}@`))
      return undefined;
    caller.email = email;
    return this.#add(caller);
  }

  #brought(email: string): Caller {
    return this.#add({ email, name: email.split("@", 1)[0] ?? email, minting: [] });
  }

  #add(caller: Caller): Caller {
    if (caller.urn !== undefined) this.#byUrn.set(caller.urn, caller);
    if (caller.email !== KNOWN_LATER) this.#byEmail.set(caller.email, caller);
    return caller;
  }

  #addMinting(grant: ResourceState): void {
    const email = textAt(grant, "serviceAccountId")?.split("/").pop();
    const account =
      email === undefined ? this.#among(originsOf(grant, "serviceAccountId")) : this.#byEmail.get(email);
    for (const { role, member = KNOWN_LATER } of entriesOf(grant)) {
      if (MINTING_ROLES.test(role))
        account?.minting.push({ agent: agentOf(member), member, role, urn: grant.urn });
    }
  }
}

function agentOf(member: string): string {
  return AGENTS.find(([domain]) => member.includes(domain))?.[1] ?? member;
}
