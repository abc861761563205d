import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { OAuth2Client } from "google-auth-library";
import { createVerifier, type RefusalCode, RequestRefused, type VerifierOptions } from "../../verify/index";
import { createVerifierBehindCloudRun } from "../../verify/createVerifierBehindCloudRun";
import { REFUSALS } from "../../verify/refusals";
import { VirtualClock } from "../../sandbox/cloud/clock";
import { attacks } from "../sandbox/attacks";
import { AUDIENCE, CALLER, Google, refusal, STRANGER, SUBJECT } from "./receiver";

let google: Google;

beforeAll(async () => {
  google = await Google.create();
});

const SECOND = 1000;
const REMOVED = "SIGNATURE_REMOVED_BY_GOOGLE";
const stripped = (token: string) => token.replace(/[^.]+$/, REMOVED);
const bearer = (token: string): [string, string] => ["Authorization", `Bearer ${token}`];

describe("createVerifier", () => {
  it("tells who calls", async () => {
    const verifier = await google.verifier();
    const now = google.clock.now();
    expect(await verifier.verify(await google.mint())).toEqual({
      email: CALLER,
      subject: SUBJECT,
      audience: AUDIENCE,
      issuedAt: now,
      expiresAt: now + 3600 * SECOND,
    });
  });

  it("takes Google's name in both forms, and no other", async () => {
    const verifier = await google.verifier();
    for (const iss of ["https://accounts.google.com", "accounts.google.com"]) {
      expect(await verifier.verify(await google.sign({ iss }))).toMatchObject({ email: CALLER });
    }
    for (const iss of [
      "https://accounts.google.com/",
      "http://accounts.google.com",
      CALLER,
      undefined,
      ["accounts.google.com"],
    ]) {
      expect(await refusal(verifier.verify(await google.sign({ iss })))).toMatchObject({
        code: "ERR_TOKEN_ISSUER",
        message: "the token is not issued by Google",
      });
    }
  });

  it("takes exactly the audiences that it is told", async () => {
    const former = "https://former.example.com";
    const verifier = await google.verifier({ audience: [AUDIENCE, former] });
    expect(await verifier.verify(await google.mint({ audience: former }))).toMatchObject({
      audience: former,
    });
    const others = [
      `${AUDIENCE}/`,
      AUDIENCE.toUpperCase(),
      `${AUDIENCE}/path`,
      "https://orders.example.co",
      ` ${AUDIENCE}`,
    ];
    for (const audience of others) {
      const error = await refusal(verifier.verify(await google.mint({ audience })));
      expect(error.code).toBe("ERR_TOKEN_AUDIENCE");
      expect(error.message).toBe(
        `the token is meant for another audience: ${JSON.stringify(audience)} instead of "${AUDIENCE}" or "${former}"`,
      );
    }
  });

  it("keeps query, fragment and password of an audience out of the message, since keys are put there", async () => {
    const verifier = await google.verifier();
    const token = await google.mint({ audience: `${AUDIENCE}/run?key=s3cret` });
    expect((await refusal(verifier.verify(token))).message).toBe(
      `the token is meant for another audience: "${AUDIENCE}/run?…" instead of "${AUDIENCE}"`,
    );
    const LOCKS: readonly [audience: string, shown: string][] = [
      [`${AUDIENCE}/#access_token=s3cret`, `${AUDIENCE}/#…`],
      ["https://user:s3cret@x.example/", "https://…@x.example/"],
      ["https://user:a@s3cret@x.example/?s3cret#s3cret", "https://…@x.example/?…"],
      [`https://${"s3cret".repeat(50)}@x.example/a@b`, "https://…@x.example/a@b"],
    ];
    for (const [audience, shown] of LOCKS) {
      expect((await refusal(verifier.verify(await google.mint({ audience })))).message).toBe(
        `the token is meant for another audience: "${shown}" instead of "${AUDIENCE}"`,
      );
    }
    const odd = await refusal(verifier.verify(await google.mint({ audience: "a\u009b31m\u2028\u202eb" })));
    // Terminals and log readers take some of these for commands, or for a new line.
    expect(odd.message).toContain('"a\\u009b31m\\u2028\\u202eb"');
    const long = await refusal(verifier.verify(await google.mint({ audience: `a\n${"b".repeat(5000)}` })));
    expect(long.message).toMatch(/: "a\\nb{198}…" instead/);
  });

  it.each([
    [0, "allows no difference of the clocks"],
    [60, "allows a minute"],
    [300, "allows five minutes"],
  ])("with a skew of %d seconds %s, to the millisecond", async (clockSkewSeconds) => {
    const skew = clockSkewSeconds * SECOND;
    const now = google.clock.now();
    const token = await google.mint();
    const at = async (time: number) => {
      const clock = { now: () => time };
      return (await google.verifier({ clockSkewSeconds, clock })).verify(token);
    };
    const end = now + 3600 * SECOND + skew;
    expect(await at(now - skew)).toMatchObject({ email: CALLER });
    expect(await at(end - 1)).toMatchObject({ email: CALLER });
    expect(await refusal(at(end))).toMatchObject({
      code: "ERR_TOKEN_EXPIRED",
      message: `the token has expired: ${clockSkewSeconds} s ago`,
    });
    expect(await refusal(at(now - skew - 1))).toMatchObject({
      code: "ERR_TOKEN_EARLY",
      message: `the token is issued in the future: by ${clockSkewSeconds + 1} s; is this machine's clock right?`,
    });
  });

  it("allows a minute if nothing is said", async () => {
    const verifier = await google.verifier();
    const hour = 3600 * SECOND;
    const now = google.clock.now();
    const [within, late] = [now - hour - 59 * SECOND, now - hour - 60 * SECOND];
    expect(await verifier.verify(await google.mint({ issuedAt: within }))).toMatchObject({ email: CALLER });
    expect((await refusal(verifier.verify(await google.mint({ issuedAt: late })))).code).toBe(
      "ERR_TOKEN_EXPIRED",
    );
  });

  const iat = () => google.clock.now() / 1000;
  it.each<[string, string, string, () => Record<string, unknown>]>([
    [
      "a life of a day",
      "ERR_TOKEN_LIFETIME",
      "the token is valid for too long",
      () => ({ exp: iat() + 86_400 }),
    ],
    [
      "a later beginning",
      "ERR_TOKEN_EARLY",
      "the token is issued in the future",
      () => ({ nbf: iat() + 61 }),
    ],
    [
      "no expiry",
      "ERR_TOKEN_CLAIMS",
      'the token is not an id_token: "exp" is missing, or not a time',
      () => ({ exp: undefined }),
    ],
    [
      "expiry as text",
      "ERR_TOKEN_CLAIMS",
      'the token is not an id_token: "exp" is missing, or not a time',
      () => ({ exp: "9999999999" }),
    ],
    [
      "no time of issue",
      "ERR_TOKEN_CLAIMS",
      'the token is not an id_token: "iat" is missing, or not a time',
      () => ({ iat: undefined }),
    ],
    [
      "no audience",
      "ERR_TOKEN_CLAIMS",
      'the token is not an id_token: "aud" is missing, or not a text',
      () => ({ aud: undefined }),
    ],
    [
      "several audiences",
      "ERR_TOKEN_CLAIMS",
      'the token is not an id_token: "aud" is missing, or not a text',
      () => ({ aud: [AUDIENCE] }),
    ],
    [
      "no subject",
      "ERR_TOKEN_CLAIMS",
      'the token is not an id_token: "sub" is missing, or not a text',
      () => ({ sub: "" }),
    ],
    ["no e-mail", "ERR_TOKEN_EMAIL", "the token carries no verified e-mail", () => ({ email: undefined })],
    [
      "several e-mails",
      "ERR_TOKEN_EMAIL",
      "the token carries no verified e-mail",
      () => ({ email: [CALLER] }),
    ],
    [
      "an unverified e-mail",
      "ERR_TOKEN_EMAIL",
      "the token carries no verified e-mail",
      () => ({ email_verified: false }),
    ],
    [
      "an e-mail verified as text",
      "ERR_TOKEN_EMAIL",
      "the token carries no verified e-mail",
      () => ({ email_verified: "true" }),
    ],
    [
      "nothing about verification",
      "ERR_TOKEN_EMAIL",
      "the token carries no verified e-mail",
      () => ({ email_verified: undefined }),
    ],
  ])("refuses %s, though Google has signed it", async (_, code, message, claims) => {
    const error = await refusal((await google.verifier()).verify(await google.sign(claims())));
    expect(error).toMatchObject({ code, message, status: 401 });
    expect(error.headers["WWW-Authenticate"]).toBe(
      `Bearer error="invalid_token", error_description="${error.description}"`,
    );
  });

  it("lets in only the callers, and says no with 403", async () => {
    const verifier = await google.verifier();
    const error = await refusal(verifier.verify(await google.mint({ email: STRANGER })));
    expect(error).toMatchObject({
      code: "ERR_CALLER_NOT_ALLOWED",
      status: 403,
      message: `the caller is not allowed: "${STRANGER}" is not among the callers`,
    });
    expect(error.headers).toEqual({
      "WWW-Authenticate": 'Bearer error="insufficient_scope", error_description="the caller is not allowed"',
    });
    expect((await refusal(verifier.verify(await google.sign({ email: CALLER.toUpperCase() })))).code).toBe(
      "ERR_CALLER_NOT_ALLOWED",
    );
  });

  it("lets in everybody only when that is said in so many words", async () => {
    const verifier = await google.verifier({ callers: undefined, anyGoogleAccountMayCall: true });
    expect(await verifier.verify(await google.mint({ email: STRANGER }))).toMatchObject({ email: STRANGER });
    expect((await refusal(verifier.verify(await google.sign({ email_verified: false })))).code).toBe(
      "ERR_TOKEN_EMAIL",
    );
  });

  it("says what to do when Google has taken the signature away", async () => {
    const error = await refusal((await google.verifier()).verify(stripped(await google.mint())));
    expect(error.code).toBe("ERR_TOKEN_SIGNATURE_REMOVED");
    expect(error.message).toContain("use createVerifierBehindCloudRun");
  });

  it("refuses headers that no token of Google's has", async () => {
    const verifier = await google.verifier();
    const codeWith = async (header: Record<string, unknown>) =>
      (await refusal(verifier.verify(await google.sign({}, header)))).code;
    expect(await codeWith({ kid: undefined })).toBe("ERR_TOKEN_MALFORMED");
    expect(await codeWith({ kid: "0".repeat(40) })).toBe("ERR_TOKEN_KEY_UNKNOWN");
    expect(await codeWith({ b64: true })).toBe("ERR_TOKEN_MALFORMED");
  });

  it.each<[string, unknown, string]>([
    ["no audience", { callers: [CALLER] }, "createVerifier: audience is undefined;"],
    ["an empty audience", { audience: "", callers: [CALLER] }, 'createVerifier: audience is "";'],
    ["no audience in the list", { audience: [], callers: [CALLER] }, "createVerifier: audience is empty;"],
    [
      "a hole in the list",
      { audience: [AUDIENCE, undefined], callers: [CALLER] },
      "createVerifier: audience is undefined;",
    ],
    [
      "a blank too many",
      { audience: `${AUDIENCE} `, callers: [CALLER] },
      `createVerifier: audience is "${AUDIENCE} ";`,
    ],
    ["no callers", { audience: AUDIENCE }, "createVerifier: callers is missing;"],
    [
      "an empty list of callers",
      { audience: AUDIENCE, callers: [] },
      "createVerifier: callers is not a list with at least one",
    ],
    ["callers as text", { audience: AUDIENCE, callers: CALLER }, "createVerifier: callers is not a list"],
    [
      "a wildcard",
      { audience: AUDIENCE, callers: ["*@my-project.iam.gserviceaccount.com"] },
      "createVerifier: callers holds",
    ],
    [
      "a member",
      { audience: AUDIENCE, callers: [`serviceAccount:${CALLER}`] },
      "createVerifier: callers holds",
    ],
    [
      "two callers in one",
      { audience: AUDIENCE, callers: [`${CALLER},${STRANGER}`] },
      "createVerifier: callers holds",
    ],
    [
      "callers and everybody",
      { audience: AUDIENCE, callers: [CALLER], anyGoogleAccountMayCall: true },
      "createVerifier: give either callers or",
    ],
    [
      "everybody, but not quite",
      { audience: AUDIENCE, anyGoogleAccountMayCall: "no" },
      "createVerifier: callers is missing;",
    ],
    [
      "a skew of an hour",
      { audience: AUDIENCE, callers: [CALLER], clockSkewSeconds: 3600 },
      "createVerifier: clockSkewSeconds is 3600;",
    ],
    [
      "a skew that is none",
      { audience: AUDIENCE, callers: [CALLER], clockSkewSeconds: NaN },
      "createVerifier: clockSkewSeconds is NaN;",
    ],
    [
      "an endless memory",
      { audience: AUDIENCE, callers: [CALLER], rememberedTokens: Infinity },
      "createVerifier: rememberedTokens is Infinity;",
    ],
    [
      "no header",
      { audience: AUDIENCE, callers: [CALLER], tokenHeader: "" },
      "createVerifier: tokenHeader is",
    ],
    [
      "two ways to the keys",
      { audience: AUDIENCE, callers: [CALLER], fetch: () => 0, keys: {} },
      "createVerifier: give either keys or fetch",
    ],
  ])("refuses to be made with %s", (_, options, message) => {
    const make = () => createVerifier(options as VerifierOptions);
    expect(make).toThrow(TypeError);
    expect(make).toThrow(message);
  });
});

