import fc from "fast-check";
import { stringify } from "yaml";
import { EnvoyFront } from "../../sandbox/ingress/envoy/envoy-front";
import type { Front } from "../../sandbox/ingress/front";
import { IstioFront } from "../../sandbox/ingress/istio/istio-front";
import { faultsInBootstrap } from "../support/envoy-protos";
import {
  AUDIENCE,
  CALLER,
  edited,
  envoyDocument,
  FrontWorld,
  HOST,
  istioManifests,
  SECOND,
  START,
  STRANGER,
  SUBJECT,
  WORKLOAD,
} from "../support/fronts";
import { attacks } from "./attacks";

const IN = "200 hello";
const DENIED = "403 RBAC: access denied";
const MISSING = "401 Jwt is missing";
const AUDIENCES = "403 Audiences in Jwt are not allowed";
const HOUR = 3_600_000;

let bootstrap: unknown;
let manifests: Record<string, unknown>;
beforeAll(async () => {
  bootstrap = await envoyDocument();
  manifests = await istioManifests();
});

const envoy = (document: unknown = bootstrap): Front => new EnvoyFront(document);
const istio = (documents: unknown = manifests): Front => new IstioFront(WORKLOAD, documents);
const fronts: Readonly<Record<"envoy" | "istio", () => Front>> = {
  envoy: () => envoy(),
  istio: () => istio(),
};

/** Answers by who asks, in the two fronts. */
const TABLE: [
  who: string,
  token: (world: FrontWorld) => Promise<string | undefined>,
  envoy: string,
  istio: string,
][] = [
  ["the caller", async (world) => world.token(), IN, IN],
  ["nobody", async () => Promise.resolve(undefined), MISSING, DENIED],
  ["a stranger", async (world) => world.token(STRANGER), DENIED, DENIED],
  [
    "the caller with another audience",
    async (world) => world.token(CALLER, "https://other.example"),
    AUDIENCES,
    AUDIENCES,
  ],
  [
    "the caller, expired",
    async ({ cloud }) => cloud.tokens.mint({ email: CALLER, audience: AUDIENCE, issuedAt: START - 2 * HOUR }),
    "401 Jwt is expired",
    "401 Jwt is expired",
  ],
  [
    "the caller without an e-mail",
    async ({ cloud }) => cloud.tokens.mint({ email: CALLER, audience: AUDIENCE, includeEmail: false }),
    DENIED,
    DENIED,
  ],
  [
    "no token at all",
    async () => Promise.resolve("a.b"),
    "401 Jwt is not in the form of Header.Payload.Signature with two dots and 3 sections",
    "401 Jwt is not in the form of Header.Payload.Signature with two dots and 3 sections",
  ],
];

