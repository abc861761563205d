import { execFile, execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { promisify } from "node:util";
import { runInThisContext } from "node:vm";
import { Impersonated, JWT, OAuth2Client } from "google-auth-library";
import { createRemoteJWKSet, decodeJwt, decodeProtectedHeader, importSPKI, jwtVerify, SignJWT } from "jose";
import { z } from "zod/mini";
import { VirtualClock } from "../../sandbox/cloud/clock";
import { Cloud } from "../../sandbox/cloud/cloud";
import { CloudError } from "../../sandbox/cloud/errors";
import { serviceAccountName } from "../../sandbox/cloud/names";
import { allow } from "../../sandbox/doors/rest/allow";
import type { Api } from "../../sandbox/doors/rest/api";
import { metadataApi } from "../../sandbox/doors/rest/apis/metadata";
import { pubsubApi } from "../../sandbox/doors/rest/apis/pubsub";
import { schedulerApi } from "../../sandbox/doors/rest/apis/scheduler";
import { tasksApi } from "../../sandbox/doors/rest/apis/tasks";
import { googleApis } from "../../sandbox/doors/rest/google-apis";
import { authenticator } from "../../sandbox/doors/rest/principal";
import { readJson } from "../../sandbox/doors/rest/read-json";
import { RestDoor } from "../../sandbox/doors/rest/rest-door";
import { requireScopes } from "../../sandbox/cloud/tokens/scopes";
import { createSigningKey, type SigningKey } from "../../sandbox/cloud/tokens/signing-key";
import { codesIn } from "../support/markdown";
import { sharedSigningKey } from "../support/signing-key";
import { PROJECT } from "../support/stack";

const CALLER = "schedulerunner@my-project.iam.gserviceaccount.com";
const CALLER_ID = "100000000000000000042";
const OWNER = "user:owner@example.com";
const HOUR = 3_600_000;

const AUDIENCE = "https://hello-abc-uc.a.run.app";
const EVERYTHING = "https://www.googleapis.com/auth/cloud-platform";
const TOKEN_CREATOR = "roles/iam.serviceAccountTokenCreator";
const DEVELOPER = "user:developer@example.com";

let accountKey: Promise<SigningKey> | undefined;
/** One key for all accounts of this file: making it takes longer than most tests. */
const sharedAccountKey = () => (accountKey ??= createSigningKey({ extractable: true }));

const toStop: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(toStop.splice(0).map((stop) => stop()));
});

function newCloud(iamDelay = 0): { cloud: Cloud; clock: VirtualClock } {
  const clock = new VirtualClock();
  const cloud = new Cloud({
    projects: [PROJECT],
    clock,
    iamDelay,
    signingKey: sharedSigningKey,
    accountKey: sharedAccountKey,
  });
  cloud.iam.addAccount({ email: CALLER, uniqueId: CALLER_ID, project: PROJECT.id });
  return { cloud, clock };
}

async function opened(cloud: Cloud, ...more: Api[]): Promise<RestDoor> {
  const apis = [...googleApis(cloud), ...more];
  const door = await RestDoor.start({ apis, authenticate: authenticator(cloud) });
  toStop.push(() => door.stop());
  return door;
}

/** Whatever fetch() would not let through: any Host, any Origin. */
async function rawly(
  url: string,
  headers: Record<string, string | string[]>,
): Promise<[number | undefined, string]> {
  return new Promise((resolve, reject) => {
    request(url, { headers }, (response) => {
      text(response).then((body) => {
        resolve([response.statusCode, body]);
      }, reject);
    })
      .on("error", reject)
      .end();
  });
}

const containing = (part: string): unknown => expect.stringContaining(part);
const bearer = (token: string) => ({ Authorization: `Bearer ${token}` });

