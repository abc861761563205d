import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";

const FOLDER = join(__dirname, "../.github/workflows");

type Permissions = Record<string, "read" | "write" | "none">;
interface Step {
  name?: string;
  id?: string;
  if?: string;
  uses?: string;
  run?: string;
  with?: Record<string, unknown>;
  env?: Record<string, string>;
}
interface Concurrency {
  group: string;
  "cancel-in-progress": boolean | string;
}
interface Job {
  if?: string;
  needs?: string | string[];
  uses?: string;
  environment?: string;
  permissions?: Permissions;
  concurrency?: Concurrency;
  "runs-on"?: string;
  "timeout-minutes"?: number;
  steps?: Step[];
}
interface Workflow {
  name: string;
  on: Record<string, unknown>;
  permissions?: Permissions;
  concurrency?: Concurrency;
  jobs: Record<string, Job>;
}

const texts = new Map(readdirSync(FOLDER).map((file) => [file, readFileSync(join(FOLDER, file), "utf8")]));
const workflows = new Map([...texts].map(([file, text]) => [file, parse(text) as Workflow]));

function workflow(file: string): Workflow {
  const found = workflows.get(file);
  if (found === undefined) throw new Error(`no workflow ${file}`);
  return found;
}

const jobsOf = ({ jobs }: Workflow) => Object.entries(jobs);
const stepsOf = (all: Workflow) => Object.values(all.jobs).flatMap(({ steps = [] }) => steps);

/** All that a job may do, by its own words or else by the workflow's. */
const permissionsOf = (all: Workflow, job: Job): Permissions => job.permissions ?? all.permissions ?? {};

/** The only rights to write that any job has, and why. */
const WRITES: Readonly<Record<string, string>> = {
  "preview.yml real id-token": "to become the identity that can only read",
  "preview.yml comment pull-requests": "to write the comment",
  "up.yml up id-token": "to become the identity that deploys",
  "deploy.yml dev id-token": "what up.yml asks for cannot be more than its caller has",
  "deploy.yml prod id-token": "what up.yml asks for cannot be more than its caller has",
  "drift.yml drift id-token": "to become the identity that can only read",
  "release.yml publish id-token": "npm's trusted publishing, and provenance",
  "release.yml announce contents": "to make the release",
};

