import fc from "fast-check";
import { attacks } from "./attacks";
import { CloudError } from "../../sandbox/cloud/errors";
import { projectName } from "../../sandbox/cloud/names";
import { NoInstanceAvailable, type HttpRequest, type Origin } from "../../sandbox/ingress/http";
import {
  bearer,
  CALLER,
  FIRST,
  get,
  HELLO,
  OTHER_PROJECT,
  PROJECT,
  SECOND,
  START,
  STRANGER,
  World,
} from "./gates";

const RUN = "roles/run.invoker";
const FUNCTIONS = "roles/cloudfunctions.invoker";
const HOUR = 3_600_000;

const CHALLENGE = 'Bearer error="invalid_token" error_description="The access token could not be verified"';
const FORBIDDEN = {
  status: 403,
  text: "does not have permission to get URL <code>/work</code> from this server.",
};
const UNAUTHORIZED = {
  status: 401,
  challenge: CHALLENGE,
  text: "does not have permission to the requested URL <code>/work</code>.",
};
const NOT_FOUND = { status: 404, text: "The requested URL was not found on this server." };

interface Row {
  name: string;
  ask: (world: World) => Promise<HttpRequest> | HttpRequest;
  set?: (world: World) => void;
  from?: Origin;
  expect: { status: number; challenge?: string; text: string };
  log?: string;
  reason: string;
}

const NOT_AUTHENTICATED = "The request was not authenticated.";
const NOT_AUTHORIZED = "The request was not authorized to invoke this service.";