describe("two audiences, while one follows the other", () => {
  it("let in who still has a token of an hour ago, and afterwards there is none left", async () => {
    const former = "https://former.example.com";
    const clock = new VirtualClock(google.clock.now());
    const [before, between, after] = [
      await google.verifier({ clock, audience: former }),
      await google.verifier({ clock, audience: [AUDIENCE, former] }),
      await google.verifier({ clock }),
    ];
    const [old, fresh] = [await google.mint({ audience: former }), await google.mint()];
    expect((await refusal(before.verify(fresh))).code).toBe("ERR_TOKEN_AUDIENCE");
    expect((await refusal(after.verify(old))).code).toBe("ERR_TOKEN_AUDIENCE");
    await clock.advance(3599 * SECOND);
    for (const token of [old, fresh]) expect(await between.verify(token)).toMatchObject({ email: CALLER });
    // Pub/Sub uses a token for an hour, so nobody sends the old audience any more.
    await clock.advance(61 * SECOND);
    expect((await refusal(between.verify(old))).code).toBe("ERR_TOKEN_EXPIRED");
  });
});

describe("verifyHeaders", () => {
  it("finds the token in whatever form the headers come", async () => {
    const verifier = await google.verifier();
    const token = await google.mint();
    const forms = [
      ["Host", "x", "authorization", `Bearer ${token}`],
      [["HOST", "x"], bearer(token)] as const,
      new Headers([bearer(token)]),
      new Map([bearer(token)]),
      ["AUTHORIZATION", `bearer   ${token} `],
    ];
    for (const headers of forms)
      expect(await verifier.verifyHeaders(headers)).toMatchObject({ email: CALLER });
  });

  it("refuses a request without a token, and one with several", async () => {
    const verifier = await google.verifier();
    const token = await google.mint();
    for (const headers of [
      [],
      ["Authorization", ""],
      ["Authorization", token],
      ["Authorization", `Basic ${token}`],
      ["Authorization", "Bearer "],
      ["Authorization", `Bearer ${token} ${token}`],
      ["X-Serverless-Authorization", `Bearer ${token}`],
    ]) {
      const error = await refusal(verifier.verifyHeaders(headers));
      expect(error).toMatchObject({
        code: "ERR_TOKEN_MISSING",
        status: 401,
        headers: { "WWW-Authenticate": "Bearer" },
      });
    }
    const twice = new Headers([bearer(token), bearer(token)]);
    for (const headers of [
      twice,
      [...bearer(token), ...bearer("x")],
      ["Authorization", `Bearer ${token},Bearer x`],
    ]) {
      const error = await refusal(verifier.verifyHeaders(headers));
      expect(error).toMatchObject({ code: "ERR_TOKEN_SEVERAL", status: 400 });
      expect(error.headers["WWW-Authenticate"]).toContain('error="invalid_request"');
    }
  });

  it("does not take headers in which a second token is lost already", async () => {
    const headers = { authorization: `Bearer ${await google.mint()}` };
    const work = (await google.verifier()).verifyHeaders(headers as unknown as string[]);
    await expect(work).rejects.toThrow("give request.rawHeaders of Node.js");
  });

  it("looks into another header instead if it is told to", async () => {
    const verifier = await google.verifier({ tokenHeader: "X-Forwarded-Authorization" });
    const token = await google.mint();
    expect(await verifier.verifyHeaders(["x-forwarded-authorization", `Bearer ${token}`])).toMatchObject({
      email: CALLER,
    });
    expect((await refusal(verifier.verifyHeaders(bearer(token)))).code).toBe("ERR_TOKEN_MISSING");
  });
});

