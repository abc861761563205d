import { CallerIdentity, CloudRunService, SchedulerJob } from "@automatic-oidc/automatic-oidc";
import * as pulumi from "@pulumi/pulumi";

const reports = new CloudRunService("reports", {
  image: "us-docker.pkg.dev/cloudrun/container/hello",
  region: "us-central1",
  iap: {
    clientId: new pulumi.Config().require("clientId"),
    // They sign in with a browser.
    accessors: { readers: "group:readers@example.com" },
  },
  deletionProtection: false,
});

const target = reports.authorize(new CallerIdentity("nightly"));
new SchedulerJob("nightly", { schedule: "0 3 * * *", path: "/nightly", target });
