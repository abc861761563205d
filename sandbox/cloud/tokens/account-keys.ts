import { exportPKCS8 } from "jose";
import type { Clock } from "../clock";
import { CloudError } from "../errors";
import type { Account } from "../iam/accounts";
import { createSigningKey, type SigningKey } from "./signing-key";

export interface AccountKeysOptions {
  clock: Clock;
  account: (email: string) => Account | undefined;
  /** Default: a key made afresh, whose private half can be handed out. */
  newKey?: () => Promise<SigningKey>;
}

/** What makes a key file out of a private key. https://docs.cloud.google.com/iam/docs/keys-create-delete */
export interface KeyFile {
  type: "service_account";
  project_id: string;
  private_key_id: string;
  private_key: string;
  client_email: string;
  client_id: string;
  token_uri: string;
  universe_domain: "googleapis.com";
}

interface Kept {
  key: SigningKey;
  /** The unique id of the account: keys do not outlive it. */
  uid: string;
}

/**
 * The keys of service accounts: those in key files, and the one of each account that Google keeps to itself. No key of
 * either kind leaves the process, except in a key file that somebody asks for.
 */
export class AccountKeys {
  readonly #clock: Clock;
  readonly #account: (email: string) => Account | undefined;
  readonly #newKey: () => Promise<SigningKey>;
  #keys: readonly Kept[] = [];
  readonly #managed = new Map<string, Promise<SigningKey>>();

  constructor({ clock, account, newKey }: AccountKeysOptions) {
    this.#clock = clock;
    this.#account = account;
    this.#newKey = newKey ?? (async () => createSigningKey({ extractable: true }));
  }

  /** A new key file. The address is where it sends whoever uses it for a token. */
  async create(email: string, tokenUri: string): Promise<KeyFile> {
    const account = this.#require(email);
    const key = await this.#make(account.uniqueId);
    return {
      type: "service_account",
      project_id: account.project,
      private_key_id: key.kid,
      private_key: await this.#clock.real(exportPKCS8(key.privateKey)),
      client_email: account.email,
      client_id: account.uniqueId,
      token_uri: tokenUri,
      universe_domain: "googleapis.com",
    };
  }

  /** As `gcloud iam service-accounts keys delete` does. */
  delete(kid: string): void {
    this.#keys = this.#keys.filter(({ key }) => key.kid !== kid);
  }

  /** The key that Google keeps for the account, which signs for whoever may ask for it. */
  async managed(email: string): Promise<SigningKey> {
    const { uniqueId } = this.#require(email);
    const made = this.#managed.get(uniqueId) ?? this.#make(uniqueId);
    this.#managed.set(uniqueId, made);
    return made;
  }

  /** Every key that speaks for the account. */
  of(email: string): SigningKey[] {
    const uid = this.#account(email)?.uniqueId;
    return this.#keys.filter((kept) => kept.uid === uid).map(({ key }) => key);
  }

  async #make(uid: string): Promise<SigningKey> {
    const key = await this.#clock.real(this.#newKey());
    this.#keys = [...this.#keys, { key, uid }];
    return key;
  }

  #require(email: string): Account {
    const account = this.#account(email);
    if (account === undefined) throw new CloudError("NOT_FOUND", `Service account ${email} does not exist.`);
    return account;
  }
}
