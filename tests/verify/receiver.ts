import { SignJWT } from "jose";
import { VirtualClock } from "../../sandbox/cloud/clock";
import { createSigningKey, type SigningKey } from "../../sandbox/cloud/tokens/signing-key";
import { TokenIssuer } from "../../sandbox/cloud/tokens/token-issuer";
import {
  createVerifier,
  fixedKeys,
  type KeySource,
  RequestRefused,
  type VerifierOptions,
} from "../../verify/index";

export const AUDIENCE = "https://orders.example.com";
export const CALLER = "nightly@my-project.iam.gserviceaccount.com";
export const STRANGER = "stranger@elsewhere.iam.gserviceaccount.com";
export const SUBJECT = "112233445566778899001";
export const NOW = Date.UTC(2026, 10, 24, 4, 0, 0);

/** Google, as a receiver sees it: who signs tokens, and with which keys. */
export class Google {
  readonly clock: VirtualClock;
  readonly issuer: TokenIssuer;

  private constructor(
    /** A key of Google's for whatever `issuer` would not sign. */
    readonly key: SigningKey,
    now: number,
  ) {
    this.clock = new VirtualClock(now);
    this.issuer = new TokenIssuer({
      clock: this.clock,
      account: (email) => ({ email, uniqueId: SUBJECT, project: "my-project" }),
    });
  }

  static async create(now = NOW): Promise<Google> {
    return new Google(await createSigningKey(), now);
  }

  async keySet(): Promise<{ keys: object[] }> {
    return { keys: [...(await this.issuer.jwks()).keys, this.key.jwk] };
  }

  async keys(): Promise<KeySource> {
    return fixedKeys(await this.keySet());
  }

  async verifier(options: Partial<VerifierOptions> = {}) {
    const rules = { audience: AUDIENCE, callers: [CALLER], clock: this.clock, keys: await this.keys() };
    return createVerifier({ ...rules, ...options } as VerifierOptions);
  }

  mint(q: Partial<Parameters<TokenIssuer["mint"]>[0]> = {}): Promise<string> {
    return this.issuer.mint({ email: CALLER, audience: AUDIENCE, ...q });
  }

  /** Signed by Google, whatever it says. */
  sign(claims: Record<string, unknown>, header: Record<string, unknown> = {}): Promise<string> {
    return new SignJWT({ ...this.claims(), ...claims })
      .setProtectedHeader({ alg: "RS256", kid: this.key.kid, typ: "JWT", ...header })
      .sign(this.key.privateKey);
  }

  claims(): Record<string, unknown> {
    const iat = this.clock.now() / 1000;
    return {
      iss: "https://accounts.google.com",
      aud: AUDIENCE,
      azp: SUBJECT,
      sub: SUBJECT,
      email: CALLER,
      email_verified: true,
      iat,
      exp: iat + 3600,
    };
  }
}

/** Why it is refused; fails if it is not. */
export async function refusal(work: Promise<unknown>): Promise<RequestRefused> {
  try {
    await work;
  } catch (error) {
    if (error instanceof RequestRefused) return error;
    throw error;
  }
  throw new Error("Nothing was refused.");
}