const ROWS: Row[] = [
  {
    name: "no credential",
    ask: () => get(`${HELLO.url}/work`),
    expect: FORBIDDEN,
    log: NOT_AUTHENTICATED,
    reason: "carries no token",
  },
  {
    name: "an empty Authorization header",
    ask: () => get(`${HELLO.url}/work`, ["Authorization", ""]),
    expect: FORBIDDEN,
    log: "Empty Authorization header value.",
    reason: "carries no token",
  },
  {
    name: "a bad signature",
    ask: async (world) => {
      const [head = "", payload = ""] = (await world.token(HELLO.url)).split(".");
      const [, , signature = ""] = (await world.token(`${HELLO.url}/`)).split(".");
      return get(`${HELLO.url}/work`, bearer(`${head}.${payload}.${signature}`));
    },
    expect: UNAUTHORIZED,
    log: NOT_AUTHORIZED,
    reason: "does not verify: bad signature",
  },
  {
    name: "an expired token",
    ask: async (world) => {
      const audience = HELLO.url;
      const token = await world.cloud.tokens.mint({ email: CALLER, audience, issuedAt: START - 2 * HOUR });
      return get(`${HELLO.url}/work`, bearer(token));
    },
    expect: UNAUTHORIZED,
    log: "The access token could not be verified.",
    reason: "does not verify: expired",
  },
  {
    name: "an OAuth access token",
    ask: () => get(`${HELLO.url}/work`, bearer("ya29.c.b0Aaekm1K")),
    expect: UNAUTHORIZED,
    log: NOT_AUTHORIZED,
    reason: "an id_token is needed",
  },
  {
    name: "a wrong audience",
    ask: async (world) => get(`${HELLO.url}/work`, bearer(await world.token("https://hello.example.com"))),
    expect: UNAUTHORIZED,
    log: NOT_AUTHORIZED,
    reason: `accepts "${HELLO.url}" or "${HELLO.hashUrl}"`,
  },
  {
    name: "a token without an e-mail",
    ask: async ({ cloud }) => {
      const token = await cloud.tokens.mint({ email: CALLER, audience: HELLO.url, includeEmail: false });
      return get(`${HELLO.url}/work`, bearer(token));
    },
    expect: UNAUTHORIZED,
    log: NOT_AUTHORIZED,
    reason: "no verified email",
  },
  {
    name: "two Authorization headers",
    ask: async (world) => {
      const token = await world.token(HELLO.url);
      return get(`${HELLO.url}/work`, bearer(token), bearer(token));
    },
    expect: UNAUTHORIZED,
    log: NOT_AUTHORIZED,
    reason: "more than one credential",
  },
  {
    name: "two tokens in one header",
    ask: async (world) => {
      const token = await world.token(HELLO.url);
      return get(`${HELLO.url}/work`, ["authorization", `Bearer ${token}, Bearer ${token}`]);
    },
    expect: UNAUTHORIZED,
    log: NOT_AUTHORIZED,
    reason: "more than one credential",
  },
  {
    name: "another scheme",
    ask: () => get(`${HELLO.url}/work`, ["Authorization", "Basic dXNlcjpwYXNz"]),
    expect: UNAUTHORIZED,
    log: NOT_AUTHORIZED,
    reason: 'the scheme "Basic"',
  },
  {
    name: "two Authorization headers beside X-Serverless-Authorization",
    ask: async (world) =>
      get(
        `${HELLO.url}/work`,
        ["X-Serverless-Authorization", `Bearer ${await world.token(HELLO.url)}`],
        ["Authorization", "Basic dXNlcjpwYXNz"],
        ["Authorization", "Basic dXNlcjpwYXNz"],
      ),
    expect: UNAUTHORIZED,
    log: NOT_AUTHORIZED,
    reason: "Authorization carries more than one credential",
  },
  {
    name: "a valid token of somebody without the permission",
    ask: async (world) => get(`${HELLO.url}/work`, bearer(await world.token(HELLO.url, STRANGER))),
    expect: FORBIDDEN,
    log: NOT_AUTHENTICATED,
    reason: `serviceAccount:${STRANGER} lacks run.routes.invoke on the Run service "hello"`,
  },
  {
    name: "an invalid X-Serverless-Authorization beside a valid Authorization",
    ask: async (world) =>
      get(`${HELLO.url}/work`, bearer(await world.token(HELLO.url)), [
        "X-Serverless-Authorization",
        "Bearer x",
      ]),
    expect: UNAUTHORIZED,
    log: NOT_AUTHORIZED,
    reason: "does not verify: malformed",
  },
  {
    name: "internal ingress, asked from the internet",
    set: (world) => {
      world.putHello({ ingress: "INGRESS_TRAFFIC_INTERNAL_ONLY" });
    },
    ask: async (world) => get(`${HELLO.url}/work`, bearer(await world.token(HELLO.url))),
    expect: NOT_FOUND,
    reason: "comes from the internet",
  },
  {
    name: "internal ingress, asked by Google's services of another project",
    set: (world) => {
      world.putHello({ ingress: "INGRESS_TRAFFIC_INTERNAL_ONLY" });
    },
    from: { network: "google", project: OTHER_PROJECT },
    ask: async (world) => get(`${HELLO.url}/work`, bearer(await world.token(HELLO.url))),
    expect: NOT_FOUND,
    reason: `from the project "${OTHER_PROJECT}"`,
  },
  {
    name: "internal ingress of a function, asked on cloudfunctions.net",
    set: (world) => {
      world.putSecond({ ingressSettings: "ALLOW_INTERNAL_ONLY" });
    },
    from: { network: "google", project: PROJECT },
    ask: async (world) => get(`${SECOND.functionUrl}/work`, bearer(await world.token(SECOND.url))),
    expect: NOT_FOUND,
    reason: "on the run.app address alone",
  },
  {
    name: "a disabled default URL",
    set: (world) => {
      world.putHello({ defaultUriDisabled: true });
    },
    ask: async (world) => get(`${HELLO.url}/work`, bearer(await world.token(HELLO.url))),
    expect: NOT_FOUND,
    reason: "defaultUriDisabled",
  },
  {
    name: "/healthz on run.app",
    ask: async (world) => get(`${HELLO.url}/healthz`, bearer(await world.token(HELLO.url))),
    expect: NOT_FOUND,
    reason: "answers /healthz by itself",
  },
  {
    name: "no such service",
    ask: () => get("https://nobody-1.europe-west1.run.app/work"),
    expect: NOT_FOUND,
    reason: "No service or function",
  },
  {
    name: "a function whose name only begins like another's",
    ask: async (world) => get(`${FIRST.url}ly/work`, bearer(await world.token(FIRST.url))),
    expect: NOT_FOUND,
    reason: "No service or function",
  },
  {
    name: "a port that nothing listens on",
    ask: async (world) => get(`${HELLO.url}:8443/work`, bearer(await world.token(HELLO.url))),
    expect: NOT_FOUND,
    reason: "No service or function",
  },
  {
    name: "an API of Google's",
    ask: () => get("https://run.googleapis.com/v2/projects"),
    expect: { status: 501, text: "does not model" },
    reason: "run.googleapis.com",
  },
  {
    name: "another host of Google's, which has gates of its own",
    ask: () => get("https://my-project.ew.r.appspot.com/work"),
    expect: { status: 501, text: "does not model" },
    reason: "appspot.com",
  },
  {
    name: "the name of a managed service, which is an address only if its owner says so",
    ask: () => get("https://orders.endpoints.my-project.cloud.goog/work"),
    expect: { status: 501, text: "does not model" },
    reason: "cloud.goog",
  },
];

