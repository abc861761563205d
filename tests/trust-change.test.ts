import fc from "fast-check";
import { graphChange, isEmpty } from "../trust/change";
import { changePicture } from "../trust/change-picture";
import { trustGraph } from "../trust/graph";
import { lostBindings } from "../trust/lost";
import { KNOWN_LATER, type ResourceState } from "../trust/resources";

const HELLO = "https://hello-1.run.app";
const RUN = "gcp:cloudrunv2/service:Service";
const GRANT = "gcp:cloudrunv2/serviceIamMember:ServiceIamMember";
const ACCOUNT = "gcp:serviceaccount/account:Account";
const MINTING = "gcp:serviceaccount/iAMMember:IAMMember";
const JOB = "gcp:cloudscheduler/job:Job";
const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

const urn = (type: string, name: string) => `urn:pulumi:dev::p::${type}::${name}`;
const email = (name: string) => `${name}@p.iam.gserviceaccount.com`;
const member = (name: string) => `serviceAccount:${email(name)}`;

function resource(
  type: string,
  name: string,
  props: Record<string, unknown>,
  more: Partial<ResourceState> = {},
) {
  return { urn: urn(type, name), type, name, inputs: props, outputs: props, ...more };
}

const account = (name: string) =>
  resource(ACCOUNT, name, { email: email(name), name: `projects/p/serviceAccounts/${email(name)}` });
const service = (name = "hello", props: Record<string, unknown> = {}) =>
  resource(RUN, name, { name, location: "eu", project: "p", uri: `https://${name}-1.run.app`, ...props });
const grant = (name: string, who: string, on = "hello", props: Record<string, unknown> = {}) =>
  resource(GRANT, name, {
    name: on,
    location: "eu",
    project: "p",
    role: "roles/run.invoker",
    member: who,
    ...props,
  });
const job = (name: string, caller = "ann", url = HELLO, audience: string | undefined = HELLO) =>
  resource(JOB, name, {
    httpTarget: { uri: url, oidcToken: { serviceAccountEmail: email(caller), audience } },
  });

const BASE = [
  account("ann"),
  account("bob"),
  service(),
  service("other"),
  grant("g", member("ann")),
  job("nightly"),
];

function change(before: ResourceState[], after: ResourceState[]) {
  return graphChange(trustGraph(before), trustGraph(after));
}

/** BASE with resources of the same name put in place of its own, others added, and some taken out. */
function altered(instead: ResourceState[], without: string[] = []): ResourceState[] {
  const kept = BASE.filter(
    ({ urn: own, name }) => !without.includes(name) && !instead.some((one) => one.urn === own),
  );
  return [...kept, ...instead];
}

