import { attempts, type Attempt } from "../doctor/attempts";
import { examine, type Finding } from "../doctor/examine";
import type { Answer, TokenRequest, World } from "../doctor/world";
import type { Edge, Gate, Grant, Target, TrustGraph } from "../trust/graph";

const CALLER = "schedulerunner@demo.iam.gserviceaccount.com";
const OTHER = "other@demo.iam.gserviceaccount.com";

function target(name: string, gate: Gate, more: Partial<Target> = {}): Target {
  const url = `https://${name}.example.com`;
  const kind = gate === "application" ? "external" : gate === "run" ? "run-service" : "function-v1";
  return {
    kind,
    name,
    urn: kind === "external" ? undefined : `urn:${name}`,
    gate,
    url,
    urls: [url],
    open: [],
    ...more,
  };
}

function edge(to: Target, more: Partial<Edge> = {}): Edge {
  return {
    source: { kind: "scheduler-job", name: `job-${to.name}`, urn: `urn:job-${to.name}` },
    caller: CALLER,
    target: { kind: to.kind, name: to.name, urn: to.urn },
    url: `${to.url ?? ""}/run`,
    audience: to.url,
    granted: true,
    ...more,
  };
}

function grant(on: Target, caller = CALLER, more: Partial<Grant> = {}): Grant {
  return {
    urn: `urn:grant-${on.name}-${caller}`,
    role: "roles/run.invoker",
    member: `serviceAccount:${caller}`,
    target: on.name,
    targetUrn: on.urn,
    caller,
    on: "target",
    ...more,
  };
}

function graph(parts: Partial<TrustGraph>): TrustGraph {
  return { callers: [], targets: [], grants: [], edges: [], ...parts };
}

function summary(list: readonly Attempt[]): string[] {
  return list.map(
    ({ who, target: { name }, caller, expected }) =>
      `${name}: ${who}${caller === undefined ? "" : ` of ${caller.split("@", 1)[0] ?? ""}`} -> ${expected.letIn ? "in" : expected.status}`,
  );
}

