import {
  CallerIdentity,
  CloudRunService,
  PushSubscription,
  SchedulerJob,
} from "@automatic-oidc/automatic-oidc";
import * as organizations from "@pulumi/gcp/organizations";
import * as pubsub from "@pulumi/gcp/pubsub";
import * as pulumi from "@pulumi/pulumi";

const { number } = organizations.getProjectOutput({});

// Exact names, so that these are the resources that exist and not new ones beside them.
const schedulerunner = new CallerIdentity("schedulerunner", {
  accountId: "schedulerunner",
  displayName: "Task Schedule Runner",
});
const hello = new CloudRunService("hello", {
  serviceName: "hello",
  region: "us-central1",
  image: "us-docker.pkg.dev/cloudrun/container/hello",
  // What gcloud lets a service run as when nothing is said. Take it out later, and it gets an account of its own.
  serviceAccountEmail: pulumi.interpolate`${number}-compute@developer.gserviceaccount.com`,
});
const target = hello.authorize(schedulerunner);

new SchedulerJob("oidctest", { jobName: "oidctest", schedule: "5 * * * *", target });
const runtopic = new pubsub.Topic("runtopic", { name: "runtopic" });
new PushSubscription("psub", { subscriptionName: "psub", topic: runtopic.id, target });