describe("the door", () => {
  const things = (cloud: Cloud): Api => ({
    name: "things.googleapis.com",
    scopes: ["https://www.googleapis.com/auth/things"],
    routes: {
      "GET /v1/things/{thing}": ({ params, principal }) => ({ body: { ...params, ...principal() } }),
      "POST /v1/things/{thing}:rename": (call) => ({
        body: readJson(call, z.strictObject({ name: z.string() })),
      }),
      "DELETE /v1/things/{thing}": ({ principal }) => ({
        body: allow(
          cloud,
          principal(),
          "iam.serviceAccounts.getOpenIdToken",
          serviceAccountName(PROJECT.id, CALLER),
        ),
      }),
      "GET /v1/broken": () => {
        throw new Error("broken");
      },
      "GET /v1/refused": () => {
        throw new CloudError("NOT_FOUND", "There is none.");
      },
    },
  });

  it("answers on loopback only those who come from there", async () => {
    const { cloud } = newCloud();
    const door = await opened(cloud);
    const url = door.url("/oauth2/v3/certs");
    expect((await rawly(url, {}))[0]).toBe(200);
    expect((await rawly(url, { Host: door.address.replace("127.0.0.1", "localhost") }))[0]).toBe(200);
    expect((await rawly(url, { Origin: `http://${door.address}` }))[0]).toBe(200);
    const [rebound, body] = await rawly(url, { Host: "evil.example" });
    expect([rebound, JSON.parse(body)]).toEqual([
      403,
      {
        error: {
          code: 403,
          message: "The sandbox is addressed as 127.0.0.1 or localhost only.",
          status: "PERMISSION_DENIED",
        },
      },
    ]);
    expect((await rawly(url, { Origin: "https://evil.example" }))[0]).toBe(403);
  });

  it("names what it does not model, and never says yes to it", async () => {
    const { cloud } = newCloud();
    const door = await opened(cloud, things(cloud));
    const elsewhere = await fetch(door.url("/v9/others"));
    expect([elsewhere.status, await elsewhere.json()]).toMatchObject([
      501,
      { error: { code: 501, status: "UNIMPLEMENTED", message: containing("GET /v9/others") } },
    ]);
    const otherwise = await fetch(door.url("/v1/things/a"), { method: "PUT" });
    expect(await otherwise.json()).toMatchObject({
      error: {
        message: containing("GET (things.googleapis.com), DELETE (things.googleapis.com)"),
      },
    });
    // The method is part of the path, and no thing is called "a:rename".
    expect((await fetch(door.url("/v1/things/a:rename"))).status).toBe(501);
  });

  it("says no as Google's APIs do", async () => {
    const { cloud } = newCloud();
    const door = await opened(cloud, things(cloud));
    const refused = await fetch(door.url("/v1/refused"));
    expect([refused.status, await refused.json()]).toEqual([
      404,
      { error: { code: 404, message: "There is none.", status: "NOT_FOUND" } },
    ]);
    expect((await fetch(door.url("/v1/broken"))).status).toBe(500);
    expect((await fetch(door.url("/v1/things/%ff"))).status).toBe(400);
    const rename = async (body: string) =>
      fetch(door.url("/v1/things/a:rename"), { method: "POST", body }).then(async (r) => [
        r.status,
        await r.json(),
      ]);
    expect(await rename('{"name":"b"}')).toEqual([200, { name: "b" }]);
    expect(await rename('{"name":1}')).toMatchObject([400, { error: { status: "INVALID_ARGUMENT" } }]);
    expect(await rename("{")).toMatchObject([400, { error: { status: "INVALID_ARGUMENT" } }]);
    expect(await rename('{"name":"b","nmae":""}')).toMatchObject([
      400,
      { error: { details: [{ fieldViolations: [{ field: "nmae" }] }] } },
    ]);
    // Google takes both spellings of a name, so this is the sandbox's own no.
    expect(await rename('{"full_name":"b"}')).toMatchObject([
      501,
      { error: { status: "UNIMPLEMENTED", message: containing('"fullName"') } },
    ]);
    expect(await rename("x".repeat(11 * 1024 * 1024))).toMatchObject([400, {}]);
  });

  it("knows who calls by access tokens alone", async () => {
    const { cloud, clock } = newCloud();
    const door = await opened(cloud, things(cloud));
    const ask = async (headers: Record<string, string>) => {
      const response = await fetch(door.url("/v1/things/a%20b"), { headers });
      return [response.status, await response.json()] as const;
    };
    const scopes = ["https://www.googleapis.com/auth/things"];
    const { token } = cloud.tokens.mintAccess({ member: `serviceAccount:${CALLER}`, scopes });
    expect(token).toMatch(/^ya29\./);
    expect(await ask(bearer(token))).toMatchObject([
      200,
      { thing: "a b", member: `serviceAccount:${CALLER}`, scopes },
    ]);
    const whole = cloud.tokens.mintAccess({ member: OWNER });
    expect((await ask(bearer(whole.token)))[0]).toBe(200);

    const reason = (text: string) => ({ error: { details: [{ reason: text }] } });
    expect(await ask({})).toMatchObject([401, reason("CREDENTIALS_MISSING")]);
    for (const other of ["Bearer x", `Bearer ${token}`]) {
      const [status] = await rawly(door.url("/v1/things/a"), { Authorization: [`Bearer ${token}`, other] });
      expect(status).toBe(401);
    }
    const identity = await cloud.tokens.mint({ email: CALLER, audience: "x" });
    expect(await ask(bearer(identity))).toMatchObject([401, reason("ACCESS_TOKEN_TYPE_UNSUPPORTED")]);
    const little = cloud.tokens.mintAccess({ member: OWNER, scopes: ["email"] });
    expect(await ask(bearer(little.token))).toMatchObject([403, reason("ACCESS_TOKEN_SCOPE_INSUFFICIENT")]);
    const account = cloud.iam.account(CALLER);
    if (account === undefined) throw new Error("nobody calls");
    cloud.iam.addAccount({ ...account, disabled: true });
    expect(await ask(bearer(token))).toMatchObject([401, reason("ACCOUNT_STATE_INVALID")]);
    cloud.iam.addAccount(account);
    await clock.advance(HOUR);
    expect(await ask(bearer(token))).toMatchObject([401, reason("ACCESS_TOKEN_EXPIRED")]);
  });

  it("does not take a token of a deleted account for the one that was made anew", async () => {
    const { cloud } = newCloud();
    const door = await opened(cloud, things(cloud));
    const { token } = cloud.tokens.mintAccess({ member: `serviceAccount:${CALLER}` });
    cloud.iam.removeAccount(CALLER);
    expect((await fetch(door.url("/v1/things/a"), { headers: bearer(token) })).status).toBe(401);
    cloud.iam.addAccount({ email: CALLER, uniqueId: "100000000000000000043", project: PROJECT.id });
    expect((await fetch(door.url("/v1/things/a"), { headers: bearer(token) })).status).toBe(401);
  });

  it("says which permission is missing, and what would give it", async () => {
    const { cloud } = newCloud();
    const door = await opened(cloud, things(cloud));
    const { token } = cloud.tokens.mintAccess({ member: OWNER });
    const response = await fetch(door.url("/v1/things/a"), { method: "DELETE", headers: bearer(token) });
    expect([response.status, await response.json()]).toMatchObject([
      403,
      {
        error: {
          message:
            "Permission 'iam.serviceAccounts.getOpenIdToken' denied on resource (or it may not exist).",
          details: [
            {
              "@type": "type.googleapis.com/google.rpc.ErrorInfo",
              reason: "IAM_PERMISSION_DENIED",
              domain: "iam.googleapis.com",
              metadata: { permission: "iam.serviceAccounts.getOpenIdToken" },
            },
            { detail: containing("roles/iam.serviceAccountOpenIdTokenCreator") },
          ],
        },
      },
    ]);
  });
});

