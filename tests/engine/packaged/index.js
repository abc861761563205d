const pulumi = require("@pulumi/pulumi");
const {
  CallerIdentity,
  CloudRunJob,
  CloudRunService,
  ProjectApis,
  PushSubscription,
  RunInvoker,
  RunJobInvoker,
  SchedulerJob,
  TaskQueue,
} = require("@automatic-oidc/automatic-oidc");

const region = "us-central1";
const projectNumber = new pulumi.Config().require("projectNumber");
const { project } = new ProjectApis("apis", {
  project: new pulumi.Config("gcp").require("project"),
  services: ["iam", "run", "cloudscheduler", "cloudtasks", "pubsub", "cloudresourcemanager"],
});

const { email, member } = new CallerIdentity("nightly", {
  project,
  projectNumber,
  accessTokens: true,
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
const orders = new TaskQueue("orders", {
  project,
  region,
  target,
  enqueuers: { report: pulumi.interpolate`serviceAccount:${report.runtimeEmail}` },
});

const cleanup = new CloudRunJob("cleanup", {
  project,
  region,
  image: "us-docker.pkg.dev/cloudrun/container/job",
  deletionProtection: false,
});
const run = new RunJobInvoker("cleanup-nightly", {
  project,
  region,
  job: cleanup.jobName,
  caller: { email, member },
});
new SchedulerJob("early", {
  project,
  schedule: "0 2 * * *",
  target: { url: run.url, serviceAccountEmail: run.serviceAccountEmail, scope: run.scope },
});

exports.url = url;
exports.enqueueWith = orders.enqueuerSettings;
