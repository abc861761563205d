import { CallerIdentity, CloudRunService, SchedulerJob } from "@automatic-oidc/automatic-oidc";
import * as pulumi from "@pulumi/pulumi";

// What calls lies in gcp:project: Scheduler takes accounts of the job's own project only.
const caller = new CallerIdentity("audit");

// What is called lies in another one, and so does the grant, which names that project by itself.
const ledger = new CloudRunService("ledger", {
  project: new pulumi.Config().require("targetProject"),
  region: "europe-west1",
  image: "us-docker.pkg.dev/cloudrun/container/hello",
});

new SchedulerJob("audit", { schedule: "0 6 * * 1", path: "/audit", target: ledger.authorize(caller) });