describe("what is remembered", () => {
  it("is the outcome of a token, until it expires, and not its signature's for ever", async () => {
    const keys = await google.keys();
    const find = jest.fn((id: string) => keys.find(id));
    const clock = { time: google.clock.now(), now: () => clock.time };
    const verifier = await google.verifier({ keys: { find }, clock, clockSkewSeconds: 0 });
    const token = await google.mint();
    const first = await verifier.verify(token);
    expect(await verifier.verify(token)).toBe(first);
    expect(Object.isFrozen(first)).toBe(true);
    clock.time += 3600 * SECOND - 1;
    expect(await verifier.verify(token)).toBe(first);
    clock.time += 1;
    expect((await refusal(verifier.verify(token))).code).toBe("ERR_TOKEN_EXPIRED");
    // The clock was set back: looked at afresh.
    clock.time -= 1;
    expect(await verifier.verify(token)).not.toBe(first);
  });

  it("is bound by the beginning of a token's validity too, when the clock is set back", async () => {
    const clock = { time: google.clock.now(), now: () => clock.time };
    const verifier = await google.verifier({ clock });
    const token = await google.sign({ iat: clock.time / SECOND - 1800, nbf: clock.time / SECOND });
    expect(await verifier.verify(token)).toMatchObject({ email: CALLER });
    clock.time -= 61 * SECOND;
    expect((await refusal(verifier.verify(token))).code).toBe("ERR_TOKEN_EARLY");
  });

  it("is nothing when the key is withdrawn, or replaced", async () => {
    let keys = await google.keys();
    const verifier = await google.verifier({ keys: { find: (id) => keys.find(id) } });
    const token = await google.mint();
    const first = await verifier.verify(token);
    keys = await google.keys();
    expect(await verifier.verify(token)).not.toBe(first);
    keys = { find: () => Promise.resolve(undefined) };
    expect((await refusal(verifier.verify(token))).code).toBe("ERR_TOKEN_KEY_UNKNOWN");
  });

  it("is so much and no more, and nothing about those who were turned away", async () => {
    const verifier = await google.verifier({ rememberedTokens: 2 });
    const minted = await Promise.all(
      [1, 2, 3].map((n) => google.mint({ issuedAt: google.clock.now() - n * SECOND })),
    );
    const [one = "", two = "", three = ""] = minted;
    const callers = [await verifier.verify(one), await verifier.verify(two)];
    const stranger = await google.mint({ email: STRANGER });
    await refusal(verifier.verify(stranger));
    expect(
      [await verifier.verify(one), await verifier.verify(two)].every((each, i) => each === callers[i]),
    ).toBe(true);
    await verifier.verify(three);
    expect(await verifier.verify(two)).toBe(callers[1]);
    expect(await verifier.verify(one)).not.toBe(callers[0]);
    const forgetful = await google.verifier({ rememberedTokens: 0 });
    expect(await forgetful.verify(one)).not.toBe(await forgetful.verify(one));
  });

  it("belongs to the whole token", async () => {
    const verifier = await google.verifier();
    const token = await google.mint();
    await verifier.verify(token);
    for (const attack of [`${token} `, token.slice(0, -1), `${token}.`, stripped(token)])
      await refusal(verifier.verify(attack));
  });
});