describe("refusals", () => {
  test.each(ROWS)("$name", async ({ ask, set, from, expect: expected, log, reason }) => {
    const world = new World();
    world.grant(HELLO.fullName, RUN);
    world.grant(SECOND.fullName, RUN);
    set?.(world);

    const { response, verdict } = await world.ingress.handle(await ask(world), from);

    expect(world.arrived).toEqual([]);
    expect(response.status).toBe(expected.status);
    expect(response.headers["www-authenticate"]).toBe(expected.challenge);
    expect(response.body).toContain(expected.text);
    expect(response.headers["content-type"]).toMatch(/^text\/html/);
    expect(verdict.outcome).toBe(expected.status === 404 ? "not found" : "refused");
    expect(verdict.status).toBe(expected.status);
    expect(verdict.reason).toContain(reason);
    if (log === undefined) expect(verdict.log).toBeUndefined();
    else expect(verdict.log).toContain(log);
  });

  test("nothing that stands behind: let in at the gate, 500 for the caller", async () => {
    const world = new World();
    world.grant(HELLO.fullName, RUN);
    world.answer = () => Promise.reject(new NoInstanceAvailable("the app did not start"));
    const request = get(HELLO.url, bearer(await world.token(HELLO.url)));
    const { response, verdict } = await world.ingress.handle(request);
    expect(response.status).toBe(500);
    expect(verdict).toMatchObject({
      outcome: "let in",
      log: "The request was aborted because there was no available instance.",
    });
    expect(verdict.reason).toContain("the app did not start");
  });

  test("the path in the page cannot carry markup", async () => {
    const url = `${HELLO.url}/a&b`;
    const { response } = await new World().ingress.handle(get(url));
    expect(response.body).toContain("<code>/a&amp;b</code>");
  });

  test("what is not an address is refused by name", async () => {
    const { ingress } = new World();
    await expect(ingress.handle(get("/relative"))).rejects.toThrow(CloudError);
    await expect(ingress.handle(get("ftp://x"))).rejects.toThrow('"ftp://x" is not an http or https address');
  });
});

interface Accepted {
  name: string;
  url: string;
  audiences: string[];
  refused: string[];
  resource: string;
  role: string;
}

const ACCEPTED: Accepted[] = [
  {
    name: "a Run service",
    url: HELLO.url,
    audiences: [HELLO.url, `${HELLO.url}/`, HELLO.hashUrl, `${HELLO.hashUrl}/`, "my-audience"],
    refused: [
      `${HELLO.url}//`,
      `${HELLO.url}/work`,
      `${HELLO.url}?x=1`,
      `${HELLO.url}:443`,
      HELLO.url.replace("https", "http"),
      HELLO.url.replace("https://", ""),
      HELLO.url.toUpperCase(),
      "my-audience/",
      "MY-AUDIENCE",
      "hello",
      "",
      SECOND.url,
    ],
    resource: HELLO.fullName,
    role: RUN,
  },
  {
    name: "a 2nd gen function",
    url: SECOND.url,
    audiences: [SECOND.url, `${SECOND.url}/`, SECOND.functionUrl],
    refused: [
      `${SECOND.functionUrl}/`,
      `${SECOND.functionUrl}/x`,
      new URL(SECOND.functionUrl).origin,
      "second",
      HELLO.url,
    ],
    resource: SECOND.fullName,
    role: RUN,
  },
  {
    name: "a 1st gen function",
    url: FIRST.url,
    audiences: [FIRST.url],
    refused: [`${FIRST.url}/`, `${FIRST.url}/x`, new URL(FIRST.url).origin, "first", SECOND.functionUrl],
    resource: FIRST.fullName,
    role: FUNCTIONS,
  },
];