/** How Google's client reaches the door, even when it means to reach Google. */
function towards(door: RestDoor): { transporterOptions: { fetchImplementation: typeof fetch } } {
  const fetchImplementation: typeof fetch = async (input, init) => {
    const { pathname, search } = new URL(input instanceof Request ? input.url : input);
    return fetch(door.url(pathname + search), init);
  };
  return { transporterOptions: { fetchImplementation } };
}

const post = async (door: RestDoor, path: string, body: unknown, token?: string) => {
  const response = await fetch(door.url(path), {
    method: "POST",
    body: body instanceof URLSearchParams ? body : JSON.stringify(body),
    headers: token === undefined ? {} : bearer(token),
  });
  return [response.status, (await response.json()) as Record<string, unknown>] as const;
};

describe("a service account key", () => {
  const clientOf = async (cloud: Cloud, door: RestDoor) => {
    const { client_email: email, private_key: key } = await cloud.keys.create(CALLER, door.url("/token"));
    return new JWT({ email, key, scopes: [EVERYTHING], ...towards(door) });
  };

  it("gets an id_token whose azp is the e-mail", async () => {
    const { cloud } = newCloud();
    const door = await opened(cloud);
    const token = await (await clientOf(cloud, door)).fetchIdToken(AUDIENCE);
    const { iat = 0, ...claims } = decodeJwt(token);
    expect(claims).toEqual({
      iss: "https://accounts.google.com",
      aud: AUDIENCE,
      azp: CALLER,
      sub: CALLER_ID,
      email: CALLER,
      email_verified: true,
      exp: iat + 3600,
    });
  });

  it("gets an access token with the scopes that it asks for", async () => {
    const { cloud } = newCloud();
    const door = await opened(cloud);
    const { token } = await (await clientOf(cloud, door)).getAccessToken();
    expect(cloud.tokens.findAccess(token ?? "")).toMatchObject({
      member: `serviceAccount:${CALLER}`,
      scopes: [EVERYTHING],
    });
  });

  it("gets nothing once the key is deleted, or the account is disabled, deleted, or another one", async () => {
    const { cloud } = newCloud();
    const door = await opened(cloud);
    const client = await clientOf(cloud, door);
    cloud.iam.addAccount({ email: CALLER, uniqueId: CALLER_ID, project: PROJECT.id, disabled: true });
    await expect(client.fetchIdToken(AUDIENCE)).rejects.toThrow(
      "disabled_client: The OAuth client was disabled.",
    );
    cloud.iam.removeAccount(CALLER);
    await expect(client.fetchIdToken(AUDIENCE)).rejects.toThrow(
      "invalid_grant: Invalid grant: account not found",
    );
    cloud.iam.addAccount({ email: CALLER, uniqueId: "100000000000000000043", project: PROJECT.id });
    await expect(client.fetchIdToken(AUDIENCE)).rejects.toThrow("invalid_grant: Invalid JWT Signature.");
    const file = await cloud.keys.create(CALLER, door.url("/token"));
    await expect(client.fetchIdToken(AUDIENCE)).resolves.toMatch(/^eyJ/);
    cloud.keys.delete(file.private_key_id);
    await expect(client.fetchIdToken(AUDIENCE)).rejects.toThrow("Invalid JWT Signature.");
  });

  it("must sign what Google documents, and nothing else gets a token", async () => {
    const { cloud, clock } = newCloud();
    const door = await opened(cloud);
    const file = await cloud.keys.create(CALLER, door.url("/token"));
    const now = Math.floor(clock.now() / 1000);
    const asked = { iss: CALLER, aud: file.token_uri, iat: now, exp: now + 3600, target_audience: AUDIENCE };
    const ask = async (changes: Record<string, unknown>, header = {}) => {
      const { privateKey } = await sharedAccountKey();
      const assertion = await new SignJWT({ ...asked, ...changes })
        .setProtectedHeader({ alg: "RS256", ...header })
        .sign(privateKey);
      const grant_type = "urn:ietf:params:oauth:grant-type:jwt-bearer";
      return post(door, "/token", new URLSearchParams({ grant_type, assertion }));
    };
    const refused = (error: string, words: string) => [400, { error, error_description: containing(words) }];
    expect((await ask({}, { kid: file.private_key_id }))[0]).toBe(200);
    expect((await ask({ aud: "https://oauth2.googleapis.com/token", sub: CALLER }))[0]).toBe(200);
    expect(await ask({}, { kid: "0".repeat(40) })).toEqual(refused("invalid_grant", "Signature"));
    expect(await ask({ aud: "https://other.example/token" })).toEqual(
      refused("invalid_grant", "audience check"),
    );
    for (const times of [
      { exp: now + 7200 },
      { iat: now - 9000, exp: now - 6000 },
      { iat: now + 900 },
      { exp: now },
    ]) {
      expect(await ask(times)).toEqual(refused("invalid_grant", "short-lived token"));
    }
    expect(await ask({ target_audience: undefined })).toEqual(
      refused("invalid_scope", "scope or ID token audience"),
    );
    expect(await ask({ target_audience: undefined, scope: `${EVERYTHING} rubbish` })).toEqual(
      refused("invalid_scope", "scope or ID token audience"),
    );
    expect(await ask({ target_audience: undefined, scope: `${EVERYTHING}.mine` })).toEqual([
      501,
      { error: "unimplemented", error_description: containing(`${EVERYTHING}.mine`) },
    ]);
    expect(await ask({ sub: "somebody@example.com" })).toEqual(
      refused("unauthorized_client", "unauthorized"),
    );
    expect(await ask({ exp: "soon" })).toEqual(refused("invalid_grant", "Invalid JWT"));
    const twice = new URLSearchParams([
      ["grant_type", "a"],
      ["assertion", "b"],
      ["assertion", "b"],
    ]);
    expect(await post(door, "/token", twice)).toEqual(
      refused("invalid_request", "OAuth 2 parameters can only have a single value: assertion"),
    );
    const [status, body] = await post(door, "/token", new URLSearchParams({ grant_type: "refresh_token" }));
    expect([status, body]).toEqual([
      501,
      { error: "unimplemented", error_description: containing("refresh_token") },
    ]);
  });
});

