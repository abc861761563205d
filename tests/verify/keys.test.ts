import { generateKeyPairSync } from "node:crypto";
import { createServer, type Server } from "node:http";
import { type AddressInfo } from "node:net";
import { exportJWK } from "jose";
import { createSigningKey, type SigningKey } from "../../sandbox/cloud/tokens/signing-key";
import {
  createVerifier,
  type Fetch,
  fixedKeys,
  remoteKeys,
  type RemoteKeysOptions,
} from "../../verify/index";
import { AUDIENCE, CALLER, Google, NOW, refusal } from "./receiver";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** A key server that does as it is told, and counts. */
class KeyServer {
  keys: unknown[] = [];
  status = 200;
  cacheControl: string | null = null;
  asked = 0;
  body: (() => Promise<unknown>) | undefined;

  readonly fetch: Fetch = () => {
    this.asked += 1;
    return Promise.resolve({
      status: this.status,
      headers: { get: (name) => (name === "cache-control" ? this.cacheControl : null) },
      json: this.body ?? (() => Promise.resolve({ keys: this.keys })),
    });
  };
}

let first: SigningKey;
let second: SigningKey;
let google: Google;

beforeAll(async () => {
  [first, second, google] = await Promise.all([createSigningKey(), createSigningKey(), Google.create()]);
});

let server: KeyServer;
let clock: { time: number; now: () => number };

beforeEach(() => {
  server = new KeyServer();
  server.keys = [first.jwk];
  clock = { time: NOW, now: () => clock.time };
});

const source = (options: RemoteKeysOptions = {}) => remoteKeys({ fetch: server.fetch, clock, ...options });
const has = async (keys: ReturnType<typeof remoteKeys>, key: SigningKey) =>
  (await keys.find(key.kid)) !== undefined;