test("there is what the documentation speaks of", () => {
  expect([...workflows.keys()].sort()).toEqual([
    "ci.yml",
    "deploy.yml",
    "drift.yml",
    "preview.yml",
    "release.yml",
    "up.yml",
  ]);
  const page = readFileSync(join(__dirname, "../docs/pull-requests.md"), "utf8");
  const rows = [...page.matchAll(/^\| \[(\S+\.yml)\]\(\.\.\/\.github\/workflows\//gm)].map(
    ([, file]) => file,
  );
  expect(rows.sort()).toEqual([...workflows.keys()].sort());
  expect(page).toContain("Six workflows in");
});

describe.each([...workflows])("%s", (file, all) => {
  const text = texts.get(file) ?? "";

  test("every action is pinned by commit, with its version beside it", () => {
    const uses = [...text.matchAll(/^\s*(?:- )?uses: (.*)$/gm)].map(([, value]) => value ?? "");
    const declared = [...stepsOf(all), ...Object.values(all.jobs)].filter((one) => one.uses !== undefined);
    expect(uses).toHaveLength(declared.length);
    for (const value of uses)
      expect(value).toMatch(
        /^(\.\/\.github\/workflows\/[\w-]+\.yml|[\w-]+\/[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+)$/,
      );
  });

  test("one action has one pin everywhere", () => {
    const everywhere = [...texts.values()].join("\n");
    for (const [, action, pin] of text.matchAll(/uses: ([\w-]+\/[\w/-]+)@(.*)$/gm)) {
      for (const [, other] of everywhere.matchAll(new RegExp(`uses: ${action ?? ""}@(.*)$`, "gm")))
        expect(other).toBe(pin);
    }
  });

  test("no right that is not needed", () => {
    expect(all.permissions).toBeDefined();
    for (const right of Object.values(all.permissions ?? {})) expect(right).toBe("read");
    for (const [name, job] of jobsOf(all)) {
      const permissions = permissionsOf(all, job);
      const writes = Object.keys(permissions).filter((right) => permissions[right] === "write");
      for (const right of writes) expect(Object.keys(WRITES)).toContain(`${file} ${name} ${right}`);
      expect(Object.keys(permissions)).not.toContain("actions");
    }
  });

  test("no event that runs foreign code with this repository's rights", () => {
    expect(Object.keys(all.on)).not.toContain("pull_request_target");
    expect(Object.keys(all.on)).not.toContain("workflow_run");
    expect(Object.keys(all.on)).not.toContain("issue_comment");
  });

  test("nothing from outside gets into a script as code", () => {
    for (const { run = "", with: inputs = {} } of stepsOf(all)) {
      expect(run).not.toContain("${{");
      expect(String(inputs.script)).not.toContain("${{");
    }
    // In expressions only what nobody can write a sentence into.
    const expressions = [...text.matchAll(/\$\{\{(.*?)\}\}/g)].map(([, inner]) => inner ?? "");
    for (const inner of expressions) {
      expect(inner).not.toMatch(
        /github\.(head_ref|event\.(?!pull_request\.(number|head\.repo\.full_name|user\.login)\b))/,
      );
      expect(inner).not.toMatch(/secrets\./);
    }
  });

  test("checkouts leave no credentials behind", () => {
    for (const { uses = "", with: inputs } of stepsOf(all)) {
      if (uses.startsWith("actions/checkout@")) expect(inputs?.["persist-credentials"]).toBe(false);
    }
  });

  test("with credentials in reach, no package's install script runs", () => {
    for (const [, job] of jobsOf(all)) {
      if (permissionsOf(all, job)["id-token"] !== "write") continue;
      const installs = (job.steps ?? []).filter(({ run = "" }) => run.includes("npm ci"));
      for (const { run } of installs) expect(run).toContain("npm ci --ignore-scripts");
    }
  });

  test("every job ends, on a machine whose version is said", () => {
    for (const [, job] of jobsOf(all)) {
      if (job.uses !== undefined) continue;
      expect(job["timeout-minutes"]).toBeLessThanOrEqual(60);
      expect(job["runs-on"]).toMatch(/-\d/);
    }
  });
});

describe("what may be cut short", () => {
  test("a preview or a check that is superseded, and nothing on main", () => {
    expect(workflow("preview.yml").concurrency).toEqual({
      group: "preview-${{ github.event.pull_request.number }}",
      "cancel-in-progress": true,
    });
    // What waits in a group is cancelled when another comes, so on main each commit has a group.
    expect(workflow("ci.yml").concurrency?.group).toMatch(/\|\| github\.sha \}\}$/);
    expect(workflow("ci.yml").concurrency?.["cancel-in-progress"]).toBe(
      "${{ github.event_name == 'pull_request' }}",
    );
  });

  test("never a deployment: one after the other for each stack", () => {
    expect(workflow("deploy.yml").concurrency).toBeUndefined();
    expect(workflow("up.yml").concurrency).toBeUndefined();
    expect(workflow("up.yml").jobs.up?.concurrency).toEqual({
      group: "deploy-${{ inputs.stack }}",
      "cancel-in-progress": false,
    });
    for (const file of ["release.yml", "drift.yml"])
      expect(workflow(file).concurrency?.["cancel-in-progress"]).toBe(false);
  });

  test("deployments happen in a protected environment, from main, dev before prod", () => {
    expect(workflow("deploy.yml").on.push).toEqual({ branches: ["main"] });
    expect(workflow("deploy.yml").jobs.dev?.if).toContain("github.ref == 'refs/heads/main'");
    expect(workflow("deploy.yml").jobs.prod?.needs).toBe("dev");
    expect(workflow("up.yml").jobs.up?.environment).toBe("${{ inputs.stack }}");
    expect(workflow("release.yml").jobs.publish?.environment).toBe("npm");
  });
});

describe("the preview of a fork", () => {
  const { real, embedded, comment } = workflow("preview.yml").jobs;

  test("gets no token, and runs without credentials", () => {
    expect(real?.if).toContain("github.event.pull_request.head.repo.full_name == github.repository");
    expect(embedded?.permissions).toEqual({ contents: "read" });
    expect(embedded?.steps?.map(({ uses = "" }) => uses).join()).not.toMatch(/auth@|pulumi\/actions/);
    expect(comment?.if).toContain("github.event.pull_request.head.repo.full_name == github.repository");
  });

  test("takes exactly the pull requests that the real one does not", () => {
    const verdict = (condition = "", q: { keyless: string; fork: boolean; author: string }) =>
      evaluate(condition, {
        "vars.KEYLESS": q.keyless,
        "github.event.pull_request.head.repo.full_name": q.fork ? "somebody/fork" : "we/ours",
        "github.repository": "we/ours",
        "github.event.pull_request.user.login": q.author,
      });
    for (const keyless of ["", "true"]) {
      for (const fork of [false, true]) {
        for (const author of ["ann", "dependabot[bot]"]) {
          const q = { keyless, fork, author };
          expect({ q, real: verdict(real?.if, q) }).toEqual({
            q,
            real: keyless === "true" && !fork && author === "ann",
          });
          expect(verdict(embedded?.if, q)).toBe(!verdict(real?.if, q));
        }
      }
    }
  });

  test("the job that may write runs nothing of the pull request's", () => {
    expect(comment?.steps?.map(({ uses = "", run }) => [uses.split("@")[0], run])).toEqual([
      ["actions/download-artifact", undefined],
      ["actions/github-script", undefined],
    ]);
  });

  test("no states leave the machine", () => {
    const uploads = stepsOf(workflow("preview.yml")).filter(({ uses = "" }) =>
      uses.startsWith("actions/upload-artifact@"),
    );
    expect(uploads.map(({ with: inputs }) => inputs?.path)).toEqual(["comment.md", "comment.md"]);
  });
});

describe("the comment", () => {
  const script = String(
    workflow("preview.yml").jobs.comment?.steps?.find(({ uses = "" }) =>
      uses.startsWith("actions/github-script@"),
    )?.with?.script,
  );
  const DEV = "<!-- automatic-oidc preview of test/dev -->";
  const PROD = "<!-- automatic-oidc preview of test/prod -->";
  const SHA = "0123456789abcdef0123456789abcdef01234567";
  const BOT = { login: "github-actions[bot]" };
  let folder: string;
  const cwd = process.cwd();
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "comments-"));
    process.chdir(folder);
  });
  afterEach(() => {
    process.chdir(cwd);
    rmSync(folder, { recursive: true });
  });

  /** Runs the step's script as actions/github-script does, and says what it asked of GitHub. */
  async function post(existing: object[], bodies: Record<string, string>): Promise<object[]> {
    const asked: object[] = [];
    for (const [name, body] of Object.entries(bodies)) {
      mkdirSync(`comments/comment-${name}`, { recursive: true });
      writeFileSync(`comments/comment-${name}/comment.md`, body);
    }
    const issues = {
      listComments: "list",
      createComment: (q: object) => Promise.resolve(asked.push({ create: q })),
      updateComment: (q: object) => Promise.resolve(asked.push({ update: q })),
    };
    const github = { rest: { issues }, paginate: () => Promise.resolve(existing) };
    const context = {
      repo: { owner: "we", repo: "ours" },
      payload: { pull_request: { number: 7, head: { sha: SHA } } },
    };
    const AsyncFunction = Reflect.getPrototypeOf(post)?.constructor as FunctionConstructor;
    const run = Reflect.construct(AsyncFunction, ["github", "context", "require", script]) as (
      ...args: unknown[]
    ) => Promise<void>;
    await run(github, context, require);
    return asked;
  }

  const at = { owner: "we", repo: "ours" };
  const of = "\n_Of commit 0123456789._\n";

  test("is made once for each stack", async () => {
    expect(await post([], { dev: `${DEV}\na`, prod: `${PROD}\nb` })).toEqual([
      { create: { ...at, issue_number: 7, body: `${DEV}\na${of}` } },
      { create: { ...at, issue_number: 7, body: `${PROD}\nb${of}` } },
    ]);
  });

  test("is changed the next time, and the other stack's is left alone", async () => {
    const existing = [
      { id: 1, user: BOT, body: `${PROD}\r\nold` },
      { id: 2, user: BOT, body: `${DEV}\r\nold` },
    ];
    expect(await post(existing, { dev: `${DEV}\nnew` })).toEqual([
      { update: { ...at, comment_id: 2, body: `${DEV}\nnew${of}` } },
    ]);
  });

  test("is never somebody else's", async () => {
    const existing = [
      { id: 1, user: { login: "mallory" }, body: `${DEV}\nmine` },
      { id: 2, user: null, body: undefined },
      { id: 3, user: BOT, body: `something that quotes\n${DEV}\n` },
    ];
    expect(await post(existing, { dev: `${DEV}\na` })).toEqual([
      { create: { ...at, issue_number: 7, body: `${DEV}\na${of}` } },
    ]);
  });

  test("is nothing but a preview's", async () => {
    await expect(post([], { dev: "hello" })).rejects.toThrow("comment-dev is no comment of a preview");
    rmSync("comments", { recursive: true });
    expect(await post([], {})).toEqual([]);
  });
});

