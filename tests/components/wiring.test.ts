import * as pulumi from "@pulumi/pulumi";
import fc from "fast-check";
import { cronExpression, timeZoneName } from "../../components/sources/schedule";
import {
  accountEmail,
  accountName,
  callerEmail,
  namedMember,
  projectOfEmail,
} from "../../components/wiring/accounts";
import { after } from "../../components/wiring/after";
import { agentEmail, isAgentEmail, TokenAgent } from "../../components/wiring/agents";
import type { TargetAddress, TargetKind } from "../../components/wiring/audience";
import { audienceLater, audienceOf } from "../../components/wiring/audience";
import { targetLeaves } from "../../components/wiring/authorizedTarget";
import { Beside } from "../../components/wiring/beside";
import { formerNames } from "../../components/wiring/callers";
import type { Check } from "../../components/wiring/checks";
import {
  checked,
  checkedIfGiven,
  checkedNow,
  isPlain,
  nonEmpty,
  oneOf,
  refuse,
  within,
} from "../../components/wiring/checks";
import { durationWithin, seconds } from "../../components/wiring/durations";
import type { NameRule } from "../../components/wiring/names";
import { canAutoName, displayName, exactName, NAME_RULES, namePrefix } from "../../components/wiring/names";
import { grantOf } from "../../components/wiring/options";
import { DEFAULT_RUNTIME, runtimeOf } from "../../components/wiring/runtimes";
import { sameProject } from "../../components/wiring/sameProject";
import { httpsUrl, joinUrl, requestPath } from "../../components/wiring/urls";
import { agentEmail as modelled } from "../../sandbox/cloud/names";

const SUBJECT = { component: "SchedulerJob", name: "nightly" };

/** What a check says of a value: problem and remedy, or nothing. */
function said<T>(check: Check<T>, value: T): string | undefined {
  const found = check(value);
  return found && `${found.problem}. ${found.remedy}`;
}

describe("the audience", () => {
  const RULES: readonly [kind: TargetKind, address: TargetAddress, audience: string][] = [
    ["run", { url: "https://hello-1.us-central1.run.app" }, "https://hello-1.us-central1.run.app"],
    ["run", { url: "https://hello-1.us-central1.run.app/" }, "https://hello-1.us-central1.run.app"],
    ["run", { url: "https://hello-x.a.run.app", declared: "https://me.example/" }, "https://me.example/"],
    ["functionV2", { url: "https://authfn-x.a.run.app" }, "https://authfn-x.a.run.app"],
    ["functionV2", { url: "https://authfn-x.a.run.app/" }, "https://authfn-x.a.run.app"],
    ["functionV1", { url: "https://r-p.cloudfunctions.net/f" }, "https://r-p.cloudfunctions.net/f"],
    ["functionV1", { url: "https://r-p.cloudfunctions.net/f/" }, "https://r-p.cloudfunctions.net/f"],
    ["gateway", { url: "https://orders.endpoints.p.cloud.goog" }, "https://orders.endpoints.p.cloud.goog"],
    ["gateway", { url: "https://orders.endpoints.p.cloud.goog", declared: "urn:x" }, "urn:x"],
    ["external", { url: "https://jobs.example.com" }, "https://jobs.example.com"],
    ["external", { url: "https://jobs.example.com/in/" }, "https://jobs.example.com/in/"],
    ["external", { url: "https://jobs.example.com", declared: "urn:jobs" }, "urn:jobs"],
  ];

  test.each(RULES)("of a target of kind %s at %j is %s", async (kind, address, audience) => {
    expect(audienceOf(kind, address)).toBe(audience);
    const never = pulumi.output(new Promise<string>(() => undefined));
    const { url, declared } = address;
    const later = audienceLater(kind, declared === undefined ? url : never, declared);
    expect(await new Promise((resolve) => later.apply(resolve))).toBe(audience);
  });
});

