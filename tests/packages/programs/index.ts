import {
  CallerIdentity,
  CloudRunJob,
  CloudRunService,
  ProjectApis,
  PushSubscription,
  RunInvokerRole,
  SchedulerJob,
  TaskQueue,
  TokenAgent,
} from "@automatic-oidc/automatic-oidc";
import * as pulumi from "@pulumi/pulumi";

const region = "us-central1";
const projectNumber = new pulumi.Config().require("projectNumber");
const { project } = new ProjectApis("apis", {
  project: new pulumi.Config("gcp").require("project"),
  services: ["iam", "run", "cloudscheduler", "cloudtasks", "pubsub", "cloudresourcemanager"],
});

const caller = new CallerIdentity("nightly", {
  project,
  projectNumber,
  agents: [TokenAgent.Scheduler, TokenAgent.Tasks, TokenAgent.PubSub],
  accessTokens: true,
  createPubSubAgent: true,
});
const report = new CloudRunService("report", {
  project,
  region,
  image: "us-docker.pkg.dev/cloudrun/container/hello",
  deletionProtection: false,
});
const target = report.authorize(caller, { role: RunInvokerRole.ServicesInvoker });
new SchedulerJob("nightly", { project, schedule: "0 3 * * *", target });
new PushSubscription("events", { project, target, deadLetters: { projectNumber } });
const enqueuers = { report: pulumi.interpolate`serviceAccount:${report.runtimeEmail}` };
const orders = new TaskQueue("orders", { project, region, target, enqueuers });

const cleanup = new CloudRunJob("cleanup", {
  project,
  region,
  image: "us-docker.pkg.dev/cloudrun/container/job",
  deletionProtection: false,
});
new SchedulerJob("early", { project, schedule: "0 2 * * *", target: cleanup.authorize(caller) });

export const url = target.url;
export const enqueueWith = orders.enqueuerSettings;
