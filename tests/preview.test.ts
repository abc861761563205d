import { join } from "node:path";
import * as pubsub from "@pulumi/gcp/pubsub";
import * as pulumi from "@pulumi/pulumi";
import fc from "fast-check";
import { comment } from "../preview/comment";
import { MOST_CHARACTERS } from "../preview/fit";
import { failedInEngine, fromEngine } from "../preview/from-engine";
import { fromJson } from "../preview/from-json";
import { code, codeBlock } from "../preview/markdown";
import { summary } from "../preview/summary";
import { changedPaths } from "../preview/changed-paths";
import { valueAt } from "../preview/values";
import type { PreviewResult, PreviewStep } from "../preview/result";
import { runServiceName } from "../sandbox/cloud/names";
import { expectFile } from "./support/file-snapshot";
import { previewProgram, VARIANTS } from "./support/preview-program";
import { TestStack } from "./support/stack";

const WHERE = { project: "test", stack: "dev" };
const SECRET_SIGNATURE = { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270" };

const snapshot = (name: string) => join(__dirname, "preview/snapshots", `${name}.md`);

describe("what reviewers read of previews by the in-process door", () => {
  test("the first deployment", async () => {
    const result = await new TestStack().preview(previewProgram);
    expectFile(snapshot("first-deployment"), comment(fromEngine({ ...WHERE, before: [], result })));
  });

  describe("of a program that is deployed", () => {
    const stack = new TestStack();
    beforeAll(async () => stack.up(previewProgram));

    test.each(Object.entries(VARIANTS))("%s", async (name, variant) => {
      const before = stack.engine.resources;
      const preview = await stack
        .preview(() => {
          previewProgram(variant);
        })
        .then((result) => fromEngine({ ...WHERE, before, result }))
        .catch((error: unknown) => failedInEngine(WHERE, error));
      expectFile(snapshot(name), comment(preview));
    });
  });
});

test.each<[string, boolean]>([
  ["a-lost-grant", false],
  ["a-renamed-grant", true],
])("what the comment says of %s is what happens", async (name, isThere) => {
  const stack = new TestStack();
  await stack.up(previewProgram);
  await stack.up(() => {
    previewProgram(VARIANTS[name]);
  });
  const member = "serviceAccount:the-caller@my-project.iam.gserviceaccount.com";
  const bindings = stack.cloud.iam.bindings(runServiceName("my-project", "us-central1", "hello"));
  expect(bindings.some((binding) => binding.member === member)).toBe(isThere);
});

// How the engine writes it: https://github.com/pulumi/pulumi/blob/master/pkg/display/json.go
const RUN = "gcp:cloudrunv2/service:Service";
const JOB = "gcp:cloudscheduler/job:Job";
const GRANT = "gcp:cloudrunv2/serviceIamMember:ServiceIamMember";
const urn = (type: string, name: string) => `urn:pulumi:dev::test::${type}::${name}`;
const state = (type: string, name: string, inputs: object = {}, more: object = {}) => ({
  urn: urn(type, name),
  type,
  custom: true,
  inputs,
  outputs: inputs,
  ...more,
});
type State = ReturnType<typeof state>;
const step = (op: string, oldState?: State, newState?: State, more: object = {}) => ({
  op,
  urn: (newState ?? oldState)?.urn ?? "",
  oldState,
  newState,
  detailedDiff: null,
  ...more,
});
const read = (steps: object[], more: object = {}) => fromJson(JSON.stringify({ steps, ...more }), WHERE);

describe("what Pulumi's CLI prints", () => {
  const hello = state(RUN, "hello", { location: "eu" });
  const moved = state(RUN, "hello", { location: "us" });

  test("steps, their changed paths and their reasons", () => {
    const detailedDiff = { location: { kind: "update-replace", inputDiff: true }, "a.b": { kind: "add" } };
    const { steps } = read([
      step("same", state("pulumi:pulumi:Stack", "test-dev")),
      step("replace", hello, moved, { detailedDiff, replaceReasons: ["location"] }),
    ]);
    expect(steps[1]).toMatchObject({
      op: "replace",
      name: "hello",
      changed: [
        { path: "location", kind: "update", replaces: true },
        { path: "a.b", kind: "add", replaces: false },
      ],
      replaceReasons: ["location"],
    });
  });

  test("without a detailed difference, it is found out", () => {
    const [found] = read([step("update", hello, moved)]).steps;
    expect(found?.changed).toEqual([{ path: "location", kind: "update", replaces: false }]);
  });

  test("a replacement in three steps is one", () => {
    const three = read([
      step("create-replacement", hello, moved, { replaceReasons: ["location"] }),
      step("replace", hello, moved, { replaceReasons: ["location"] }),
      step("delete-replaced", hello),
    ]);
    const one = read([step("replace", hello, moved, { replaceReasons: ["location"] })]);
    expect(comment(three)).toBe(comment(one));
  });

  test("what an earlier deployment left to be deleted does not hide what is there", () => {
    const { steps } = read([step("delete-replaced", hello), step("same", hello, moved)]);
    expect(steps.map(({ op }) => op)).toEqual(["same"]);
  });

  describe("after a refresh, what is done starts from what was found", () => {
    // The engine tells what a refresh finds as an update to it, before what the deployment does.
    const found = { ...state(RUN, "hello", { location: "eu", invokerIamDisabled: true }) };
    const detailedDiff = { invokerIamDisabled: { kind: "add" } };
    const refreshed = step("update", hello, found, { detailedDiff });

    test("a door that somebody opened is shut", () => {
      const text = comment(read([refreshed, step("update", found, hello)]));
      expect(text).toContain("no longer open to anybody: `hello`");
      expect(text).not.toContain("opened to anybody**");
    });

    test("what is replaced, deleted or made again is told as that", () => {
      const opOf = (...steps: object[]) => read(steps).steps.map(({ op, old }) => [op, old?.inputs]);
      expect(opOf(refreshed, step("replace", found, moved))).toEqual([["replace", found.inputs]]);
      expect(
        opOf(
          refreshed,
          step("create-replacement", found, moved),
          step("replace", found, moved),
          step("delete-replaced", found),
        ),
      ).toEqual([["replace", found.inputs]]);
      expect(opOf(refreshed, step("delete", found))).toEqual([["delete", found.inputs]]);
      expect(opOf(step("delete", hello), step("create", undefined, hello))).toEqual([["create", undefined]]);
    });

    test("where nothing is done, what was found is told", () => {
      expect(read([refreshed, step("same", found, found)]).steps.map(({ op }) => op)).toEqual(["update"]);
    });
  });

  test("of what stays as it is, the outputs are those that it had", () => {
    const now = { ...state(RUN, "hello", {}), outputs: undefined };
    const { steps } = read([step("same", state(RUN, "hello", { uri: "https://a.run.app" }), now as never)]);
    expect(steps[0]?.new?.outputs).toEqual({ uri: "https://a.run.app" });
  });

  test.each<[string, string, RegExp]>([
    [
      "without what stays as it is",
      JSON.stringify({ steps: [], changeSummary: { same: 3 } }),
      /leaves out 3 resources.*--show-sames/,
    ],
    ["of another kind", '{"result":"succeeded"}', /not what `pulumi preview --json` prints/],
    ["cut off", '{"steps": [', /no JSON to its end/],
    [
      "with a step that nobody knows",
      JSON.stringify({ steps: [step("explode", hello)] }),
      /a step "explode" \(urn:.*hello\)/,
    ],
    ["with a field of another type", '{"steps": 7}', /not what .* prints.*steps/],
  ])("%s it is refused", (_, text, message) => {
    expect(() => fromJson(text, WHERE)).toThrow(message);
  });

  test.each<[string, string, string, string]>([
    ["nothing", "", "", "The preview ended without a word."],
    ["nothing but an error", "", "error: no stack named 'nope' found\n", "no stack named 'nope' found"],
  ])("%s is a failed preview", (_, printed, log, message) => {
    const preview = fromJson(printed, WHERE, log);
    expect(preview).toMatchObject({ ...WHERE, failed: true, diagnostics: [{ message }] });
    expect(comment(preview)).toContain(message);
  });

  test("a stack that is named in full has one comment, whether its preview fails or not", () => {
    const named = { ...WHERE, stack: "acme/test/dev" };
    const [failed, fine] = ["", JSON.stringify({ steps: [step("same", hello, hello)] })].map(
      (printed) => comment(fromJson(printed, named)).split("\n", 1)[0],
    );
    expect(failed).toBe(fine);
  });

  test("words before the JSON do no harm, and errors make it a failed one", () => {
    const diagnostics = [
      {
        urn: urn(RUN, "hello"),
        severity: "error",
        message: "error: \u001b[31mno\u001b[0m leave\n    at f (/home/x.js:1)",
      },
      { severity: "warning", message: "warning: careful" },
    ];
    const preview = fromJson(
      `> npm says\n${JSON.stringify({ steps: [step("create", undefined, hello)], diagnostics })}`,
      WHERE,
    );
    const text = comment(preview);
    expect(text).toContain("`hello` (`gcp:cloudrunv2.Service`):\n\n```text\nno leave\n```");
    expect(text).not.toMatch(/home|to create|Who may call what/);
    expect(comment(read([], { diagnostics: diagnostics.slice(1) }))).toContain(
      "### Warnings\n\nThe program:\n\n```text\ncareful\n```",
    );
    expect(summary(preview)).toMatchObject({
      failed: true,
      diagnostics: [{ message: expect.any(String) as string }, {}],
    });
  });
});

describe("a source that calls something else", () => {
  const place = { name: "hello", location: "eu", project: "p" };
  const hello = state(RUN, "hello", { ...place, uri: "https://hello.run.app" });
  const grant = state(GRANT, "g", {
    ...place,
    role: "roles/run.invoker",
    member: "serviceAccount:a@b.example",
  });
  const job = (uri: string) =>
    state(JOB, "nightly", {
      httpTarget: { uri, oidcToken: { serviceAccountEmail: "a@b.example", audience: uri } },
    });
  const said = (uri: string) =>
    comment(
      read([
        step("same", hello, hello),
        step("same", grant, grant),
        step("update", job("https://hello.run.app"), job(uri)),
      ]),
    );

  test.each<[string, string, string | undefined]>([
    ["an application decides itself", "https://app.example.com", undefined],
    [
      "a service without a grant does not let it in",
      "https://far.run.app",
      "`nightly` calls `far.run.app` now, and no grant lets it in.",
    ],
  ])("%s", (_, uri, warning) => {
    const text = said(uri);
    if (warning === undefined) expect(text).not.toMatch(/No longer let in|not let in/);
    else expect(text).toContain(`**No longer let in:** ${warning}`);
  });
});

describe("what is taken out of a stack and left in the cloud", () => {
  const place = { name: "hello", location: "eu", project: "p" };
  const hello = state(RUN, "hello", { ...place, uri: "https://hello.run.app" });
  const all = { ...place, role: "roles/run.invoker", member: "allUsers" };
  const kept = (name: string, inputs: object) => state(GRANT, name, inputs, { retainOnDelete: true });

  test("goes on letting in", () => {
    const text = comment(read([step("same", hello, hello), step("delete", kept("all", all))]));
    expect(text).toContain("Nothing changes.");
    expect(text).not.toContain("no longer open");
    expect(text).toContain(
      "| **delete** | `all` | `gcp:cloudrunv2.ServiceIamMember` | it stays in the cloud |",
    );
  });

  test("so does what another one replaces", () => {
    const narrower = { ...all, role: "roles/run.servicesInvoker" };
    const replace = step("replace", kept("all", all), state(GRANT, "all", narrower), {
      replaceReasons: ["role"],
    });
    const text = comment(read([step("same", hello, hello), replace]));
    expect(text).toContain("- new: `allUsers` may call `hello`, by `roles/run.servicesInvoker`");
    expect(text).not.toContain("changed:");
    expect(text).toContain("because of `role`; the old one stays in the cloud");
  });

  test("takes nothing from whoever declares it now", () => {
    const heir = step("create", undefined, state(GRANT, "heir", all));
    expect(comment(read([heir, step("delete", kept("all", all))]))).not.toContain("nobody has it");
    expect(comment(read([heir, step("delete", state(GRANT, "all", all))]))).toContain("nobody has it");
  });

  test("by the in-process door too", async () => {
    const stack = new TestStack();
    await stack.up(() => {
      new pubsub.Topic("topic", {}, { retainOnDelete: true });
    });
    const before = stack.engine.resources;
    const result = await stack.preview(() => undefined);
    expect(fromEngine({ ...WHERE, before, result }).steps).toContainEqual(
      expect.objectContaining({ op: "delete", name: "topic", stays: true }),
    );
  });
});

describe("whatever is in a preview", () => {
  const text = fc.oneof(fc.string({ unit: "binary" }), fc.string(), fc.constantFrom(...nasty()));
  const value = fc.jsonValue({ maxDepth: 2 });

  test("no secret comes out", () => {
    const hush = "hush-5f2c-do-not-tell";
    const secret = fc.constantFrom(
      { ...SECRET_SIGNATURE, value: hush },
      { ...SECRET_SIGNATURE, plaintext: JSON.stringify(hush) },
      { ...SECRET_SIGNATURE, ciphertext: hush },
      "[secret]",
    );
    const place = fc.constantFrom(
      "uri",
      "audience",
      "member",
      "role",
      "location",
      "name",
      "url",
      "template",
      "labels",
    );
    // A provider may repeat in its outputs what the inputs keep secret.
    const inputs = fc
      .tuple(place, secret)
      .map(([key, hidden]) => ({ plain: "x", [key]: hidden, nested: { [key]: [hidden] } }));
    const outputs = (of: Record<string, unknown>) =>
      JSON.parse(JSON.stringify(of).replaceAll('"[secret]"', JSON.stringify(hush))) as object;
    const type = fc.constantFrom(RUN, JOB, GRANT, "toy:index:Thing");
    const op = fc.constantFrom("create", "update", "replace", "delete", "same");
    const steps = fc.array(fc.tuple(op, type, inputs, inputs), { maxLength: 4 }).map((list) =>
      list.map(([what, of, before, after], index) => {
        const oidcToken = { serviceAccountEmail: before.plain, ...after };
        const old = state(of, `r${index}`, before, { outputs: outputs(before) });
        const now = state(
          of,
          `r${index}`,
          { ...after, httpTarget: { ...after, oidcToken } },
          { outputs: outputs(after) },
        );
        return step(what, what === "create" ? undefined : old, what === "delete" ? undefined : now);
      }),
    );
    fc.assert(
      fc.property(steps, (list) => {
        const preview = read(list);
        expect(comment(preview)).not.toContain(hush);
        expect(JSON.stringify(summary(preview))).not.toContain(hush);
        expect(JSON.stringify(preview)).not.toContain(hush);
      }),
    );
  });

  test("no secret of a program comes out of the in-process door", async () => {
    const stack = new TestStack();
    const result = await stack.preview(() => {
      secretProgram("hush-5f2c");
    });
    const preview = fromEngine({ ...WHERE, before: [], result });
    expect(comment(preview)).not.toContain("hush-5f2c");
    expect(comment(preview)).toContain("[secret]");
  });

  test("a secret audience that changes is told, and not shown", () => {
    const oidcToken = { serviceAccountEmail: "a@b.example", audience: "[secret]" };
    const job = (name: string) =>
      state(JOB, name, { httpTarget: { uri: "https://app.example.com", oidcToken } });
    const detailedDiff = { "httpTarget.oidcToken.audience": { kind: "update" } };
    const text = comment(
      read([
        step("update", job("nightly"), job("nightly"), { detailedDiff }),
        step("update", job("hourly"), job("hourly"), { detailedDiff: { schedule: { kind: "update" } } }),
      ]),
    );
    expect(text.match(/audience .* → .*/g)).toEqual(["audience `[secret]` → `[another secret]`"]);
    expect(text).not.toMatch(/changed: `hourly`/);
  });

  test("nor does what was none, and is one from now on", async () => {
    const hush = "hush-5f2c";
    const of = (value: string) => state("toy:index:Thing", "thing", { list: [{ password: value }] });
    const known = { ...of("[secret]"), outputs: {} };
    for (const now of [of("[secret]"), known]) {
      expect(comment(read([step("update", of(hush), now)]))).not.toContain(hush);
    }
    const stack = new TestStack();
    const labelled = (a: pulumi.Input<string>) => () => {
      new pubsub.Topic("topic", { labels: { a } });
    };
    await stack.up(labelled(hush));
    const before = stack.engine.resources;
    const result = await stack.preview(labelled(pulumi.secret("hush-6a")));
    const text = comment(fromEngine({ ...WHERE, before, result }));
    expect(text).toContain("labels.a");
    expect(text).not.toContain("hush");
  });

  test("it stays within the limit, and says what is missing", () => {
    const few = fc.integer({ min: 1, max: 40 });
    fc.assert(
      fc.property(few, few, fc.integer({ min: 2_500, max: 9_000 }), (jobs, width, most) => {
        const whole = comment(preview(jobs, width));
        const cut = comment(preview(jobs, width), most);
        expect(cut.length).toBeLessThanOrEqual(most);
        if (whole.length <= most) expect(cut).toBe(whole);
        else expect(cut).toMatch(/left out/);
        expect(cut.split("\n").filter((line) => /^```/.test(line)).length % 2).toBe(0);
        expect((cut.match(/<details>/g) ?? []).length).toBe((cut.match(/<\/details>/g) ?? []).length);
      }),
      { numRuns: 30 },
    );
    const huge = comment(preview(1_500, 300));
    expect(huge.length).toBeLessThanOrEqual(MOST_CHARACTERS);
    expect(huge).toContain("The graph is too large to be drawn here.");
    expect(huge).toMatch(/more lines? left out/);
    // The bottom goes first: a warning stays when nothing else does.
    const opened = {
      ...preview(1_500, 10),
      steps: [...preview(1_500, 10).steps, ...preview(1, 1, "allUsers").steps],
    };
    expect(comment(opened).indexOf("**Open to anybody:**")).toBeGreaterThan(0);
  });

  test.each(["warning", "error"])("so does a %s of every resource", (severity) => {
    const diagnostics = Array.from({ length: 2_000 }, (_, index) => ({
      severity,
      message: `the property of number ${index}\nis deprecated`,
      urn: urn(RUN, `service-${index}`),
    }));
    const written = comment(read([], { diagnostics }));
    expect(written.length).toBeLessThanOrEqual(MOST_CHARACTERS);
    expect(written).toContain("the property of number 0\n");
    expect(written).toMatch(new RegExp(`_\\d{3,} more ${severity}s left out\\._`));
    expectIntact(written);
  });

  test("names and values stay where they are put", () => {
    fc.assert(
      fc.property(text, text, value, (name, from, to) => {
        const tidy = name.replaceAll("::", ":");
        const old = state(RUN, tidy, { location: from, labels: { a: to } });
        const now = state(RUN, tidy, { location: `${from}!`, labels: { b: to } });
        const source = state(JOB, `${tidy}-job`, {
          httpTarget: { uri: from, oidcToken: { serviceAccountEmail: name, audience: from } },
        });
        const grant = state(GRANT, tidy, { name: from, role: "roles/run.invoker", member: name });
        const written = comment(
          read([step("update", old, now), step("create", undefined, source), step("delete", grant)]),
        );
        expectIntact(written);
      }),
    );
  });

  test("so do errors", () => {
    fc.assert(
      fc.property(text, text, (message, name) => {
        const diagnostics = [{ severity: "error", message, urn: urn(RUN, name.replaceAll("::", ":")) }];
        expectIntact(comment(read([], { diagnostics })));
      }),
    );
  });

  test("code is what it was, or spelled out", () => {
    expect(code("a_b*c")).toBe("`a_b*c`");
    expect(code("a|b`<i>@x")).toBe("<code>a&#124;b&#96;&#60;i&#62;&#64;x</code>");
    expect(code("a\u202eb\n")).toBe("<code>a&#92;u&#123;202e&#125;b&#92;u&#123;a&#125;</code>");
    expect(code("")).toBe("(empty)");
    expect(code("x".repeat(400))).toBe(`\`${"x".repeat(300)}…\``);
    expect(codeBlock("diff", ["a ```` b"])).toEqual(["`````diff", "a ```` b", "`````"]);
  });

  test("the first line, by which a workflow knows its own comment, is one of HTML that no name can end", () => {
    const marker = (project: string, stack: string) =>
      comment(fromJson('{"steps":[]}', { project, stack })).split("\n", 1)[0];
    fc.assert(
      fc.property(text, text, (project, stack) => {
        expect(marker(project, stack)).toMatch(/^<!-- automatic-oidc preview of [\w.%-]*\/[\w.%-]* -->$/);
      }),
    );
    expect(marker("a/b", "c")).not.toBe(marker("a", "b/c"));
  });

  test("paths lead to what they were made from", () => {
    fc.assert(
      fc.property(fc.dictionary(text, value), fc.dictionary(text, value), (olds, news) => {
        for (const { path, kind } of changedPaths(olds, news)) {
          if (kind === "add") expect(valueAt(olds, path)).toBeUndefined();
          if (kind !== "delete") expect(valueAt(news, path)).toBeDefined();
        }
        expect(changedPaths(news, structuredClone(news))).toEqual([]);
      }),
    );
  });
});

/** Whatever could mean something to Markdown, HTML, Mermaid or a terminal. */
function nasty(): string[] {
  return [
    "`", "```", "````\n", "|", "\\|", "a|b", "<script>alert(1)</script>", "<!--", "-->", "</details>", "@everyone", "#1",
    "![x](https://evil.example/x.png)", "[x](javascript:x)", "https://evil.example", '"]', '"] --> x', "%%{init: {}}%%",
    "\u202e", "\u0000", "\ud800", "\n# title\n", "\r\n---\n", "~~~", "> [!NOTE]", "&lt;", "$x$", "  ", "__proto__", "constructor",
  ]; // prettier-ignore
}

/** Takes out what is code and what is ours; nothing that could be anything else may remain. */
function expectIntact(written: string): void {
  const withoutBlocks = written.replace(
    /^(`{3,})(\w+)\n([^]*?)\n\1$/gm,
    (_, __, language: string, inner: string) => {
      if (language === "mermaid") {
        for (const line of inner.split("\n")) expect(line).toMatch(MERMAID_LINE);
      }
      return "";
    },
  );
  const rest = withoutBlocks
    .replace(/<code>(?:[A-Za-z0-9 …]|&#\d+;)*<\/code>/g, "")
    .replace(/`[^`\n]*`/g, "")
    .replace(/<\/?(details|summary)>/g, "")
    .replace(/^<!-- automatic-oidc preview of [\w.%/-]* -->$/m, "")
    .replace(/^> \[!(CAUTION|WARNING)\]$/gm, "");
  expect(rest).not.toMatch(/[`<@\\\p{Cf}\p{Cs}[\]]/u);
  for (const line of rest.split("\n").filter((one) => one.startsWith("|")))
    expect(line.split("|")).toHaveLength(6);
}

const MERMAID_TEXT = '"(?:[^"`<>&%\\p{Cc}]|<br/>)*"';
const MERMAID_LINE = new RegExp(
  `^(flowchart LR|  \\w+[[({/]+${MERMAID_TEXT}[\\])}/]+|  \\w+ [-.=>]+\\|${MERMAID_TEXT}\\| \\w+|  (linkStyle|classDef|class) [\\w,#: ;.-]+)$`,
  "u",
);

function secretProgram(hush: string): void {
  new pubsub.Topic("topic", {
    name: pulumi.interpolate`t-${pulumi.secret(hush)}`,
    labels: { a: pulumi.secret(hush) },
  });
}

/** So many jobs, all new, each with so much to say. */
function preview(jobs: number, width: number, member = "user:ann@example.com"): PreviewResult {
  const resource = (type: string, name: string, inputs: Record<string, unknown>): PreviewStep => ({
    op: "create",
    urn: urn(type, name),
    type,
    name,
    custom: true,
    new: { urn: urn(type, name), type, name, inputs, outputs: inputs },
    changed: [],
    replaceReasons: [],
  });
  const steps = Array.from({ length: jobs }, (_, index) => {
    const uri = `https://service-${index}.run.app/${"x".repeat(width)}`;
    return resource(JOB, `job-${index}`, {
      httpTarget: { uri, oidcToken: { serviceAccountEmail: `a${index}@b`, audience: uri } },
    });
  });
  const grant = resource(GRANT, `grant-${member}`, { name: "far", role: "roles/run.invoker", member });
  return { ...WHERE, steps: [...steps, grant], diagnostics: [], failed: false };
}
