import { createHmac } from "node:crypto";
import { join } from "node:path";
import { exportJWK, exportSPKI, generateKeyPair, SignJWT, type JWTPayload } from "jose";
import { App } from "../sandbox/backends/app";
import { KeyServer } from "../sandbox/backends/key-server";

const ROOT = join(__dirname, "..");
const CALLER = "schedulerunner@demo.iam.gserviceaccount.com";
const AUDIENCE = "https://receiver.example.com";
const FORMER_AUDIENCE = "https://former.example.com";
const NOW = Math.floor(Date.now() / 1000);

/** As in apps/local.json: the receiver names the verifier as its users do, and here that is the source. */
const ON_SOURCES = { NODE_OPTIONS: "-C automatic-oidc-source -r ../../register.js" };

const running: { stop(): Promise<void> }[] = [];

afterAll(async () => {
  await Promise.all(running.map((each) => each.stop()));
});

async function startApp(name: string, environment: Record<string, string> = {}): Promise<string> {
  const folder = join(ROOT, "apps", name);
  const app = await App.start({ label: name, folder, command: [join(folder, "server.js")], environment });
  running.push(app);
  return `http://127.0.0.1:${app.port}`;
}

/** A token whose signature the platform has checked and taken off. */
function platformToken(claims: Record<string, unknown>): string {
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  return `${part({ alg: "RS256" })}.${part(claims)}.SIGNATURE_REMOVED_BY_GOOGLE`;
}

describe("hello", () => {
  let url: string;
  beforeAll(async () => {
    url = await startApp("hello");
  });

  const bearer = (email: string): string => `Bearer ${platformToken({ email })}`;
  const envelope = JSON.stringify({
    message: { data: "" },
    subscription: "projects/demo/subscriptions/psub",
  });

  test.each<[string, Record<string, string>, string, string]>([
    [
      "Scheduler",
      {
        Authorization: bearer(CALLER),
        "X-CloudScheduler": "true",
        "X-CloudScheduler-JobName": "projects/demo/locations/us-central1/jobs/oidctest",
      },
      "",
      `hello, ${CALLER} (Scheduler job oidctest)`,
    ],
    [
      "Tasks",
      {
        Authorization: bearer(CALLER),
        "User-Agent": "Google-Cloud-Tasks",
        "X-CloudTasks-QueueName": "orders",
      },
      "",
      `hello, ${CALLER} (task queue orders)`,
    ],
    ["Pub/Sub", { Authorization: bearer(CALLER) }, envelope, `hello, ${CALLER} (Pub/Sub subscription psub)`],
    [
      "Pub/Sub without an envelope",
      { Authorization: bearer(CALLER), "x-goog-pubsub-subscription-name": "projects/demo/subscriptions/raw" },
      "plain data",
      `hello, ${CALLER} (Pub/Sub subscription raw)`,
    ],
    [
      "somebody whose token is in the header that Cloud Run looks at first",
      { Authorization: bearer("the-application@own.business"), "X-Serverless-Authorization": bearer(CALLER) },
      "",
      `hello, ${CALLER} (node)`,
    ],
    ["somebody without a token", { "User-Agent": "curl/8" }, "", "hello, whoever you are (curl/8)"],
    [
      "somebody with something else",
      { Authorization: "Bearer a.b.c", "User-Agent": "x" },
      "",
      "hello, whoever you are (x)",
    ],
    [
      "somebody whose e-mail is no text",
      { Authorization: `Bearer ${platformToken({ email: { a: 1 } })}`, "User-Agent": "x" },
      "",
      "hello, whoever you are (x)",
    ],
  ])("says that it was %s", async (_, headers, body, expected) => {
    const response = await fetch(url, { method: "POST", headers, body });
    expect(response.status).toBe(200);
    expect(await response.text()).toBe(`${expected}\n`);
  });
});

