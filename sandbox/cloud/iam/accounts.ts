import { CloudError } from "../errors";

export interface Account {
  email: string;
  uniqueId: string;
  project: string;
  disabled?: boolean;
  /** One of Google's own service agents. */
  agent?: boolean;
}

/** All accounts, to be kept and loaded again. */
export interface KeptAccounts {
  present: Account[];
  /** E-mail addresses. */
  deleted: string[];
}

/** All service accounts, and the memory of those that were deleted: policies go on naming them. */
export class Accounts {
  readonly #byEmail = new Map<string, Account>();
  readonly #deleted = new Set<string>();

  /** Adds an account, or changes the one with the same unique id. */
  put(account: Account): void {
    const email = account.email.toLowerCase();
    const present = this.#byEmail.get(email);
    if (present !== undefined && present.uniqueId !== account.uniqueId) {
      throw new CloudError("ALREADY_EXISTS", `Service account ${email} already exists.`);
    }
    this.#byEmail.set(email, { ...account, email });
  }

  remove(email: string): Account | undefined {
    const account = this.get(email);
    if (account === undefined) return undefined;
    this.#byEmail.delete(account.email);
    this.#deleted.add(account.email);
    return account;
  }

  get(email: string): Account | undefined {
    return this.#byEmail.get(email.toLowerCase());
  }

  kept(): KeptAccounts {
    return { present: [...this.#byEmail.values()], deleted: [...this.#deleted] };
  }

  load({ present, deleted }: KeptAccounts): void {
    for (const account of present) this.put(account);
    for (const email of deleted) this.#deleted.add(email);
  }

  /** Why the account can do nothing at all, or undefined if it can. */
  hindrance(email: string): string | undefined {
    const account = this.get(email);
    if (account?.disabled === true) return `service account ${email} is disabled`;
    if (account !== undefined) return undefined;
    const deleted = this.#deleted.has(email.toLowerCase());
    return deleted ? `service account ${email} was deleted` : `service account ${email} does not exist`;
  }
}
