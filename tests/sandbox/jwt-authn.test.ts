import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK } from "jose";
import fc from "fast-check";
import { VirtualClock } from "../../sandbox/cloud/clock";
import { Cloud } from "../../sandbox/cloud/cloud";
import {
  authenticate,
  authenticateAll,
  type Authentication,
  type JwtProvider,
} from "../../sandbox/ingress/jwt-authn/authenticate";
import { check } from "../../sandbox/ingress/gateways/check";
import { challenge, MESSAGES, type JwtFailure } from "../../sandbox/ingress/jwt-authn/failures";
import { GOOGLE_KEYS } from "../../sandbox/ingress/jwt-authn/keys";
import { DEFAULT_LOCATIONS, findTokens } from "../../sandbox/ingress/jwt-authn/locations";
import { sharedSigningKey } from "../support/signing-key";
import { attacks } from "./attacks";

const START = Date.parse("2026-12-01T12:00:00Z");
const NOW = START / 1000;
const PROJECT = "jwt-test";
const EMAIL = `caller@${PROJECT}.iam.gserviceaccount.com`;
const ISSUER = "https://accounts.google.com";
const AUDIENCE = "https://app.example";

const PROVIDER: JwtProvider = { issuer: ISSUER, audiences: [AUDIENCE], keys: { uri: GOOGLE_KEYS } };

function aCloud(): Cloud {
  const cloud = new Cloud({
    clock: new VirtualClock(START),
    signingKey: sharedSigningKey,
    projects: [{ id: PROJECT, number: "111111111111" }],
  });
  cloud.iam.addAccount({ email: EMAIL, uniqueId: "100000000000000000000", project: PROJECT });
  return cloud;
}

type Claims = Record<string, unknown>;

/** Whatever header and claims one likes, signed by a key of one's own or by Google's. */
class Forge {
  constructor(
    readonly key: CryptoKey,
    readonly kid: string,
  ) {}

  async signed(claims: Claims = {}, header: Claims = {}): Promise<string> {
    return new SignJWT({ ...GENUINE, ...claims })
      .setProtectedHeader({ alg: "RS256", kid: this.kid, typ: "JWT", ...header })
      .sign(this.key);
  }
}

const GENUINE: Claims = { iss: ISSUER, aud: AUDIENCE, sub: "1", email: EMAIL, iat: NOW, exp: NOW + 3600 };

async function googles(): Promise<Forge> {
  const { privateKey, kid } = await sharedSigningKey();
  return new Forge(privateKey, kid);
}

async function strangers(): Promise<{ forge: Forge; jwk: JWK }> {
  const { privateKey, publicKey } = await generateKeyPair("RS256", { extractable: true });
  const { kid } = await sharedSigningKey();
  return { forge: new Forge(privateKey, kid), jwk: { ...(await exportJWK(publicKey)), kid, alg: "RS256" } };
}

function encode(value: unknown): string {
  return Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url");
}

function unsigned(header: unknown, claims: unknown, signature = "c2ln"): string {
  return `${encode(header)}.${encode(claims)}.${signature}`;
}

const HEAD = { alg: "RS256", typ: "JWT" };

async function failureOf(token: string | undefined, provider: Partial<JwtProvider> = {}): Promise<string> {
  return outcome(await authenticate(aCloud(), { ...PROVIDER, ...provider }, token));
}

function outcome(answer: Authentication): string {
  return answer.ok ? "let in" : answer.failure;
}