describe.each(ACCEPTED)("audiences of $name", ({ url, audiences, refused, resource, role }) => {
  async function status(audience: string): Promise<number> {
    const world = new World();
    world.putHello({ customAudiences: ["my-audience"] });
    world.grant(resource, role);
    const { response, verdict } = await world.ingress.handle(get(url, bearer(await world.token(audience))));
    expect(verdict.reason).toMatch(
      response.status === 200 ? new RegExp(`^${role} for`) : /is for the audience/,
    );
    return response.status;
  }

  test.each(audiences)("%s is accepted", async (audience) => {
    expect(await status(audience)).toBe(200);
  });
  test.each(refused)('"%s" is refused', async (audience) => {
    expect(await status(audience)).toBe(401);
  });
});

describe("who gets in", () => {
  test("a verdict names the rule, the binding and the caller", async () => {
    const world = new World();
    world.grant(HELLO.fullName, RUN);
    const { verdict } = await world.ingress.handle(get(HELLO.url, bearer(await world.token(HELLO.url))));
    expect(verdict).toMatchObject({
      outcome: "let in",
      status: 200,
      principal: `serviceAccount:${CALLER}`,
      target: { kind: "run-service", fullName: HELLO.fullName },
      decision: {
        allowed: true,
        permission: "run.routes.invoke",
        binding: { resource: HELLO.fullName, role: RUN },
      },
    });
  });

  test("both addresses of a 2nd gen function have one gate, and cloudfunctions.invoker does not open it", async () => {
    const world = new World();
    const ask = async (url: string): Promise<number> =>
      (await world.ingress.handle(get(url, bearer(await world.token(SECOND.url))))).response.status;
    world.grant(FIRST.fullName.replace("first", "second"), FUNCTIONS);
    expect([await ask(SECOND.url), await ask(SECOND.functionUrl)]).toEqual([403, 403]);
    world.grant(SECOND.fullName, RUN);
    expect([await ask(SECOND.url), await ask(`${SECOND.functionUrl}/deep?q=1`)]).toEqual([200, 200]);
    expect(world.arrived.map(({ request }) => new URL(request.url).pathname)).toEqual(["/", "/deep"]);
  });

  test("run.invoker does not open a 1st gen function", async () => {
    const world = new World();
    world.grant(projectName(PROJECT), RUN);
    const { response, verdict } = await world.ingress.handle(
      get(FIRST.url, bearer(await world.token(FIRST.url))),
    );
    expect(response.status).toBe(403);
    expect(verdict.reason).toContain("cloudfunctions.functions.invoke");
  });

  test("a role on the project counts for everything in it", async () => {
    const world = new World();
    world.grant(projectName(PROJECT), "roles/editor", STRANGER);
    const token = await world.token(HELLO.url, STRANGER);
    const { verdict } = await world.ingress.handle(get(HELLO.url, bearer(token)));
    expect(verdict.outcome).toBe("let in");
    expect(verdict.reason).toContain(`on the project "${PROJECT}"`);
  });

  test("Google's services of the same project are inside, on run.app", async () => {
    const world = new World();
    world.grant(SECOND.fullName, RUN);
    world.putSecond({ ingressSettings: "ALLOW_INTERNAL_ONLY" });
    const request = get(SECOND.url, bearer(await world.token(SECOND.url)));
    const inside = await world.ingress.handle(request, { network: "google", project: PROJECT });
    expect(inside.response.status).toBe(200);
    expect((await world.ingress.handle(request)).response.status).toBe(404);
  });

  test.each([
    { name: "nothing", headers: [] },
    { name: "an invalid token", headers: [bearer("not.a.token")] },
    {
      name: "the application's own credentials",
      headers: [["Authorization", "Basic eDp5"] as [string, string]],
    },
  ])("a service open to allUsers lets in $name, untouched", async ({ headers }) => {
    const world = new World();
    world.cloud.iam.grant(HELLO.fullName, { role: RUN, member: "allUsers" });
    const { verdict } = await world.ingress.handle(get(HELLO.url, ...headers));
    expect(verdict).toMatchObject({ outcome: "let in", principal: "allUsers" });
    expect(verdict.reason).toContain("allUsers");
    expect(verdict.assumed === undefined).toBe(headers.length === 0);
    expect(world.arrived[0]?.request.headers).toEqual(headers);
  });

  test("allAuthenticatedUsers still asks for a token for this service", async () => {
    const world = new World();
    world.cloud.iam.grant(HELLO.fullName, { role: RUN, member: "allAuthenticatedUsers" });
    const ask = async (...headers: [string, string][]): Promise<number> =>
      (await world.ingress.handle(get(HELLO.url, ...headers))).response.status;
    expect(await ask()).toBe(403);
    expect(await ask(bearer(await world.token(SECOND.url, STRANGER)))).toBe(401);
    expect(await ask(bearer(await world.token(HELLO.url, STRANGER)))).toBe(200);
  });

  test("invokerIamDisabled asks nobody", async () => {
    const world = new World();
    world.putHello({ invokerIamDisabled: true });
    const token = await world.token("anything", STRANGER);
    const { verdict } = await world.ingress.handle(get(HELLO.url, bearer(token)));
    expect(verdict.outcome).toBe("let in");
    expect(world.arrived[0]?.request.headers).toEqual([bearer(token)]);
  });

  test("a token outlives neither its account nor the account's namesake", async () => {
    const world = new World();
    world.grant(HELLO.fullName, RUN);
    const ask = async (token: string): Promise<[number, string]> => {
      const { response, verdict } = await world.ingress.handle(get(SECOND.url, bearer(token)));
      return [response.status, verdict.reason];
    };
    const old = await world.token(SECOND.url);
    world.cloud.iam.removeAccount(CALLER);
    expect(await ask(old)).toEqual([403, expect.stringContaining("does not exist any more")]);
    world.cloud.iam.addAccount({ email: CALLER, uniqueId: "199999999999999999999", project: PROJECT });
    world.grant(SECOND.fullName, RUN);
    expect(await ask(old)).toEqual([403, expect.stringContaining("an earlier service account")]);
    expect(await ask(await world.token(SECOND.url))).toEqual([200, expect.any(String)]);
  });

  test("a disabled account stays outside with the token that it has", async () => {
    const world = new World();
    world.grant(HELLO.fullName, RUN);
    const token = await world.token(HELLO.url);
    const account = { email: CALLER, uniqueId: "100000000000000000000", project: PROJECT, disabled: true };
    world.cloud.iam.addAccount(account);
    const { response, verdict } = await world.ingress.handle(get(HELLO.url, bearer(token)));
    expect(response.status).toBe(403);
    expect(verdict.reason).toContain("is disabled");
  });

  test("that a token counts a little before its time and after it is assumed", async () => {
    const world = new World();
    world.grant(HELLO.fullName, RUN);
    const ask = async (issuedAt: number): Promise<[number, string]> => {
      const token = await world.cloud.tokens.mint({ email: CALLER, audience: HELLO.url, issuedAt });
      const request = get(HELLO.url, ["X-Serverless-Authorization", `Bearer ${token}`]);
      const { response, verdict } = await world.ingress.handle(request);
      return [response.status, verdict.assumed ?? ""];
    };
    expect(await ask(START)).toEqual([200, ""]);
    expect(await ask(START - HOUR)).toEqual([200, ""]);
    expect(await ask(START - HOUR - 1000)).toEqual([200, expect.stringContaining("five minutes")]);
    expect(await ask(START + 1000)).toEqual([200, expect.stringContaining("five minutes")]);
  });

  test("that several credentials are too many also where nobody is asked is assumed", async () => {
    const world = new World();
    const two: [string, string][] = [bearer("a"), bearer("b")];
    const ask = async (): Promise<string> => {
      const { response, verdict } = await world.ingress.handle(get(HELLO.url, ...two));
      expect(response.status).toBe(401);
      return verdict.assumed ?? "";
    };
    expect(await ask()).not.toContain("nobody is asked");
    world.putHello({ invokerIamDisabled: true });
    expect(await ask()).toContain("nobody is asked");
    world.putHello();
    world.cloud.iam.grant(HELLO.fullName, { role: RUN, member: "allUsers" });
    expect(await ask()).toContain("nobody is asked");
  });

  test("a token without its scheme is not shown", async () => {
    const world = new World();
    const token = await world.token(HELLO.url);
    for (const value of [token, `Bearer${token}`, `${token} x`]) {
      const { response, verdict } = await world.ingress.handle(get(HELLO.url, ["Authorization", value]));
      expect(response.status).toBe(401);
      expect(JSON.stringify(verdict)).not.toContain(token.slice(0, 20));
      expect(verdict.reason).toContain('only "Bearer" with an id_token is understood');
    }
  });

  test("a grant and its removal count when they take effect, not when they are written", async () => {
    const world = new World({ iamDelay: 420_000 });
    const ask = async (): Promise<number> =>
      (await world.ingress.handle(get(HELLO.url, bearer(await world.token(HELLO.url))))).response.status;
    world.grant(HELLO.fullName, RUN);
    expect(await ask()).toBe(403);
    await world.clock.advance(420_000);
    expect(await ask()).toBe(200);
    world.cloud.iam.revoke(HELLO.fullName, { role: RUN, member: `serviceAccount:${CALLER}` });
    await world.clock.advance(419_999);
    expect(await ask()).toBe(200);
    await world.clock.advance(1);
    expect(await ask()).toBe(403);
  });

  test("a foreign host is nobody's business but its own", async () => {
    const world = new World();
    const token = await world.token("https://app.example.com");
    const { verdict } = await world.ingress.handle(get("https://app.example.com/x", bearer(token)));
    expect(verdict).toMatchObject({
      outcome: "let in",
      reason: "no gate of Google's in front: the application decides",
    });
    expect(world.arrived).toEqual([
      {
        target: { kind: "foreign", host: "app.example.com" },
        request: get("https://app.example.com/x", bearer(token)),
      },
    ]);
  });
});

