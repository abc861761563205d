import { CallerIdentity, IapInvoker, SchedulerJob } from "@automatic-oidc/automatic-oidc";
import * as cloudrunv2 from "@pulumi/gcp/cloudrunv2";
import * as iap from "@pulumi/gcp/iap";
import * as projects from "@pulumi/gcp/projects";
import * as pulumi from "@pulumi/pulumi";

const clientId = new pulumi.Config().require("clientId");

const reports = new cloudrunv2.Service("reports", {
  location: "us-central1",
  iapEnabled: true,
  deletionProtection: false,
  template: { containers: [{ image: "us-docker.pkg.dev/cloudrun/container/hello" }] },
});

// IAP calls the service as an agent of its own, which has to be let in like anybody else.
const agent = new projects.ServiceIdentity("iap-agent", { service: "iap.googleapis.com" });
new cloudrunv2.ServiceIamMember("iap-calls-reports", {
  name: reports.name,
  location: reports.location,
  role: "roles/run.invoker",
  member: agent.member,
});

// Without a place on this list IAP takes tokens of browsers only.
new iap.Settings("reports-programs", {
  name: pulumi.interpolate`projects/${reports.project}/iap_web/cloud_run-${reports.location}/services/${reports.name}`,
  accessSettings: { oauthSettings: { programmaticClients: [clientId] } },
});

const target = new IapInvoker("reports-nightly", {
  service: reports.name,
  region: reports.location,
  url: reports.uri,
  clientId,
  caller: new CallerIdentity("nightly"),
});
new SchedulerJob("nightly", { schedule: "0 3 * * *", path: "/nightly", target });