describe("names", () => {
  const rules: readonly [string, NameRule][] = Object.entries(NAME_RULES);
  const SUFFIX = "a1b2c3";
  const logicalName = fc.oneof(
    fc.string({ minLength: 1, maxLength: 120 }),
    fc.string({ minLength: 1, maxLength: 120, unit: "grapheme" }),
    fc.stringMatching(/^(goog|Google|g00gle|-)?[a-zA-Z0-9._-]{0,80}$/),
    fc.constantFrom("Ünïcödé Nâme", "日本語", "x".repeat(300), "GOOGLE", "a", "-", "9lives", "under_score"),
  );

  test.each(rules)("of a %s are legal with their suffix, whatever the logical name is", (_, rule) => {
    fc.assert(
      fc.property(logicalName, (name) => {
        const whole = `${namePrefix(rule, name, SUFFIX.length)}-${SUFFIX}`;
        expect([name, said(exactName(rule), whole)]).toEqual([name, undefined]);
        expect(namePrefix(rule, name, SUFFIX.length)).toBe(namePrefix(rule, name, SUFFIX.length));
      }),
      { numRuns: 200 },
    );
  });

  test.each(rules)("of a %s that the provider makes itself are legal too", (_, rule) => {
    const likely = fc.stringMatching(/^(goog)?[a-z][-a-z0-9]{0,50}[a-z0-9]$/);
    fc.assert(
      fc.property(fc.oneof(logicalName, likely), (name) => {
        const message = canAutoName(rule, name) ? said(exactName(rule), `${name}-1234567`) : undefined;
        expect([name, message]).toEqual([name, undefined]);
      }),
      { numRuns: 200 },
    );
    expect(canAutoName(rule, "nightly")).toBe(true);
  });

  const STABLE: readonly [keyof typeof NAME_RULES, name: string, prefix: string][] = [
    ["account", "schedulerunner", "schedulerunner"],
    ["account", "hello-europe-west1-and-more-runtime", "hello-europe-west1-and"],
    ["account", "Task Schedule Runner", "task-schedule-runner"],
    ["account", "Überläufer", "u-berla-ufer"],
    ["account", "7 dwarfs", "x-7-dwarfs"],
    ["account", "日本語", "x"],
    ["runService", "Hello_World", "hello-world"],
    ["function", "authFn", "authfn"],
    ["job", "Nightly report (EU)", "Nightly-report-EU"],
    ["job", "google report", "x-google-report"],
    ["pubsub", "google push", "x-google-push"],
    ["pubsub", "p", "pxx"],
    ["bucket", "My google files", "my-g00gle-files"],
    ["repository", "authfn-images", "authfn-images"],
  ];

  test.each(STABLE)("of a %s called %j begin with %s, today as yesterday", (rule, name, prefix) => {
    expect(namePrefix(NAME_RULES[rule], name, 6)).toBe(prefix);
  });

  const EXACT: readonly [keyof typeof NAME_RULES, name: string, range: string][] = [
    ["account", "short", "6 to 30"],
    ["account", "x".repeat(31), "6 to 30"],
    ["account", "ends-in-hyphen-", "6 to 30"],
    ["runService", "Hello", "1 to 49"],
    ["function", "under_score", "1 to 49"],
    ["job", "a b", "1 to 500"],
    ["pubsub", "google-topic", "3 to 255"],
    ["bucket", "a-google-bucket", "3 to 63"],
    ["repository", "", "1 to 63"],
  ];

  test.each(EXACT)("of a %s that are chosen and not allowed are refused: %j", (key, name, range) => {
    const rule = NAME_RULES[key];
    expect(said(exactName(rule), name)).toBe(
      `is not a ${rule.what}. Google allows ${range} characters that match ${rule.pattern.source}`,
    );
  });

  test("for people end within Google's 100 bytes, at a whole character", () => {
    expect(displayName("short")).toBe("short");
    expect(displayName("x".repeat(101))).toBe("x".repeat(100));
    expect(displayName(`${"x".repeat(99)}é`)).toBe("x".repeat(99));
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", maxLength: 200 }), (text) => {
        expect(Buffer.byteLength(displayName(text))).toBeLessThanOrEqual(100);
        expect(text.startsWith(displayName(text))).toBe(true);
      }),
    );
  });
});

