import { createHmac, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import type { TokenIssuer } from "../../sandbox/cloud/tokens/token-issuer";

export interface Attack {
  name: string;
  token: string;
}

export interface Victim {
  /** A service account that exists. */
  email: string;
  audience: string;
  /** The time of the cloud's clock. */
  now: number;
}

/**
 * Tokens that must open nothing, whoever they claim to be and wherever they are sent. All would name `victim.email` and
 * `victim.audience` if they were believed. Not covered: a stolen token, which is as good as the real one.
 */
export async function attacks(issuer: TokenIssuer, victim: Victim): Promise<Attack[]> {
  const genuine = await issuer.mint({ email: victim.email, audience: victim.audience });
  const [kid = "", pem = ""] = Object.entries(await issuer.pem())[0] ?? [];
  const forgery = new Forgery(kid, claimsFor(victim));
  return [
    ...withoutSignature(genuine, forgery),
    ...withSharedSecret(pem, forgery),
    ...withForeignKey(forgery),
    ...tampered(genuine),
    ...misshapen(genuine),
    ...(await genuineButInvalid(issuer, victim)),
  ];
}

type Claims = Record<string, unknown>;

class Forgery {
  readonly #foreign = generateKeyPairSync("rsa", { modulusLength: 2048 });

  constructor(
    readonly kid: string,
    readonly claims: Claims,
  ) {}

  get foreignJwk(): object {
    return this.#foreign.publicKey.export({ format: "jwk" });
  }

  signed(header: Claims = {}, claims: Claims = {}): string {
    const input = this.input({ alg: "RS256", typ: "JWT", kid: this.kid, ...header }, claims);
    return `${input}.${rs256(input, this.#foreign.privateKey)}`;
  }

  input(header: Claims, claims: Claims = {}): string {
    return `${encode(header)}.${encode({ ...this.claims, ...claims })}`;
  }
}

function claimsFor(victim: Victim): Claims {
  const iat = Math.floor(victim.now / 1000);
  return {
    aud: victim.audience,
    azp: "123456789012345678901",
    email: victim.email,
    email_verified: true,
    exp: iat + 3600,
    iat,
    iss: "https://accounts.google.com",
    sub: "123456789012345678901",
  };
}

function withoutSignature(genuine: string, forgery: Forgery): Attack[] {
  const signature = genuine.split(".")[2] ?? "";
  return ["none", "None", "NONE", ""].flatMap((alg) => {
    const input = forgery.input({ alg, typ: "JWT", kid: forgery.kid });
    return [
      { name: `alg "${alg}" without a signature`, token: `${input}.` },
      { name: `alg "${alg}" with a signature of another token`, token: `${input}.${signature}` },
    ];
  });
}

function withSharedSecret(pem: string, forgery: Forgery): Attack[] {
  const input = forgery.input({ alg: "HS256", typ: "JWT", kid: forgery.kid });
  const hmac = (secret: string): string => createHmac("sha256", secret).update(input).digest("base64url");
  return [
    { name: "HS256 with the public key as the secret", token: `${input}.${hmac(pem)}` },
    { name: "HS256 with the trimmed public key as the secret", token: `${input}.${hmac(pem.trim())}` },
    { name: "HS256 with the key id as the secret", token: `${input}.${hmac(forgery.kid)}` },
  ];
}

function withForeignKey(forgery: Forgery): Attack[] {
  return [
    { name: "foreign key under our key id", token: forgery.signed() },
    { name: "foreign key under its own key id", token: forgery.signed({ kid: "f".repeat(40) }) },
    { name: "foreign key without a key id", token: forgery.signed({ kid: undefined }) },
    { name: "foreign key, key id of another type", token: forgery.signed({ kid: [forgery.kid] }) },
    { name: "foreign key that the header brings along", token: forgery.signed({ jwk: forgery.foreignJwk }) },
    {
      name: "foreign key set that the header points to",
      token: forgery.signed({ jku: "https://evil.example/certs" }),
    },
    { name: "foreign key, another algorithm", token: forgery.signed({ alg: "RS512" }) },
    { name: "foreign key, several algorithms", token: forgery.signed({ alg: ["RS256", "none"] }) },
    { name: "foreign key, critical extension", token: forgery.signed({ crit: ["exp"] }) },
    { name: "foreign key, payload not encoded", token: forgery.signed({ b64: false, crit: ["b64"] }) },
    {
      name: "foreign key, wrong issuer",
      token: forgery.signed({}, { iss: "https://accounts.google.com.evil.example" }),
    },
    {
      name: "foreign key, issued by the account itself",
      token: forgery.signed({}, { iss: forgery.claims.email }),
    },
    { name: "foreign key, huge payload", token: forgery.signed({}, { padding: "a".repeat(1_000_000) }) },
  ];
}

function tampered(genuine: string): Attack[] {
  const [header = "", payload = "", signature = ""] = genuine.split(".");
  const claims = JSON.parse(Buffer.from(payload, "base64url").toString()) as Claims;
  const changed = (change: Claims): string => `${header}.${encode({ ...claims, ...change })}.${signature}`;
  const flipped = Buffer.from(signature, "base64url");
  flipped.writeUInt8(flipped.readUInt8(0) ^ 1, 0);
  return [
    { name: "tampered e-mail", token: changed({ email: "someone-else@example.iam.gserviceaccount.com" }) },
    { name: "tampered audience", token: changed({ aud: "https://elsewhere.example" }) },
    { name: "tampered expiry", token: changed({ exp: Number(claims.exp) + 60 }) },
    { name: "tampered subject", token: changed({ sub: "1" }) },
    {
      name: "tampered header",
      token: `${encode({ alg: "RS256", kid: "0", typ: "JWT" })}.${payload}.${signature}`,
    },
    { name: "one bit of the signature", token: `${header}.${payload}.${flipped.toString("base64url")}` },
    { name: "half a signature", token: `${header}.${payload}.${signature.slice(0, signature.length / 2)}` },
    { name: "no signature", token: `${header}.${payload}.` },
    { name: "SIGNATURE_REMOVED_BY_GOOGLE", token: `${header}.${payload}.SIGNATURE_REMOVED_BY_GOOGLE` },
    {
      name: "another spelling of the signature",
      token: genuine.slice(0, -1) + respelled(signature.slice(-1)),
    },
  ];
}

function misshapen(genuine: string): Attack[] {
  const [header = "", payload = "", signature = ""] = genuine.split(".");
  return [
    { name: "empty", token: "" },
    { name: "blank", token: " " },
    { name: "two dots", token: ".." },
    { name: "no payload", token: `${header}..${signature}` },
    { name: "two parts", token: `${header}.${payload}` },
    { name: "four parts", token: `${genuine}.${signature}` },
    { name: "five parts, as if encrypted", token: `${genuine}.${payload}.${signature}` },
    { name: "the token twice, with a dot", token: `${genuine}.${genuine}` },
    { name: "the token twice, with a comma", token: `${genuine},${genuine}` },
    { name: "the token twice, with a space", token: `${genuine} ${genuine}` },
    { name: "with its scheme", token: `Bearer ${genuine}` },
    { name: "with a line break", token: `${genuine}\n` },
    { name: "with a null byte", token: `${genuine}\0` },
    { name: "padded", token: `${header}.${payload}.${signature}==` },
    { name: "padded payload", token: `${header}.${payload}=.${signature}` },
    { name: "quoted", token: `"${genuine}"` },
    { name: "huge", token: "a".repeat(5_000_000) },
    { name: "huge, with dots", token: "a.".repeat(1_000_000) },
    { name: "genuine with a huge tail", token: genuine + "A".repeat(1_000_000) },
    { name: "an access token", token: `ya29.${"a".repeat(200)}` },
    { name: "no JSON", token: `${Buffer.from("hello").toString("base64url")}.${payload}.${signature}` },
    { name: "header null", token: `${encode(null)}.${payload}.${signature}` },
    { name: "header a list", token: `${encode([])}.${payload}.${signature}` },
    {
      name: "not UTF-8",
      token: `${Buffer.from([0xff, 0xfe]).toString("base64url")}.${payload}.${signature}`,
    },
    { name: "letters outside of ASCII", token: "żółć.żółć.żółć" },
  ];
}

/** Signed by the very issuer, and still good for nothing. */
async function genuineButInvalid(issuer: TokenIssuer, victim: Victim): Promise<Attack[]> {
  const { email, audience, now } = victim;
  const hour = 3_600_000;
  return [
    { name: "expired", token: await issuer.mint({ email, audience, issuedAt: now - 2 * hour }) },
    { name: "issued in the future", token: await issuer.mint({ email, audience, issuedAt: now + 2 * hour }) },
    { name: "valid for a month", token: await issuer.mint({ email, audience, lifetime: 720 * hour }) },
    { name: "missing e-mail", token: await issuer.mint({ email, audience, includeEmail: false }) },
  ];
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

function rs256(input: string, key: KeyObject): string {
  return sign("sha256", Buffer.from(input), key).toString("base64url");
}

/** 256 bytes leave four bits of the last letter unused: a lax reader takes sixteen letters for one. */
function respelled(letter: string): string {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  return alphabet.charAt(alphabet.indexOf(letter) ^ 1);
}
