import { inspect } from "node:util";
import fc from "fast-check";
import { createVerifier, RequestRefused, type Verifier } from "../../verify/index";
import { createVerifierBehindCloudRun } from "../../verify/createVerifierBehindCloudRun";
import { attacks } from "../sandbox/attacks";
import { AUDIENCE, CALLER, Google, STRANGER } from "./receiver";

let google: Google;
let verifiers: Verifier[];

beforeAll(async () => {
  google = await Google.create();
  const rules = { audience: AUDIENCE, callers: [CALLER], clock: google.clock };
  const broken = { find: () => Promise.reject(new Error("down")) };
  verifiers = [
    await google.verifier(),
    createVerifier({ ...rules, keys: broken }),
    createVerifierBehindCloudRun({
      ...rules,
      cloudRunHasCheckedTheSignature: true,
      env: { K_SERVICE: "orders" },
    }),
  ];
});

const HOUR = 3600;
const claims = fc.record(
  {
    iss: fc.oneof(fc.constantFrom("https://accounts.google.com", "accounts.google.com"), fc.string()),
    aud: fc.oneof(fc.constant(AUDIENCE), fc.string(), fc.constant([AUDIENCE])),
    email: fc.oneof(fc.constantFrom(CALLER, STRANGER), fc.jsonValue()),
    email_verified: fc.constantFrom<unknown>(true, true, false, "true", 1),
    sub: fc.oneof(fc.constant("1"), fc.jsonValue()),
    iat: fc.oneof(fc.integer({ min: -2 * HOUR, max: 2 * HOUR }), fc.jsonValue()),
    exp: fc.oneof(fc.integer({ min: -2 * HOUR, max: 30 * HOUR }), fc.jsonValue()),
    nbf: fc.oneof(fc.constant(undefined), fc.integer({ min: -HOUR, max: HOUR })),
  },
  { requiredKeys: ["iss", "aud", "email", "email_verified", "sub", "iat", "exp"] },
);

/** Times are drawn from around now. */
function around(drawn: Record<string, unknown>): Record<string, unknown> {
  const now = google.clock.now() / 1000;
  return Object.fromEntries(
    Object.entries(drawn).map(([name, value]) => [
      name,
      ["iat", "exp", "nbf"].includes(name) && typeof value === "number" ? value + now : value,
    ]),
  );
}

/** Every way in which a piece of a token could end in a log, a report or an answer. */
function allThatIsSaid(error: RequestRefused): string {
  const { stack, headers, description } = error;
  const answer = [JSON.stringify(error), JSON.stringify(headers), description, String(error), stack ?? ""];
  return [
    ...answer,
    inspect(error, { depth: Infinity, showHidden: true }),
    inspect(error.cause, { depth: 9 }),
  ].join("\n");
}

describe("the verifier", () => {
  it("lets a token of Google's in exactly if all of it is right", async () => {
    const verifier = await google.verifier();
    const seen = { in: 0, out: 0 };
    await fc.assert(
      fc.asyncProperty(claims, async (drawn) => {
        const said = around(drawn);
        const now = google.clock.now() / 1000;
        const { iss, aud, email, email_verified, sub, iat, exp, nbf } = said;
        const right =
          /^(https:\/\/)?accounts\.google\.com$/.test(String(iss)) &&
          aud === AUDIENCE &&
          email === CALLER &&
          email_verified === true &&
          typeof sub === "string" &&
          sub !== "" &&
          typeof iat === "number" &&
          typeof exp === "number" &&
          iat > 0 &&
          iat - 60 <= now &&
          now < exp + 60 &&
          exp < now + 24 * HOUR &&
          (typeof nbf !== "number" || nbf - 60 <= now);
        const outcome = await verifier.verify(await google.sign(said)).catch((error: unknown) => error);
        seen[right ? "in" : "out"] += 1;
        expect(outcome instanceof RequestRefused).toBe(!right);
        if (right) expect(outcome).toMatchObject({ email: CALLER, audience: AUDIENCE });
      }),
      {
        numRuns: 400,
        examples: [
          [{ ...google.claims(), iat: 0, exp: HOUR } as never],
          [{ ...google.claims(), iat: 60, exp: 61 } as never],
          // The year 1970, and before: no time of a token's.
          [{ ...google.claims(), iat: -google.clock.now() / 1000, exp: HOUR } as never],
          [{ ...google.claims(), iat: -1e300, exp: HOUR } as never],
        ],
      },
    );
    expect(seen.in).toBeGreaterThan(0);
  });

  it("says nothing about a token that holds a piece of it", async () => {
    const token = fc.oneof(
      claims.map((drawn) => async () => google.sign(around(drawn))),
      fc.string({ minLength: 20 }).map((text) => () => Promise.resolve(text)),
      fc
        .array(fc.base64String({ minLength: 20 }), { minLength: 2, maxLength: 5 })
        .map((parts) => () => Promise.resolve(parts.join("."))),
      fc.tuple(fc.jsonValue(), fc.jsonValue(), fc.uint8Array({ minLength: 20 })).map((parts) => () => {
        const [header, payload, signature] = parts;
        const encoded = [header, payload].map((part) =>
          Buffer.from(JSON.stringify(part)).toString("base64url"),
        );
        return Promise.resolve([...encoded, Buffer.from(signature).toString("base64url")].join("."));
      }),
    );
    await fc.assert(
      fc.asyncProperty(token, fc.constantFrom("Bearer ", "bearer  ", "", "Bearer,"), async (make, scheme) => {
        const made = await make();
        for (const verifier of verifiers) {
          await saysNothingOf(made, verifier.verify(made));
          await saysNothingOf(made, verifier.verifyHeaders([["Authorization", `${scheme}${made}`]]));
        }
      }),
      { numRuns: 300 },
    );
  });

  it("says nothing about the tokens of an attack either", async () => {
    const victim = { email: CALLER, audience: AUDIENCE, now: google.clock.now() };
    for (const { token } of await attacks(google.issuer, victim)) {
      for (const verifier of verifiers) await saysNothingOf(token, verifier.verify(token));
    }
  });

  async function saysNothingOf(token: string, work: Promise<unknown>): Promise<void> {
    const error = await work.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    if (error === undefined) return;
    expect(error).toBeInstanceOf(RequestRefused);
    const said = allThatIsSaid(error as RequestRefused);
    for (const part of [token, ...token.split(".")].filter((each) => each.length >= 20)) {
      // What Google puts in the place of a signature is no secret.
      if (part !== "SIGNATURE_REMOVED_BY_GOOGLE") expect(said.includes(part)).toBe(false);
    }
  }
});