describe("addresses", () => {
  const target = fc
    .tuple(fc.webUrl({ validSchemes: ["https"] }), fc.boolean())
    .map(([url, slash]) => url.replace(/\/+$/, "") + (slash ? "/" : ""));
  const parameter = fc.string({ unit: "grapheme" });

  test("that are called begin with the target's, whatever path and query are, and say these to the letter", () => {
    fc.assert(
      fc.property(
        target,
        fc.option(fc.webPath()),
        fc.dictionary(parameter, parameter),
        (url, path, query) => {
          const joined = joinUrl(url, path ?? undefined, query);
          const base = url.replace(/\/$/, "");
          expect(joined.startsWith(base)).toBe(true);
          expect(new URL(joined).origin).toBe(new URL(url).origin);
          expect(joined.slice(base.length).split("?")[0]).toBe(
            path === null || path === "" ? url.slice(base.length) : `/${path.replace(/^\//, "")}`,
          );
          expect([...new URL(joined).searchParams]).toEqual(Object.entries(query));
          expect(new URL(joined).hash).toBe("");
        },
      ),
    );
  });

  const JOINED: readonly [Parameters<typeof joinUrl>, string][] = [
    [["https://a.example"], "https://a.example"],
    [["https://a.example/", ""], "https://a.example/"],
    [["https://a.example", "tasks"], "https://a.example/tasks"],
    [["https://a.example/", "/tasks/"], "https://a.example/tasks/"],
    [
      ["https://a.example/f", "/x%20y", { q: "a b&c=d", é: "#?" }],
      "https://a.example/f/x%20y?q=a+b%26c%3Dd&%C3%A9=%23%3F",
    ],
    [["https://a.example", undefined, { a: "" }], "https://a.example?a="],
    [["https://a.example", undefined, {}], "https://a.example"],
  ];

  test.each(JOINED)("joined of %j: %s", (parts, joined) => {
    expect(joinUrl(...parts)).toBe(joined);
  });

  const REFUSED: readonly [url: string, said: string | undefined][] = [
    ["https://a.example/in", undefined],
    ["https://a.example:8443", undefined],
    ["a.example", "is not an address. Give a whole one, such as https://example.com/tasks"],
    ["", "is not an address. Give a whole one, such as https://example.com/tasks"],
    ["http://a.example", "is not https; a token sent in clear text can be stolen. Use the https address"],
    ["ftp://a.example", "is not https; a token sent in clear text can be stolen. Use the https address"],
    ["https://me:pw@a.example", "carries a user name or password. Take it out; the token says who calls"],
    [
      "https://a.example/?a=b",
      "has a query or a fragment. Give these to the source as `query`, so that they never become part of the audience",
    ],
    [
      "https://a.example/#top",
      "has a query or a fragment. Give these to the source as `query`, so that they never become part of the audience",
    ],
  ];

  test.each(REFUSED)("such as %j: %s", (url, message) => {
    expect(said(httpsUrl, url)).toBe(message);
  });

  const PATHS: readonly [path: string, said: string | undefined][] = [
    ["", undefined],
    ["/", undefined],
    ["tasks/nightly", undefined],
    ["/a..b/%2easy", undefined],
    ["/a%2Fb%5Cc", undefined],
    ["/a\\..\\b", "has a backslash, which stands for / in an address. Write /, or %5C"],
    ...["/%2e", "/a/%2E%2e/b", ".%2e/a", "a%2f..%2Fb", "a%5c%2e."].map((path): [string, string] => [
      path,
      "climbs out of the target's address. Write the path without . and .. in it",
    ]),
    ["a?b=c", "has a query, a fragment or white space. Give parameters as `query`; encode the rest"],
    ["a#b", "has a query, a fragment or white space. Give parameters as `query`; encode the rest"],
    ["a b", "has a query, a fragment or white space. Give parameters as `query`; encode the rest"],
    ["/a/../b", "climbs out of the target's address. Write the path without . and .. in it"],
    ["./a", "climbs out of the target's address. Write the path without . and .. in it"],
    ["a//b", "has an empty part. Write it with single slashes"],
    ["//evil.example", "has an empty part. Write it with single slashes"],
  ];

  test.each(PATHS)("with the path %j: %s", (path, message) => {
    expect(said(requestPath, path)).toBe(message);
  });
});