describe("what is not as the types say", () => {
  it("is no token, whatever it is", async () => {
    const verifiers = [await google.verifier(), createVerifierBehindCloudRun(behindCloudRun())];
    const token = await google.mint();
    for (const given of [undefined, null, 5, [token], { length: 3 }, Buffer.from(token)]) {
      for (const verifier of verifiers) {
        const error = await refusal(verifier.verify(given as unknown as string));
        expect(error).toMatchObject({
          code: "ERR_TOKEN_MALFORMED",
          message: "the token is not a signed JWT: it is not a text",
        });
      }
    }
  });

  it("is no header with a token", async () => {
    const verifier = await google.verifier();
    for (const value of [undefined, null, 5, [`Bearer ${await google.mint()}`]]) {
      const headers = [["authorization", value]] as unknown as [string, string][];
      expect((await refusal(verifier.verifyHeaders(headers))).code).toBe("ERR_TOKEN_MISSING");
    }
  });

  it("is a clock that does not know the time: nobody gets in", async () => {
    const verifier = await google.verifier({ clock: { now: () => NaN } });
    expect((await refusal(verifier.verify(await google.mint()))).code).toBe("ERR_TOKEN_EARLY");
  });

  it("is an Object that somebody has given properties to: they are in no token", async () => {
    const claims = { email: CALLER, email_verified: true, aud: AUDIENCE, sub: SUBJECT };
    const verifier = await google.verifier();
    for (const [name, value] of Object.entries(claims)) {
      const token = await google.sign({ [name]: undefined });
      Object.defineProperty(Object.prototype, name, { value, configurable: true });
      try {
        expect((await refusal(verifier.verify(token))).status).toBe(401);
      } finally {
        Reflect.deleteProperty(Object.prototype, name);
      }
    }
    const polluting = JSON.parse('{"__proto__":{"email_verified":true}}') as Record<string, unknown>;
    const token = await google.sign({ ...google.claims(), ...polluting, email_verified: undefined });
    expect((await refusal(verifier.verify(token))).code).toBe("ERR_TOKEN_EMAIL");
  });
});