describe.each(["envoy", "istio"] as const)("%s", (kind) => {
  test.each(TABLE)("answers %s", async (_, tokenOf, byEnvoy, byIstio) => {
    const world = new FrontWorld(fronts[kind]());
    const token = await tokenOf(world);
    expect(await world.says(token)).toBe(kind === "envoy" ? byEnvoy : byIstio);
  });

  test("says who was let in and why, and hands the token on", async () => {
    const world = new FrontWorld(fronts[kind]());
    const token = await world.token();
    const { verdict } = await world.ask(token);
    expect(verdict).toMatchObject({
      outcome: "let in",
      front: kind,
      principal: `serviceAccount:${CALLER}`,
      target: { kind: "foreign", host: HOST },
      reason: expect.stringContaining(`lets in serviceAccount:${CALLER}.`) as string,
    });
    expect(world.arrived.map(({ headers }) => headers)).toEqual([[["Authorization", `Bearer ${token}`]]]);
  });

  test("says who was kept out and why, and hands nothing on", async () => {
    const world = new FrontWorld(fronts[kind]());
    const { verdict, response } = await world.ask(await world.token(STRANGER));
    expect(verdict).toMatchObject({ outcome: "refused", status: 403, front: kind });
    expect(verdict.reason).toBe(`No policy lets in serviceAccount:${STRANGER}.`);
    expect(response.headers).toMatchObject({ "content-type": "text/plain" });
    expect(world.arrived).toEqual([]);
  });

  test("keeps the token to itself when told to", async () => {
    const front =
      kind === "envoy"
        ? envoy(await envoyDocument({ forwardToken: false }))
        : istio(await istioManifests({ forwardOriginalToken: false }));
    const world = new FrontWorld(front);
    expect(await world.says(await world.token())).toBe(IN);
    expect(world.arrived.map(({ headers }) => headers)).toEqual([[]]);
  });

  test("takes a former audience for as long as it is named", async () => {
    const former = { formerAudiences: ["https://old.example"] };
    const front = kind === "envoy" ? envoy(await envoyDocument(former)) : istio(await istioManifests(former));
    const world = new FrontWorld(front);
    const token = await world.token(CALLER, "https://old.example");
    expect(await world.says(token)).toBe(IN);
    expect(await world.says(await world.token())).toBe(IN);
    expect(await new FrontWorld(fronts[kind]()).says(token)).toBe(AUDIENCES);
  });

  test("reads its document as YAML and as JSON too", async () => {
    const plain = kind === "envoy" ? bootstrap : Object.values(manifests);
    const yaml = Array.isArray(plain) ? plain.map((each) => stringify(each)).join("---\n") : stringify(plain);
    for (const text of [yaml, JSON.stringify(plain)]) {
      const world = new FrontWorld(kind === "envoy" ? envoy(text) : istio(text));
      expect(await world.says(await world.token())).toBe(IN);
      expect(await world.says(await world.token(STRANGER))).toBe(DENIED);
    }
  });

  test("lets no attack through that is not a good token of the caller's", async () => {
    const world = new FrontWorld(fronts[kind]());
    const all = await attacks(world.cloud.tokens, { email: CALLER, audience: AUDIENCE, now: START });
    const through: string[] = [];
    for (const { name, token } of all) {
      if ((await world.ask(token)).response.status === 200) through.push(name);
    }
    expect(through).toEqual([
      // A good token is taken out of whatever stands behind it; line breaks and NULs arrive in no header at all.
      "the token twice, with a comma",
      "the token twice, with a space",
      "with a line break",
      "with a null byte",
      "padded",
      "quoted",
      // Neither looks at the time of issue, nor at how long a token is good.
      "issued in the future",
      "valid for a month",
    ]);
  });

  test("takes several headers of one name for one, and reads the first token in it", async () => {
    const world = new FrontWorld(fronts[kind]());
    const good = await world.token();
    const bad = ["Authorization", "Bearer a.b"] as [string, string];
    expect(await world.says(good, { headers: [bad] })).toBe(IN);
    expect(await world.says(undefined, { headers: [bad, ["Authorization", `Bearer ${good}`]] })).toMatch(
      /^401 /,
    );
  });

  test("lets exactly its callers in, by any path and method", async () => {
    const everybody = [CALLER, SECOND, STRANGER];
    const made = new Map<string, Promise<Front>>();
    const frontFor = async (emails: string[]): Promise<Front> => {
      const key = emails.join();
      const callers = Object.fromEntries(emails.map((email, i) => [`caller${i}`, { email }]));
      const front =
        made.get(key) ??
        (kind === "envoy" ? envoyDocument({ callers }).then(envoy) : istioManifests({ callers }).then(istio));
      made.set(key, front);
      return front;
    };
    await fc.assert(
      fc.asyncProperty(
        fc.subarray(everybody, { minLength: 1 }),
        fc.constantFrom(...everybody, undefined),
        fc.constantFrom("GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "BREW"),
        fc.webPath().map((path) => (path.startsWith("/") ? path : `/${path}`)),
        fc.boolean(),
        async (emails, asks, method, path, preflight) => {
          const front = await frontFor(emails);
          const world = new FrontWorld(front);
          const headers: [string, string][] = preflight
            ? [
                ["Origin", "https://evil.example"],
                ["Access-Control-Request-Method", "GET"],
              ]
            : [];
          const token = asks === undefined ? undefined : await world.token(asks);
          const { response } = await world.ask(token, { method, url: AUDIENCE + path, headers });
          // Envoy is told to reject escaped slashes; Istio reads no token of a preflight, and so lets in none.
          const rejected = kind === "envoy" ? /%2f|%5c/i.test(path) : preflight && method === "OPTIONS";
          expect(response.status === 200).toBe(asks !== undefined && emails.includes(asks) && !rejected);
        },
      ),
      { numRuns: 100 },
    );
  });
});

type Manifests = Record<string, { metadata: Record<string, string>; spec: Record<string, never> }>;
interface Rules {
  jwtRules: Record<string, unknown>[];
  rules: { from?: unknown; to?: unknown; when?: { key: string; values: string[] }[] }[];
  action: string;
  selector?: unknown;
}
const spec = (copy: Manifests, name: string): Rules => copy[name]?.spec as unknown as Rules;

describe("Istio's manifests", () => {
  const changed = (edit: (copy: Manifests) => void): FrontWorld =>
    new FrontWorld(istio(edited(manifests, edit as (copy: never) => void)));
  const without = (name: string): FrontWorld =>
    changed((copy) => {
      Reflect.deleteProperty(copy, name);
    });

  test("without the RequestAuthentication no token is read, and nobody gets in", async () => {
    const world = without("requestAuthentication");
    expect(await world.says(await world.token())).toBe(DENIED);
  });

  test("without the AuthorizationPolicy everybody gets in who has a token for the audience, or none", async () => {
    const world = without("authorizationPolicy");
    expect(await world.says(undefined)).toBe(IN);
    expect(await world.says(await world.token(STRANGER))).toBe(IN);
    expect(await world.says(await world.token(CALLER, "x"))).toBe(AUDIENCES);
    expect((await world.ask(undefined)).verdict.reason).toBe(
      "No filter asks for a token here: the path is open.",
    );
  });

  test("with an empty list of audiences, only the policy still asks for one", async () => {
    const noAudiences = (copy: Manifests): void => {
      Object.assign(spec(copy, "requestAuthentication").jwtRules[0] ?? {}, { audiences: [] });
    };
    const world = changed(noAudiences);
    expect(await world.says(await world.token(CALLER, "https://other.example"))).toBe(DENIED);
    const open = changed((copy) => {
      noAudiences(copy);
      for (const rule of spec(copy, "authorizationPolicy").rules) rule.when?.splice(1);
    });
    expect(await open.says(await open.token(CALLER, "https://other.example"))).toBe(IN);
  });

  test("with a wildcard for an e-mail, whoever fits gets in", async () => {
    const world = changed((copy) => {
      const [email] = spec(copy, "authorizationPolicy").rules[0]?.when ?? [];
      email?.values.splice(0, 1, "*@my-project.iam.gserviceaccount.com");
    });
    expect(await world.says(await world.token(STRANGER))).toBe(IN);
    expect(await world.says(undefined)).toBe(DENIED);
  });

  test("with a condition on the boolean email_verified, nobody gets in: it is no text", async () => {
    const world = changed((copy) => {
      spec(copy, "authorizationPolicy").rules[0]?.when?.push({
        key: "request.auth.claims[email_verified]",
        values: ["true"],
      });
    });
    expect(await world.says(await world.token())).toBe(DENIED);
  });

  test("with no rules, nobody gets in; with a rule without conditions, everybody", async () => {
    const nobody = changed((copy) => spec(copy, "authorizationPolicy").rules.splice(0));
    expect(await nobody.says(await nobody.token())).toBe(DENIED);
    const everybody = changed((copy) => spec(copy, "authorizationPolicy").rules.splice(0, 1, {}));
    expect(await everybody.says(undefined)).toBe(IN);
  });

  test("for other labels or another namespace, they do not speak of the workload", async () => {
    for (const edit of [
      (copy: Manifests) =>
        Object.assign(spec(copy, "authorizationPolicy"), { selector: { matchLabels: { app: "other" } } }),
      (copy: Manifests) => Object.assign(copy["authorizationPolicy"]?.metadata ?? {}, { namespace: "other" }),
    ]) {
      const world = changed(edit);
      expect(await world.says(undefined)).toBe(IN);
    }
    const meshWide = changed((copy) =>
      Object.assign(copy["authorizationPolicy"]?.metadata ?? {}, { namespace: "istio-system" }),
    );
    expect(await meshWide.says(undefined)).toBe(DENIED);
  });

  test("another RequestAuthentication for Google, or another issuer, opens nothing", async () => {
    const jwks = JSON.stringify(await new FrontWorld(undefined).cloud.tokens.jwks());
    const other = (jwtRule: object): object => ({
      apiVersion: "security.istio.io/v1",
      kind: "RequestAuthentication",
      metadata: { name: "other", namespace: "istio-system" },
      spec: { jwtRules: [jwtRule] },
    });
    const google = { issuer: "https://accounts.google.com", audiences: ["https://other.example"] };
    const world = new FrontWorld(istio({ ...manifests, other: other(google) }));
    expect(await world.says(await world.token())).toBe(IN);
    expect(await world.says(await world.token(CALLER, "https://other.example"))).toBe(DENIED);

    // Whoever runs that issuer writes into its tokens what he likes; the policy wants Google's.
    const evil = new FrontWorld(
      istio({ ...manifests, other: other({ issuer: "https://accounts.google.com.evil", jwks }) }),
    );
    expect(await evil.says(await evil.token())).toBe(IN);
    expect(await evil.says(undefined)).toBe(DENIED);
  });

  test("with subjects, an account made anew under an old e-mail is refused", async () => {
    const world = new FrontWorld(istio(await istioManifests({ subjects: { caller: SUBJECT } })));
    expect(await world.says(await world.token())).toBe(IN);
    const anew = new FrontWorld(
      istio(await istioManifests({ subjects: { caller: "100000000000000000009" } })),
    );
    expect(await anew.says(await anew.token())).toBe(DENIED);
  });

  test("a path is looked at as it is handed on: unescaped, and without dots", async () => {
    const world = changed((copy) => {
      spec(copy, "authorizationPolicy").rules = [{ to: [{ operation: { notPaths: ["/admin*"] } }] }];
    });
    for (const path of ["/admin", "/%61dmin", "/x/%2e%2e/admin/y"]) {
      expect([path, await world.says(undefined, { url: `${AUDIENCE}${path}` })]).toEqual([path, DENIED]);
    }
    expect(await world.says(undefined, { url: `${AUDIENCE}/%62/./c%2f?d=%61` })).toBe(IN);
    expect(world.arrived.map(({ url }) => url)).toEqual([`${AUDIENCE}/b/c%2f?d=%61`]);
  });

  test("with paths, the callers get no further", async () => {
    const world = new FrontWorld(istio(await istioManifests({ paths: ["/work", "/tasks/*"] })));
    const token = await world.token();
    const at = async (path: string): Promise<string> => world.says(token, { url: AUDIENCE + path });
    expect(await at("/work")).toBe(IN);
    expect(await at("/work?a=b")).toBe(IN);
    expect(await at("/tasks/1/2")).toBe(IN);
    for (const path of ["/", "/work/", "/workers", "/tasks", "/tasks/../admin", "/Work"]) {
      expect([path, await at(path)]).toEqual([path, DENIED]);
    }
  });

  test("the denying policy stands before what others allow", async () => {
    const allowAll = {
      apiVersion: "security.istio.io/v1",
      kind: "AuthorizationPolicy",
      metadata: { name: "careless", namespace: "books" },
      spec: { rules: [{}] },
    };
    const careless = new FrontWorld(istio({ ...manifests, allowAll }));
    expect(await careless.says(undefined)).toBe(IN);
    const closed = new FrontWorld(istio({ ...(await istioManifests({ denyWithoutToken: true })), allowAll }));
    expect(await closed.says(undefined)).toBe(DENIED);
    expect((await closed.ask(undefined)).verdict.reason).toContain(
      'Policy "books/ledger.deny[0]" keeps out nobody',
    );
    expect(await closed.says(await closed.token(STRANGER))).toBe(IN);
  });

  test("keys that the sandbox cannot reach make every token bad", async () => {
    const world = changed((copy) =>
      Object.assign(spec(copy, "requestAuthentication").jwtRules[0] ?? {}, {
        jwksUri: "https://keys.example",
      }),
    );
    expect(await world.says(await world.token())).toBe("401 Jwks remote fetch is failed");
    const discovered = changed((copy) =>
      Object.assign(spec(copy, "requestAuthentication").jwtRules[0] ?? {}, { jwksUri: undefined }),
    );
    expect(await discovered.says(await discovered.token())).toBe(IN);
  });

  test.each<[string, (copy: Manifests) => void, string]>([
    [
      "CUSTOM",
      (copy) => (spec(copy, "authorizationPolicy").action = "CUSTOM"),
      "spec.action is not one of ALLOW, DENY, all that the sandbox models",
    ],
    [
      "a source that is not modelled",
      (copy) => (spec(copy, "authorizationPolicy").rules[0] = { from: [{ source: { principals: ["*"] } }] }),
      "spec.rules.0.from.0.source has principals, which the sandbox does not model",
    ],
    [
      "an empty list in a rule",
      (copy) => (spec(copy, "authorizationPolicy").rules[0] = { to: [{ operation: { paths: [] } }] }),
      "spec.rules.0.to.0.operation.paths must not be empty, which Istio takes for any",
    ],
    [
      "a condition that is not modelled",
      (copy) =>
        spec(copy, "authorizationPolicy").rules[0]?.when?.push({ key: "source.ip", values: ["10.0.0.1"] }),
      "spec.rules.0.when.2.key is no condition that the sandbox models",
    ],
    [
      "a path template",
      (copy) => (spec(copy, "authorizationPolicy").rules[0] = { to: [{ operation: { paths: ["/{*}"] } }] }),
      "spec.rules.0.to.0.operation.paths has a template, which is not modelled",
    ],
    [
      "a source that says nothing",
      (copy) => (spec(copy, "authorizationPolicy").rules[0] = { from: [{ source: {} }] }),
      "spec.rules.0.from.0.source says nothing: `from.source` must not be empty",
    ],
    [
      "an operation that says nothing",
      (copy) => (spec(copy, "authorizationPolicy").rules[0] = { to: [{ operation: {} }] }),
      "spec.rules.0.to.0.operation says nothing: `to.operation` must not be empty",
    ],
    [
      "a policy that denies nothing",
      (copy) => Object.assign(spec(copy, "authorizationPolicy"), { action: "DENY", rules: undefined }),
      "spec denies nothing: a deny policy without `rules` is meaningless and has no effect",
    ],
    [
      "a wildcard in a selector",
      (copy) =>
        Object.assign(spec(copy, "authorizationPolicy"), { selector: { matchLabels: { app: "led*" } } }),
      "spec.selector.matchLabels has a wildcard: wildcard is not supported in selector",
    ],
    [
      "an empty key in a selector",
      (copy) =>
        Object.assign(spec(copy, "requestAuthentication"), { selector: { matchLabels: { "": "x" } } }),
      "spec.selector.matchLabels has an empty key: empty key is not supported in selector",
    ],
    ...["foo", "ftp://keys.example", "//keys.example"].map(
      (jwksUri): [string, (copy: Manifests) => void, string] => [
        `keys at ${jwksUri}`,
        (copy) => Object.assign(spec(copy, "requestAuthentication").jwtRules[0] ?? {}, { jwksUri }),
        "spec.jwtRules.0.jwksUri has a URI scheme that is not supported",
      ],
    ),
    [
      "keys that are no JSON",
      (copy) =>
        Object.assign(spec(copy, "requestAuthentication").jwtRules[0] ?? {}, {
          jwksUri: undefined,
          jwks: "not json",
        }),
      "spec.jwtRules.0.jwks is no JSON, which a set of keys is",
    ],
    [
      "a pseudo-header that is not modelled",
      (copy) =>
        spec(copy, "authorizationPolicy").rules[0]?.when?.push({
          key: "request.headers[:scheme]",
          values: ["http"],
        }),
      "spec.rules.0.when.2.key is no condition that the sandbox models",
    ],
    [
      "a dry run",
      (copy) =>
        Object.assign(copy["authorizationPolicy"]?.metadata ?? {}, {
          annotations: { "istio.io/dry-run": "true" },
        }),
      "metadata.annotations",
    ],
  ])("%s is refused by name", (_, edit, said) => {
    expect(() => istio(edited(manifests, edit as (copy: never) => void))).toThrow(
      `Istio's manifests: ${said}`,
    );
  });
});

interface HttpFilter {
  typed_config: {
    providers: Record<string, Record<string, unknown>>;
    rules: { match: object; requires?: object }[] & {
      action: string;
      policies: Record<string, { principals: unknown[] }>;
    };
  };
}
interface Bootstrap {
  static_resources: {
    listeners: {
      filter_chains: {
        filters: { typed_config: Record<string, unknown> & { http_filters: HttpFilter[] } }[];
      }[];
    }[];
    clusters: Record<string, never>[];
  };
}

describe("Envoy's bootstrap", () => {
  const manager = (copy: Bootstrap) => {
    const config = copy.static_resources.listeners[0]?.filter_chains[0]?.filters[0]?.typed_config;
    if (config === undefined) throw new Error("no manager");
    return config;
  };
  const filter = (copy: Bootstrap, index: number): HttpFilter["typed_config"] => {
    const found = manager(copy).http_filters[index]?.typed_config;
    if (found === undefined) throw new Error("no filter");
    return found;
  };
  const document = (edit: (copy: Bootstrap) => void): unknown =>
    edited(bootstrap, edit as (copy: never) => void);
  const changed = (edit: (copy: Bootstrap) => void): FrontWorld => new FrontWorld(envoy(document(edit)));

  const routes = (copy: Bootstrap) =>
    manager(copy)["route_config"] as { virtual_hosts: Record<string, unknown>[] };

  test("regular expressions as all read them are taken", async () => {
    for (const regex of ["/w[a-z]{1,1000}", "/\\w+(x|rk)?", "/.*\\x6bs*"]) {
      const world = changed((copy) => {
        filter(copy, 0).rules.splice(0, 1, {
          match: { safe_regex: { regex } },
          requires: { provider_name: "google" },
        });
        manager(copy).http_filters.splice(1, 1);
      });
      expect([regex, await world.says(undefined)]).toEqual([regex, MISSING]);
    }
  });

  test("where tokens may be missing, those that are there must be good, each of them", async () => {
    const world = changed((copy) => {
      const { google } = filter(copy, 0).providers;
      const other = { ...google, from_headers: [{ name: "x-a" }] };
      Object.assign(filter(copy, 0), {
        providers: { other, google },
        rules: [{ match: { prefix: "/" }, requires: { allow_missing: {} } }],
      });
      manager(copy).http_filters.splice(1, 1);
    });
    const good = await world.token();
    const forged = `${good.split(".").slice(0, 2).join(".")}.AAAA`;
    const beside = (token: string) => ({ headers: [["x-a", token] as const] });
    expect(await world.says(undefined)).toBe(IN);
    expect(await world.says(good)).toBe(IN);
    expect(await world.says(good, beside(good))).toBe(IN);
    for (const [first, second] of [
      [forged, undefined],
      [forged, good],
      [good, forged],
      [undefined, forged],
    ]) {
      const answer = await world.says(first, second === undefined ? {} : beside(second));
      expect(answer).toBe("401 Jwt verification fails");
    }
  });

  test("challenges whom it refuses for a token, and only then", async () => {
    const world = new FrontWorld(envoy());
    const asked = async (token: string | undefined): Promise<string | undefined> =>
      (await world.ask(token, { url: `${AUDIENCE}/work?a=b` })).response.headers["www-authenticate"];
    expect(await asked(undefined)).toBe(`Bearer realm="${AUDIENCE}/work?a=b"`);
    expect(await asked("a.b")).toBe(`Bearer realm="${AUDIENCE}/work?a=b", error="invalid_token"`);
    expect(await asked(await world.token(STRANGER))).toBeUndefined();
  });

  test("takes no token from the address", async () => {
    const world = new FrontWorld(envoy());
    const token = await world.token();
    expect(await world.says(undefined, { url: `${AUDIENCE}/?access_token=${token}` })).toBe(MISSING);
    const anywhere = changed((copy) =>
      Reflect.deleteProperty(filter(copy, 0).providers["google"] ?? {}, "from_headers"),
    );
    expect(await anywhere.says(undefined, { url: `${AUDIENCE}/?access_token=${token}` })).toBe(IN);
  });

  test("without RBAC, anybody gets in who has a token for the audience", async () => {
    const world = changed((copy) => manager(copy).http_filters.splice(1, 1));
    expect(await world.says(await world.token(STRANGER))).toBe(IN);
    expect(await world.says(undefined)).toBe(MISSING);
    const { verdict } = await world.ask(await world.token(STRANGER));
    expect(verdict.reason).toBe("The token is good, and no filter asks whose it is.");
  });

  test("without the check of tokens, or with it behind RBAC, nobody gets in", async () => {
    for (const edit of [
      (copy: Bootstrap) => manager(copy).http_filters.splice(0, 1),
      (copy: Bootstrap) => manager(copy).http_filters.unshift(...manager(copy).http_filters.splice(1, 1)),
      (copy: Bootstrap) => filter(copy, 0).rules.splice(0),
      (copy: Bootstrap) =>
        Reflect.deleteProperty(filter(copy, 0).providers["google"] ?? {}, "payload_in_metadata"),
    ]) {
      const world = changed(edit);
      expect(await world.says(await world.token())).toBe(DENIED);
    }
  });

  test("without rules for a path and without RBAC, the path is open", async () => {
    const world = changed((copy) => {
      filter(copy, 0).rules.splice(0, 1, {
        match: { prefix: "/private" },
        requires: { provider_name: "google" },
      });
      manager(copy).http_filters.splice(1, 1);
    });
    expect(await world.says(undefined)).toBe(IN);
    expect(await world.says(undefined, { url: `${AUDIENCE}/private/x` })).toBe(MISSING);
    // Not what a naive prefix would take it for: the path is made normal first.
    expect(await world.says(undefined, { url: `${AUDIENCE}/public/../private/x` })).toBe(MISSING);
    expect(await world.says(undefined, { url: `${AUDIENCE}//private/x` })).toBe(MISSING);
    expect(await world.says(undefined, { url: `${AUDIENCE}/%70rivate/x` })).toBe(MISSING);
    expect(await world.says(undefined, { url: `${AUDIENCE}/x%2f..%2fprivate` })).toBe("400 ");
    expect(await world.says(undefined, { url: `${AUDIENCE}/%70ublic//%2570?q=%70` })).toBe(IN);
    expect(world.arrived.at(-1)?.url).toBe(`${AUDIENCE}/public/%2570?q=%70`);
  });

  test("a path that is not made normal slips past a rule", async () => {
    const world = changed((copy) => {
      filter(copy, 0).rules.splice(0, 1, {
        match: { prefix: "/private" },
        requires: { provider_name: "google" },
      });
      manager(copy).http_filters.splice(1, 1);
      Object.assign(manager(copy), { normalize_path: false, merge_slashes: false });
    });
    expect(await world.says(undefined, { url: `${AUDIENCE}/public/../private/x` })).toBe(IN);
    expect(await world.says(undefined, { url: `${AUDIENCE}//private/x` })).toBe(IN);
  });

  test("without audiences, a token for anybody else is as good", async () => {
    const world = changed((copy) =>
      Object.assign(filter(copy, 0).providers["google"] ?? {}, { audiences: [] }),
    );
    expect(await world.says(await world.token(CALLER, "https://other.example"))).toBe(IN);
  });

  test("where a token may be missing, RBAC still wants its claims", async () => {
    const lenient = (copy: Bootstrap): void => {
      const requires = {
        requires_any: { requirements: [{ provider_name: "google" }, { allow_missing: {} }] },
      };
      filter(copy, 0).rules.splice(0, 1, { match: { prefix: "/" }, requires });
    };
    const world = changed(lenient);
    expect(await world.says(undefined)).toBe(DENIED);
    expect(await world.says("a.b")).toMatch(/^401 Jwt is not/);
    expect(await world.says(await world.token())).toBe(IN);
    const open = changed((copy) => {
      lenient(copy);
      manager(copy).http_filters.splice(1, 1);
    });
    expect(await open.says(undefined)).toBe(IN);
    expect(await open.says(await open.token(CALLER, "x"))).toBe(AUDIENCES);
    const careless = changed((copy) => {
      filter(copy, 0).rules.splice(0, 1, {
        match: { prefix: "/" },
        requires: { allow_missing_or_failed: {} },
      });
      manager(copy).http_filters.splice(1, 1);
    });
    expect(await careless.says("a.b")).toBe(IN);
  });

  test("requirements can be named, given other audiences, and all be wanted", async () => {
    const other = "https://other.example";
    const named = changed((copy) => {
      const requires = { provider_and_audiences: { provider_name: "google", audiences: [other] } };
      Object.assign(filter(copy, 0), { requirement_map: { strict: requires } });
      filter(copy, 0).rules.splice(0, 1, { match: { prefix: "/" }, requirement_name: "strict" } as never);
    });
    expect(await named.says(await named.token())).toBe(AUDIENCES);
    expect(await named.says(await named.token(CALLER, other))).toBe(IN);
    const both = changed((copy) => {
      const special = { provider_and_audiences: { provider_name: "google", audiences: [other] } };
      const requires = { requires_all: { requirements: [{ provider_name: "google" }, special] } };
      filter(copy, 0).rules.splice(0, 1, { match: { prefix: "/" }, requires });
    });
    expect(await both.says(await both.token())).toBe(AUDIENCES);
    expect(await both.says(await both.token(CALLER, other))).toBe(AUDIENCES);
  });

  test("the header :path has the query, and url_path has not", async () => {
    const only = (permission: object): FrontWorld =>
      changed((copy) =>
        Object.assign(filter(copy, 1), {
          rules: { policies: { only: { permissions: [permission], principals: [{ any: true }] } } },
        }),
      );
    const header = only({ header: { name: ":path", string_match: { exact: "/work" } } });
    expect(await header.says(await header.token())).toBe(IN);
    expect(await header.says(await header.token(), { url: `${AUDIENCE}/work?a=1` })).toBe(DENIED);
    const whole = only({ header: { name: ":path", string_match: { suffix: "?a=1" } } });
    expect(await whole.says(await whole.token(), { url: `${AUDIENCE}/work?a=1` })).toBe(IN);
    const path = only({ url_path: { path: { exact: "/work" } } });
    expect(await path.says(await path.token(), { url: `${AUDIENCE}/work?a=1` })).toBe(IN);
  });

  test("policies that deny, and all that they can be made of", async () => {
    const policies = (action: string, policy: object) => (copy: Bootstrap) => {
      Object.assign(filter(copy, 1), { rules: { action, policies: { only: policy } } });
    };
    const claim = (name: string, value: object, invert = false): object => ({
      metadata: {
        filter: "envoy.filters.http.jwt_authn",
        path: [{ key: "claims" }, { key: name }],
        value,
        invert,
      },
    });
    const email = (matcher: object): object => claim("email", { string_match: matcher });
    const cases: [action: string, policy: object, answer: string][] = [
      ["ALLOW", { permissions: [{ any: true }], principals: [email({ prefix: "caller@" })] }, IN],
      ["ALLOW", { permissions: [{ any: true }], principals: [email({ suffix: "@other.example" })] }, DENIED],
      ["ALLOW", { permissions: [{ any: true }], principals: [email({ contains: "@my-project." })] }, IN],
      [
        "ALLOW",
        { permissions: [{ any: true }], principals: [email({ exact: CALLER.toUpperCase() })] },
        DENIED,
      ],
      [
        "ALLOW",
        {
          permissions: [{ any: true }],
          principals: [email({ exact: CALLER.toUpperCase(), ignore_case: true })],
        },
        IN,
      ],
      [
        "ALLOW",
        { permissions: [{ any: true }], principals: [email({ safe_regex: { regex: "caller@.*" } })] },
        IN,
      ],
      [
        "ALLOW",
        { permissions: [{ any: true }], principals: [email({ safe_regex: { regex: "caller@" } })] },
        DENIED,
      ],
      ["ALLOW", { permissions: [{ any: true }], principals: [{ not_id: email({ exact: CALLER }) }] }, DENIED],
      ["ALLOW", { permissions: [{ any: true }], principals: [claim("hd", { present_match: false })] }, IN],
      [
        "ALLOW",
        { permissions: [{ any: true }], principals: [claim("email_verified", { bool_match: false })] },
        DENIED,
      ],
      [
        "ALLOW",
        { permissions: [{ any: true }], principals: [claim("email_verified", { bool_match: false }, true)] },
        IN,
      ],
      [
        "ALLOW",
        {
          permissions: [{ any: true }],
          principals: [{ or_ids: { ids: [email({ exact: "x" }), { any: true }] } }],
        },
        IN,
      ],
      [
        "ALLOW",
        {
          permissions: [{ header: { name: ":method", string_match: { exact: "POST" } } }],
          principals: [{ any: true }],
        },
        DENIED,
      ],
      [
        "ALLOW",
        { permissions: [{ header: { name: "x-team", present_match: false } }], principals: [{ any: true }] },
        IN,
      ],
      [
        "ALLOW",
        { permissions: [{ url_path: { path: { prefix: "/work" } } }], principals: [{ any: true }] },
        IN,
      ],
      [
        "ALLOW",
        {
          permissions: [{ not_rule: { url_path: { path: { exact: "/work" } } } }],
          principals: [{ any: true }],
        },
        DENIED,
      ],
      [
        "ALLOW",
        {
          permissions: [{ and_rules: { rules: [{ any: true }, { url_path: { path: { exact: "/" } } }] } }],
          principals: [{ any: true }],
        },
        DENIED,
      ],
      [
        "ALLOW",
        {
          permissions: [{ or_rules: { rules: [{ url_path: { path: { exact: "/" } } }, { any: true }] } }],
          principals: [{ any: true }],
        },
        IN,
      ],
      ["DENY", { permissions: [{ any: true }], principals: [email({ exact: CALLER })] }, DENIED],
      ["DENY", { permissions: [{ any: true }], principals: [email({ exact: STRANGER })] }, IN],
    ];
    for (const [action, policy, answer] of cases) {
      const world = changed(policies(action, policy));
      expect([policy, await world.says(await world.token())]).toEqual([policy, answer]);
    }
    const empty = changed((copy) => Object.assign(filter(copy, 1), { rules: {} }));
    expect(await empty.says(await empty.token())).toBe(DENIED);
    const none = changed((copy) => Reflect.deleteProperty(filter(copy, 1), "rules"));
    expect(await none.says(await none.token(STRANGER))).toBe(IN);
  });

  type Json = Record<string, never>;
  const keys = (copy: Bootstrap): Json => copy.static_resources.clusters[1] ?? {};
  const endpointOf = (cluster: Json): Record<string, unknown> =>
    (
      cluster["load_assignment"] as never as {
        endpoints: { lb_endpoints: { endpoint: { address: { socket_address: Json } } }[] }[];
      }
    ).endpoints[0]?.lb_endpoints[0]?.endpoint.address.socket_address ?? {};
  const tls = (cluster: Json) =>
    (
      cluster["transport_socket"] as never as {
        typed_config: {
          sni: string;
          common_tls_context: {
            validation_context: { match_typed_subject_alt_names: Json[]; trusted_ca?: Json };
          };
        };
      }
    ).typed_config;

  test.each<[string, (copy: Bootstrap) => void]>([
    ["there is no such cluster", (copy) => Object.assign(keys(copy), { name: "other" })],
    [
      "the cluster leads elsewhere",
      (copy) => Object.assign(endpointOf(keys(copy)), { address: "keys.example" }),
    ],
    [
      "the cluster leads to another port",
      (copy) => Object.assign(endpointOf(keys(copy)), { port_value: 80 }),
    ],
    ["they are asked for in clear text", (copy) => Reflect.deleteProperty(keys(copy), "transport_socket")],
    [
      "the certificate is to be another's",
      (copy) =>
        tls(keys(copy)).common_tls_context.validation_context.match_typed_subject_alt_names.splice(0, 1, {
          san_type: "DNS",
          matcher: { exact: "keys.example" },
        } as never),
    ],
    ["another host is asked for", (copy) => (tls(keys(copy)).sni = "keys.example")],
    [
      "the address is another",
      (copy) =>
        Object.assign(filter(copy, 0).providers["google"] ?? {}, {
          remote_jwks: {
            http_uri: {
              uri: "https://www.googleapis.com/oauth2/v1/certs",
              cluster: "google_keys",
              timeout: "5s",
            },
          },
        }),
    ],
  ])("keys cannot be had when %s", async (_, edit) => {
    const world = changed(edit);
    expect(await world.says(await world.token())).toBe("401 Jwks remote fetch is failed");
  });

  test("keys can be part of the document", async () => {
    const jwks = JSON.stringify(await new FrontWorld(undefined).cloud.tokens.jwks());
    const local = (text: string) => (copy: Bootstrap) => {
      const google = filter(copy, 0).providers["google"] ?? {};
      Reflect.deleteProperty(google, "remote_jwks");
      Object.assign(google, { local_jwks: { inline_string: text } });
    };
    const world = changed(local(jwks));
    expect(await world.says(await world.token())).toBe(IN);
    const without = changed(local('{"keys":[]}'));
    expect(await without.says(await without.token())).toBe("401 Jwks doesn't have any valid public key");
  });

  test("routes decide last", async () => {
    const routes =
      (list: object[], domains = ["*"]) =>
      (copy: Bootstrap) =>
        Object.assign(manager(copy), {
          route_config: { virtual_hosts: [{ name: "x", domains, routes: list }] },
        });
    const route = { cluster: "application" };
    const at = async (edit: (copy: Bootstrap) => void, path = "/work"): Promise<string> => {
      const world = changed(edit);
      return world.says(await world.token(), { url: AUDIENCE + path });
    };
    expect(await at(routes([{ match: { path: "/work" }, route }]))).toBe(IN);
    expect(await at(routes([{ match: { path: "/work" }, route }]), "/works")).toBe("404 ");
    expect(await at(routes([{ match: { path_separated_prefix: "/work" }, route }]), "/work/1")).toBe(IN);
    expect(await at(routes([{ match: { path_separated_prefix: "/work" }, route }]), "/works")).toBe("404 ");
    expect(await at(routes([{ match: { safe_regex: { regex: "/w.*" } }, route }]))).toBe(IN);
    expect(await at(routes([{ match: { path: "/WORK", case_sensitive: false }, route }]))).toBe(IN);
    expect(await at(routes([{ match: { prefix: "/" }, direct_response: { status: 204 } }]))).toBe("204 ");
    expect(await at(routes([{ match: { prefix: "/" }, route }], ["other.example"]))).toBe("404 ");
    expect(await at(routes([{ match: { prefix: "/" }, route }], [HOST]))).toBe(IN);
    expect(await at(routes([{ match: { prefix: "/" }, route }], ["*.example.com"]))).toBe(IN);
    expect(await at(routes([{ match: { prefix: "/" }, route }], ["app.*"]))).toBe(IN);
    expect(await at(routes([{ match: { prefix: "/" }, route }], [`*${HOST}`]))).toBe("404 ");
    expect(await at(routes([{ match: { prefix: "/" }, route }], [`${HOST}*`]))).toBe("404 ");
    const open = changed(routes([{ match: { path: "/work" }, route }]));
    expect(await open.says(undefined, { url: `${AUDIENCE}/elsewhere` })).toBe(MISSING);
  });

  test("headers that are too large are none of its business", async () => {
    const world = new FrontWorld(envoy());
    expect(await world.says("a".repeat(61 * 1024))).toBe("431 ");
    const small = changed((copy) => (manager(copy)["max_request_headers_kb"] = 1));
    expect(await small.says("a".repeat(2000))).toBe("431 ");
  });

  test.each<[string, (copy: Bootstrap) => void, string]>([
    [
      "another filter",
      (copy) =>
        (manager(copy).http_filters[1] = {
          name: "x",
          typed_config: { "@type": "type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua" },
        } as never),
      "http_filters.1.typed_config",
    ],
    [
      "two listeners",
      (copy) => copy.static_resources.listeners.push(copy.static_resources.listeners[0] as never),
      "static_resources.listeners must have one entry",
    ],
    [
      "no router",
      (copy) => manager(copy).http_filters.splice(2),
      "must have the router as the last of its HTTP filters",
    ],
    [
      "filters behind the router",
      (copy) => manager(copy).http_filters.reverse(),
      "must have the router as the last of its HTTP filters",
    ],
    [
      "a provider that there is not",
      (copy) =>
        filter(copy, 0).rules.splice(0, 1, { match: { prefix: "/" }, requires: { provider_name: "x" } }),
      'a requirement names the provider "x", which there is not',
    ],
    [
      "a requirement that there is not",
      (copy) =>
        filter(copy, 0).rules.splice(0, 1, { match: { prefix: "/" }, requirement_name: "x" } as never),
      'a rule names the requirement "x", which there is not',
    ],
    [
      "a route to nowhere",
      (copy) => Object.assign(copy.static_resources.clusters[0] ?? {}, { name: "x" }),
      'a route names the cluster "application", which there is not',
    ],
    [
      "two of a kind where one is meant",
      (copy) => filter(copy, 0).rules.splice(0, 1, { match: { prefix: "/", path: "/" } }),
      "must have exactly one of prefix, path",
    ],
    [
      "no certificate to trust",
      (copy) => Reflect.deleteProperty(tls(keys(copy)).common_tls_context.validation_context, "trusted_ca"),
      "validation_context.trusted_ca must be of type object",
    ],
    [
      "requirements in two places",
      (copy) =>
        Object.assign(filter(copy, 0), {
          requirement_map: { open: { allow_missing_or_failed: {} } },
          rules: [
            { match: { prefix: "/" }, requires: { provider_name: "google" }, requirement_name: "open" },
          ],
        }),
      "rules.0 must not have both requires and requirement_name",
    ],
    [
      "a requirement by the name of what every object has",
      (copy) =>
        filter(copy, 0).rules.splice(0, 1, { match: { prefix: "/" }, requirement_name: "toString" } as never),
      'a rule names the requirement "toString", which there is not',
    ],
    ...(
      [
        [{ present_match: false }, "must have a name"],
        [{ name: ":scheme", present_match: true }, "has a name that is none of :method, :authority, :path"],
      ] as [object, string][]
    ).map(([header, said]): [string, (copy: Bootstrap) => void, string] => [
      `the header ${JSON.stringify(header)}`,
      (copy) =>
        Object.assign(filter(copy, 1).rules, {
          policies: { p: { permissions: [{ header }], principals: [{ any: true }] } },
        }),
      `policies.p.permissions.0.header ${said}`,
    ]),
    [
      "a domain of two virtual hosts",
      (copy) => {
        const hosts = routes(copy).virtual_hosts;
        hosts.push({ ...hosts[0], name: "second" });
      },
      "only unique values for domains are permitted. Duplicate entry of domain *",
    ],
    [
      "two virtual hosts of one name",
      (copy) => {
        const hosts = routes(copy).virtual_hosts;
        hosts.push({ ...hosts[0], domains: ["second.example"] });
      },
      "only unique names for virtual hosts are permitted: ",
    ],
    ...[
      "(?=a)",
      "/(work",
      "[[:alpha:]]+",
      "[]a]",
      "[^]a]",
      "\\Aa",
      "\\s",
      "\\u0041",
      "[\\b]",
      "a**",
      "a{,3}",
      "a{1001}",
      "a{1,2000}",
    ].map((regex): [string, (copy: Bootstrap) => void, string] => [
      `the regular expression ${regex}`,
      (copy) => filter(copy, 0).rules.splice(0, 1, { match: { safe_regex: { regex } } }),
      "regex is not modelled",
    ]),
  ])("%s is refused by name", (_, edit, said) => {
    expect(() => envoy(document(edit))).toThrow(said);
  });

  test("is one document, and YAML", () => {
    expect(() => envoy("a: [")).toThrow("Envoy's bootstrap: is no YAML: ");
    expect(() => envoy("a: 1\n---\nb: 2")).toThrow("Envoy's bootstrap: is more than one document.");
  });
});

describe("Envoy's own definitions", () => {
  test.each<[string, Parameters<typeof envoyDocument>[0]]>([
    ["as little as it takes", {}],
    [
      "every argument",
      {
        adminPort: 9901,
        formerAudiences: ["old"],
        forwardToken: false,
        listenPort: 10_000,
        trustedCa: "/ca.pem",
      },
    ],
    ["several callers", { callers: { a: { email: CALLER }, b: { email: SECOND }, c: { email: STRANGER } } }],
  ])("find no fault in what the component gives out, with %s", async (_, args) => {
    expect(faultsInBootstrap(await envoyDocument(args))).toEqual([]);
  });

  test.each<
    [
      string,
      (copy: { static_resources: { clusters: Record<string, unknown>[] }; admin?: unknown }) => void,
      string,
    ]
  >([
    [
      "an unknown field",
      (copy) => Object.assign(copy, { adnim: {} }),
      "bootstrap.adnim: no field of .envoy.config.bootstrap.v3.Bootstrap",
    ],
    [
      "a name that is none",
      (copy) => Object.assign(copy.static_resources.clusters[0] ?? {}, { type: "DNS" }),
      'bootstrap.static_resources.clusters.0.type: "DNS" is no DiscoveryType',
    ],
    [
      "no duration",
      (copy) => Object.assign(copy.static_resources.clusters[0] ?? {}, { connect_timeout: 5 }),
      "bootstrap.static_resources.clusters.0.connect_timeout: not a duration",
    ],
    [
      "an empty name",
      (copy) => Object.assign(copy.static_resources.clusters[0] ?? {}, { name: "" }),
      "bootstrap.static_resources.clusters.0.name: not a text of 1 letters or more",
    ],
    [
      "an address without a port",
      (copy) => (copy.admin = { address: { socket_address: { address: "x" } } }),
      "bootstrap.admin.address.socket_address: 0 of port_specifier",
    ],
    [
      "a port that is none",
      (copy) => (copy.admin = { address: { socket_address: { address: "x", port_value: 65536 } } }),
      "bootstrap.admin.address.socket_address.port_value: not a whole number below 65536",
    ],
    [
      "an unknown type",
      (copy) =>
        Object.assign(copy.static_resources.clusters[1]?.["transport_socket"] ?? {}, {
          typed_config: { "@type": "type.googleapis.com/x" },
        }),
      'bootstrap.static_resources.clusters.1.transport_socket.typed_config: no type "type.googleapis.com/x"',
    ],
  ])("find %s", (_, edit, said) => {
    expect(faultsInBootstrap(edited(bootstrap, edit as (copy: never) => void))).toContain(said);
  });
});

/** Where in a document a name of one's own may stand. */
const FREE = /(policies|providers|requirement_map|matchLabels|labels|annotations)$/;

function objectsIn(value: unknown, path: string[] = []): string[][] {
  if (typeof value !== "object" || value === null) return [];
  const inner = Object.entries(value).flatMap(([key, each]) => objectsIn(each, [...path, key]));
  return Array.isArray(value) || FREE.test(path.at(-1) ?? "") ? inner : [path, ...inner];
}

test("what is not modelled is refused by its name, wherever it stands in a document", () => {
  const read: [unknown, (document: unknown) => unknown][] = [
    [bootstrap, envoy],
    [Object.values(manifests), istio],
  ];
  for (const [document, make] of read) {
    const places = objectsIn(document);
    expect(places.length).toBeGreaterThan(10);
    for (const place of places) {
      const copy = structuredClone(document);
      const at = place.reduce<unknown>(
        (inner, key) => (inner as Record<string, unknown>)[key],
        copy,
      ) as object;
      Object.assign(at, { surprise: true });
      expect(() => make(copy)).toThrow(/surprise/);
    }
  }
});