describe("what the application sees", () => {
  const stripped = (token: string): string => token.replace(/[^.]*$/, "SIGNATURE_REMOVED_BY_GOOGLE");

  test.each([
    { name: "a Run service", url: HELLO.url, audience: HELLO.url },
    { name: "a 1st gen function", url: FIRST.url, audience: FIRST.url },
  ])("$name gets the claims without the signature", async ({ url, audience }) => {
    const world = new World();
    world.grant(HELLO.fullName, RUN);
    world.grant(FIRST.fullName, FUNCTIONS);
    const token = await world.token(audience);
    const { verdict } = await world.ingress.handle(get(url, bearer(token), ["X-Own", "a.b.c"]));
    expect(world.arrived[0]?.request.headers).toEqual([bearer(stripped(token)), ["X-Own", "a.b.c"]]);
    // Documented for 1st gen functions, disputed for Run services.
    expect(verdict.assumed?.includes("signature") ?? false).toBe(url === HELLO.url);
  });

  test("X-Serverless-Authorization is used up, and Authorization is the application's own", async () => {
    const world = new World();
    world.grant(HELLO.fullName, RUN);
    const token = await world.token(HELLO.url);
    const own: [string, string] = ["Authorization", "Bearer own.token.sig"];
    const { response } = await world.ingress.handle(
      get(HELLO.url, own, ["X-Serverless-Authorization", `Bearer ${token}`]),
    );
    expect(response.status).toBe(200);
    expect(world.arrived[0]?.request.headers).toEqual([
      own,
      ["X-Serverless-Authorization", `Bearer ${stripped(token)}`],
    ]);
  });

  test.each([
    { name: "a SECURE_ALWAYS function", url: FIRST.url, security: "SECURE_ALWAYS" },
    { name: "a Run service", url: HELLO.url, security: undefined },
    { name: "a 2nd gen function", url: SECOND.functionUrl, security: undefined },
  ])("plain http to $name is redirected, path and query kept", async ({ url, security }) => {
    const world = new World();
    world.putFirst({ httpsTriggerSecurityLevel: security });
    const { response, verdict } = await world.ingress.handle(get(`${url.replace("https", "http")}/x?y=1`));
    expect(response).toMatchObject({ status: 302, headers: { location: `${url}/x?y=1` } });
    expect(verdict.outcome).toBe("refused");
    expect(world.arrived).toEqual([]);
  });

  test("plain http to a 1st gen function without SECURE_ALWAYS meets the same gate", async () => {
    const world = new World();
    world.putFirst({ httpsTriggerSecurityLevel: "SECURE_OPTIONAL" });
    world.grant(FIRST.fullName, FUNCTIONS);
    const url = FIRST.url.replace("https", "http");
    expect((await world.ingress.handle(get(url))).response.status).toBe(403);
    const request = get(url, bearer(await world.token(FIRST.url)));
    expect((await world.ingress.handle(request)).response.status).toBe(200);
  });
});

