import { type JSONWebKeySet, SignJWT } from "jose";
import type { Clock } from "../clock";
import { CloudError } from "../errors";
import type { Account } from "../iam/accounts";
import { type Access, type AccessRequest, AccessTokens } from "./access-tokens";
import { type IdTokenClaims, ISSUER } from "./claims";
import { createSigningKey, type SigningKey } from "./signing-key";
import { type Verification, verifyIdToken } from "./verify";

export interface TokenIssuerOptions {
  clock: Clock;
  account: (email: string) => Account | undefined;
  /** Default: a key made afresh. */
  signingKey?: () => Promise<SigningKey>;
}

export interface MintRequest {
  /** The service account that the token speaks for. */
  email: string;
  audience: string;
  /** Default true, as for Scheduler, Tasks and Pub/Sub. */
  includeEmail?: boolean;
  /**
   * What `azp` is. Default: the unique id. It is the e-mail in tokens that are had with a key of the account, and where
   * Google's own client libraries ask for it.
   */
  azp?: "unique id" | "e-mail";
  /** In milliseconds, like all times of the cloud. Default one hour. */
  lifetime?: number;
  /** In milliseconds since 1970. Default: clock.now(). */
  issuedAt?: number;
}

const HOUR = 3_600_000;

/**
 * Mints and verifies id_tokens as Google does, with a key of its own that is made at the first need; mints access tokens,
 * and remembers what each stands for.
 */
export class TokenIssuer {
  readonly #clock: Clock;
  readonly #account: (email: string) => Account | undefined;
  readonly #makeKey: () => Promise<SigningKey>;
  readonly #access: AccessTokens;
  #keyInTheMaking: Promise<SigningKey> | undefined;

  constructor(options: TokenIssuerOptions) {
    this.#clock = options.clock;
    this.#account = options.account;
    this.#makeKey = options.signingKey ?? createSigningKey;
    this.#access = new AccessTokens(options.clock);
  }

  async mint(q: MintRequest): Promise<string> {
    const claims = claimsOf(q, this.#requireAccount(q.email), q.issuedAt ?? this.#clock.now());
    return this.#clock.real(this.#sign(claims));
  }

  /** An access token, for people as well as for service accounts. */
  mintAccess(q: AccessRequest): Access & { token: string } {
    const email = /^serviceAccount:(.+)$/.exec(q.member)?.[1];
    return this.#access.mint(q, email === undefined ? undefined : this.#requireAccount(email).uniqueId);
  }

  /** What an access token stands for; undefined if for nothing, at clock.now(). */
  findAccess(token: string): Access | undefined {
    return this.#access.find(token);
  }

  /** https://www.googleapis.com/oauth2/v3/certs */
  async jwks(): Promise<JSONWebKeySet> {
    const { jwk } = await this.#key();
    return { keys: [jwk] };
  }

  /**
   * https://www.googleapis.com/oauth2/v1/certs. Google's map holds certificates. These are bare public keys, which
   * whatever verifies with OpenSSL (google-auth-library does) takes just as well.
   */
  async pem(): Promise<Record<string, string>> {
    const { kid, pem } = await this.#key();
    return { [kid]: pem };
  }

  /** Everything but the audience, at clock.now(). A token without an e-mail is refused unless that is asked for. */
  async verify(token: string, { withoutEmail = false } = {}): Promise<Verification> {
    const now = this.#clock.now();
    return this.#clock.real(
      this.#key().then(async (key) => verifyIdToken(token, [key], now, { withoutEmail })),
    );
  }

  async #sign(claims: IdTokenClaims): Promise<string> {
    const { kid, privateKey } = await this.#key();
    return new SignJWT({ ...claims }).setProtectedHeader({ alg: "RS256", kid, typ: "JWT" }).sign(privateKey);
  }

  async #key(): Promise<SigningKey> {
    this.#keyInTheMaking ??= this.#clock.real(this.#makeKey());
    return this.#keyInTheMaking;
  }

  #requireAccount(email: string): Account {
    const account = this.#account(email);
    if (account === undefined) {
      throw new CloudError("NOT_FOUND", `No token for ${email}: the service account does not exist.`);
    }
    if (account.disabled === true) {
      throw new CloudError("FAILED_PRECONDITION", `No token for ${email}: the service account is disabled.`);
    }
    return account;
  }
}

/** As in the sample of docs.cloud.google.com/pubsub/docs/authenticate-push-subscriptions, in its order. */
function claimsOf(q: MintRequest, account: Account, issuedAt: number): IdTokenClaims {
  const email = q.includeEmail === false ? {} : { email: account.email, email_verified: true };
  return {
    aud: q.audience,
    azp: q.azp === "e-mail" ? account.email : account.uniqueId,
    ...email,
    exp: Math.floor((issuedAt + (q.lifetime ?? HOUR)) / 1000),
    iat: Math.floor(issuedAt / 1000),
    iss: ISSUER,
    sub: account.uniqueId,
  };
}