function behindCloudRun() {
  return {
    audience: AUDIENCE,
    callers: [CALLER],
    clock: google.clock,
    cloudRunHasCheckedTheSignature: true as const,
    env: { K_SERVICE: "orders" },
  };
}

describe("createVerifierBehindCloudRun", () => {
  const rules = behindCloudRun;

  it("believes a token whose signature Google has taken away", async () => {
    const token = await google.mint();
    const verifier = createVerifierBehindCloudRun(rules());
    for (const each of [token, stripped(token)])
      expect(await verifier.verify(each)).toMatchObject({ email: CALLER });
  });

  it("still checks audience, time, issuer, e-mail and caller", async () => {
    const verifier = createVerifierBehindCloudRun(rules());
    const code = async (token: string) => (await refusal(verifier.verify(stripped(token)))).code;
    expect(await code(await google.mint({ audience: "https://elsewhere.example.com" }))).toBe(
      "ERR_TOKEN_AUDIENCE",
    );
    expect(await code(await google.mint({ issuedAt: google.clock.now() - 7200 * SECOND }))).toBe(
      "ERR_TOKEN_EXPIRED",
    );
    expect(await code(await google.mint({ includeEmail: false }))).toBe("ERR_TOKEN_EMAIL");
    expect(await code(await google.mint({ email: STRANGER }))).toBe("ERR_CALLER_NOT_ALLOWED");
    expect(await code(await google.sign({ iss: "https://evil.example" }))).toBe("ERR_TOKEN_ISSUER");
    expect(await code(`${Buffer.from('{"alg":"none","kid":"x"}').toString("base64url")}.e30.x`)).toBe(
      "ERR_TOKEN_ALGORITHM",
    );
    expect((await refusal(verifier.verify(`${stripped(await google.mint())}=`))).code).toBe(
      "ERR_TOKEN_MALFORMED",
    );
  });

  it("looks at X-Serverless-Authorization first, and then at nothing else", async () => {
    const verifier = createVerifierBehindCloudRun(rules());
    const [good, bad] = [stripped(await google.mint()), stripped(await google.mint({ email: STRANGER }))];
    const both = (first: string, second: string) =>
      verifier.verifyHeaders([
        "Authorization",
        `Bearer ${second}`,
        "X-Serverless-Authorization",
        `Bearer ${first}`,
      ]);
    expect(await both(good, bad)).toMatchObject({ email: CALLER });
    expect((await refusal(both(bad, good))).code).toBe("ERR_CALLER_NOT_ALLOWED");
    expect((await refusal(both("", good))).code).toBe("ERR_TOKEN_MISSING");
    expect(await verifier.verifyHeaders(bearer(good))).toMatchObject({ email: CALLER });
  });

  it("is not chosen by accident", () => {
    const make = (changed: object) => () => createVerifierBehindCloudRun({ ...rules(), ...changed });
    expect(make({ env: {} })).toThrow("K_SERVICE is not set, so this is not Cloud Run");
    expect(make({ env: undefined })).toThrow("K_SERVICE is not set");
    expect(make({ cloudRunHasCheckedTheSignature: undefined })).toThrow(
      "cloudRunHasCheckedTheSignature is not true",
    );
    expect(make({ cloudRunHasCheckedTheSignature: "true" })).toThrow(TypeError);
    expect(make({ callers: undefined })).toThrow("createVerifierBehindCloudRun: callers is missing");
  });
});