describe("receiver", () => {
  let url: string;
  let keys: Awaited<ReturnType<typeof generateKeyPair>>;
  let strangers: typeof keys;
  let keysUrl: string;

  beforeAll(async () => {
    [keys, strangers] = await Promise.all([generateKeyPair("RS256"), generateKeyPair("RS256")]);
    const jwk = await exportJWK(keys.publicKey);
    const server = await KeyServer.start({
      pem: async () => Promise.resolve({}),
      jwks: async () => Promise.resolve({ keys: [{ ...jwk, kid: "k1", alg: "RS256", use: "sig" }] }),
    });
    running.push(server);
    keysUrl = server.jwks;
    url = await startApp("receiver", {
      ...ON_SOURCES,
      AUDIENCE: `${AUDIENCE}, ${FORMER_AUDIENCE}`,
      CALLERS: ` other@demo.iam.gserviceaccount.com, ${CALLER}`,
      KEYS_URL: server.jwks,
    });
  });

  async function token(more: JWTPayload = {}, key = keys, kid = "k1"): Promise<string> {
    const claims = {
      iss: "https://accounts.google.com",
      aud: AUDIENCE,
      azp: "1",
      sub: "1",
      email: CALLER,
      email_verified: true,
      iat: NOW,
      exp: NOW + 3600,
      ...more,
    };
    return new SignJWT(claims).setProtectedHeader({ alg: "RS256", kid, typ: "JWT" }).sign(key.privateKey);
  }

  async function call(
    ...authorization: string[]
  ): Promise<{ status: number; challenge: string | null; text: string }> {
    const headers = authorization.map((value): [string, string] => ["Authorization", value]);
    const response = await fetch(url, { headers });
    return {
      status: response.status,
      challenge: response.headers.get("www-authenticate"),
      text: await response.text(),
    };
  }

  test.each<[string, JWTPayload]>([
    ["of Google", {}],
    ["of Google by its other name", { iss: "accounts.google.com" }],
    ["for the audience that it had before", { aud: FORMER_AUDIENCE }],
  ])("lets its caller in with a token %s", async (_, claims) => {
    expect(await call(`Bearer ${await token(claims)}`)).toEqual({
      status: 200,
      challenge: null,
      text: `hello, ${CALLER} (verified by the application)\n`,
    });
  });

  const invalid = (code: string) => ({
    status: 401,
    challenge: expect.stringMatching(/^Bearer error="invalid_token"/) as string,
    text: expect.stringMatching(new RegExp(`^${code}: .+\n$`)) as string,
  });

  test("asks who has no token for one", async () => {
    const asked = {
      status: 401,
      challenge: "Bearer",
      text: "ERR_TOKEN_MISSING: the request carries no bearer token\n",
    };
    expect(await call()).toEqual(asked);
    expect(await call("Basic abc")).toEqual(asked);
  });

  test.each<[string, string, JWTPayload]>([
    ["for another audience", "ERR_TOKEN_AUDIENCE", { aud: "https://other.example.com" }],
    ["for its audience with something behind it", "ERR_TOKEN_AUDIENCE", { aud: `${AUDIENCE}/` }],
    ["of another issuer", "ERR_TOKEN_ISSUER", { iss: "https://evil.example.com" }],
    ["that has expired", "ERR_TOKEN_EXPIRED", { iat: NOW - 7200, exp: NOW - 3600 }],
    ["from the future", "ERR_TOKEN_EARLY", { iat: NOW + 3600, exp: NOW + 7200 }],
    ["whose e-mail is not verified", "ERR_TOKEN_EMAIL", { email_verified: false }],
    ["that says so in text", "ERR_TOKEN_EMAIL", { email_verified: "true" }],
    ["without a word on its e-mail", "ERR_TOKEN_EMAIL", { email_verified: undefined }],
    ["without e-mail", "ERR_TOKEN_EMAIL", { email: undefined }],
  ])("refuses a token %s", async (_, code, claims) => {
    expect(await call(`Bearer ${await token(claims)}`)).toEqual(invalid(code));
  });

  test("refuses tokens that nobody has signed who may", async () => {
    const good = await token();
    const [, payload = ""] = good.split(".");
    const header = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");
    const hmac = `${header({ alg: "HS256", kid: "k1" })}.${payload}`;
    const pem = await exportSPKI(keys.publicKey);
    for (const [forged, code] of [
      [await token({}, strangers), "ERR_TOKEN_SIGNATURE"],
      [await token({}, keys, "k2"), "ERR_TOKEN_KEY_UNKNOWN"],
      [`${header({ alg: "none", kid: "k1" })}.${payload}.`, "ERR_TOKEN_MALFORMED"],
      [`${header({ alg: "none", kid: "k1" })}.${payload}.AA`, "ERR_TOKEN_ALGORITHM"],
      [`${hmac}.${createHmac("sha256", pem).update(hmac).digest("base64url")}`, "ERR_TOKEN_ALGORITHM"],
      [good.slice(0, -2), "ERR_TOKEN_SIGNATURE"],
      ["not-a-token", "ERR_TOKEN_MALFORMED"],
    ] as const) {
      expect(await call(`Bearer ${forged}`)).toEqual(invalid(code));
    }
  });

  test("refuses a stranger whose token is in order", async () => {
    expect(await call(`Bearer ${await token({ email: "stranger@demo.iam.gserviceaccount.com" })}`)).toEqual({
      status: 403,
      challenge: expect.stringMatching(/^Bearer error="insufficient_scope"/) as string,
      text: "ERR_CALLER_NOT_ALLOWED: the caller is not allowed\n",
    });
  });

  test("refuses to choose between two tokens", async () => {
    const { request } = await import("node:http");
    const good = `Bearer ${await token()}`;
    const status = await new Promise((resolve) => {
      request(url, (response) => {
        resolve(response.resume().statusCode);
      })
        .setHeader("Authorization", [good, good])
        .end();
    });
    expect(status).toBe(400);
  });

  test("behind a gateway looks at the header in which the caller's own token is handed on, and at no other", async () => {
    const behind = await startApp("receiver", {
      ...ON_SOURCES,
      AUDIENCE,
      CALLERS: CALLER,
      TOKEN_HEADER: "X-Forwarded-Authorization",
      KEYS_URL: keysUrl,
    });
    const status = async (headers: Record<string, string>): Promise<number> =>
      (await fetch(behind, { method: "POST", headers })).status;
    const handedOn = (value: string) => ({
      Authorization: "Bearer of.the.gateway",
      "X-Forwarded-Authorization": value,
    });
    const stranger = await token({ email: "stranger@demo.iam.gserviceaccount.com" });
    expect(await status(handedOn(`Bearer ${await token()}`))).toBe(200);
    expect(await status(handedOn(`Bearer ${stranger}`))).toBe(403);
    expect(await status(handedOn(`Bearer ${await token({}, strangers)}`))).toBe(401);
    expect(await status({ Authorization: `Bearer ${await token()}` })).toBe(401);
  });

  test("never writes a token into its log", async () => {
    const good = await token();
    await call(`Bearer ${good}`);
    await call(`Bearer ${good.slice(0, -4)}`);
    const receiver = running.find(
      (each): each is App => each instanceof App && each.spec.label === "receiver",
    );
    expect(receiver?.tail.text).toContain(CALLER);
    expect(receiver?.tail.text).not.toContain("eyJ");
  });

  test("without its keys it is the one that fails, so that sources try again", async () => {
    const address = await startApp("receiver", {
      ...ON_SOURCES,
      AUDIENCE,
      CALLERS: CALLER,
      KEYS_URL: "http://127.0.0.1:9/nothing/here",
    });
    const response = await fetch(address, { headers: { Authorization: `Bearer ${await token()}` } });
    expect(response.status).toBe(503);
  });

  test.each([
    [{ CALLERS: CALLER }, /AUDIENCE is not set: without it a token meant for somebody else would get in\./],
    [{ AUDIENCE, CALLERS: " , " }, /CALLERS is not set: list the e-mails/],
  ])("does not start without its settings", async (environment, message) => {
    await expect(startApp("receiver", { ...ON_SOURCES, ...environment })).rejects.toThrow(message);
  });
});
