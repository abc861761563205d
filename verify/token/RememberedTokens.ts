import type { KeyObject } from "node:crypto";
import type { Caller } from "../Caller";

/** What was found out about a token, and with which key. */
export interface Remembered {
  readonly caller: Caller;
  readonly keyId: string;
  readonly key: KeyObject;
}

/**
 * The last tokens that were let in. Whoever was turned away is not among them: everybody can have Google sign tokens for
 * any audience, and could push the others out with them.
 */
export class RememberedTokens {
  readonly #limit: number;
  /** By the whole token: no two of them may ever be taken for one. */
  readonly #tokens = new Map<string, Remembered>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  get(token: string): Remembered | undefined {
    return this.#tokens.get(token);
  }

  forget(token: string): void {
    this.#tokens.delete(token);
  }

  remember(token: string, remembered: Remembered): void {
    if (this.#limit === 0) return;
    this.#tokens.set(token, remembered);
    if (this.#tokens.size > this.#limit) this.#forgetOldest();
  }

  /** A map keeps the order in which its entries came. */
  #forgetOldest(): void {
    for (const token of this.#tokens.keys()) {
      this.#tokens.delete(token);
      return;
    }
  }
}