describe("the metadata server", () => {
  const started = async () => {
    const { cloud } = newCloud();
    const door = await opened(cloud, metadataApi(cloud, { project: PROJECT.id, account: CALLER }));
    return { cloud, door };
  };
  const ask = async (
    door: RestDoor,
    path: string,
    headers: Record<string, string> = { "Metadata-Flavor": "Google" },
  ) => {
    const response = await fetch(door.url(`/computeMetadata/v1/${path}`), { headers });
    return [response.status, response.headers.get("metadata-flavor"), await response.text()] as const;
  };
  it("gives Google's client both kinds of token, in a process that is told where the server is", async () => {
    const { cloud, door } = await started();
    const program = `
      const { Compute } = require("google-auth-library");
      const client = new Compute();
      Promise.all([client.getAccessToken(), client.fetchIdToken("${AUDIENCE}")]).then(([{ token }, identity]) => {
        console.log(JSON.stringify({ token, identity }));
      });`;
    const env = { ...process.env, GCE_METADATA_HOST: door.address };
    const { stdout } = await promisify(execFile)(process.execPath, ["-e", program], { env });
    const { token, identity } = JSON.parse(stdout) as Record<"token" | "identity", string>;
    expect(cloud.tokens.findAccess(token)?.member).toBe(`serviceAccount:${CALLER}`);
    expect(decodeJwt(identity)).toMatchObject({
      aud: AUDIENCE,
      azp: CALLER_ID,
      sub: CALLER_ID,
      email: CALLER,
    });
  });

  it.each([
    ["project/project-id", PROJECT.id],
    ["project/numeric-project-id", PROJECT.number],
    ["universe/universe-domain", "googleapis.com"],
    ["instance/service-accounts/", `default/\n${CALLER}/\n`],
    ["instance/service-accounts/default/email", CALLER],
    [`instance/service-accounts/${CALLER}/email`, CALLER],
    ["instance/service-accounts/default/aliases", "default\n"],
    ["instance/service-accounts/default/scopes", `${EVERYTHING}\n`],
    ["instance/service-accounts/default/", "aliases\nemail\nidentity\nscopes\ntoken\n"],
  ])("has %s", async (path, text) => {
    const { door } = await started();
    expect(await ask(door, path)).toEqual([200, "Google", text]);
  });

  it("tells all of an account at once", async () => {
    const { door } = await started();
    const [, , text] = await ask(door, "instance/service-accounts/default/?recursive=true");
    expect(JSON.parse(text)).toEqual({ aliases: ["default"], email: CALLER, scopes: [EVERYTHING] });
  });

  it("puts the e-mail into the full format only", async () => {
    const { door } = await started();
    const identity = "instance/service-accounts/default/identity";
    for (const format of ["", "&format=standard"]) {
      const [, , token] = await ask(door, `${identity}?audience=${AUDIENCE}${format}`);
      expect(Object.keys(decodeJwt(token)).sort()).toEqual(["aud", "azp", "exp", "iat", "iss", "sub"]);
    }
    const [, , full] = await ask(door, `${identity}?audience=${AUDIENCE}&format=full`);
    expect(decodeJwt(full)).toMatchObject({ email: CALLER, email_verified: true });
    expect(await ask(door, identity)).toEqual([400, "Google", "non-empty audience parameter required\n"]);
    expect((await ask(door, `${identity}?audience=a&format=long`))[0]).toBe(400);
  });

  it("gives no access token for what is no scope, and names parameters that it does not have", async () => {
    const { door } = await started();
    const token = "instance/service-accounts/default/token";
    const two = "openid,https://www.googleapis.com/auth/pubsub";
    expect((await ask(door, `${token}?scopes=${two}`))[0]).toBe(200);
    expect((await ask(door, `${token}?scopes=rubbish`))[0]).toBe(400);
    expect((await ask(door, `${token}?scopes=`))[0]).toBe(400);
    expect((await ask(door, `${token}?scopes=${EVERYTHING}.mine`))[0]).toBe(501);
    const email = "instance/service-accounts/default/email";
    expect(await ask(door, `${email}?wait_for_change=true`)).toEqual([
      501,
      "Google",
      containing('"wait_for_change"'),
    ]);
    expect((await ask(door, `${email}?alt=text`))[0]).toBe(200);
  });

  it("answers nobody who was tricked into asking, and speaks for no other account", async () => {
    const { door, cloud } = await started();
    const token = "instance/service-accounts/default/token";
    expect(await ask(door, token, {})).toEqual([403, "Google", "Missing Metadata-Flavor:Google header.\n"]);
    const proxied = { "Metadata-Flavor": "Google", "X-Forwarded-For": "10.0.0.1" };
    expect((await ask(door, token, proxied))[0]).toBe(403);
    expect((await ask(door, "instance/service-accounts/other@example.com/token"))[0]).toBe(404);
    expect((await ask(door, "instance/zone"))[0]).toBe(501);
    cloud.iam.removeAccount(CALLER);
    expect((await ask(door, token))[0]).toBe(404);
  });
});