describe("accounts", () => {
  test("have the address that Google gives them, and say which project they are in", () => {
    for (const [project, email] of [
      ["my-project", "caller@my-project.iam.gserviceaccount.com"],
      ["example.com:shop", "caller@shop.example.com.iam.gserviceaccount.com"],
    ] as const) {
      expect(accountEmail("caller", project)).toBe(email);
      expect(projectOfEmail(email)).toBe(project);
      expect(accountName(email)).toBe(`projects/${project}/serviceAccounts/${email}`);
    }
    const appEngine = "my-project@appspot.gserviceaccount.com";
    expect(projectOfEmail(appEngine)).toBeUndefined();
    expect(accountName(appEngine)).toBe(`projects/-/serviceAccounts/${appEngine}`);
    expect(accountName(appEngine, "p")).toBe(`projects/p/serviceAccounts/${appEngine}`);
    expect(projectOfEmail(agentEmail("scheduler", "1"))).toBeUndefined();
  });

  test("of Google's own are computed, are those that the sandbox knows, and are known for what they are", () => {
    const number = "123456789012";
    expect(Object.values(TokenAgent).map((agent) => agentEmail(agent, number))).toEqual([
      "service-123456789012@gcp-sa-cloudscheduler.iam.gserviceaccount.com",
      "service-123456789012@gcp-sa-cloudtasks.iam.gserviceaccount.com",
      "service-123456789012@gcp-sa-pubsub.iam.gserviceaccount.com",
    ]);
    for (const agent of [...Object.values(TokenAgent), "iap"] as const) {
      expect(agentEmail(agent, number)).toBe(modelled(agent, number));
      expect(isAgentEmail(agentEmail(agent, number))).toBe(true);
    }
    expect(isAgentEmail("caller@my-project.iam.gserviceaccount.com")).toBe(false);
  });

  const CALLER = "caller@my-project.iam.gserviceaccount.com";
  test.each([
    [CALLER, "my-project"],
    ["caller@shop.example.com.iam.gserviceaccount.com", "example.com:shop"],
    ["123456789012-compute@developer.gserviceaccount.com", "any-project"],
    // Which one a number means is not known here.
    [CALLER, "123456789012"],
  ])("are taken of a source's own project: %s of %s", (email, project) => {
    expect(sameProject(SUBJECT, email, project)).toBe(email);
  });

  test.each(["my-project2", "example.com:my-project", "shop"])("and of no other: %s", (project) => {
    const said = `target.serviceAccountEmail "${CALLER}" is an account of project "my-project", and this source lies in "${project}"; Google takes accounts of the source's own project only. Call as an account of "${project}", or put the source into "my-project"; the target may lie in any project`;
    expect(() => sameProject(SUBJECT, CALLER, project)).toThrow(said);
  });

  const NOT_ONE =
    "is not a service account's address. Give an address such as caller@my-project.iam.gserviceaccount.com";
  const CALLERS: readonly [email: string, said: string | undefined][] = [
    ["caller@my-project.iam.gserviceaccount.com", undefined],
    ["123-compute@developer.gserviceaccount.com", undefined],
    ["", NOT_ONE],
    ["me@example.com", NOT_ONE],
    ["serviceAccount:caller@p.iam.gserviceaccount.com oops", NOT_ONE],
    ["caller@p.iam.gserviceaccount.com.evil.example", NOT_ONE],
    [
      agentEmail("scheduler", "1"),
      "is one of Google's service agents, which cannot be what a source calls as. Give a service account of your own; the agent only mints its tokens",
    ],
  ];

  test.each(CALLERS)("as callers: %j: %s", (email, message) => {
    expect(said(callerEmail, email)).toBe(message);
  });

  const EVERYBODY =
    "is everybody. Name who may; if the target really is public, declare that grant as a resource of its own";
  const NO_MEMBER =
    'is not an IAM member. Put its kind in front: "user:", "group:", "serviceAccount:", "principal:" or "principalSet:"';
  const MEMBERS: readonly [member: string, said: string | undefined][] = [
    ["user:me@example.com", undefined],
    ["principalSet://iam.googleapis.com/projects/1/x", undefined],
    ["allUsers", EVERYBODY],
    ["allAuthenticatedUsers", EVERYBODY],
    ["me@example.com", NO_MEMBER],
    ["user: me@example.com", NO_MEMBER],
    ["", NO_MEMBER],
  ];

  test.each(MEMBERS)("and others as IAM members: %j: %s", (member, message) => {
    expect(said(namedMember, member)).toBe(message);
  });
});

