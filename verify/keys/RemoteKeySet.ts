import type { KeyObject } from "node:crypto";
import { RequestRefused } from "../RequestRefused";
import { downloadKeys } from "./downloadKeys";
import type { KeySource } from "./KeySource";
import type { RemoteKeysOptions } from "./remoteKeys";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** How long keys count as fresh. A server that says "never" or "for ever" is held to these bounds. */
const FRESH = { least: 5 * MINUTE, usual: HOUR, most: DAY };
/** Between two attempts, whatever becomes of the first. */
const COOL_DOWN = 30_000;
/** A key that Google has withdrawn is not trusted for ever because its server cannot be reached. */
const KEPT = DAY;

interface KeySet {
  readonly keys: ReadonlyMap<string, KeyObject>;
  readonly fetchedAt: number;
  readonly freshUntil: number;
  readonly keptUntil: number;
}

/** @internal The state behind `remoteKeys`. */
export class RemoteKeySet implements KeySource {
  readonly #options: Required<RemoteKeysOptions>;
  #current: KeySet | undefined;
  #attempt: Promise<void> | undefined;
  #nextAttempt = -Infinity;
  #failure: Error | undefined;

  constructor(options: Required<RemoteKeysOptions>) {
    this.#options = options;
  }

  async find(keyId: string): Promise<KeyObject | undefined> {
    const now = this.#options.clock.now();
    const known = this.#keyAt(now, keyId);
    if (known !== undefined && this.#isFresh(now)) return known;
    // With a key in hand only the one that asks the server waits for it, all others go on.
    if (known !== undefined && this.#attempt !== undefined) return known;
    await this.#refresh(now);
    const found = this.#keyAt(now, keyId);
    if (found === undefined && this.#failure !== undefined) {
      throw new RequestRefused("ERR_KEYS_UNAVAILABLE", this.#failure.message, { cause: this.#failure });
    }
    return found;
  }

  /** Keys from far in the future are not kept either, or a clock that was years ahead would make them last for years. */
  #keyAt(now: number, keyId: string): KeyObject | undefined {
    if (this.#current === undefined) return undefined;
    const { keys, fetchedAt, keptUntil } = this.#current;
    return now < keptUntil && now >= fetchedAt - KEPT ? keys.get(keyId) : undefined;
  }

  /** Keys from the future were fetched while the clock was ahead: nobody knows how old they are. */
  #isFresh(now: number): boolean {
    return this.#current !== undefined && now >= this.#current.fetchedAt && now < this.#current.freshUntil;
  }

  async #refresh(now: number): Promise<void> {
    if (this.#attempt === undefined && this.#mayTry(now)) {
      this.#nextAttempt = now + COOL_DOWN;
      this.#attempt = this.#download().finally(() => {
        this.#attempt = undefined;
      });
    }
    await this.#attempt;
  }

  /** A clock that was set back must not put off the next attempt by as much. */
  #mayTry(now: number): boolean {
    return now >= this.#nextAttempt || now < this.#nextAttempt - COOL_DOWN;
  }

  async #download(): Promise<void> {
    const { url, fetch, timeout, clock, onFailure } = this.#options;
    try {
      const { keys, maxAge = FRESH.usual } = await downloadKeys(url, fetch, timeout);
      const now = clock.now();
      const fresh = Math.min(Math.max(maxAge, FRESH.least), FRESH.most);
      this.#current = {
        keys: withKnown(keys, this.#current?.keys),
        fetchedAt: now,
        freshUntil: now + fresh,
        keptUntil: now + KEPT,
      };
      this.#failure = undefined;
    } catch (error) {
      this.#failure = new Error(`${url}: ${error instanceof Error ? error.message : "failed"}`, {
        cause: error,
      });
      onFailure(this.#failure);
    }
  }
}

/** The same object for a key that stands, as `KeySource.find` promises. */
function withKnown(
  keys: ReadonlyMap<string, KeyObject>,
  known: ReadonlyMap<string, KeyObject> = new Map(),
): ReadonlyMap<string, KeyObject> {
  return new Map(
    [...keys].map(([id, key]) => {
      const former = known.get(id);
      return [id, former?.equals(key) === true ? former : key];
    }),
  );
}
