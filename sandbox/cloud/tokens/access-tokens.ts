import { randomBytes } from "node:crypto";
import type { Clock } from "../clock";

export const CLOUD_PLATFORM = "https://www.googleapis.com/auth/cloud-platform";

export interface AccessRequest {
  /** Whom the token speaks for, as IAM writes it: `serviceAccount:…` or `user:…`. */
  member: string;
  /** Default: cloud-platform alone. */
  scopes?: readonly string[];
  /** In milliseconds. Default one hour. */
  lifetime?: number;
}

/** What a token stands for. Times are in milliseconds since 1970. */
export interface Access {
  member: string;
  scopes: readonly string[];
  expiresAt: number;
  /** The unique id of the service account: a later one of the same e-mail is another. */
  uid?: string;
}

const HOUR = 3_600_000;

/** OAuth access tokens: nothing can be read in them, so whoever made them has to remember what they stand for. */
export class AccessTokens {
  readonly #clock: Clock;
  readonly #known = new Map<string, Access>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  mint(
    { member, scopes = [CLOUD_PLATFORM], lifetime = HOUR }: AccessRequest,
    uid?: string,
  ): Access & { token: string } {
    this.#forgetExpired();
    const access: Access = { member, scopes: [...scopes], expiresAt: this.#clock.now() + lifetime, uid };
    // The prefix is Google's. https://docs.cloud.google.com/docs/authentication/token-types
    const token = `ya29.sandbox-${randomBytes(48).toString("base64url")}`;
    this.#known.set(token, access);
    return { ...access, token };
  }

  /** Undefined for what was never minted, and for what has expired. */
  find(token: string): Access | undefined {
    const access = this.#known.get(token);
    return access === undefined || access.expiresAt <= this.#clock.now() ? undefined : access;
  }

  #forgetExpired(): void {
    const now = this.#clock.now();
    for (const [token, { expiresAt }] of this.#known) if (expiresAt <= now) this.#known.delete(token);
  }
}
