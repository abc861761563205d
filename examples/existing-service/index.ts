import { CallerIdentity, RunInvoker, SchedulerJob } from "@automatic-oidc/automatic-oidc";
import * as cloudrunv2 from "@pulumi/gcp/cloudrunv2";
import * as pulumi from "@pulumi/pulumi";

// Looked at, not owned: its address, and with it the audience, come from Google rather than from a keyboard.
const reports = cloudrunv2.Service.get("reports", new pulumi.Config().require("service"));

const caller = new CallerIdentity("weekly");
const target = new RunInvoker("reports-weekly", {
  project: reports.project,
  region: reports.location,
  service: reports.name,
  url: reports.uri,
  caller,
});
new SchedulerJob("weekly", { schedule: "0 5 * * 1", path: "/weekly", target });