describe("IAM credentials", () => {
  const ON_CALLER = serviceAccountName(PROJECT.id, CALLER);
  const method = (name: string) => `/v1/projects/-/serviceAccounts/${CALLER}:${name}`;
  const OF: Readonly<Record<string, readonly [permission: string, body: unknown]>> = {
    generateIdToken: ["getOpenIdToken", { audience: AUDIENCE }],
    generateAccessToken: ["getAccessToken", { scope: [EVERYTHING] }],
    signJwt: ["signJwt", { payload: "{}" }],
    signBlob: ["signBlob", { payload: "aGVsbG8=" }],
  };

  const impersonating = async (member: string, iamDelay = 0) => {
    const { cloud, clock } = newCloud(iamDelay);
    const door = await opened(cloud);
    const source = new OAuth2Client({ transporterOptions: { fetchImplementation: fetch } });
    source.setCredentials({ access_token: cloud.tokens.mintAccess({ member }).token });
    const client = new Impersonated({
      sourceClient: source,
      targetPrincipal: CALLER,
      targetScopes: [EVERYTHING],
      endpoint: door.url(),
    });
    return { cloud, clock, door, client };
  };

  it("give Google's client both kinds of token, and signatures", async () => {
    const { cloud, client, door } = await impersonating(DEVELOPER);
    cloud.iam.grant(ON_CALLER, { role: TOKEN_CREATOR, member: DEVELOPER });
    const token = await client.fetchIdToken(AUDIENCE);
    expect(decodeJwt(token)).toMatchObject({ aud: AUDIENCE, azp: CALLER, sub: CALLER_ID, email: CALLER });
    const { token: access } = await client.getAccessToken();
    expect(cloud.tokens.findAccess(access ?? "")?.member).toBe(`serviceAccount:${CALLER}`);
    const { signedBlob, keyId } = await client.sign("hello");
    const { pem, kid } = await sharedAccountKey();
    expect(keyId).toBe(kid);
    const key = await crypto.subtle.verify(
      "RSASSA-PKCS1-v1_5",
      await importSPKI(pem, "RS256"),
      Buffer.from(signedBlob, "base64"),
      Buffer.from("hello"),
    );
    expect(key).toBe(true);
    expect(door.address).toMatch(/^127\.0\.0\.1:/);
  });

  it("leave the e-mail out unless it is asked for", async () => {
    const { cloud, door } = await impersonating(DEVELOPER);
    cloud.iam.grant(ON_CALLER, { role: TOKEN_CREATOR, member: DEVELOPER });
    const { token } = cloud.tokens.mintAccess({ member: DEVELOPER });
    const claims = async (more: object) => {
      const [, body] = await post(door, method("generateIdToken"), { audience: AUDIENCE, ...more }, token);
      return decodeJwt(String(body["token"]));
    };
    expect(await claims({})).not.toHaveProperty("email");
    expect(await claims({})).toMatchObject({ azp: CALLER_ID });
    expect(await claims({ includeEmail: true })).toMatchObject({ email: CALLER, azp: CALLER_ID });
    expect(await claims({ includeEmail: "true", useEmailAzp: "true" })).toMatchObject({ azp: CALLER });
  });

  it("sign claims with a key that gets tokens, but for no more than twelve hours", async () => {
    const { cloud, clock, door } = await impersonating(DEVELOPER);
    cloud.iam.grant(ON_CALLER, { role: TOKEN_CREATOR, member: DEVELOPER });
    const { token } = cloud.tokens.mintAccess({ member: DEVELOPER });
    const now = Math.floor(clock.now() / 1000);
    const sign = (payload: string) => post(door, method("signJwt"), { payload }, token);
    const claims = {
      iss: CALLER,
      aud: door.url("/token"),
      iat: now,
      exp: now + 60,
      target_audience: AUDIENCE,
    };
    const [, { signedJwt, keyId }] = await sign(JSON.stringify(claims));
    expect(decodeProtectedHeader(String(signedJwt))).toEqual({ alg: "RS256", kid: keyId, typ: "JWT" });
    const grant_type = "urn:ietf:params:oauth:grant-type:jwt-bearer";
    const form = new URLSearchParams({ grant_type, assertion: String(signedJwt) });
    expect((await post(door, "/token", form))[0]).toBe(200);
    for (const payload of [
      "[]",
      "no JSON",
      `{"exp":${now - 1}}`,
      `{"exp":${now + 43_201}}`,
      '{"exp":"soon"}',
    ]) {
      expect((await sign(payload))[0]).toBe(400);
    }
  });

  it.each(Object.keys(OF))("refuse %s to whoever lacks its permission, an owner too", async (name) => {
    const { cloud, door } = await impersonating(OWNER);
    const [permission, body] = OF[name] ?? [];
    const { token } = cloud.tokens.mintAccess({ member: OWNER });
    expect(await post(door, method(name), body, token)).toMatchObject([
      403,
      {
        error: {
          status: "PERMISSION_DENIED",
          details: [{ metadata: { permission: `iam.serviceAccounts.${String(permission)}` } }, {}],
        },
      },
    ]);
    expect((await post(door, method(name), body))[0]).toBe(401);
    // Each has its own: a role for one of them lets in there alone.
    const role = `projects/${PROJECT.id}/roles/only`;
    cloud.iam.defineRole(role, [`iam.serviceAccounts.${String(permission)}`]);
    cloud.iam.grant(ON_CALLER, { role, member: OWNER });
    for (const [each, [, content]] of Object.entries(OF)) {
      expect([each, (await post(door, method(each), content, token))[0]]).toEqual([
        each,
        each === name ? 200 : 403,
      ]);
    }
  });

  it("know no account that is deleted, and give nothing of one that is disabled", async () => {
    const { cloud, client } = await impersonating(DEVELOPER);
    cloud.iam.grant(ON_CALLER, { role: TOKEN_CREATOR, member: DEVELOPER });
    cloud.iam.addAccount({ email: CALLER, uniqueId: CALLER_ID, project: PROJECT.id, disabled: true });
    await expect(client.fetchIdToken(AUDIENCE)).rejects.toMatchObject({ status: 400 });
    cloud.iam.removeAccount(CALLER);
    await expect(client.fetchIdToken(AUDIENCE)).rejects.toThrow(
      "Permission 'iam.serviceAccounts.getOpenIdToken' denied",
    );
    await expect(client.getAccessToken()).rejects.toThrow("PERMISSION_DENIED: unable to impersonate");
  });

  it("wait for a grant to spread, and for its removal", async () => {
    const { cloud, clock, client } = await impersonating(DEVELOPER, 120_000);
    cloud.iam.grant(ON_CALLER, { role: TOKEN_CREATOR, member: DEVELOPER });
    await expect(client.fetchIdToken(AUDIENCE)).rejects.toThrow("denied");
    await clock.advance(120_000);
    await expect(client.fetchIdToken(AUDIENCE)).resolves.toMatch(/^eyJ/);
    cloud.iam.revoke(ON_CALLER, { role: TOKEN_CREATOR, member: DEVELOPER });
    await expect(client.fetchIdToken(AUDIENCE)).resolves.toMatch(/^eyJ/);
    await clock.advance(120_000);
    await expect(client.fetchIdToken(AUDIENCE)).rejects.toThrow("denied");
  });

  it("want their API enabled where a service account comes from", async () => {
    const { cloud, door } = await impersonating(DEVELOPER);
    const robot = "robot@my-project.iam.gserviceaccount.com";
    cloud.iam.addAccount({ email: robot, uniqueId: "100000000000000000077", project: PROJECT.id });
    cloud.iam.grant(ON_CALLER, { role: TOKEN_CREATOR, member: `serviceAccount:${robot}` });
    const { token } = cloud.tokens.mintAccess({ member: `serviceAccount:${robot}` });
    const ask = () => post(door, method("generateIdToken"), { audience: AUDIENCE }, token);
    expect((await ask())[0]).toBe(200);
    cloud.apis.disable(PROJECT.id, "iamcredentials.googleapis.com");
    expect(await ask()).toMatchObject([403, { error: { details: [{ reason: "SERVICE_DISABLED" }] } }]);
  });

  it.each<[string, string, unknown, number]>([
    ["no audience", "generateIdToken", {}, 400],
    ["no scope", "generateAccessToken", { scope: [] }, 400],
    ["a scope that is none", "generateAccessToken", { scope: [EVERYTHING, "rubbish"] }, 400],
    ["a scope that nobody knows", "generateAccessToken", { scope: [`${EVERYTHING}.mine`] }, 501],
    ["a blob that is no base64", "signBlob", { payload: "no base64!" }, 400],
    ["a lifetime of more than an hour", "generateAccessToken", { scope: ["a"], lifetime: "3601s" }, 400],
    ["what nobody knows", "generateIdToken", { audience: "a", nonce: "b" }, 400],
    ["delegates", "generateIdToken", { audience: "a", delegates: ["projects/-/serviceAccounts/b@c.d"] }, 501],
    [
      "the organisation's number",
      "generateIdToken",
      { audience: "a", organizationNumberIncluded: true },
      501,
    ],
  ])("refuse %s", async (_, name, body, status) => {
    const { cloud, door } = await impersonating(DEVELOPER);
    cloud.iam.grant(ON_CALLER, { role: TOKEN_CREATOR, member: DEVELOPER });
    const { token } = cloud.tokens.mintAccess({ member: DEVELOPER });
    expect((await post(door, method(name), body, token))[0]).toBe(status);
  });

  it("name parameters that they do not have", async () => {
    const { cloud, door } = await impersonating(DEVELOPER);
    cloud.iam.grant(ON_CALLER, { role: TOKEN_CREATOR, member: DEVELOPER });
    const { token } = cloud.tokens.mintAccess({ member: DEVELOPER });
    const ask = async (query: string) =>
      post(door, `${method("generateIdToken")}?${query}`, { audience: "a" }, token);
    expect((await ask("alt=json&$alt=json;enum-encoding=int"))[0]).toBe(200);
    expect(await ask("audience=b")).toMatchObject([501, { error: { message: containing('"audience"') } }]);
    expect((await ask("alt=proto"))[0]).toBe(501);
  });

  it("refuse a project in place of the dash, and a number in place of the e-mail", async () => {
    const { cloud, door } = await impersonating(DEVELOPER);
    const { token } = cloud.tokens.mintAccess({ member: DEVELOPER });
    const ask = async (path: string) => (await post(door, path, { audience: "a" }, token))[0];
    expect(await ask(`/v1/projects/my-project/serviceAccounts/${CALLER}:generateIdToken`)).toBe(400);
    expect(await ask(`/v1/projects/-/serviceAccounts/${CALLER_ID}:generateIdToken`)).toBe(501);
  });

  it("give an access token for as long as is asked for", async () => {
    const { cloud, clock, door } = await impersonating(DEVELOPER);
    cloud.iam.grant(ON_CALLER, { role: TOKEN_CREATOR, member: DEVELOPER });
    const { token } = cloud.tokens.mintAccess({ member: DEVELOPER });
    const [, body] = await post(
      door,
      method("generateAccessToken"),
      { scope: [EVERYTHING], lifetime: "60s" },
      token,
    );
    const expected = new Date(clock.now() + 60_000).toISOString().replace(/\.\d+Z/, "Z");
    expect(body["expireTime"]).toBe(expected);
    await clock.advance(60_000);
    expect(cloud.tokens.findAccess(String(body["accessToken"]))).toBeUndefined();
  });
});

