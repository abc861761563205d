import { createHmac } from "node:crypto";
import { join } from "node:path";
import { exportSPKI, generateKeyPair, SignJWT, type JWTPayload } from "jose";
import { App } from "../sandbox/backends/app";
import { KeyServer } from "../sandbox/backends/key-server";

const ROOT = join(__dirname, "..");
const CALLER = "schedulerunner@demo.iam.gserviceaccount.com";
const AUDIENCE = "https://receiver.example.com";
const NOW = Math.floor(Date.now() / 1000);

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
  let pem: string;

  beforeAll(async () => {
    [keys, strangers] = await Promise.all([generateKeyPair("RS256"), generateKeyPair("RS256")]);
    pem = await exportSPKI(keys.publicKey);
    const server = await KeyServer.start({
      pem: async () => Promise.resolve({ k1: pem }),
      jwks: async () => Promise.resolve({ keys: [] }),
    });
    running.push(server);
    url = await startApp("receiver", {
      AUDIENCE,
      CALLERS: ` other@demo.iam.gserviceaccount.com, ${CALLER}`,
      CERTIFICATES_URL: server.certificates,
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

  test.each([["https://accounts.google.com"], ["accounts.google.com"]])(
    "lets its caller in (issuer %s)",
    async (iss) => {
      expect(await call(`Bearer ${await token({ iss })}`)).toEqual({
        status: 200,
        challenge: null,
        text: `hello, ${CALLER} (verified by the application)\n`,
      });
    },
  );

  const invalid = { status: 401, challenge: 'Bearer error="invalid_token"', text: "invalid token\n" };

  test("asks who has no token for one", async () => {
    expect(await call()).toEqual({ status: 401, challenge: "Bearer", text: "no token\n" });
  });

  test.each<[string, JWTPayload]>([
    ["for another audience", { aud: "https://other.example.com" }],
    ["for its audience with something behind it", { aud: `${AUDIENCE}/` }],
    ["of another issuer", { iss: "https://evil.example.com" }],
    ["that has expired", { iat: NOW - 7200, exp: NOW - 3600 }],
    ["from the future", { iat: NOW + 3600, exp: NOW + 7200 }],
    ["whose e-mail is not verified", { email_verified: false }],
    ["that says so in text", { email_verified: "true" }],
    ["without a word on its e-mail", { email_verified: undefined }],
  ])("refuses a token %s", async (_, claims) => {
    expect(await call(`Bearer ${await token(claims)}`)).toEqual(invalid);
  });

  test("refuses tokens that nobody has signed who may", async () => {
    const good = await token();
    const [, payload = ""] = good.split(".");
    const header = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");
    const hmac = `${header({ alg: "HS256", kid: "k1" })}.${payload}`;
    for (const forged of [
      await token({}, strangers),
      await token({}, keys, "k2"),
      `${header({ alg: "none", kid: "k1" })}.${payload}.`,
      `${hmac}.${createHmac("sha256", pem).update(hmac).digest("base64url")}`,
      good.slice(0, -4),
      "not-a-token",
    ]) {
      expect(await call(`Bearer ${forged}`)).toEqual(invalid);
    }
    expect(await call("Basic abc")).toEqual(invalid);
  });

  test("refuses a stranger whose token is in order, and one without e-mail", async () => {
    const refused = {
      status: 403,
      challenge: 'Bearer error="insufficient_scope"',
      text: "caller not allowed\n",
    };
    expect(await call(`Bearer ${await token({ email: "stranger@demo.iam.gserviceaccount.com" })}`)).toEqual(
      refused,
    );
    expect(await call(`Bearer ${await token({ email: undefined })}`)).toEqual(refused);
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
    expect(status).toBe(401);
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
      AUDIENCE,
      CALLERS: CALLER,
      CERTIFICATES_URL: "http://127.0.0.1:9/nothing/here",
    });
    const response = await fetch(address, { headers: { Authorization: `Bearer ${await token()}` } });
    expect(response.status).toBe(503);
  });

  test.each([
    [{ CALLERS: CALLER }, /AUDIENCE is not set: without it a token meant for somebody else would get in\./],
    [{ AUDIENCE, CALLERS: " , " }, /CALLERS is not set: list the e-mails/],
  ])("does not start without its settings", async (environment, message) => {
    await expect(startApp("receiver", environment)).rejects.toThrow(message);
  });
});
