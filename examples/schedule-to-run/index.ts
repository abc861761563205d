import { CallerIdentity, CloudRunService, SchedulerJob } from "@automatic-oidc/automatic-oidc";

const caller = new CallerIdentity("nightly");
const report = new CloudRunService("report", {
  image: "us-docker.pkg.dev/cloudrun/container/hello",
  region: "us-central1",
});
new SchedulerJob("nightly", { schedule: "0 3 * * *", target: report.authorize(caller) });