describe("what is tried", () => {
  test("on a Run service", () => {
    const hello = target("hello", "run");
    const list = attempts(graph({ targets: [hello], edges: [edge(hello)], grants: [grant(hello)] }));
    expect(summary(list)).toEqual([
      "hello: no token -> 403",
      "hello: stranger -> 403",
      "hello: wrong audience of schedulerunner -> 401",
      "hello: foreign signature of schedulerunner -> 401",
      "hello: expired token of schedulerunner -> 401",
      "hello: grant removed of schedulerunner -> 403",
      "hello: caller of schedulerunner -> in",
    ]);
    expect(list[0]).toMatchObject({
      url: "https://hello.example.com/run",
      audience: "https://hello.example.com",
    });
  });

  test("on an application, which has no grant that could be removed", () => {
    const app = target("app", "application");
    const list = attempts(
      graph({ targets: [app], edges: [edge(app, { audience: "what its verifier is told" })] }),
    );
    expect(summary(list)).toEqual([
      "app: no token -> 401",
      "app: stranger -> 403",
      "app: wrong audience of schedulerunner -> 401",
      "app: foreign signature of schedulerunner -> 401",
      "app: expired token of schedulerunner -> 401",
      "app: caller of schedulerunner -> in",
    ]);
    expect(list[0]?.audience).toBe("what its verifier is told");
  });

  test("on a gateway, and not as the account that it calls its backend as, which comes with nobody's token", () => {
    const PROXY = "gate-proxy@demo.iam.gserviceaccount.com";
    const gate = target("gate", "gateway", { kind: "endpoints", callsAs: PROXY });
    const hello = target("hello", "run");
    const list = attempts(
      graph({
        targets: [gate, hello],
        edges: [edge(gate, { audience: "https://orders.example.com", granted: false })],
        grants: [grant(hello, PROXY)],
      }),
    );
    expect(summary(list)).toEqual([
      "gate: no token -> 401",
      "gate: stranger -> 403",
      "gate: wrong audience of schedulerunner -> 403",
      "gate: foreign signature of schedulerunner -> 401",
      "gate: expired token of schedulerunner -> 401",
      "gate: caller of schedulerunner -> in",
      "hello: no token -> 403",
      "hello: stranger -> 403",
      "hello: wrong audience of gate-proxy -> 401",
      "hello: foreign signature of gate-proxy -> 401",
      "hello: expired token of gate-proxy -> 401",
      "hello: grant removed of gate-proxy -> 403",
    ]);
    expect(list[0]?.audience).toBe("https://orders.example.com");
  });

  test("on an application behind an Envoy or in a mesh, which the doctor has to be told", () => {
    const targets = [target("envoy", "application"), target("mesh", "application"), target("run", "run")];
    const edges = targets.map((each) => edge(each));
    const list = attempts(graph({ targets, edges }), {
      fronts: { envoy: "envoy", mesh: "istio", run: "istio" },
    });
    const expected = (name: string) =>
      list.filter((each) => each.target.name === name).map(({ expected: e }) => (e.letIn ? "in" : e.status));
    // No token, stranger, wrong audience, foreign signature, expired, caller.
    expect(expected("envoy")).toEqual([401, 403, 403, 401, 401, "in"]);
    expect(expected("mesh")).toEqual([403, 403, 403, 401, 401, "in"]);
    // Google's own gate stays what it is.
    expect(expected("run").slice(0, 5)).toEqual([403, 403, 401, 401, 401]);
    expect(list.map(({ front }) => front)).toEqual([
      ...Array.from({ length: 6 }, () => "envoy"),
      ...Array.from({ length: 6 }, () => "istio"),
      ...Array.from({ length: 6 }, () => undefined),
    ]);
  });

  test("every caller loses its own grants, and gets them back", () => {
    const fn = target("fn", "function-v1");
    const grants = [grant(fn), grant(fn, OTHER), grant(fn, CALLER, { urn: "urn:second" })];
    const list = attempts(graph({ targets: [fn], edges: [edge(fn)], grants }));
    expect(summary(list).slice(5)).toEqual([
      "fn: grant removed of schedulerunner -> 403",
      "fn: caller of schedulerunner -> in",
      "fn: grant removed of other -> 403",
      "fn: caller of other -> in",
    ]);
    expect(list[5]?.without.map(({ urn }) => urn)).toEqual([grants[0]?.urn, "urn:second"]);
  });

  test("a caller that nothing lets in is expected to stay out", () => {
    const hello = target("hello", "run");
    const futile = grant(hello, CALLER, { futile: "opens nothing" });
    const list = attempts(graph({ targets: [hello], edges: [edge(hello)], grants: [futile] }));
    expect(summary(list).slice(5)).toEqual(["hello: caller of schedulerunner -> 403"]);
  });

  test("a role on the project is not taken away", () => {
    const hello = target("hello", "run");
    const wide = grant(hello, CALLER, { on: "project", target: undefined, targetUrn: undefined });
    const list = attempts(graph({ targets: [hello], edges: [edge(hello)], grants: [grant(hello), wide] }));
    expect(summary(list).slice(5)).toEqual(["hello: caller of schedulerunner -> in"]);
  });

  test("a target that nobody calls yet is tried too, one without an address is not", () => {
    const idle = target("idle", "run");
    const coming = target("coming", "run", { url: undefined });
    expect(summary(attempts(graph({ targets: [idle, coming] })))).toEqual([
      "idle: no token -> 403",
      "idle: stranger -> 403",
    ]);
  });

  test("an open door is expected to be open", () => {
    const all = target("all", "run", { open: ["allUsers"] });
    const accounts = target("accounts", "run", { open: ["allAuthenticatedUsers"] });
    const list = attempts(graph({ targets: [all, accounts], edges: [edge(accounts)] }));
    expect(summary(list)).toEqual([
      "all: no token -> in",
      "accounts: no token -> 403",
      "accounts: stranger -> in",
      "accounts: wrong audience of schedulerunner -> 401",
      "accounts: foreign signature of schedulerunner -> 401",
      "accounts: expired token of schedulerunner -> 401",
      "accounts: caller of schedulerunner -> in",
    ]);
  });
});