/** One token for every failure there is, so that none can be listed and never happen. */
const FAILURES: Record<JwtFailure, () => Promise<[string | undefined, Partial<JwtProvider>?]>> = {
  missing: async () => Promise.resolve([undefined]),
  "bad format": async () => Promise.resolve(["a.b"]),
  "header not base64url": async () => Promise.resolve(["a!.b.c"]),
  "header not JSON": async () => Promise.resolve([unsigned("[1]", GENUINE)]),
  "no algorithm": async () => Promise.resolve([unsigned({ typ: "JWT" }, GENUINE)]),
  "algorithm not supported": async () => Promise.resolve([unsigned({ alg: "none" }, GENUINE)]),
  "key id not a string": async () => Promise.resolve([unsigned({ ...HEAD, kid: 1 }, GENUINE)]),
  "payload not base64url": async () => Promise.resolve([`${encode(HEAD)}.=.c2ln`]),
  "payload not JSON": async () => Promise.resolve([unsigned(HEAD, "hello")]),
  "issuer not a string": async () => Promise.resolve([unsigned(HEAD, { iss: 1 })]),
  "subject not a string": async () => Promise.resolve([unsigned(HEAD, { sub: {} })]),
  "issue time not an integer": async () => Promise.resolve([unsigned(HEAD, { iat: "1" })]),
  "issue time not positive": async () => Promise.resolve([unsigned(HEAD, { iat: -1 })]),
  "start not an integer": async () => Promise.resolve([unsigned(HEAD, { nbf: "1" })]),
  "start not positive": async () => Promise.resolve([unsigned(HEAD, { nbf: -1 })]),
  "expiry not an integer": async () => Promise.resolve([unsigned(HEAD, { exp: null })]),
  "expiry not positive": async () => Promise.resolve([unsigned(HEAD, { exp: -1 })]),
  "id not a string": async () => Promise.resolve([unsigned(HEAD, { jti: 7 })]),
  "audience not a string": async () => Promise.resolve([unsigned(HEAD, { aud: [AUDIENCE, 1] })]),
  "signature not base64url": async () => Promise.resolve([unsigned(HEAD, GENUINE, "c2ln=")]),
  "unknown issuer": async () => [await (await googles()).signed({ iss: "accounts.google.com" })],
  "not yet valid": async () => [await (await googles()).signed({ nbf: NOW + 61 })],
  expired: async () => [await (await googles()).signed({ exp: NOW - 61 })],
  "audience not allowed": async () => [await (await googles()).signed({ aud: "https://other.example" })],
  "keys not fetched": async () => [
    await (await googles()).signed(),
    { keys: { uri: "https://keys.example/certs" } },
  ],
  "no valid key": async () => [await (await googles()).signed(), { keys: { document: '{"keys":[]}' } }],
  "no matching key": async () => [await (await googles()).signed({}, { kid: "another" })],
  "bad signature": async () => [await (await strangers()).forge.signed()],
};