describe("attacks", () => {
  test("none gets in, in either header, at any kind of target", async () => {
    const world = new World();
    for (const name of [HELLO.fullName, SECOND.fullName]) world.grant(name, RUN);
    world.grant(FIRST.fullName, FUNCTIONS);
    for (const url of [HELLO.url, SECOND.url, FIRST.url]) {
      const all = await attacks(world.cloud.tokens, { email: CALLER, audience: url, now: START });
      const outcomes = all.flatMap(({ name, token }) =>
        ["Authorization", "X-Serverless-Authorization"].map(async (header) => {
          const { response } = await world.ingress.handle(get(url, [header, `Bearer ${token}`]));
          return { name, header, refused: response.status === 401 || response.status === 403 };
        }),
      );
      expect(outcomes.length).toBeGreaterThan(100);
      expect((await Promise.all(outcomes)).filter(({ refused }) => !refused)).toEqual([]);
    }
    expect(world.arrived).toEqual([]);
  }, 60_000);
});

describe("properties", () => {
  const url = fc.constantFrom(HELLO.url, HELLO.hashUrl, SECOND.url, SECOND.functionUrl, FIRST.url);
  const host = fc.constantFrom(
    ...[HELLO.url, SECOND.url, SECOND.functionUrl, FIRST.url].map((each) => new URL(each).host),
  );

  test("whoever gets in has a valid token of a granted caller for an accepted audience", async () => {
    const audiences: Record<string, string[]> = {
      [HELLO.fullName]: [HELLO.url, `${HELLO.url}/`, HELLO.hashUrl, `${HELLO.hashUrl}/`],
      [SECOND.fullName]: [SECOND.url, `${SECOND.url}/`, SECOND.functionUrl],
      [FIRST.fullName]: [FIRST.url],
    };
    const of: Record<string, string> = {
      [HELLO.url]: HELLO.fullName,
      [HELLO.hashUrl]: HELLO.fullName,
      [SECOND.url]: SECOND.fullName,
      [SECOND.functionUrl]: SECOND.fullName,
      [FIRST.url]: FIRST.fullName,
    };
    // One cloud for all: making its key takes longer than everything else.
    const world = new World();
    const roles = Object.keys(audiences).map(
      (name) => [name, name === FIRST.fullName ? FUNCTIONS : RUN] as const,
    );
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.constantFrom(HELLO.fullName, SECOND.fullName, FIRST.fullName)),
        url,
        fc.oneof(fc.constantFrom(...Object.values(audiences).flat()), fc.webUrl()),
        fc.constantFrom(CALLER, STRANGER),
        fc.integer({ min: -8, max: 8 }),
        fc.boolean(),
        async (granted, asked, audience, email, quarters, tampered) => {
          const member = `serviceAccount:${CALLER}`;
          for (const [name, role] of roles) {
            if (granted.includes(name)) world.cloud.iam.grant(name, { role, member });
            else world.cloud.iam.revoke(name, { role, member });
          }
          world.arrived.length = 0;
          const issuedAt = START + (quarters * HOUR) / 4;
          const minted = await world.cloud.tokens.mint({ email, audience, issuedAt });
          const token = tampered ? `${minted.slice(0, -8)}AAAAAAAA` : minted;
          const { verdict } = await world.ingress.handle(get(asked, bearer(token)));
          const target = of[asked] ?? "";
          const should =
            !tampered &&
            email === CALLER &&
            granted.some((name) => name === target) &&
            (audiences[target] ?? []).includes(audience) &&
            quarters <= 0 &&
            quarters >= -4;
          expect(verdict.outcome === "let in").toBe(should);
          expect(world.arrived).toHaveLength(should ? 1 : 0);
        },
      ),
      { numRuns: 100 },
    );
  }, 60_000);

  test("no request without a token gets in, whatever its headers, path and method", async () => {
    const world = new World();
    for (const name of [HELLO.fullName, SECOND.fullName]) world.grant(name, RUN);
    world.grant(FIRST.fullName, FUNCTIONS);
    const name = fc.constantFrom(
      "Authorization",
      "authorization",
      "X-Serverless-Authorization",
      "X-CloudScheduler",
      "Cookie",
    );
    const value = fc.oneof(
      fc.string(),
      fc.string().map((text) => `Bearer ${text}`),
      fc.constantFrom("Bearer a.b.c", "bearer"),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(name, value), { maxLength: 4 }),
        fc.constantFrom("http", "https"),
        host,
        fc.webPath(),
        fc.constantFrom("GET", "POST", "OPTIONS", "HEAD"),
        async (headers, scheme, where, path, method) => {
          const request = { method, url: `${scheme}://${where}${path}`, headers, body: "" };
          expect((await world.ingress.handle(request)).verdict.outcome).not.toBe("let in");
          expect(world.arrived).toEqual([]);
        },
      ),
      { numRuns: 300 },
    );
  }, 60_000);
});
