import * as cloudrunv2 from "@pulumi/gcp/cloudrunv2";
import * as cloudscheduler from "@pulumi/gcp/cloudscheduler";
import * as serviceaccount from "@pulumi/gcp/serviceaccount";
import {
  CallerIdentity,
  CloudRunService,
  ExternalApplication,
  ProjectApis,
  SchedulerJob,
} from "../../components";

/** What can be different in the program whose previews are looked at. */
export interface Variant {
  /** One more schedule. */
  hourly?: true;
  /** A second caller who is let in. */
  auditor?: false;
  audience?: string;
  region?: string;
  /** What the grant that is written without components is called, and was called. */
  grant?: string;
  grantAlias?: string;
  /** Anybody may call the service that is written without components. */
  open?: true;
  fails?: true;
}

/** Previews from the program as it is to one that is different in one matter; by name. */
export const VARIANTS: Readonly<Record<string, Variant>> = {
  "one-new-edge": { hourly: true },
  "a-removed-grant": { auditor: false },
  "an-audience-change": { audience: "https://jobs.example.com/v2" },
  "a-replace": { region: "europe-west1" },
  "no-change": {},
  "a-failure": { fails: true },
  "a-lost-grant": { grant: "hello-invoker" },
  "a-renamed-grant": { grant: "hello-invoker", grantAlias: "job-invoker" },
  "an-open-door": { open: true },
};

/** Another stack's part: which APIs are on is not what these previews are about. */
export function setUp(): void {
  new ProjectApis("apis", {
    project: "my-project",
    services: ["iam", "run", "cloudscheduler", "cloudtasks", "pubsub", "cloudresourcemanager"],
  });
}

const REGION = "us-central1";

/** A schedule that calls a service, one that calls an application, and one that is written without components. */
export function previewProgram(variant: Variant = {}): void {
  const schedulerunner = new CallerIdentity("schedulerunner", {});
  const auditor = new CallerIdentity("auditor", { agents: [] });
  const report = new CloudRunService("report", {
    image: "us-docker.pkg.dev/cloudrun/container/hello",
    region: variant.region ?? REGION,
    invokers: variant.auditor === false ? {} : { auditor: auditor.member },
  });
  const app = new ExternalApplication("app", {
    url: "https://jobs.example.com",
    audience: variant.audience,
    callers: { schedulerunner },
  });
  const schedule = { schedule: "0 3 * * *", timeZone: "Etc/UTC", region: REGION };
  new SchedulerJob("nightly", { ...schedule, target: report.authorize(schedulerunner) });
  new SchedulerJob("apptest", { ...schedule, target: app.authorize(schedulerunner) });
  if (variant.hourly === true) {
    const target = report.authorize(schedulerunner);
    new SchedulerJob("hourly", { ...schedule, schedule: "0 * * * *", target, path: "/hourly" });
  }
  handMade(variant);
  if (variant.fails === true) throw new Error("the program has ```an error``` in it, <b>here</b>");
}

function handMade({ grant = "job-invoker", grantAlias, open }: Variant): void {
  const caller = new serviceaccount.Account("caller", { accountId: "the-caller" });
  const service = new cloudrunv2.Service("hello", {
    name: "hello",
    location: REGION,
    deletionProtection: false,
    template: { containers: [{ image: "hello" }] },
  });
  const on = { name: service.name, location: REGION, role: "roles/run.invoker" };
  new cloudrunv2.ServiceIamMember(
    grant,
    { ...on, member: caller.member },
    { aliases: grantAlias === undefined ? [] : [{ name: grantAlias }] },
  );
  if (open === true) new cloudrunv2.ServiceIamMember("public", { ...on, member: "allUsers" });
  new cloudscheduler.Job("job", {
    region: REGION,
    schedule: "0 3 * * *",
    httpTarget: {
      uri: service.uri,
      oidcToken: { serviceAccountEmail: caller.email, audience: service.uri },
    },
  });
}