describe("what changes in who may call what", () => {
  test("nothing, from a graph to itself, in any order of the resources", () => {
    fc.assert(
      fc.property(fc.shuffledSubarray(BASE, { minLength: BASE.length }), (shuffled) => {
        expect(isEmpty(change(BASE, shuffled))).toBe(true);
      }),
    );
  });

  test("what is new one way is removed the other way", () => {
    const pool = [
      ...BASE,
      grant("g2", member("bob")),
      job("hourly", "bob"),
      grant("g3", "allUsers", "other"),
    ];
    const some = fc.subarray(pool);
    const count = (list: { mark: string }[], mark: string) => list.filter((one) => one.mark === mark).length;
    fc.assert(
      fc.property(some, some, (before, after) => {
        const [there, back] = [change(before, after), change(after, before)];
        for (const key of ["edges", "grants"] as const) {
          expect(count(there[key], "new")).toBe(count(back[key], "removed"));
          expect(count(there[key], "altered")).toBe(count(back[key], "altered"));
        }
        expect(count(there.public, "opened")).toBe(count(back.public, "closed"));
      }),
    );
  });

  test.each<[string, ResourceState[], string[], string]>([
    ["a new source", [job("hourly")], [], "new"],
    ["a removed source", [], ["nightly"], "removed"],
  ])("%s is an edge, and no grant", (_, instead, without, mark) => {
    const { edges, grants } = change(BASE, altered(instead, without));
    expect(edges.map((one) => one.mark)).toEqual([mark]);
    expect(grants).toEqual([]);
  });

  test.each<[string, ResourceState[], string[], object[]]>([
    [
      "another audience",
      [job("nightly", "ann", HELLO, "x")],
      [],
      [{ what: "audience", from: HELLO, to: "x" }],
    ],
    [
      "an audience left to Google",
      [
        resource(JOB, "nightly", {
          httpTarget: { uri: HELLO, oidcToken: { serviceAccountEmail: email("ann") } },
        }),
      ],
      [],
      [{ what: "audience", from: HELLO, to: "(Google's default: the whole address)" }],
    ],
    [
      "another caller, who is not let in",
      [job("nightly", "bob")],
      [],
      [
        { what: "caller", from: email("ann"), to: email("bob") },
        { what: "admission", from: "let in", to: "not let in" },
      ],
    ],
    [
      "another target",
      [job("nightly", "ann", "https://other-1.run.app")],
      [],
      [
        { what: "target", from: "hello", to: "other" },
        { what: "address", from: HELLO, to: "https://other-1.run.app" },
        { what: "admission", from: "let in", to: "not let in" },
      ],
    ],
    ["its grant gone", [], ["g"], [{ what: "admission", from: "let in", to: "not let in" }]],
    [
      "another path",
      [job("nightly", "ann", `${HELLO}/a`)],
      [],
      [{ what: "address", from: HELLO, to: `${HELLO}/a` }],
    ],
  ])("an edge with %s is altered", (_, instead, without, differences) => {
    expect(change(BASE, altered(instead, without)).edges).toMatchObject([{ mark: "altered", differences }]);
  });

  test("a grant of another role is one altered grant, on another account two", () => {
    const narrower = grant("narrow", member("ann"), "hello", { role: "roles/run.servicesInvoker" });
    expect(change(BASE, altered([narrower], ["g"])).grants).toMatchObject([
      {
        mark: "altered",
        differences: [{ what: "role", from: "roles/run.invoker", to: "roles/run.servicesInvoker" }],
      },
    ]);
    const others = change(BASE, altered([grant("g2", member("bob"))], ["g"])).grants;
    expect(others.map(({ mark }) => mark)).toEqual(["new", "removed"]);
  });

  test("a grant whose condition changes is altered, and so is the call that it lets in", () => {
    const conditional = grant("g", member("ann"), "hello", { condition: { title: "t", expression: "x" } });
    const { grants, edges } = change(BASE, altered([conditional]));
    expect(grants).toMatchObject([{ differences: [{ what: "condition", from: "(none)", to: "x" }] }]);
    expect(edges).toMatchObject([
      { differences: [{ what: "admission", from: "let in", to: "let in on a condition" }] },
    ]);
    const both = altered([conditional, grant("g2", member("ann"))]);
    expect(change(BASE, both).edges).toEqual([]);
  });

  test("a grant that IAP makes void, or no longer does, is altered without anybody calling", () => {
    const behind = altered([service("hello", { iapEnabled: true })], ["nightly"]);
    const before = altered([], ["nightly"]);
    const [lets, void_] = ["lets in", expect.stringMatching(/^opens nothing: IAP/) as string];
    expect(change(before, behind).grants).toMatchObject([
      { mark: "altered", differences: [{ what: "effect", from: lets, to: void_ }] },
    ]);
    expect(change(behind, before).grants).toMatchObject([
      { mark: "altered", differences: [{ what: "effect", from: void_, to: lets }] },
    ]);
    const wide = grant("all", "allUsers", "hello", { role: "roles/run.developer" });
    expect(change(behind, [...behind, wide]).public).toEqual([]);
  });

  test("whoever decides instead of a grant is named", () => {
    const rewired = (url: string) => change(BASE, altered([job("nightly", "ann", url)])).edges[0];
    const to = (text: string) => ({ what: "admission", from: "let in", to: text });
    expect(rewired("https://app.example.com")?.differences).toContainEqual(to("left to the application"));
    expect(rewired("https://x.googleapis.com")?.differences).toContainEqual(to("left to the API"));
    expect(rewired("https://far.run.app")?.differences).toContainEqual(to("not let in"));
  });

  test("a grant that only its resource's name changes is the same grant", () => {
    expect(isEmpty(change(BASE, altered([grant("renamed", member("ann"))], ["g"])))).toBe(true);
  });

  test("while values are unknown, what they come from tells who is meant", () => {
    const unknownGrant = (origin: string) => ({
      ...grant("g", UNKNOWN),
      propertyDependencies: { member: [urn(ACCOUNT, origin)] },
    });
    const unknown = (name: string) => resource(ACCOUNT, name, { email: UNKNOWN });
    // The account is replaced: the grant is the same two's, under an e-mail that nobody knows yet.
    const after = altered([unknown("ann"), unknownGrant("ann")]);
    expect(change(BASE, after).grants).toMatchObject([
      {
        mark: "altered",
        differences: [{ what: "member", from: member("ann"), to: `serviceAccount:${KNOWN_LATER}` }],
      },
    ]);
    const bob = altered([unknown("bob"), unknownGrant("bob")]);
    expect(change(BASE, bob).grants).toMatchObject([
      {
        mark: "altered",
        before: { callerUrn: urn(ACCOUNT, "ann") },
        after: { callerUrn: urn(ACCOUNT, "bob") },
      },
    ]);
  });

  test.each<[string, ResourceState, object]>([
    ["a grant to all", grant("all", "allUsers"), { target: "hello", on: "target", how: "allUsers" }],
    [
      "a grant to all who have an account",
      grant("all", "allAuthenticatedUsers"),
      { target: "hello", how: "allAuthenticatedUsers" },
    ],
    [
      "a wider role for all",
      grant("all", "allUsers", "hello", { role: "roles/run.developer" }),
      { target: "hello", how: "allUsers" },
    ],
    [
      "a service without a gate",
      service("hello", { invokerIamDisabled: true }),
      { how: "invokerIamDisabled" },
    ],
    [
      "a grant on a service of another stack",
      grant("all", "allUsers", "far"),
      { target: "far", how: "allUsers" },
    ],
    [
      "a grant on the project",
      resource("gcp:projects/iAMMember:IAMMember", "all", {
        project: "p",
        role: "roles/run.invoker",
        member: "allUsers",
      }),
      { target: undefined, on: "project", how: "allUsers" },
    ],
  ])("%s opens a door, and without it the door is shut again", (_, opening, expected) => {
    const open = altered([opening]);
    expect(change(BASE, open).public).toMatchObject([{ mark: "opened", ...expected }]);
    expect(change(open, BASE).public).toMatchObject([{ mark: "closed", ...expected }]);
    expect(change(open, open).public).toEqual([]);
  });

  test.each<[string, ResourceState]>([
    [
      "a whole policy",
      resource("gcp:cloudrunv2/serviceIamPolicy:ServiceIamPolicy", "policy", {
        name: "hello",
        location: "eu",
        project: "p",
        policyData: JSON.stringify({
          bindings: [
            { role: "roles/run.viewer", members: ["user:ann@example.com"] },
            { role: "roles/run.invoker", members: ["allUsers"], condition: null },
          ],
        }),
      }),
    ],
    ...["iamMember:IamMember", "iamBinding:IamBinding"].map((kind): [string, ResourceState] => [
      `the older ${kind}`,
      resource(`gcp:cloudrun/${kind}`, "older", {
        service: "hello",
        location: "eu",
        project: "p",
        role: "roles/run.invoker",
        ...(kind.startsWith("iamB") ? { members: ["allUsers"] } : { member: "allUsers" }),
      }),
    ]),
  ])("%s opens a door as well", (_, opening) => {
    const { public: doors, grants } = change(BASE, altered([opening]));
    expect(doors).toEqual([{ mark: "opened", target: "hello", on: "target", how: "allUsers" }]);
    expect(grants).toMatchObject([{ mark: "new", after: { targetUrn: urn(RUN, "hello") } }]);
  });

  test("while nobody knows who it lets in, or by which role, a grant is told all the same", () => {
    const later = { role: "roles/run.invoker", member: KNOWN_LATER };
    const grants = (
      props: Record<string, unknown>,
      type = "gcp:cloudrunv2/serviceIamBinding:ServiceIamBinding",
    ) => {
      const on = { name: "hello", location: "eu", project: "p", ...props };
      const origins = { propertyDependencies: { members: [urn(ACCOUNT, "bob")] } };
      return change(BASE, altered([resource(type, "b", on, props.members === UNKNOWN ? {} : origins)]))
        .grants;
    };
    expect(grants({ role: "roles/run.invoker", members: UNKNOWN })).toMatchObject([{ after: later }]);
    expect(grants({ role: "roles/run.invoker", members: [UNKNOWN] })).toMatchObject([
      { after: { member: member("bob"), callerUrn: urn(ACCOUNT, "bob") } },
    ]);
    const policy = grants({ policyData: UNKNOWN }, "gcp:cloudrunv2/serviceIamPolicy:ServiceIamPolicy");
    expect(policy).toMatchObject([{ after: { role: KNOWN_LATER, member: KNOWN_LATER } }]);
    const role = change(BASE, altered([grant("g", member("ann"), "hello", { role: UNKNOWN })]));
    expect(role.grants).toMatchObject([
      { mark: "altered", differences: [{ what: "role", from: "roles/run.invoker", to: KNOWN_LATER }] },
    ]);
    expect(role.edges).toMatchObject([{ differences: [{ what: "admission", to: "not let in" }] }]);
  });

  test("who may make tokens", () => {
    const minting = resource(MINTING, "m", {
      serviceAccountId: `projects/p/serviceAccounts/${email("ann")}`,
      role: "roles/iam.serviceAccountOpenIdTokenCreator",
      member: "serviceAccount:service-1@gcp-sa-cloudscheduler.iam.gserviceaccount.com",
    });
    expect(change(BASE, altered([minting])).minting).toMatchObject([
      { mark: "new", after: { agent: "Scheduler", caller: { name: "ann" } } },
    ]);
    expect(change(altered([minting]), BASE).minting).toMatchObject([{ mark: "removed" }]);
  });

  test("who may make tokens, by a list of members, by a whole policy, and from outside Google", () => {
    const serviceAccountId = `projects/p/serviceAccounts/${email("ann")}`;
    const outside =
      "principalSet://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/github/*";
    const lets = (role: string, who: string) => ({
      mark: "new",
      after: { role, member: who, caller: { name: "ann" } },
    });
    const binding = resource("gcp:serviceaccount/iAMBinding:IAMBinding", "m", {
      serviceAccountId,
      role: "roles/iam.workloadIdentityUser",
      members: [outside],
    });
    expect(change(BASE, altered([binding])).minting).toMatchObject([
      lets("roles/iam.workloadIdentityUser", outside),
    ]);
    const policy = resource("gcp:serviceaccount/iAMPolicy:IAMPolicy", "m", {
      serviceAccountId,
      policyData: JSON.stringify({
        bindings: [{ role: "roles/iam.serviceAccountTokenCreator", members: [member("bob")] }],
      }),
    });
    expect(change(BASE, altered([policy])).minting).toMatchObject([
      lets("roles/iam.serviceAccountTokenCreator", member("bob")),
    ]);
  });
});