describe("remoteKeys", () => {
  it("fetches when the first token comes, once for all who wait, and then keeps the keys", async () => {
    const keys = source();
    expect(server.asked).toBe(0);
    const found = await Promise.all(Array.from({ length: 50 }, () => keys.find(first.kid)));
    expect(new Set(found).size).toBe(1);
    clock.time += 59 * MINUTE;
    expect(await keys.find(first.kid)).toBe(found[0]);
    expect(server.asked).toBe(1);
  });

  it.each([
    ["public, max-age=19200, must-revalidate", 19_200],
    ["max-age=0", 300],
    ["no-store", 3600],
    [null, 3600],
    ["s-maxage=60", 3600],
    ["max-age=99999999999999999999", 86_400],
  ])("takes keys with Cache-Control %j as fresh for %d s", async (cacheControl, seconds) => {
    server.cacheControl = cacheControl;
    const keys = source();
    await keys.find(first.kid);
    clock.time += seconds * SECOND - 1;
    await keys.find(first.kid);
    expect(server.asked).toBe(1);
    clock.time += 1;
    await keys.find(first.kid);
    expect(server.asked).toBe(2);
  });

  it("follows a rotation: a new key is taken at once, an old one until it is withdrawn", async () => {
    const keys = source();
    expect(await has(keys, first)).toBe(true);
    server.keys = [first.jwk, second.jwk];
    clock.time += 30 * SECOND;
    expect(await has(keys, second)).toBe(true);
    expect(server.asked).toBe(2);
    server.keys = [second.jwk];
    expect(await has(keys, first)).toBe(true);
    clock.time += HOUR;
    expect(await has(keys, first)).toBe(false);
    expect(await has(keys, second)).toBe(true);
    expect(server.asked).toBe(3);
  });

  it("asks once in 30 seconds, however many unknown keys are named", async () => {
    const keys = source();
    for (let n = 0; n < 1000; n++) expect(await keys.find(`unknown-${n}`)).toBeUndefined();
    expect(server.asked).toBe(1);
    for (let n = 0; n < 1000; n++) {
      clock.time += 100;
      await Promise.all([keys.find(`unknown-${n}`), keys.find(`another-${n}`)]);
    }
    expect(server.asked).toBe(4);
    expect(await has(keys, first)).toBe(true);
  });

  it("is not stopped by a clock that is set back", async () => {
    const keys = source();
    await keys.find(first.kid);
    clock.time -= 10 * HOUR;
    server.keys = [first.jwk, second.jwk];
    expect(await has(keys, second)).toBe(true);
  });

  it("does not take keys as fresh for years because the clock was ahead when they came", async () => {
    const keys = source();
    clock.time += 365 * 24 * HOUR;
    await keys.find(first.kid);
    clock.time = NOW;
    server.status = 503;
    expect((await refusal(keys.find(first.kid))).code).toBe("ERR_KEYS_UNAVAILABLE");
    clock.time += 30 * SECOND;
    server.status = 200;
    server.keys = [second.jwk];
    expect(await has(keys, first)).toBe(false);
    expect(await has(keys, second)).toBe(true);
  });

  it("answers the same object for as long as a key stands, and another for another key of that id", async () => {
    const keys = source();
    const found = await keys.find(first.kid);
    clock.time += HOUR;
    expect(await keys.find(first.kid)).toBe(found);
    server.keys = [{ ...second.jwk, kid: first.kid }];
    clock.time += HOUR;
    expect(await keys.find(first.kid)).not.toBe(found);
    expect(server.asked).toBe(3);
  });

  it("keeps the keys through an outage, for a day and no longer", async () => {
    const failures: string[] = [];
    const keys = source({ onFailure: ({ message }) => failures.push(message) });
    await keys.find(first.kid);
    server.status = 503;
    for (let hours = 1; hours < 24; hours++) {
      clock.time += HOUR;
      expect(await has(keys, first)).toBe(true);
    }
    expect(server.asked).toBe(24);
    expect(new Set(failures)).toEqual(
      new Set(["https://www.googleapis.com/oauth2/v3/certs: the answer has status 503"]),
    );
    expect((await refusal(keys.find(second.kid))).code).toBe("ERR_KEYS_UNAVAILABLE");
    clock.time += HOUR;
    expect((await refusal(keys.find(first.kid))).code).toBe("ERR_KEYS_UNAVAILABLE");
    server.status = 200;
    expect((await refusal(keys.find(first.kid))).code).toBe("ERR_KEYS_UNAVAILABLE");
    clock.time += 30 * SECOND;
    expect(await has(keys, first)).toBe(true);
  });

  it("does not make those wait who can go on with the keys that are kept", async () => {
    const keys = source({ timeout: 50 });
    await keys.find(first.kid);
    clock.time += HOUR;
    server.body = () => new Promise(() => undefined);
    let over = false;
    const waiting = keys.find(first.kid).finally(() => {
      over = true;
    });
    for (let n = 0; n < 10; n++) expect(await has(keys, first)).toBe(true);
    expect(over).toBe(false);
    expect(await waiting).toBeDefined();
    expect(server.asked).toBe(2);
  });

  it("says 503 when there never were any, and when to come again", async () => {
    server.status = 500;
    const verifier = createVerifier({ audience: AUDIENCE, callers: [CALLER], keys: source() });
    expect(await refusal(verifier.verify(await google.mint()))).toMatchObject({
      code: "ERR_KEYS_UNAVAILABLE",
      status: 503,
      headers: { "Retry-After": "30" },
      message:
        "Google's keys cannot be had at the moment: https://www.googleapis.com/oauth2/v3/certs: the answer has status 500",
    });
  });

  it("says 503 for a key source of one's own that fails, in words of its own", async () => {
    const keys = { find: () => Promise.reject(new Error("database down")) };
    const verifier = createVerifier({ audience: AUDIENCE, callers: [CALLER], keys });
    const error = await refusal(verifier.verify(await google.mint()));
    expect(error).toMatchObject({
      code: "ERR_KEYS_UNAVAILABLE",
      message: "Google's keys cannot be had at the moment",
    });
    expect(error.cause).toMatchObject({ message: "database down" });
  });

  it.each<[string, Partial<KeyServer>, string]>([
    ["nothing", { body: () => Promise.resolve(null) }, "it is not a JSON Web Key Set"],
    ["another thing", { body: () => Promise.resolve({ keys: {} }) }, "it is not a JSON Web Key Set"],
    ["no JSON", { body: () => Promise.reject(new SyntaxError("Unexpected token <")) }, "Unexpected token <"],
    ["no keys", { keys: [] }, "it holds no RSA key for signatures with an id"],
    ["a redirect", { status: 302 }, "the answer has status 302"],
    ["an answer of the past", { status: 304 }, "the answer has status 304"],
  ])("goes on with the keys it has when the server answers with %s", async (_, change, message) => {
    const failures: string[] = [];
    const keys = source({
      url: "https://keys.example.com",
      onFailure: (error) => failures.push(error.message),
    });
    await keys.find(first.kid);
    Object.assign(server, change);
    clock.time += HOUR;
    expect(await has(keys, first)).toBe(true);
    expect(failures).toEqual([`https://keys.example.com: ${message}`]);
  });

  it("takes only RSA keys of 2048 bits or more that are meant for signatures", async () => {
    const short = await exportJWK(generateKeyPairSync("rsa", { modulusLength: 1024 }).publicKey);
    const curve = await exportJWK(generateKeyPairSync("ec", { namedCurve: "P-256" }).publicKey);
    const nameless = { ...second.jwk, kid: undefined };
    server.keys = [
      first.jwk,
      { ...short, kid: "short" },
      { ...curve, kid: "curve" },
      { kty: "oct", k: "c2VjcmV0", kid: "secret" },
      { ...second.jwk, kid: "encryption", use: "enc" },
      { ...second.jwk, kid: "other", alg: "RS512" },
      { ...second.jwk, kid: "broken", n: 5 },
      { ...second.jwk, kid: "empty", n: "" },
      { ...second.jwk, kid: ["list"] },
      { kid: "bare", kty: "RSA", n: second.jwk.n, e: second.jwk.e },
      nameless,
      null,
    ];
    const keys = source();
    const ids = [
      first.kid,
      "short",
      "curve",
      "secret",
      "encryption",
      "other",
      "broken",
      "empty",
      "list",
      "bare",
    ];
    const found = await Promise.all(ids.map(async (id) => ((await keys.find(id)) === undefined ? [] : [id])));
    expect(found.flat()).toEqual([first.kid, "bare"]);
  });

  it("refuses addresses on which the keys could be replaced", () => {
    for (const url of [
      "http://keys.example.com",
      "file:///etc/keys",
      "http://127.0.0.1.evil.example/",
      "keys",
    ]) {
      expect(() => remoteKeys({ url })).toThrow(TypeError);
    }
    expect(() => remoteKeys({ url: "http://127.0.0.1:8080/certs" })).not.toThrow();
    expect(() => remoteKeys({ timeout: 0 })).toThrow("remoteKeys: timeout is 0");
  });
});