describe("authenticate", () => {
  it("lets a token of Google's in, with its claims", async () => {
    const cloud = aCloud();
    const token = await cloud.tokens.mint({ email: EMAIL, audience: AUDIENCE });
    const answer = await authenticate(cloud, PROVIDER, token);
    expect(answer).toMatchObject({ ok: true, claims: { email: EMAIL, email_verified: true, aud: AUDIENCE } });
  });

  it.each(Object.keys(FAILURES) as JwtFailure[])("says what is wrong: %s", async (failure) => {
    const [token, provider] = await FAILURES[failure]();
    const answer = await authenticate(aCloud(), { ...PROVIDER, ...provider }, token);
    expect(answer).toMatchObject({
      ok: false,
      failure,
      message: MESSAGES[failure],
      status: failure === "audience not allowed" ? 403 : 401,
    });
    expect(answer.ok ? "" : answer.reason).not.toBe("");
  });

  it("never shows the token", async () => {
    for (const make of Object.values(FAILURES)) {
      const [token, provider] = await make();
      const answer = await authenticate(aCloud(), { ...PROVIDER, ...provider }, token);
      const payload = token?.split(".")[1] ?? "nothing";
      if (payload.length > 4) expect(JSON.stringify(answer)).not.toContain(payload);
    }
  });

  it("checks the audience before the signature, and the expiry before the audience", async () => {
    const { forge } = await strangers();
    expect(await failureOf(await forge.signed({ aud: "x" }))).toBe("audience not allowed");
    expect(await failureOf(await forge.signed({ aud: "x", exp: NOW - 61 }))).toBe("expired");
    expect(await failureOf(await forge.signed({ aud: "x", exp: NOW - 61, iss: "x" }))).toBe("unknown issuer");
  });

  it("allows for clocks that differ by a minute, or by what it is told", async () => {
    const forge = await googles();
    const old = await forge.signed({ exp: NOW - 60 });
    const older = await forge.signed({ exp: NOW - 61 });
    expect(await failureOf(old)).toBe("let in");
    expect(await failureOf(older)).toBe("expired");
    expect(await failureOf(older, { clockSkewSeconds: 61 })).toBe("let in");
    expect(await failureOf(old, { clockSkewSeconds: 59 })).toBe("expired");
    expect(await failureOf(await forge.signed({ nbf: NOW + 60 }))).toBe("let in");
  });

  it("takes no notice of what Envoy takes none of: a token without an expiry, and when it was issued", async () => {
    const forge = await googles();
    expect(await failureOf(await forge.signed({ exp: undefined }))).toBe("let in");
    expect(await failureOf(await forge.signed({ exp: 0 }))).toBe("let in");
    expect(await failureOf(await forge.signed({ iat: NOW + 7200 }))).toBe("let in");
  });

  it("checks neither audience nor issuer that it was not told", async () => {
    const forge = await googles();
    const other = await forge.signed({ aud: "https://other.example" });
    expect(await failureOf(other, { audiences: [] })).toBe("let in");
    expect(await failureOf(await forge.signed({ aud: undefined }))).toBe("audience not allowed");
    expect(await failureOf(await forge.signed({ iss: "me" }), { issuer: "" })).toBe("let in");
  });

  it("takes any of several audiences, on both sides", async () => {
    const forge = await googles();
    const audiences = ["https://old.example", AUDIENCE];
    expect(await failureOf(await forge.signed({ aud: "https://old.example" }), { audiences })).toBe("let in");
    expect(await failureOf(await forge.signed({ aud: ["x", AUDIENCE] }), { audiences })).toBe("let in");
    expect(await failureOf(await forge.signed({ aud: ["x", "y"] }), { audiences })).toBe(
      "audience not allowed",
    );
  });

  it("leaves scheme and last slash of an audience out, and nothing else", async () => {
    const forge = await googles();
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom("https://", "http://", "HTTPS://", "ftp://", ""),
        fc.constantFrom("app.example", "App.example", "app.example/work", "app.example.evil", ""),
        fc.constantFrom("", "/", "//", "?"),
        async (scheme, name, end) => {
          const token = await forge.signed({ aud: scheme + name + end });
          const same = /^(https?:\/\/)?app\.example\/?$/.test(scheme + name + end);
          expect(await failureOf(token)).toBe(same ? "let in" : "audience not allowed");
        },
      ),
      { numRuns: 60 },
    );
  });

  it("tries every key that fits", async () => {
    const { forge, jwk } = await strangers();
    const google = (await aCloud().tokens.jwks()).keys;
    const token = await forge.signed();
    const keys = (...all: JWK[]): Partial<JwtProvider> => ({
      keys: { document: JSON.stringify({ keys: all }) },
    });
    expect(await failureOf(token, keys(...google, jwk))).toBe("let in");
    expect(await failureOf(token, keys(...google))).toBe("bad signature");
    expect(await failureOf(token, keys({ ...jwk, kid: undefined }))).toBe("let in");
    expect(await failureOf(token, keys({ ...jwk, kid: "other" }))).toBe("no matching key");
    expect(await failureOf(token, keys({ ...jwk, alg: "RS512" }))).toBe("no matching key");
    expect(await failureOf(await forge.signed({}, { kid: undefined }), keys(...google, jwk))).toBe("let in");
    expect(await failureOf(token, { keys: { document: "no JSON" } })).toBe("no valid key");
  });

  /** Genuine tokens, with which Envoy finds no fault; whoever wants an e-mail must ask for it behind the filter. */
  const NO_FAULT_FOR_ENVOY = ["issued in the future", "valid for a month", "missing e-mail"];

  it("takes no token of the collected attacks", async () => {
    const cloud = aCloud();
    const all = await attacks(cloud.tokens, { email: EMAIL, audience: AUDIENCE, now: START });
    const taken: string[] = [];
    for (const { name, token } of all) {
      if ((await authenticate(cloud, PROVIDER, token)).ok) taken.push(name);
    }
    expect(taken).toEqual(NO_FAULT_FOR_ENVOY);
  });
});

describe("authenticateAll", () => {
  it("wants each token to be good, and one at least", async () => {
    const forge = await googles();
    const good = await forge.signed();
    const all = async (...tokens: string[]): Promise<string> =>
      outcome(await authenticateAll(aCloud(), PROVIDER, tokens));
    expect(await all()).toBe("missing");
    expect(await all(good)).toBe("let in");
    expect(await all(good, good)).toBe("let in");
    expect(await all(good, "a.b")).toBe("bad format");
    expect(await all("a.b", good)).toBe("bad format");
  });

  it("answers the claims of the first", async () => {
    const forge = await googles();
    const tokens = [await forge.signed({ email: "first" }), await forge.signed({ email: "second" })];
    expect(await authenticateAll(aCloud(), PROVIDER, tokens)).toMatchObject({ claims: { email: "first" } });
  });
});

