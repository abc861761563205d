import * as pubsub from "@pulumi/gcp/pubsub";
import {
  CallerIdentity,
  CloudRunService,
  ProjectApis,
  PushSubscription,
  SchedulerJob,
} from "../../../components";

/** One caller, one service, and both kinds of source, in a project where nothing is enabled. */
export function nightly(): { url: unknown } {
  const { project } = new ProjectApis("apis", {
    services: ["iam", "run", "cloudscheduler", "cloudtasks", "pubsub"],
    project: "my-project",
  });
  const caller = new CallerIdentity("nightly", {
    project,
    projectNumber: "123456789012",
    createPubSubAgent: true,
  });
  const report = new CloudRunService("report", {
    project,
    image: "us-docker.pkg.dev/cloudrun/container/hello",
    region: "us-central1",
    deletionProtection: false,
  });
  const target = report.authorize(caller);
  new SchedulerJob("nightly", { project, schedule: "0 3 * * *", target });
  new PushSubscription("push", { project, topic: new pubsub.Topic("topic", { project }).id, target });
  return { url: report.uri };
}
