import { request } from "node:http";
import { text } from "node:stream/consumers";
import { z } from "zod/mini";
import { VirtualClock } from "../../sandbox/cloud/clock";
import { Cloud } from "../../sandbox/cloud/cloud";
import { CloudError } from "../../sandbox/cloud/errors";
import { serviceAccountName } from "../../sandbox/cloud/names";
import { allow } from "../../sandbox/doors/rest/allow";
import type { Api } from "../../sandbox/doors/rest/api";
import { googleApis } from "../../sandbox/doors/rest/google-apis";
import { authenticator } from "../../sandbox/doors/rest/principal";
import { readJson } from "../../sandbox/doors/rest/read-json";
import { RestDoor } from "../../sandbox/doors/rest/rest-door";
import { sharedSigningKey } from "../support/signing-key";
import { PROJECT } from "../support/stack";

const CALLER = "schedulerunner@my-project.iam.gserviceaccount.com";
const CALLER_ID = "100000000000000000042";
const OWNER = "user:owner@example.com";
const HOUR = 3_600_000;

const toStop: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(toStop.splice(0).map((stop) => stop()));
});

function newCloud(iamDelay = 0): { cloud: Cloud; clock: VirtualClock } {
  const clock = new VirtualClock();
  const cloud = new Cloud({ projects: [PROJECT], clock, iamDelay, signingKey: sharedSigningKey });
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
async function rawly(url: string, headers: Record<string, string>): Promise<[number | undefined, string]> {
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
    const identity = await cloud.tokens.mint({ email: CALLER, audience: "x" });
    expect(await ask(bearer(identity))).toMatchObject([401, reason("ACCESS_TOKEN_TYPE_UNSUPPORTED")]);
    const little = cloud.tokens.mintAccess({ member: OWNER, scopes: ["email"] });
    expect(await ask(bearer(little.token))).toMatchObject([403, reason("ACCESS_TOKEN_SCOPE_INSUFFICIENT")]);
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
