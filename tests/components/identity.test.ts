import * as pubsub from "@pulumi/gcp/pubsub";
import type * as pulumi from "@pulumi/pulumi";
import { CallerIdentity, ProjectApis, TokenAgent } from "../../components";
import type { CallerIdentityArgs, ProjectApisArgs } from "../../components";
import { agentEmail, projectName } from "../../sandbox/cloud/names";
import type { ProjectSpec } from "../../sandbox/cloud/projects";
import { UNKNOWN } from "../../sandbox/cloud/resources/values";
import type { Props } from "../../sandbox/cloud/resources/values";
import { argumentsOf, asked, differences, later, laterLeaves, probe, refusal } from "../support/arguments";
import { orphans, unknownInputs } from "../support/graph";
import { DEPLOYER, PROJECT, TestStack } from "../support/stack";

const CI = "serviceAccount:ci@my-project.iam.gserviceaccount.com";
const BROUGHT = "brought@brought-project.iam.gserviceaccount.com";
const LEGACY = "legacy@my-project.iam.gserviceaccount.com";
const OTHER: ProjectSpec = { id: "other-project", number: "987654321098" };
const AGENTS = Object.values(TokenAgent);
const MINTER = "roles/iam.serviceAccountOpenIdTokenCreator";
const USER = "roles/iam.serviceAccountUser";

/** Stacks that are only previewed, never deployed. */
const nothing = new TestStack({ projects: [PROJECT, OTHER] });

describe("ProjectApis", () => {
  const make = (args: Partial<ProjectApisArgs> = {}) =>
    new ProjectApis("apis", { project: PROJECT.id, services: ["run"], ...args });

  test("enables each API as a resource of its own, and disables none", async () => {
    expect(await asked(nothing, () => make({ services: ["run", "iam.googleapis.com"] }))).toEqual({
      "Service apis-run": { project: PROJECT.id, service: "run.googleapis.com", disableOnDestroy: false },
      "Service apis-iam": { project: PROJECT.id, service: "iam.googleapis.com", disableOnDestroy: false },
    });
  });

  test("takes these arguments", async () => {
    const usual = await asked(nothing, () => make());
    const other = await asked(nothing, () => make({ project: OTHER.id }));
    expect(differences(usual, other)).toEqual(['Service apis-run.project: "my-project" => "other-project"']);
    expect(argumentsOf("ProjectApis")).toEqual(["project", "services"]);
  });

  const NOT_ONE = 'is not an API\'s name. Write it as "run.googleapis.com" or "run"';
  const REFUSED: readonly [services: string[], message: string][] = [
    [["run", "Cloud Run"], `services "Cloud Run" ${NOT_ONE}`],
    [["run.example.com"], `services "run.example.com" ${NOT_ONE}`],
    [[""], `services "" ${NOT_ONE}`],
    [
      ["run", "iam", "run.googleapis.com"],
      'services "run.googleapis.com" is there twice. Name each API once',
    ],
  ];

  test.each(REFUSED)("refuses %j: %s", async (services, message) => {
    expect(await refusal(nothing, () => make({ services }))).toBe(`ProjectApis "apis": ${message}`);
  });

  test("hands out the project to those who must wait, and hides nothing from them when an API is added", async () => {
    const all = new TestStack({
      projects: [
        { ...PROJECT, apis: ["serviceusage.googleapis.com", "cloudresourcemanager.googleapis.com"] },
      ],
    });
    const program =
      (...services: string[]) =>
      () => {
        const { project } = make({ services: ["pubsub", ...services] });
        new pubsub.Topic("topic", { project });
      };
    const first = await all.up(program());
    expect(first.waitsFor(first.resource("Topic", "topic"))).toContain("apis-pubsub");
    expect(orphans(first.resources)).toEqual(["Topic topic"]);
    const next = await all.preview(program("run"));
    expect([next.changes(), unknownInputs(next.resources)]).toEqual([["create Service apis-run"], []]);
    expect((await all.up(program())).changes()).toEqual([]);
    await all.destroy();
    expect(all.cloud.apis.isEnabled(PROJECT.id, "pubsub.googleapis.com")).toBe(true);
  });
});