describe("remoteKeys over HTTP", () => {
  let http: Server | undefined;

  afterEach(async () => {
    http?.closeAllConnections();
    await new Promise((closed) => http?.close(closed));
  });

  async function listen(handler: Parameters<typeof createServer>[1]): Promise<string> {
    http = createServer(handler).listen(0, "127.0.0.1");
    await new Promise((ready) => http?.once("listening", ready));
    return `http://127.0.0.1:${(http.address() as AddressInfo).port}/certs`;
  }

  it("verifies a token with keys from a server", async () => {
    const keySet = JSON.stringify(await google.keySet());
    const url = await listen((_, response) => {
      response
        .writeHead(200, { "Content-Type": "application/json", "Cache-Control": "max-age=600" })
        .end(keySet);
    });
    const verifier = await google.verifier({ keys: remoteKeys({ url, clock: google.clock }) });
    expect(await verifier.verify(await google.mint())).toMatchObject({ email: CALLER });
  });

  it.each([
    ["does not answer", () => undefined],
    [
      "answers byte by byte",
      (_: unknown, response: { write: (text: string) => void }) => {
        response.write(" ");
      },
    ],
  ])("gives up on a server that %s", async (_, handler) => {
    const keys = remoteKeys({
      url: await listen(handler),
      timeout: 100,
    });
    const started = Date.now();
    const error = await refusal(keys.find("any"));
    expect(error.code).toBe("ERR_KEYS_UNAVAILABLE");
    expect(error.message).toContain("no answer within 100 ms");
    expect(Date.now() - started).toBeLessThan(2000);
  });

  it("does not follow to another address", async () => {
    const keySet = JSON.stringify(await google.keySet());
    const url = await listen((request, response) => {
      if (request.url === "/elsewhere") response.end(keySet);
      else response.writeHead(302, { Location: "/elsewhere" }).end();
    });
    expect((await refusal(remoteKeys({ url }).find("any"))).code).toBe("ERR_KEYS_UNAVAILABLE");
  });

  it("survives a server that is not there", async () => {
    const url = await listen(() => undefined);
    await new Promise((closed) => http?.close(closed));
    expect((await refusal(remoteKeys({ url }).find("any"))).code).toBe("ERR_KEYS_UNAVAILABLE");
  });
});

describe("fixedKeys", () => {
  it("knows what it was told", async () => {
    const keys = fixedKeys({ keys: [first.jwk] });
    expect(await has(keys, first)).toBe(true);
    expect(await keys.find("other")).toBeUndefined();
  });

  it("refuses a key set without a key", () => {
    expect(() => fixedKeys({ keys: [] })).toThrow("fixedKeys: the key set is of no use: it holds no RSA key");
    expect(() => fixedKeys({} as { keys: [] })).toThrow(
      "fixedKeys: the key set is of no use: it is not a JSON Web Key Set.",
    );
  });
});
