import { join } from "node:path";
import * as cloudrunv2 from "@pulumi/gcp/cloudrunv2";
import * as cloudscheduler from "@pulumi/gcp/cloudscheduler";
import * as serviceaccount from "@pulumi/gcp/serviceaccount";
import type * as pulumi from "@pulumi/pulumi";
import { CallerIdentity, CloudRunService, ExternalApplication, SchedulerJob } from "../components";
import { comment } from "../preview/comment";
import { failedInEngine, fromEngine } from "../preview/from-engine";
import type { Program } from "../sandbox/doors/in-process/engine";
import { expectFile } from "./support/file-snapshot";
import { TestStack } from "./support/stack";

const REGION = "us-central1";
const NIGHTLY = { schedule: "0 3 * * *", timeZone: "Etc/UTC", region: REGION };
const WHERE = { project: "test", stack: "dev" };

interface Wanted {
  hourly?: boolean;
  reader?: boolean;
  audience?: string;
  region?: string;
}

/** A schedule that calls a service and one that calls an application, and what the tests change in it. */
function program({ hourly = false, reader = false, audience, region = REGION }: Wanted = {}): Program {
  return () => {
    const schedulerunner = new CallerIdentity("schedulerunner", {});
    const report = new CloudRunService("report", {
      image: "us-docker.pkg.dev/cloudrun/container/hello",
      region,
      invokers: reader ? { auditor: new CallerIdentity("auditor", {}).member } : {},
    });
    const url = "https://jobs.example.com";
    const app = new ExternalApplication("app", { url, audience, callers: { schedulerunner } });
    new SchedulerJob("nightly", { ...NIGHTLY, target: report.authorize(schedulerunner) });
    new SchedulerJob("apptest", { ...NIGHTLY, target: app.authorize(schedulerunner) });
    if (hourly) {
      const target = report.authorize(schedulerunner);
      new SchedulerJob("hourly", { ...NIGHTLY, schedule: "0 * * * *", target, path: "/hourly" });
    }
  };
}

/** What a reviewer reads of the step from one program to the next. */
async function preview(before: Program | undefined, after: Program): Promise<string> {
  const stack = new TestStack();
  if (before !== undefined) await stack.up(before);
  const deployed = stack.engine.resources;
  try {
    return comment(fromEngine({ ...WHERE, before: deployed, result: await stack.preview(after) }));
  } catch (error) {
    return comment(failedInEngine(WHERE, error));
  }
}

const snapshot = (name: string) => join(__dirname, "preview/snapshots", `${name}.md`);

describe("comments for reviewers", () => {
  test.each<[name: string, before: Program | undefined, after: Program]>([
    ["first deployment", undefined, program()],
    ["one new edge", program(), program({ hourly: true })],
    ["a removed grant", program({ reader: true }), program()],
    ["an audience change", program(), program({ audience: "https://jobs.example.com/v2" })],
    ["a replace", program(), program({ region: "europe-west1" })],
    ["no change", program(), program()],
    [
      "a failure",
      program(),
      () => {
        program()();
        new SchedulerJob("clear", {
          ...NIGHTLY,
          target: { url: "http://jobs.example.com", serviceAccountEmail: "a@b.iam.gserviceaccount.com" },
        });
      },
    ],
  ])("%s", async (name, before, after) => {
    expectFile(snapshot(name.replaceAll(" ", "-")), await preview(before, after));
  });

  test("a renamed grant, which nobody has afterwards, comes before all else", async () => {
    const named = (grant: string) => () => handMade(grant);
    const text = await preview(named("job-invoker"), named("hello-invoker"));
    expectFile(snapshot("a-lost-grant"), text);
    expect(text.indexOf("After this update nobody has it")).toBeLessThan(
      text.indexOf("### Who may call what"),
    );
    expect(await preview(named("job-invoker"), named("job-invoker"))).not.toContain("nobody has it");
  });

  test("a renamed grant with an alias of its old name is the same", async () => {
    const text = await preview(
      () => handMade("job-invoker"),
      () => handMade("hello-invoker", { aliases: [{ name: "job-invoker" }] }),
    );
    expect(text).not.toContain("nobody has it");
    expect(text).toContain("Nothing changes.");
  });

  test("an opened door is called out", async () => {
    const text = await preview(
      () => handMade("invoker"),
      () => {
        const { service } = handMade("invoker");
        new cloudrunv2.ServiceIamMember("public", {
          name: service.name,
          location: REGION,
          role: "roles/run.invoker",
          member: "allUsers",
        });
      },
    );
    expectFile(snapshot("an-open-door"), text);
  });
});

/** The same without components, as any program might be written. */
function handMade(grantName: string, options?: pulumi.CustomResourceOptions) {
  const account = new serviceaccount.Account("caller", { accountId: "the-caller" });
  const service = new cloudrunv2.Service("hello", {
    name: "hello",
    location: REGION,
    deletionProtection: false,
    template: { containers: [{ image: "hello" }] },
  });
  const grant = new cloudrunv2.ServiceIamMember(
    grantName,
    { name: service.name, location: REGION, role: "roles/run.invoker", member: account.member },
    options,
  );
  new cloudscheduler.Job("job", {
    region: REGION,
    schedule: "0 3 * * *",
    httpTarget: {
      uri: service.uri,
      oidcToken: { serviceAccountEmail: account.email, audience: service.uri },
    },
  });
  return { service, grant };
}