describe("grants that nobody has afterwards", () => {
  const lost = (before: ResourceState[], after: ResourceState[], replaced: string[] = []) =>
    lostBindings({ before, after, replaced: new Set(replaced) }).map(
      ({ deleted, declared }) => `${deleted.split("::")[3] ?? ""} takes ${declared.split("::")[3] ?? ""}`,
    );
  const [a, b, c] = ["ann", "bob", "cid"].map(member) as [string, string, string];

  test.each<[string, ResourceState[], ResourceState[], string[], string[]]>([
    ["renamed without an alias", [grant("old", a)], [grant("new", a)], [], ["old takes new"]],
    [
      "declared twice, and one of them removed",
      [grant("x", a), grant("y", a)],
      [grant("y", a)],
      [],
      ["x takes y"],
    ],
    [
      "named after places in a list, whose first entry goes",
      [grant("0", a), grant("1", b), grant("2", c)],
      [grant("0", b), grant("1", c)],
      [urn(GRANT, "0"), urn(GRANT, "1")],
      ["1 takes 0", "2 takes 1"],
    ],
    ["replaced by an equal one", [grant("x", a)], [grant("x", a)], [urn(GRANT, "x")], ["x takes x"]],
    [
      "under the name alone, and as a path",
      [grant("old", a)],
      [grant("new", a, "projects/p/locations/eu/services/hello")],
      [],
      ["old takes new"],
    ],
    [
      "with the project left to the provider",
      [grant("old", a)],
      [grant("new", a, "hello", { project: undefined })],
      [],
      ["old takes new"],
    ],
    [
      "with a null where there is no condition, as the provider writes it",
      [grant("old", a, "hello", { condition: null, project: null })],
      [grant("new", a, "hello", { condition: null })],
      [],
      ["old takes new"],
    ],
    ["unchanged", [grant("x", a)], [grant("x", a)], [], []],
    ["removed for good", [grant("x", a)], [], [], []],
    ["for another member", [grant("x", a)], [grant("y", b)], [], []],
    ["of another role", [grant("x", a)], [grant("y", a, "hello", { role: "roles/run.viewer" })], [], []],
    ["in another region", [grant("x", a)], [grant("y", a, "hello", { location: "us" })], [], []],
    ["on another service", [grant("x", a)], [grant("y", a, "other")], [], []],
    ["under a condition", [grant("x", a)], [grant("y", a, "hello", { condition: { title: "t" } })], [], []],
  ])("%s", (_, before, after, replaced, expected) => {
    expect(lost(before, after, replaced)).toEqual(expected);
  });

  test("a service that is replaced under its name has a policy of its own", () => {
    const on = { propertyDependencies: { name: [urn(RUN, "hello")] } };
    const both = [{ ...grant("g", a), ...on }];
    expect(lost(both, both, [urn(GRANT, "g"), urn(RUN, "hello")])).toEqual([]);
    expect(lost(both, [{ ...grant("new", a), ...on }], [urn(RUN, "hello")])).toEqual([]);
    const project = { propertyDependencies: { project: [urn(RUN, "hello")], name: [] } };
    expect(
      lost([{ ...grant("g", a), ...project }], [{ ...grant("new", a), ...project }], [urn(RUN, "hello")]),
    ).toEqual(["g takes new"]);
  });

  test("while the member is unknown, what it comes from tells whether it is the same", () => {
    const from = (name: string, origin: string) => ({
      ...grant(name, UNKNOWN),
      propertyDependencies: { member: [urn(ACCOUNT, origin)] },
    });
    const before = [
      { ...from("old", "ann"), outputs: grant("old", a).outputs, inputs: grant("old", a).inputs },
    ];
    expect(lost(before, [from("new", "ann")])).toEqual(["old takes new"]);
    expect(lost(before, [from("new", "bob")])).toEqual([]);
    expect(lost(before, [from("new", "ann")], [urn(ACCOUNT, "ann")])).toEqual([]);
  });

  test("other bindings than those for calling", () => {
    const type = "gcp:pubsub/topicIAMMember:TopicIAMMember";
    const publisher = (name: string) =>
      resource(type, name, { topic: "t", role: "roles/pubsub.publisher", member: a });
    expect(lost([publisher("x")], [publisher("y")])).toEqual(["x takes y"]);
    expect(
      lost(
        [grant("x", a)],
        [{ ...publisher("y"), inputs: { name: "hello", role: "roles/run.invoker", member: a } }],
      ),
    ).toEqual([]);
  });

  test("a whole list of members", () => {
    const type = "gcp:cloudrunv2/serviceIamBinding:ServiceIamBinding";
    const binding = (name: string, members: string[]) =>
      resource(type, name, {
        name: "hello",
        location: "eu",
        project: "p",
        role: "roles/run.invoker",
        members,
      });
    expect(lost([binding("list", [a, b])], [grant("one", b)])).toEqual(["list takes one"]);
  });
});