describe("checks", () => {
  const failing: Check<unknown> = () => ({ problem: "is wrong", remedy: "Right it" });

  const SHOWN: readonly [value: unknown, shown: string][] = [
    ["text", '"text"'],
    [5, "5"],
    [undefined, "(nothing)"],
    [null, "null"],
    [{ a: ["b"] }, '{"a":["b"]}'],
    [() => 1, "(a function)"],
    ["x".repeat(200), `"${"x".repeat(116)}…`],
  ];

  test.each(SHOWN)("say who, which property, which value, and what to do: %j", (value, shown) => {
    const message = `SchedulerJob "nightly": url ${shown} is wrong. Right it`;
    expect(() => checkedNow(SUBJECT, "url", value, failing)).toThrow(
      new pulumi.InputPropertyError({ propertyPath: "url", reason: message }),
    );
  });

  test("throw an error of Pulumi's own, with the property in it", () => {
    try {
      refuse(SUBJECT, "retry.retryCount", 6, { problem: "is too much", remedy: "Take less" });
    } catch (error) {
      expect(pulumi.InputPropertyError.isInstance(error)).toBe(true);
      expect(error).toMatchObject({ propertyPath: "retry.retryCount" });
    }
    expect.assertions(2);
  });

  test("hand on what is right as it came: plain when it was, and not at all when it was left out", async () => {
    expect(checked(SUBJECT, "topic", "runtopic", nonEmpty)).toBe("runtopic");
    expect(checkedIfGiven(SUBJECT, "topic", undefined, nonEmpty)).toBeUndefined();
    for (const input of [Promise.resolve("runtopic"), pulumi.output("runtopic")]) {
      expect(isPlain<string>(input)).toBe(false);
      const result = checkedIfGiven<string>(SUBJECT, "topic", input, nonEmpty);
      expect(isPlain(result)).toBe(false);
      expect(await valueOf(result)).toBe("runtopic");
    }
  });

  const SINGLE: readonly [string | undefined, string | undefined][] = [
    [said(nonEmpty, "x"), undefined],
    [said(nonEmpty, " "), "is empty. Give a value, or leave the argument out"],
    [said(within(0, 5, "retries"), 5), undefined],
    [
      said(within(0, 5, "retries"), 6),
      "is not a whole number from 0 to 5 retries. Choose a value in that range",
    ],
    [said(within(0, 5, ""), 1.5), "is not a whole number from 0 to 5. Choose a value in that range"],
    [said(within(0, 5, "", false), 1.5), undefined],
    [said(within(0, 5, "", false), -1), "is not a number from 0 to 5. Choose a value in that range"],
    [said(within(0, 5, ""), Number.NaN), "is not a whole number from 0 to 5. Choose a value in that range"],
    [said(oneOf({ A: "a", B: "b" }), "b"), undefined],
    [said(oneOf<string>({ A: "a", B: "b" }), "c"), 'is not known. Choose one of "a", "b"'],
    [said(durationWithin(15, 1800), "15s"), undefined],
    [said(durationWithin(15, 1800), "1800s"), undefined],
    [
      said(durationWithin(15, 1800), "14.9s"),
      "is not between 15s and 1800s. Choose a duration in that range",
    ],
    [
      said(durationWithin(15, 1800), "1801s"),
      "is not between 15s and 1800s. Choose a duration in that range",
    ],
    [
      said(durationWithin(0, 60), "1m"),
      'is not a duration. Write seconds with an s behind them, such as "30s"',
    ],
    [
      said(durationWithin(0, 60), "-1s"),
      'is not a duration. Write seconds with an s behind them, such as "30s"',
    ],
  ];

  test.each(SINGLE)("%s", (found, expected) => {
    expect(found).toBe(expected);
  });

  test("know durations as Google writes them", () => {
    expect(["0s", "0.5s", "3600s", "0.123456789s"].map(seconds)).toEqual([0, 0.5, 3600, 0.123456789]);
    expect(["", "5", "1h", "1.s", " 5s", "0.1234567891s"].map(seconds)).toEqual(Array(6).fill(NaN));
  });

  const CRON = 'Write minute, hour, day of month, month and day of week, such as "5 * * * *"';
  const SCHEDULES: readonly [schedule: string, said: RegExp | undefined][] = [
    ["5 * * * *", undefined],
    ["*/15 9-17 1,15 * MON-FRI", undefined],
    ["0 3 * JAN SUN", undefined],
    ["0 0 * * 7", undefined],
    ["* * * *", /^is not a schedule of five fields\. /],
    ["0 5 * * * *", /^is not a schedule of five fields\. /],
    ["every 5 minutes", /^is not a schedule of five fields\. /],
    ["0 0 L * *", /^uses signs that Cloud Scheduler does not know\. /],
    ["0 0 * * 5#2", /^uses signs that Cloud Scheduler does not know\. /],
    ["0 0 ? * *", /^uses signs that Cloud Scheduler does not know\. /],
    ["60 * * * *", /^cannot be read: .*60/],
    ["0 0 * * 8", /^cannot be read: /],
  ];

  test.each(SCHEDULES)("know schedules: %s", (schedule, message) => {
    const found = said(cronExpression, schedule);
    if (message === undefined) expect(found).toBeUndefined();
    else expect(found).toMatch(new RegExp(`${message.source}.*${CRON.replace(/[*.]/g, "\\$&")}$`));
  });

  test("know time zones", () => {
    expect(said(timeZoneName, "Europe/Berlin")).toBeUndefined();
    expect(said(timeZoneName, "Mars/Olympus")).toBe(
      'is not a time zone. Name one as the tz database does, such as "Europe/Berlin"',
    );
  });
});

