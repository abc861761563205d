const pulumi = require("@pulumi/pulumi");
const {
  CallerIdentity,
  CloudRunService,
  ProjectApis,
  PushSubscription,
  RunInvoker,
  SchedulerJob,
} = require("@automatic-oidc/automatic-oidc");

const region = "us-central1";
const projectNumber = new pulumi.Config().require("projectNumber");
const { project } = new ProjectApis("apis", {
  project: new pulumi.Config("gcp").require("project"),
  services: ["iam", "run", "cloudscheduler", "pubsub", "cloudresourcemanager"],
});

const { email, member } = new CallerIdentity("nightly", {
  project,
  projectNumber,
  agents: ["scheduler", "pubsub"],
  createPubSubAgent: true,
});
const report = new CloudRunService("report", {
  project,
  region,
  image: "us-docker.pkg.dev/cloudrun/container/hello",
  deletionProtection: false,
});
const { url, serviceAccountEmail, audience } = new RunInvoker("report-nightly", {
  project,
  region,
  service: report.serviceName,
  url: report.uri,
  caller: { email, member },
});
const target = { url, serviceAccountEmail, audience };
new SchedulerJob("nightly", { project, schedule: "0 3 * * *", target });
new PushSubscription("events", { project, target, deadLetters: { projectNumber } });

exports.url = url;
