import type { KeyObject } from "node:crypto";
import type { Caller } from "./Caller";
import type { Fetch } from "./keys/downloadKeys";
import type { KeySource } from "./keys/KeySource";
import { remoteKeys } from "./keys/remoteKeys";
import { readCount, readHeaderName } from "./options/readOption";
import { readRules, type Rules } from "./options/readRules";
import type { VerifierRules } from "./options/VerifierRules";
import { RequestRefused } from "./RequestRefused";
import { checkClaims, checkTimes } from "./token/checkClaims";
import { hasValidSignature } from "./token/hasValidSignature";
import { parseToken } from "./token/parseToken";
import { RememberedTokens } from "./token/RememberedTokens";
import { tokenIn } from "./token/tokenIn";
import type { Verifier } from "./Verifier";

/** What `createVerifier` is told: the rules, and where keys and tokens come from. */
export type VerifierOptions = VerifierRules & {
  /**
   * The header that carries the token. Default `Authorization`. ESPv2 and API Gateway put the original one into
   * `X-Forwarded-Authorization`.
   */
  tokenHeader?: string;
  /** How many tokens that were let in are remembered until they expire. Default 1000; 0 remembers none. */
  rememberedTokens?: number;
  /** Where the public keys come from. Default: Google's server, by `remoteKeys`. */
  keys?: KeySource;
  /** Fetches the keys, unless `keys` is given. Default: the `fetch` of Node.js. */
  fetch?: Fetch;
};

/**
 * Makes a verifier for a service that anybody can reach. Of each token it checks the signature (RS256 by one of Google's
 * keys), the issuer, the audience, the time, that the e-mail is verified, and that it is one of the callers.
 *
 * ```ts
 * import { createVerifier } from "@automatic-oidc/verify";
 *
 * const verifier = createVerifier({
 *   audience: "https://orders.example.com",
 *   callers: ["nightly@my-project.iam.gserviceaccount.com"],
 * });
 * const caller = await verifier.verify(process.argv[2] ?? "");
 * console.log(`called by ${caller.email}`);
 * ```
 *
 * Behind a private Cloud Run service the signature is gone; see `createVerifierBehindCloudRun`.
 *
 * @throws TypeError if the options would let in more than they say.
 */
export function createVerifier(options: VerifierOptions): Verifier {
  return new SignatureVerifier(options);
}

const MAKER = "createVerifier";

class SignatureVerifier implements Verifier {
  readonly #rules: Rules;
  readonly #header: string;
  readonly #keys: KeySource;
  readonly #remembered: RememberedTokens;

  constructor(options: VerifierOptions) {
    this.#rules = readRules(MAKER, options);
    this.#header = readHeaderName(MAKER, options.tokenHeader ?? "authorization");
    this.#keys = keysOf(options);
    this.#remembered = new RememberedTokens(
      readCount(MAKER, "rememberedTokens", options.rememberedTokens ?? 1000),
    );
  }

  async verifyHeaders(headers: Parameters<Verifier["verifyHeaders"]>[0]): Promise<Caller> {
    return this.verify(tokenIn(headers, [this.#header]));
  }

  async verify(token: string): Promise<Caller> {
    return (await this.#recall(token)) ?? this.#check(token);
  }

  /** The caller of a token that was let in before, if nothing but the time has changed. */
  async #recall(token: string): Promise<Caller | undefined> {
    const remembered = this.#remembered.get(token);
    if (remembered === undefined) return undefined;
    if ((await this.#find(remembered.keyId)) !== remembered.key) {
      this.#remembered.forget(token);
      return undefined;
    }
    try {
      checkTimes(remembered.caller, this.#rules);
    } catch (error) {
      this.#remembered.forget(token);
      throw error;
    }
    return remembered.caller;
  }

  async #check(token: string): Promise<Caller> {
    const { keyId, claims } = parseToken(token);
    const key = await this.#find(keyId);
    if (key === undefined) throw new RequestRefused("ERR_TOKEN_KEY_UNKNOWN");
    if (!(await hasValidSignature(token, key))) throw new RequestRefused("ERR_TOKEN_SIGNATURE");
    const caller = checkClaims(claims, this.#rules);
    // Google's tokens have no `nbf`. One that has would be bound by it again if the clock were set back.
    if (claims.nbf === undefined) this.#remembered.remember(token, { caller, keyId, key });
    return caller;
  }

  async #find(keyId: string): Promise<KeyObject | undefined> {
    try {
      return await this.#keys.find(keyId);
    } catch (error) {
      if (error instanceof RequestRefused) throw error;
      throw new RequestRefused("ERR_KEYS_UNAVAILABLE", undefined, { cause: error });
    }
  }
}

function keysOf({ keys, fetch, clock }: VerifierOptions): KeySource {
  if (keys === undefined) return remoteKeys({ fetch, clock });
  if (fetch !== undefined) throw new TypeError(`${MAKER}: give either keys or fetch, not both.`);
  return keys;
}