describe("against attacks", () => {
  const corpus = async () => {
    const { issuer, clock } = google;
    const victim = { email: CALLER, audience: AUDIENCE, now: clock.now() };
    return [
      ...(await attacks(issuer, victim)),
      { name: "another audience", token: await google.mint({ audience: "https://elsewhere.example.com" }) },
      { name: "random bytes", token: randomBytes(300).toString("latin1") },
    ];
  };

  it("lets none of their tokens in", async () => {
    const verifier = await google.verifier();
    const all = await corpus();
    expect(all.length).toBeGreaterThan(60);
    for (const { name, token } of all) {
      const error = await refusal(verifier.verify(token)).catch((other: unknown) => {
        throw new Error(`${name}: ${String(other)}`);
      });
      expect([name, error.status]).toEqual([name, 401]);
      await refusal(verifier.verifyHeaders([["Authorization", `Bearer ${token}`]]));
    }
  });

  it("looks no further at a header that is longer than any token", async () => {
    const verifier = await google.verifier();
    for (const length of [16_385, 2 ** 26]) {
      const error = await refusal(
        verifier.verifyHeaders([["Authorization", `Bearer ${"a".repeat(length)}`]]),
      );
      expect(error.message).toContain("longer than 16384 characters");
    }
  });

  it("behind Cloud Run lets in only what Cloud Run refuses: forgeries that are in order but for their signature", async () => {
    const verifier = createVerifierBehindCloudRun(behindCloudRun());
    const admitted: string[] = [];
    for (const { name, token } of await corpus()) {
      if (await accepts(verifier.verify(token))) admitted.push(name);
    }
    // This is what `cloudRunHasCheckedTheSignature` gives up, and why it must be true.
    // Half a signature is base64url for one key in four.
    expect(admitted.filter((name) => name !== "half a signature")).toEqual([
      "foreign key under our key id",
      "foreign key under its own key id",
      "foreign key that the header brings along",
      "foreign key set that the header points to",
      "tampered expiry",
      "tampered subject",
      "tampered header",
      "one bit of the signature",
      "SIGNATURE_REMOVED_BY_GOOGLE",
    ]);
  });

  it("lets none in when every Google account may call either", async () => {
    const verifier = await google.verifier({ callers: undefined, anyGoogleAccountMayCall: true });
    for (const { token } of await corpus()) expect((await refusal(verifier.verify(token))).status).toBe(401);
  });

  it("refuses all that Google's own verifier refuses", async () => {
    const issuers = ["https://accounts.google.com", "accounts.google.com"];
    const certificates = { ...(await google.issuer.pem()), [google.key.kid]: google.key.pem };
    const client = new OAuth2Client();
    jest.useFakeTimers({
      now: google.clock.now(),
      doNotFake: ["nextTick", "queueMicrotask", "setImmediate", "setTimeout"],
    });
    try {
      const verifier = await google.verifier({
        callers: undefined,
        anyGoogleAccountMayCall: true,
        clockSkewSeconds: 300,
      });
      const outcomes = { both: 0, ours: 0, theirs: 0, neither: 0 };
      for (const token of [...(await corpus()).map((each) => each.token), ...(await variations())]) {
        const theirs = await accepts(
          client.verifySignedJwtWithCertsAsync(token, certificates, AUDIENCE, issuers),
        );
        const ours = await accepts(verifier.verify(token));
        outcomes[theirs && ours ? "both" : ours ? "ours" : theirs ? "theirs" : "neither"] += 1;
      }
      // Google's verifier takes unverified e-mails, respelled signatures and texts for times.
      expect(outcomes).toMatchObject({ ours: 0 });
      expect(outcomes.both).toBeGreaterThan(10);
      expect(outcomes.theirs).toBeGreaterThan(3);
      expect(outcomes.neither).toBeGreaterThan(60);
    } finally {
      jest.useRealTimers();
    }
  });

  /** Signed by Google, on both sides of every edge that its verifier knows. */
  function variations(): Promise<string[]> {
    const now = google.clock.now() / 1000;
    const shifts = [-86_400, -3901, -3900, -3899, -3660, -301, -300, -1, 0, 1, 59, 60, 300, 301, 86_400];
    const times = shifts.flatMap((shift) => [
      { iat: now + shift, exp: now + shift + 3600 },
      { iat: now + shift, exp: now + 60 },
      { iat: now - 60, exp: now + shift },
      { iat: now - 60, exp: now + 86_400 + shift },
    ]);
    const others = [
      {},
      { iat: "1" },
      { exp: String(now + 60) },
      { iat: 0 },
      { iat: -1 },
      { exp: 1e300 },
      { email: "" },
      { email_verified: "true" },
      { aud: [AUDIENCE] },
      { iss: "accounts.google.com" },
    ];
    return Promise.all([...times, ...others].map((claims) => google.sign(claims)));
  }
});

async function accepts(work: Promise<unknown>): Promise<boolean> {
  return work.then(
    () => true,
    () => false,
  );
}

describe("the README", () => {
  it("names every refusal, with what it answers", () => {
    const text = readFileSync(join(__dirname, "../../verify/README.md"), "utf8");
    const rows = [...text.matchAll(/^\| `(ERR_\w+)` +\| (\d+) +\| (.+?) +\| (.+?) +\|$/gm)];
    const expected = Object.keys(REFUSALS).map((code) => {
      const { status, headers, description } = new RequestRefused(code as RefusalCode);
      const challenge = headers["WWW-Authenticate"]?.replace(/, error_description=.*/, "");
      return [code, String(status), challenge === undefined ? "none" : `\`${challenge}\``, description];
    });
    expect(rows.map(([, ...cells]) => cells)).toEqual(expected);
  });
});