describe("Pub/Sub and Scheduler", () => {
  const TOPIC = `projects/${PROJECT.id}/topics/news`;
  const JOBS = `projects/${PROJECT.id}/locations/europe-west1/jobs`;

  async function working() {
    const { cloud } = newCloud();
    const put = (token: string, service: string, id: string): void => {
      const fullName = `//${service}.googleapis.com/${id}`;
      cloud.store.put({ token, id, fullName, project: PROJECT.id, state: { name: id } });
    };
    put("gcp:pubsub/topic:Topic", "pubsub", TOPIC);
    for (const name of ["one", "two"]) put("gcp:cloudscheduler/job:Job", "cloudscheduler", `${JOBS}/${name}`);
    const taken: unknown[] = [];
    const publish = async (_: string, message: unknown): Promise<string> =>
      Promise.resolve(String(taken.push(message)));
    const door = await opened(
      cloud,
      pubsubApi(cloud, publish),
      schedulerApi(cloud, async () => Promise.resolve()),
    );
    const { token } = cloud.tokens.mintAccess({ member: OWNER });
    return { door, token, taken };
  }

  it("take messages up to Google's limits, all of a request or none", async () => {
    const { door, token, taken } = await working();
    const publish = async (...messages: object[]) =>
      (await post(door, `/v1/${TOPIC}:publish`, { messages }, token))[0];
    const some = (count: number): Record<string, string> =>
      Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`, "v"]));
    const long = (length: number): string => "é".repeat(length / 2);
    expect(await publish({ attributes: some(100) })).toBe(200);
    expect(await publish({ attributes: { [long(256)]: long(1024) }, orderingKey: long(1024) })).toBe(200);
    expect(taken).toHaveLength(2);
    const good = { data: "eA==" };
    expect(await publish(good, { attributes: some(101) })).toBe(400);
    expect(await publish(good, { attributes: { [long(258)]: "v" } })).toBe(400);
    expect(await publish(good, { attributes: { k: long(1026) } })).toBe(400);
    expect(await publish(good, { attributes: { k: "v" }, orderingKey: long(1026) })).toBe(400);
    const half = Buffer.alloc(5_000_001, "a").toString("base64");
    expect(await publish({ data: half }, { data: half })).toBe(400);
    expect(taken).toHaveLength(2);
  });

  it("name parameters that they do not have, and give a list in pages", async () => {
    const { door, token, taken } = await working();
    const named = await post(door, `/v1/${TOPIC}:publish?dry=1`, { messages: [{ data: "eA==" }] }, token);
    expect(named).toMatchObject([501, { error: { message: containing('"dry"') } }]);
    expect(taken).toEqual([]);
    const list = async (query: string) => {
      const response = await fetch(door.url(`/v1/${JOBS}?${query}`), { headers: bearer(token) });
      return [response.status, await response.json()] as const;
    };
    expect(await list("pageSize=1")).toMatchObject([
      200,
      { jobs: [{ name: `${JOBS}/one` }], nextPageToken: "1" },
    ]);
    expect(await list("pageToken=1")).toEqual([
      200,
      { jobs: [expect.objectContaining({ name: `${JOBS}/two` })] },
    ]);
    expect((await list("filter=x"))[0]).toBe(501);
  });
});

describe("looking at a token", () => {
  const clientOf = (door: RestDoor) =>
    new OAuth2Client({
      transporterOptions: { fetchImplementation: fetch },
      endpoints: {
        oauth2FederatedSignonPemCertsUrl: door.url("/oauth2/v1/certs"),
        oauth2FederatedSignonJwkCertsUrl: door.url("/oauth2/v3/certs"),
        tokenInfoUrl: door.url("/tokeninfo"),
      },
    });

  it("is done by Google's own verifier with the keys of the door", async () => {
    const { cloud } = newCloud();
    const door = await opened(cloud);
    const idToken = await cloud.tokens.mint({ email: CALLER, audience: AUDIENCE });
    const ticket = await clientOf(door).verifyIdToken({ idToken, audience: AUDIENCE });
    expect(ticket.getPayload()).toMatchObject({ email: CALLER, sub: CALLER_ID });
    await expect(
      clientOf(door).verifyIdToken({ idToken, audience: "https://other.example" }),
    ).rejects.toThrow("Wrong recipient");
  });

  it("is done by whoever follows the discovery document", async () => {
    const { cloud } = newCloud();
    const door = await opened(cloud);
    const found = (await (await fetch(door.url("/.well-known/openid-configuration"))).json()) as Record<
      string,
      string
    >;
    expect(found).toMatchObject({
      issuer: "https://accounts.google.com",
      token_endpoint: door.url("/token"),
    });
    const keys = createRemoteJWKSet(new URL(found["jwks_uri"] ?? ""));
    const token = await cloud.tokens.mint({ email: CALLER, audience: AUDIENCE });
    const { payload } = await jwtVerify(token, keys, { issuer: found["issuer"], audience: AUDIENCE });
    expect(payload.sub).toBe(CALLER_ID);
  });

  it("is answered with every value as text", async () => {
    const { cloud, clock } = newCloud();
    const door = await opened(cloud);
    const ask = async (query: string) => {
      const response = await fetch(door.url(`/tokeninfo?${query}`));
      return [response.status, await response.json()] as const;
    };
    const idToken = await cloud.tokens.mint({ email: CALLER, audience: AUDIENCE });
    const { iat = 0, exp = 0 } = decodeJwt(idToken);
    expect(await ask(`id_token=${idToken}`)).toEqual([
      200,
      {
        iss: "https://accounts.google.com",
        aud: AUDIENCE,
        azp: CALLER_ID,
        sub: CALLER_ID,
        email: CALLER,
        email_verified: "true",
        iat: String(iat),
        exp: String(exp),
        alg: "RS256",
        kid: decodeProtectedHeader(idToken).kid,
        typ: "JWT",
      },
    ]);
    const anonymous = await cloud.tokens.mint({ email: CALLER, audience: AUDIENCE, includeEmail: false });
    expect((await ask(`id_token=${anonymous}`))[0]).toBe(200);
    const invalid = [400, { error: "invalid_token", error_description: "Invalid Value" }];
    expect(await ask(`id_token=${idToken}x`)).toEqual(invalid);
    expect(await ask("access_token=ya29.unknown")).toEqual(invalid);
    expect(await ask("")).toEqual(invalid);
    const { token } = cloud.tokens.mintAccess({ member: OWNER });
    expect((await ask(`access_token=${token}`))[0]).toBe(501);
    await clock.advance(HOUR + 1000);
    expect(await ask(`id_token=${idToken}`)).toEqual(invalid);
  });

  it("shows Google's client what an access token stands for", async () => {
    const { cloud } = newCloud();
    const door = await opened(cloud);
    const scopes = ["https://www.googleapis.com/auth/userinfo.email"];
    const { token } = cloud.tokens.mintAccess({ member: `serviceAccount:${CALLER}`, scopes });
    expect(await clientOf(door).getTokenInfo(token)).toMatchObject({ email: CALLER, aud: CALLER_ID, scopes });
    const plain = cloud.tokens.mintAccess({ member: `serviceAccount:${CALLER}` });
    expect(await clientOf(door).getTokenInfo(plain.token)).not.toHaveProperty("email");
  });
});

describe("docs/tokens.md", () => {
  const page = readFileSync(join(__dirname, "../../docs/tokens.md"), "utf8");
  const section = (heading: string) => page.split(`\n## ${heading}\n`)[1]?.split("\n## ")[0] ?? "";
  const blocks = (heading: string, language: string) =>
    [...section(heading).matchAll(new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\``, "gm"))].map(
      ([, code = ""]) => code,
    );
  const shown = (heading: string) =>
    JSON.parse(blocks(heading, "json")[0] ?? "{}") as Record<string, unknown>;
  /** What curl is given by the shell that one of the page's commands is typed into. */
  const curlOf = (heading: string, part: string): string[] => {
    const code = blocks(heading, "sh").find((each) => each.includes(part)) ?? "";
    const script = `curl() { printf '%s\\n' "$@"; }; gcloud() { echo ACCESS_TOKEN; }; ${code}`;
    const env = { PATH: process.env["PATH"], AUDIENCE, CALLER };
    return execFileSync("sh", ["-c", script], { env, encoding: "utf8" }).trimEnd().split("\n");
  };

  /** The times are those of the day on which the page was written. */
  function expectShown(heading: string, token: string): void {
    const { iat, exp, ...claims } = shown(heading);
    expect(Number(exp) - Number(iat)).toBe(3600);
    const { iat: issued = 0, exp: expires, ...claimed } = decodeJwt(token);
    expect([claimed, expires]).toEqual([claims, issued + 3600]);
  }

  it("shows the claims that its request to IAM Credentials gives", async () => {
    const { cloud } = newCloud();
    const door = await opened(cloud);
    const curl = curlOf("Impersonation", "generateIdToken");
    const url = curl.find((word) => word.startsWith("https:")) ?? "";
    const body = curl[curl.indexOf("-d") + 1] ?? "";
    expect(curl).toContain("Authorization: Bearer ACCESS_TOKEN");
    expect(new URL(url).host).toBe("iamcredentials.googleapis.com");
    const [, role = ""] = /--role=(\S+)/.exec(section("Impersonation")) ?? [];
    cloud.iam.grant(serviceAccountName(PROJECT.id, CALLER), { role, member: DEVELOPER });
    const { token } = cloud.tokens.mintAccess({ member: DEVELOPER });
    const [status, answer] = await post(door, new URL(url).pathname, JSON.parse(body), token);
    expect(status).toBe(200);
    expectShown("Impersonation", String(answer["token"]));
  });

  it("shows the claims that its request to the metadata server gives", async () => {
    const { cloud } = newCloud();
    const door = await opened(cloud, metadataApi(cloud, { account: CALLER }));
    const [, header = "", url = ""] = curlOf("Metadata server", "computeMetadata");
    const [name = "", value = ""] = header.split(": ");
    const { pathname, search } = new URL(url);
    const response = await fetch(door.url(pathname + search), { headers: { [name]: value } });
    expectShown("Metadata server", await response.text());
  });

  it("shows the claims that its program gets with a key file", async () => {
    const { cloud } = newCloud();
    const door = await opened(cloud);
    const { client_email: email, private_key: key } = await cloud.keys.create(CALLER, door.url("/token"));
    const library = {
      JWT: class extends JWT {
        constructor({ keyFile }: { keyFile: string }) {
          super({ email, key, ...towards(door) });
          expect(keyFile).toBe("key.json");
        }
      },
    };
    const code = (blocks("Service account key", "js")[0] ?? "").replace("const token = await", "return");
    const program = runInThisContext(`(require, audience) => {${code}}`) as (
      require: (name: string) => unknown,
      audience: string,
    ) => Promise<string>;
    const load = (name: string) => (name === "google-auth-library" ? library : undefined);
    expectShown("Service account key", await program(load, AUDIENCE));
  });

  it("names only what the door has", async () => {
    const { cloud } = newCloud();
    const door = await opened(cloud);
    const named = codesIn(section("What the sandbox has of it"));
    const paths = named.filter((code) => code.startsWith("/"));
    expect(paths).toHaveLength(5);
    for (const path of paths) {
      const response = await fetch(door.url(path), { method: path === "/token" ? "POST" : "GET" });
      const body = await response.text();
      expect(`${path}: ${body}`).not.toContain("Nothing is modelled at this path");
    }
  });
});

test("the scopes that APIs ask for can be asked for", () => {
  const cloud = new Cloud({ clock: new VirtualClock(0), projects: [PROJECT] });
  const unused = (): never => {
    throw new Error("not called");
  };
  const served = [tasksApi(unused), schedulerApi(cloud, unused), pubsubApi(cloud, unused)];
  const scopes = [...googleApis(cloud), ...served].flatMap((api) => api.scopes ?? []);
  expect(scopes.length).toBeGreaterThanOrEqual(served.length);
  requireScopes(scopes, (scope) => new Error(scope));
});