describe("the same on GitLab, as documented", () => {
  const page = readFileSync(join(__dirname, "../docs/pull-requests.md"), "utf8");
  const [, snippet = ""] = /```yaml\n([^]*?)\n```/.exec(page) ?? [];
  const pipeline = parse(snippet) as Record<string, { script?: string[]; rules?: { if: string }[] }>;
  const script = pipeline["preview:dev"]?.script ?? [];

  test("with the token at hand, nothing of a fork's runs", () => {
    expect(pipeline["preview:dev"]?.rules?.map((rule) => rule.if)).toEqual([
      '$CI_PIPELINE_SOURCE == "merge_request_event" && $CI_MERGE_REQUEST_SOURCE_PROJECT_ID == $CI_PROJECT_ID',
    ]);
    expect(script.join("\n")).toContain("--json --show-sames");
  });

  test.each([
    [
      "made once",
      [{ id: 1, author: { id: 8 }, body: "MARK\nnot ours" }],
      ["POST /projects/3/merge_requests/7/notes"],
    ],
    [
      "changed afterwards",
      [{ id: 5, author: { id: 9 }, body: "MARK\nold" }],
      ["PUT /projects/3/merge_requests/7/notes/5"],
    ],
  ])("the note is %s", async (_, existing, expected) => {
    const [, program = ""] =
      /<<'END'\n([^]*)\nEND/.exec(script.find((line) => line.startsWith("node")) ?? "") ?? [];
    const asked: string[] = [];
    const answer = (method: string, path: string): unknown => {
      if (path === "/user") return { id: 9 };
      if (method === "GET") return existing;
      return {};
    };
    const done = new Promise<void>((resolve) => {
      const fetched = (url: string, { method, body }: { method: string; body?: string }) => {
        const path = url.replace("https://gitlab", "");
        if (method !== "GET") {
          asked.push(`${method} ${path}`);
          expect(JSON.parse(body ?? "")).toEqual({ body: "MARK\nnew" });
          resolve();
        }
        return Promise.resolve({ ok: true, json: () => Promise.resolve(answer(method, path)) });
      };
      const env = {
        CI_API_V4_URL: "https://gitlab",
        CI_PROJECT_ID: 3,
        CI_MERGE_REQUEST_IID: 7,
        NOTES_TOKEN: "t",
      };
      const run = Reflect.construct(Function, ["require", "process", "fetch", program]) as (
        ...args: unknown[]
      ) => void;
      run(() => ({ readFileSync: () => "MARK\nnew" }), { env }, fetched);
    });
    await done;
    expect(asked).toEqual(expected);
  });
});

/** The little of GitHub's expressions that conditions of jobs use. */
function evaluate(condition: string, values: Readonly<Record<string, string>>): boolean {
  return condition.split("||").some((part) =>
    part.split("&&").every((comparison) => {
      const [, left = "", operator, right = ""] = /^\s*(\S+) ([!=]=) (\S+)\s*$/.exec(comparison) ?? [];
      const value = (term: string) => (term.startsWith("'") ? term.slice(1, -1) : values[term]);
      if (value(left) === undefined || value(right) === undefined)
        throw new Error(`not understood: ${comparison}`);
      return (value(left) === value(right)) === (operator === "==");
    }),
  );
}
