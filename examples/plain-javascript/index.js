const { CallerIdentity, CloudRunService, SchedulerJob } = require("@automatic-oidc/automatic-oidc");

const caller = new CallerIdentity("nightly");
const report = new CloudRunService("report", {
  image: "us-docker.pkg.dev/cloudrun/container/hello",
  region: "us-central1",
});
const job = new SchedulerJob("nightly", { schedule: "0 3 * * *", target: report.authorize(caller) });

exports.url = job.url;