describe("runtimes", () => {
  const use = (runtime: string) => `Use "${runtime}" or another one that Google lists as supported`;
  const CASES: readonly [Parameters<typeof runtimeOf>[0], runtime: string, said: string | undefined][] = [
    ["2nd gen", DEFAULT_RUNTIME["2nd gen"], undefined],
    ["1st gen", DEFAULT_RUNTIME["1st gen"], undefined],
    ["2nd gen", "python313", undefined],
    ["2nd gen", "nodejs20", `was decommissioned by Google in 2026-10-30. ${use("nodejs24")}`],
    ["1st gen", "python39", `was decommissioned by Google in 2026-04-05. ${use("nodejs22")}`],
    ["1st gen", "nodejs6", `was decommissioned by Google in 2020-08. ${use("nodejs22")}`],
    ["1st gen", "nodejs24", `is offered to 2nd gen functions only. ${use("nodejs22")}`],
    ["2nd gen", "Node 24", `is not a runtime. ${use("nodejs24")}`],
    ["2nd gen", "", `is not a runtime. ${use("nodejs24")}`],
  ];

  test.each(CASES)("of %s functions: %j: %s", (generation, runtime, message) => {
    expect(said(runtimeOf(generation), runtime)).toBe(message);
  });
});

describe("what is passed around", () => {
  test("waits for what it should without changing, and stays secret if it was", async () => {
    expect(await valueOf(after("value", []))).toBe("value");
    expect(await valueOf(after("value", [pulumi.output("role"), Promise.resolve(1)]))).toBe("value");
    expect(await pulumi.isSecret(after(pulumi.secret("value"), ["role"]))).toBe(true);
  });

  test("as a target stays apart when it is plain, and is taken apart when it is not", async () => {
    const target = { url: pulumi.output("https://a.example"), serviceAccountEmail: "e", audience: "a" };
    expect(targetLeaves(target)).toEqual({ ...target, scope: undefined });
    for (const whole of [pulumi.output(target), Promise.resolve(target)]) {
      const { url, serviceAccountEmail, audience, scope } = targetLeaves(whole);
      const leaves = [url, serviceAccountEmail, audience, scope].map(valueOf);
      expect(await Promise.all(leaves)).toEqual(["https://a.example", "e", "a", undefined]);
    }
  });

  test("as aliases is read for names: those that a caller had before", () => {
    const urn = "urn:pulumi:dev::test::automatic-oidc:index:CallerIdentity::by-urn";
    const parent = pulumi.rootStackResource;
    const aliases = [{ name: "first" }, urn, { parent }, { name: pulumi.output("later") }, { name: "first" }];
    expect(formerNames(aliases)).toEqual(["first", "by-urn"]);
    expect(formerNames(undefined)).toEqual([]);
  });

  test("as options of a grant never hinders revoking", () => {
    const options = { protect: true, retainOnDelete: true, version: "9" };
    expect(grantOf(options)).toEqual({ protect: false, retainOnDelete: false, version: "9" });
  });

  test("beside a class is its own, and is not read before it is there", () => {
    const beside = new Beside<Date, string>();
    const [one, other] = [new Date(), new Date()];
    beside.set(one, "one");
    expect(beside.get(one)).toBe("one");
    expect(() => beside.get(other)).toThrow("Date is read before it is complete");
  });
});

function valueOf(input: unknown): Promise<unknown> {
  return new Promise((resolve) => {
    pulumi.output(input as pulumi.Input<string>).apply(resolve);
  });
}