describe("findTokens", () => {
  const found = (url: string, ...headers: [string, string][]): string[] =>
    findTokens({ method: "GET", url, headers, body: "" }, DEFAULT_LOCATIONS).map(({ token }) => token);

  it.each<[string, [string, string][], string[]]>([
    ["nothing", [], []],
    ["a bearer", [["Authorization", "Bearer a.b.c"]], ["a.b.c"]],
    ["in small letters, which count", [["authorization", "bearer a.b.c"]], []],
    ["another scheme", [["Authorization", "Basic a.b.c"]], []],
    ["an empty one", [["Authorization", "Bearer "]], []],
    ["blanks around it", [["Authorization", "  Bearer   a.b.c  "]], ["a.b.c"]],
    ["something before it", [["Authorization", "Basic x, Bearer a.b.c"]], ["a.b.c"]],
    ["something behind it", [["Authorization", "Bearer a.b.c, Basic x"]], ["a.b.c"]],
    ["quoted", [["Authorization", 'Bearer "a.b.c"']], ["a.b.c"]],
    ["the padding of another alphabet", [["Authorization", "Bearer a.b.c=="]], ["a.b.c"]],
    ["nothing that could be one", [["Authorization", "Bearer !"]], ["Bearer !"]],
    [
      "two headers",
      [
        ["Authorization", "Bearer a.b.c"],
        ["Authorization", "Bearer d.e.f"],
      ],
      ["a.b.c"],
    ],
    [
      "two headers, the second with a token",
      [
        ["Authorization", "Basic x"],
        ["Authorization", "Bearer d.e.f"],
      ],
      ["d.e.f"],
    ],
    ["another header", [["X-Serverless-Authorization", "Bearer a.b.c"]], []],
  ])("reads %s as Envoy does", (_, headers, tokens) => {
    expect(found("https://app.example/a", ...headers)).toEqual(tokens);
  });

  it("looks into the query too, where the first of a name counts", () => {
    expect(found("https://app.example/?access_token=a.b.c&access_token=d")).toEqual(["a.b.c"]);
    expect(found("https://app.example/?access_token=a.b.c", ["Authorization", "Bearer d.e.f"])).toEqual([
      "d.e.f",
      "a.b.c",
    ]);
  });

  it("says in which header a token stands, and takes one without a prefix", () => {
    const headers = [{ name: "X-Token", prefix: "" }];
    const request = {
      method: "GET",
      url: "https://app.example/",
      headers: [["x-token", " a.b.c"]] as const,
      body: "",
    };
    expect(findTokens(request, { headers, params: [] })).toEqual([{ token: "a.b.c", header: "x-token" }]);
    const twice = { ...request, headers: [...request.headers, ["X-Token", "a.b.c"] as const] };
    expect(findTokens(twice, { headers, params: [] })).toEqual([{ token: "a.b.c,a.b.c", header: "x-token" }]);
  });
});

describe("challenge", () => {
  it("names the address as the client asked for it, and an error unless the token is missing", () => {
    expect(challenge("https://app.example/a?b=c", "missing")).toBe(
      'Bearer realm="https://app.example/a?b=c"',
    );
    expect(challenge("http://app.example:8080/a", "expired")).toBe(
      'Bearer realm="http://app.example:8080/a", error="invalid_token"',
    );
  });

  it("shows no more than 256 letters of a path", () => {
    const shown = challenge(`https://app.example/${"a".repeat(1000)}`, "missing");
    expect(shown).toBe(`Bearer realm="https://app.example/${"a".repeat(255)}"`);
  });
});

describe("ESPv2, where any of several providers will do,", () => {
  it("answers for the last one that has something to say, as Envoy does", async () => {
    const forged = await (await strangers()).forge.signed({}, { kid: (await googles()).kid });
    const own = { issuer: ISSUER, jwksUri: GOOGLE_KEYS, audiences: [AUDIENCE] };
    const providers = {
      own,
      other: { ...own, audiences: ["https://other.example"] },
      foreign: { ...own, issuer: "https://issuer.example" },
    };
    const proxy: Parameters<typeof check>[1] = {
      label: "proxy",
      target: { kind: "api-gateway", fullName: "gateway" },
      email: EMAIL,
      serviceName: "service.example",
      config: { host: "service.example", providers, methods: [], everythingElse: undefined },
      userInfoHeader: "X-User",
      mergesSlashes: true,
    };
    const headers: [string, string][] = [["Authorization", `Bearer ${forged}`]];
    const asked = async (...names: string[]) => {
      const request = { method: "GET", url: "https://gateway.example/", headers, body: "" };
      const answer = await check(aCloud(), proxy, names, request);
      return answer.ok ? "let in" : answer.failure;
    };
    expect(await asked("own", "other", "foreign")).toBe("audience not allowed");
    expect(await asked("foreign", "other", "own")).toBe("bad signature");
    expect(await asked("foreign")).toBe("unknown issuer");
  });
});