describe("CallerIdentity", () => {
  const make = (args: CallerIdentityArgs = {}, opts?: pulumi.ComponentResourceOptions) =>
    new CallerIdentity("caller", args, opts);

  const mint = (member: string, role = MINTER) => ({ serviceAccountId: UNKNOWN, role, member });
  const USUAL = {
    "RandomString caller-suffix": expect.objectContaining({
      length: 6,
      special: false,
      upper: false,
    }) as object,
    "Account caller": {
      accountId: UNKNOWN,
      project: PROJECT.id,
      displayName: "caller",
      description: "Calls services with OIDC tokens; has no other purpose",
      disabled: false,
    },
    "IAMMember caller-mint-scheduler": mint(memberOf("scheduler", PROJECT.number)),
    "IAMMember caller-mint-tasks": mint(memberOf("tasks", PROJECT.number)),
    "IAMMember caller-mint-pubsub": mint(memberOf("pubsub", PROJECT.number)),
    "IAMMember caller-actas-tasks": mint(memberOf("tasks", PROJECT.number), USER),
  };

  test("is an account of its own whose tokens Google's agents may mint, and nothing more", async () => {
    expect(await asked(nothing, () => make())).toEqual(USUAL);
    expect(await asked(nothing, () => new CallerIdentity("caller"))).toEqual(USUAL);
  });

  const ALL = ["actas-tasks", "mint-pubsub", "mint-scheduler", "mint-tasks"];
  const grants = (what: string, kinds = ALL) => kinds.map((kind) => `IAMMember caller-${kind}${what}`);
  const agents = (what: (agent: TokenAgent) => string, names: readonly TokenAgent[] = AGENTS) =>
    ALL.flatMap((kind) => {
      const agent = names.find((name) => kind.endsWith(name));
      const before = agent && memberOf(agent, PROJECT.number);
      return agent ? [`IAMMember caller-${kind}.member: "${before ?? ""}" => "${what(agent)}"`] : [];
    });
  const elsewhere = (agent: TokenAgent) => `serviceAccount:${agent}@x.iam.gserviceaccount.com`;
  const onBrought = `.serviceAccountId: "(unknown)" => "projects/brought-project/serviceAccounts/${BROUGHT}"`;
  const noAccount = ["Account caller: gone", "RandomString caller-suffix: gone"];

  const ARGUMENTS: readonly [args: CallerIdentityArgs, effect: string[]][] = [
    [
      { project: OTHER.id, projectNumber: OTHER.number },
      [
        'Account caller.project: "my-project" => "other-project"',
        ...agents((a) => memberOf(a, OTHER.number)),
      ],
    ],
    [{ projectNumber: "42" }, agents((agent) => memberOf(agent, "42"))],
    [
      { accountId: "exact-id" },
      [
        'Account caller.accountId: "(unknown)" => "exact-id"',
        "RandomString caller-suffix: gone",
        ...grants(
          '.serviceAccountId: "(unknown)" => "projects/my-project/serviceAccounts/exact-id@my-project.iam.gserviceaccount.com"',
        ),
      ],
    ],
    [{ displayName: "Runner" }, ['Account caller.displayName: "caller" => "Runner"']],
    [
      { description: "Runs" },
      ['Account caller.description: "Calls services with OIDC tokens; has no other purpose" => "Runs"'],
    ],
    [{ existingEmail: BROUGHT }, [...noAccount, ...grants(": gone")]],
    [{ existingEmail: BROUGHT, mintingGrants: true }, [...noAccount, ...grants(onBrought)]],
    [{ agents: [] }, grants(": gone")],
    [{ agents: ["pubsub"] }, grants(": gone", ["actas-tasks", "mint-scheduler", "mint-tasks"])],
    [
      {
        agentEmails: {
          scheduler: "scheduler@x.iam.gserviceaccount.com",
          tasks: "tasks@x.iam.gserviceaccount.com",
        },
      },
      agents(elsewhere, ["scheduler", "tasks"]),
    ],
    [{ agentEmails: { pubsub: "pubsub@x.iam.gserviceaccount.com" } }, agents(elsewhere, ["pubsub"])],
    [{ mintingGrants: false }, grants(": gone")],
    [
      { customRole: true },
      [
        "IAMCustomRole caller-minter: made",
        "RandomString caller-minter-suffix: made",
        ...grants(`.role: "${MINTER}" => "(unknown)"`, ["mint-pubsub", "mint-scheduler", "mint-tasks"]),
      ],
    ],
    [
      { accessTokens: true },
      [
        "IAMCustomRole caller-access-minter: made",
        "IAMMember caller-access-scheduler: made",
        "IAMMember caller-access-tasks: made",
        "RandomString caller-access-minter-suffix: made",
      ],
    ],
    [{ tasksActAs: false }, grants(": gone", ["actas-tasks"])],
    [
      { createPubSubAgent: true },
      ["IAMMember caller-pubsub-agent: made", "ServiceIdentity caller-pubsub-agent: made"],
    ],
    [
      { deployers: { ci: CI, ops: "group:o@example.com" } },
      grants(": made", ["deployer-ci", "deployer-ops"]),
    ],
  ];
  const PLAIN = ["agents", "mintingGrants", "customRole", "accessTokens", "tasksActAs", "createPubSubAgent"];

  let usual: Record<string, Props>;
  beforeAll(async () => {
    usual = await asked(nothing, () => make());
  });

  test.each(ARGUMENTS)("takes %j, known at once or later, and changes nothing else", async (args, effect) => {
    expect(differences(usual, await asked(nothing, () => make(args)))).toEqual(effect.sort());
    const known = await asked(nothing, () => make(laterLeaves(args, PLAIN)));
    expect(differences(usual, known)).toEqual(effect);
  });

  test("has tried every argument above", () => {
    const tried = ARGUMENTS.flatMap(([args]) => Object.keys(args));
    expect([...new Set(tried)].sort()).toEqual(argumentsOf("CallerIdentity"));
  });

  test("lets Scheduler and Tasks mint access tokens by a role with that one permission, and waits for it", async () => {
    const stack = new TestStack();
    const up = await stack.up(() => {
      probe("probe", { email: make({ accessTokens: true, agents: ["scheduler", "pubsub"] }).email });
    });
    const role = up.resource("IAMCustomRole", "caller-access-minter");
    expect(role.inputs).toMatchObject({
      title: "Access token minter",
      description: "Mints access tokens of the service account that it is granted on, and nothing else",
      permissions: ["iam.serviceAccounts.getAccessToken"],
    });
    expect(role.outputs.roleId).toMatch(/^accessTokenMinter_[a-z0-9]{6}$/);
    expect(up.lines().filter((line) => line.includes("-access-"))).toEqual([
      "IAMCustomRole caller-access-minter",
      "IAMMember caller-access-scheduler",
      "RandomString caller-access-minter-suffix",
    ]);
    expect(up.resource("IAMMember", "caller-access-scheduler").inputs).toMatchObject({
      role: role.outputs.name,
      member: memberOf("scheduler", PROJECT.number),
    });
    expect([...up.waitsFor(up.resource("RandomString", "probe"))]).toContain("caller-access-scheduler");
  });

  test("makes these of what has more than one argument to it", async () => {
    const args = { customRole: true, createPubSubAgent: true, deployers: { ci: CI } };
    expect(await asked(nothing, () => make(args))).toMatchObject({
      "IAMMember caller-deployer-ci": { serviceAccountId: UNKNOWN, role: USER, member: CI },
      "IAMMember caller-actas-tasks": mint(memberOf("tasks", PROJECT.number), USER),
      "IAMCustomRole caller-minter": {
        project: PROJECT.id,
        roleId: UNKNOWN,
        title: "ID token minter",
        description: "Mints id_tokens of the service account that it is granted on, and nothing else",
        permissions: ["iam.serviceAccounts.getOpenIdToken"],
      },
      "ServiceIdentity caller-pubsub-agent": { project: PROJECT.id, service: "pubsub.googleapis.com" },
      "IAMMember caller-pubsub-agent": {
        project: PROJECT.id,
        role: "roles/pubsub.serviceAgent",
        member: memberOf("pubsub", PROJECT.number),
      },
    });
  });

  test("computes the address of an agent that it makes, whoever mints", async () => {
    const { scheduler } = { scheduler: "s@x.iam.gserviceaccount.com" };
    const args = { agents: ["scheduler" as const], agentEmails: { scheduler }, createPubSubAgent: true };
    expect((await asked(nothing, () => make(args)))["IAMMember caller-pubsub-agent"]).toMatchObject({
      member: memberOf("pubsub", PROJECT.number),
    });
  });

  const BOTH =
    "is given together with existingEmail, but nothing is made that could have it. Leave one of the two out";
  const ALONE =
    "is given, but no minting grant is made that it could go with. Say mintingGrants: true, or leave";
  const AGENT = "is not a service agent's address. Leave it out, and it is computed";
  const NO_ACCOUNT =
    "is not a service account's address. Give an address such as caller@my-project.iam.gserviceaccount.com";
  const REFUSED: readonly [args: CallerIdentityArgs, message: string][] = [
    [
      { accountId: "Short" },
      'accountId "Short" is not a service account id. Google allows 6 to 30 characters that match ^[a-z]([-a-z0-9]*[a-z0-9])$',
    ],
    [{ existingEmail: "me@example.com" }, `existingEmail "me@example.com" ${NO_ACCOUNT}`],
    [
      { existingEmail: agentEmail("pubsub", "1") },
      'existingEmail "service-1@gcp-sa-pubsub.iam.gserviceaccount.com" is one of Google\'s service agents, which cannot be what a source calls as. Give a service account of your own; the agent only mints its tokens',
    ],
    [
      { projectNumber: "my-project" },
      "projectNumber \"my-project\" is not a project's number. Give the number, not the project's id",
    ],
    [{ agentEmails: { scheduler: "s" } }, `agentEmails.scheduler "s" ${AGENT}`],
    [{ agentEmails: { tasks: "t@example.com" } }, `agentEmails.tasks "t@example.com" ${AGENT}`],
    [{ agentEmails: { pubsub: "" } }, `agentEmails.pubsub "" ${AGENT}`],
    [
      { deployers: { ci: "ci@example.com" } },
      'deployers.ci "ci@example.com" is not an IAM member. Put its kind in front: "user:", "group:", "serviceAccount:", "principal:" or "principalSet:"',
    ],
    [
      { deployers: { all: "allUsers" } },
      'deployers.all "allUsers" is everybody. Name who may; if the target really is public, declare that grant as a resource of its own',
    ],
    [
      { existingEmail: BROUGHT, deployers: { all: "allAuthenticatedUsers" } },
      'deployers.all "allAuthenticatedUsers" is everybody. Name who may; if the target really is public, declare that grant as a resource of its own',
    ],
    [
      { displayName: "é".repeat(51) },
      `displayName "${"é".repeat(51)}" is 102 bytes long. Google takes 100; shorten it`,
    ],
    [
      { description: "x".repeat(257) },
      `description "${"x".repeat(116)}… is 257 bytes long. Google takes 256; shorten it`,
    ],
  ];

  test.each(REFUSED)("refuses %j, known at once or later", async (args, message) => {
    expect(await refusal(nothing, () => make(args))).toBe(`CallerIdentity "caller": ${message}`);
    expect(await refusal(nothing, () => make(laterLeaves(args)))).toBe(`CallerIdentity "caller": ${message}`);
  });

  const REFUSED_AT_ONCE: readonly [args: CallerIdentityArgs, message: string][] = [
    [
      { agents: ["eventarc" as TokenAgent] },
      'agents "eventarc" is not known. Choose one of "scheduler", "tasks", "pubsub"',
    ],
    [{ agents: ["tasks", "pubsub", "tasks"] }, 'agents "tasks" is there twice. Name each agent once'],
    [{ existingEmail: BROUGHT, accountId: "exact-id" }, `accountId "exact-id" ${BOTH}`],
    [{ existingEmail: BROUGHT, displayName: "Runner" }, `displayName "Runner" ${BOTH}`],
    [{ existingEmail: BROUGHT, description: "Runs" }, `description "Runs" ${BOTH}`],
    [{ existingEmail: BROUGHT, customRole: true }, `customRole true ${ALONE} customRole out`],
    [{ mintingGrants: false, tasksActAs: true }, `tasksActAs true ${ALONE} tasksActAs out`],
    [{ mintingGrants: false, accessTokens: true }, `accessTokens true ${ALONE} accessTokens out`],
    [
      { agents: ["pubsub"], accessTokens: true },
      "accessTokens true is given, but Pub/Sub, the only one among the agents, sends none. Name Scheduler or Tasks there, or leave accessTokens out",
    ],
    [
      { mintingGrants: false, createPubSubAgent: true },
      `createPubSubAgent true ${ALONE} createPubSubAgent out`,
    ],
    [
      { agents: ["pubsub"], tasksActAs: true },
      "tasksActAs true is given, but Tasks is not among the agents. Name it there, or leave tasksActAs out",
    ],
    [
      { project: later("my-project") },
      'projectNumber (nothing) is missing, and cannot be looked up with a project that is an output without hiding every grant to an agent in previews. Give gcp.organizations.getProjectOutput({ projectId: "…" }).number, with the plain project id',
    ],
  ];

  test.each(REFUSED_AT_ONCE)("refuses %j: %s", async (args, message) => {
    expect(await refusal(nothing, () => make(args))).toBe(`CallerIdentity "caller": ${message}`);
  });

  test("has an address that waits for minting, and a member that does not", async () => {
    const stack = new TestStack({ kind: "hardened" });
    const program = () => {
      const caller = make({ createPubSubAgent: true, deployers: { deployer: DEPLOYER } });
      probe("by-email", { email: caller.email });
      probe("by-member", { member: caller.member });
    };
    const up = await stack.up(program);
    const [byEmail, byMember] = ["by-email", "by-member"].map((name) =>
      up.waitsFor(up.resource("RandomString", name)),
    );
    const waited = ["caller-mint-scheduler", "caller-mint-tasks", "caller-mint-pubsub", "caller-actas-tasks"];
    expect([...(byEmail ?? [])]).toEqual(expect.arrayContaining([...waited, "caller-deployer-deployer"]));
    expect([...(byMember ?? [])].sort()).toEqual(["caller", "caller-suffix"]);
    expect(up.waitsFor(up.resource("IAMMember", "caller-mint-pubsub"))).toContain("caller-pubsub-agent");
    const account = up.resource("Account", "caller").outputs;
    expect(up.resource("RandomString", "by-email").inputs.keepers).toEqual({ email: account.email });
    expect(up.resource("RandomString", "by-member").inputs.keepers).toEqual({ member: account.member });
    expect(orphans(up.resources)).toEqual(["RandomString by-email", "RandomString by-member"]);
    expect((await stack.up(program)).changes()).toEqual([]);

    // Every other subscription in the project relies on the agent's role.
    await stack.destroy();
    expect(stack.cloud.iam.bindings(projectName(PROJECT.id))).toContainEqual({
      role: "roles/pubsub.serviceAgent",
      member: memberOf("pubsub", PROJECT.number),
    });
  });

  test("with an exact id has an address that the first preview shows", async () => {
    const preview = await nothing.preview(() => {
      const { email, member } = make({ accountId: "exact-id" });
      probe("topic", { email, member });
    });
    const email = "exact-id@my-project.iam.gserviceaccount.com";
    expect(preview.resource("RandomString", "topic").inputs.keepers).toEqual({
      email,
      member: `serviceAccount:${email}`,
    });
  });

  test("that was brought along is waited for as well, and is looked for where its address says", async () => {
    const stack = new TestStack();
    stack.cloud.iam.addAccount({ email: LEGACY, uniqueId: "100", project: PROJECT.id });
    const program = () => {
      const caller = make({
        existingEmail: LEGACY,
        mintingGrants: true,
        deployers: { ci: "group:ci@example.com" },
      });
      probe("topic", { email: caller.email });
    };
    const up = await stack.up(program);
    const waited = [...up.waitsFor(up.resource("RandomString", "topic"))].sort();
    expect(waited).toEqual(["caller-deployer-ci", ...ALL.map((kind) => `caller-${kind}`)].sort());
    expect(up.resource("IAMMember", "caller-mint-tasks").inputs.serviceAccountId).toBe(
      `projects/my-project/serviceAccounts/${LEGACY}`,
    );
    expect(unknownInputs((await new TestStack().preview(program)).resources)).toEqual([]);
    const elsewhere = "p@appspot.gserviceaccount.com";
    const args = { existingEmail: elsewhere, mintingGrants: true, project: PROJECT.id };
    expect((await asked(nothing, () => make(args)))["IAMMember caller-mint-tasks"]?.serviceAccountId).toBe(
      `projects/my-project/serviceAccounts/${elsewhere}`,
    );
  });

  test("loses one deployer, or one agent, without anything else noticing", async () => {
    const stack = new TestStack();
    const deployers = { a: "group:a@example.com", b: "group:b@example.com", c: "group:c@example.com" };
    await stack.up(() => make({ deployers }));
    const { a, c } = deployers;
    const without = await stack.up(() => make({ deployers: { c, a } }));
    expect(without.changes()).toEqual(["delete IAMMember caller-deployer-b"]);
    const agentless = await stack.up(() => make({ deployers: { c, a }, agents: ["pubsub", "scheduler"] }));
    expect(agentless.changes()).toEqual([
      "delete IAMMember caller-actas-tasks",
      "delete IAMMember caller-mint-tasks",
    ]);
  });

  test("changes from the predefined role to one of its own: the new grants first, then the old ones go", async () => {
    const stack = new TestStack();
    await stack.up(() => make());
    const { steps } = await stack.up(() => make({ customRole: true }));
    const grantsReplaced = steps.filter(({ op }) => op === "replace");
    expect(grantsReplaced.map(({ name }) => name).sort()).toEqual([
      "caller-mint-pubsub",
      "caller-mint-scheduler",
      "caller-mint-tasks",
    ]);
    expect(grantsReplaced.map(({ diff }) => diff?.deleteBeforeReplace)).toEqual([false, false, false]);
  });
});

function memberOf(agent: TokenAgent, number: string): string {
  return `serviceAccount:${agentEmail(agent, number)}`;
}
