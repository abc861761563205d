import {
  CallerIdentity,
  CloudRunService,
  ProjectApis,
  PushSubscription,
  RunInvokerRole,
  SchedulerJob,
  TokenAgent,
} from "@automatic-oidc/automatic-oidc";
import * as pulumi from "@pulumi/pulumi";

const region = "us-central1";
const projectNumber = new pulumi.Config().require("projectNumber");
const { project } = new ProjectApis("apis", {
  project: new pulumi.Config("gcp").require("project"),
  services: ["iam", "run", "cloudscheduler", "pubsub", "cloudresourcemanager"],
});

const caller = new CallerIdentity("nightly", {
  project,
  projectNumber,
  agents: [TokenAgent.Scheduler, TokenAgent.PubSub],
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

export const url = target.url;