/** A world with one gate that does as documented, unless a test breaks it. */
class TestWorld implements World {
  readonly log: string[] = [];
  readonly #removed = new Set<Grant>();
  forge = true;
  judge = (token: TokenRequest | undefined): Answer => {
    if (token === undefined) return { status: 403, body: "", letIn: false };
    if (token.flaw !== undefined || token.audience !== "https://hello.example.com") {
      return { status: 401, body: "", letIn: false };
    }
    const allowed = token.email === CALLER && this.#removed.size === 0;
    return { status: allowed ? 200 : 403, body: "", letIn: allowed };
  };

  async stranger(): Promise<string> {
    return Promise.resolve("stranger@demo.iam.gserviceaccount.com");
  }

  async token(request: TokenRequest): Promise<string | undefined> {
    const text = request.flaw === "foreign signature" && !this.forge ? undefined : JSON.stringify(request);
    return Promise.resolve(text);
  }

  async call({ token }: { token?: string }): Promise<Answer> {
    await new Promise(setImmediate);
    return this.judge(token === undefined ? undefined : (JSON.parse(token) as TokenRequest));
  }

  async without<T>(grants: readonly Grant[], work: () => Promise<T>): Promise<T> {
    for (const grant of grants) this.#removed.add(grant);
    try {
      return await work();
    } finally {
      for (const grant of grants) this.#removed.delete(grant);
    }
  }
}

describe("what came of it", () => {
  const hello = target("hello", "run");
  const list = attempts(graph({ targets: [hello], edges: [edge(hello)], grants: [grant(hello)] }));

  const wrong = (findings: readonly Finding[]): string[] =>
    findings.filter(({ asExpected }) => !asExpected).map(({ attempt }) => attempt.who);

  test("all is as it should be, in the order of the attempts", async () => {
    const findings = await examine(list, new TestWorld());
    expect(findings.map(({ attempt }) => attempt)).toEqual(list);
    expect(findings.map(({ answer }) => answer?.status)).toEqual([403, 403, 401, 401, 401, 403, 200]);
    expect(wrong(findings)).toEqual([]);
  });

  const intact = new TestWorld().judge;
  test.each<[string, (token: TokenRequest | undefined) => Answer, string[]]>([
    [
      "a gate that lets in whoever has no token",
      (token) => (token === undefined ? { status: 200, body: "" } : intact(token)),
      // The judge of another world knows nothing of what this one took away.
      ["no token", "grant removed"],
    ],
    [
      "a gate that looks at no audience",
      (token) => intact(token && { ...token, audience: "https://hello.example.com" }),
      ["wrong audience", "grant removed"],
    ],
    [
      "a gate that is shut",
      () => ({ status: 403, body: "", letIn: false }),
      ["wrong audience", "foreign signature", "expired token", "caller"],
    ],
    [
      "the right status from the code behind the gate",
      () => ({ status: 403, body: "", letIn: true }),
      [
        "no token",
        "stranger",
        "wrong audience",
        "foreign signature",
        "expired token",
        "grant removed",
        "caller",
      ],
    ],
    [
      "an application that fails",
      () => ({ status: 500, body: "", letIn: true }),
      [
        "no token",
        "stranger",
        "wrong audience",
        "foreign signature",
        "expired token",
        "grant removed",
        "caller",
      ],
    ],
  ])("%s is found", async (_, judge, expected) => {
    const world = new TestWorld();
    world.judge = judge;
    expect(wrong(await examine(list, world))).toEqual(expected);
  });

  test("what cannot be had is said, not passed over", async () => {
    const world = new TestWorld();
    world.forge = false;
    const untried = (await examine(list, world)).filter((finding) => finding.untried !== undefined);
    expect(untried).toMatchObject([{ untried: 'no token for "foreign signature" can be had here' }]);
    expect(untried[0]?.answer).toBeUndefined();
  });
});