describe("the drawing", () => {
  const picture = (before: ResourceState[], after: ResourceState[]) => {
    const graphs = [trustGraph(before), trustGraph(after)] as const;
    return changePicture(...graphs, graphChange(...graphs));
  };

  test("new, removed and changed, in words and colours", () => {
    const after = altered([
      job("hourly", "bob"),
      grant("g2", member("bob")),
      job("nightly", "ann", HELLO, "x"),
    ]);
    const text = picture(BASE, after)?.text ?? "";
    expect(text).toMatch(/-->\|"calls hello \(new\)"\|/);
    expect(text).toMatch(/-->\|"calls hello \(changed\)"\|/);
    expect(text).toMatch(/-->\|"run.invoker \(new\)"\|/);
    expect(text).toMatch(/linkStyle 0,\d+ stroke:#1a7f37/);
    expect(picture(after, BASE)?.text).toMatch(/-->\|"calls hello \(removed\)"\|/);
    expect(picture(BASE, BASE)).toMatchObject({ marked: false, onlyChanges: false });
  });

  test("a source that calls another target now has both arrows", () => {
    const after = altered([job("nightly", "ann", "https://other-1.run.app")]);
    const text = picture(BASE, after)?.text ?? "";
    expect(text).toContain('"calls other (new)"');
    expect(text).toContain('"calls hello (removed)"');
    expect(text.match(/nightly<br/g)).toHaveLength(1);
  });

  test("too large, it shows the changes alone; still too large, there is none", () => {
    const many = (from: number, to: number) =>
      Array.from({ length: to - from }, (_, index) => job(`job-${from + index}`));
    const large = altered(many(0, 300));
    expect(picture(large, [...large, job("one-more")])).toMatchObject({ onlyChanges: true, marked: true });
    expect(picture(large, [...large, job("one-more")])?.text).not.toContain("job-1<");
    expect(picture(BASE, large)).toBeUndefined();
  });

  test("grants count too, and so does every arrow: Mermaid draws no more than 500", () => {
    const services = Array.from({ length: 60 }, (_, index) => service(`s${index}`));
    const grants = services.flatMap(({ name }) =>
      Array.from({ length: 10 }, (_, index) => grant(`${name}-${index}`, member(`c${index}`), name)),
    );
    const large = [...BASE, ...services, ...grants];
    expect(picture(large, altered([...services, ...grants, job("hourly")]))).toMatchObject({
      onlyChanges: true,
      marked: true,
    });
    expect(picture(BASE, large)).toBeUndefined();
    const doors = Array.from({ length: 501 }, (_, index) =>
      service(`open-${index}`, { invokerIamDisabled: true }),
    );
    expect(picture(doors, doors)).toBeUndefined();
  });
});
