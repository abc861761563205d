import * as cloudscheduler from "@pulumi/gcp/cloudscheduler";
import * as cloudtasks from "@pulumi/gcp/cloudtasks";
import * as pubsub from "@pulumi/gcp/pubsub";
import { agent, config, project, suffixed } from "./project";
import type { Target } from "./targets";
import { applicationTarget, authfnTarget, authfnV1Target, helloTarget } from "./targets";

const runtopic = new pubsub.Topic("runtopic", { project });
const letters = new pubsub.Topic("psub-dead-letters", { project });
new pubsub.Subscription("psub-dead-letters", {
  project,
  topic: letters.id,
  messageRetentionDuration: "604800s",
  expirationPolicy: { ttl: "" },
});
const psub = subscription("psub", helloTarget, {
  deadLetterTopic: letters.id,
  maxDeliveryAttempts: 10,
});
new pubsub.TopicIAMMember("psub-dead-letters-publisher", {
  project: letters.project,
  topic: letters.id,
  role: "roles/pubsub.publisher",
  member: agent("pubsub"),
});
new pubsub.SubscriptionIAMMember("psub-dead-letters-subscriber", {
  project: psub.project,
  subscription: psub.name,
  role: "roles/pubsub.subscriber",
  member: agent("pubsub"),
});
subscription("psubgcf", authfnTarget);
job("oidctest", helloTarget);
job("gcftest", authfnTarget);
job("gcftest-v1", authfnV1Target);
job("apptest", applicationTarget);
queue("tasktest", helloTarget);

function subscription(
  name: string,
  { url, serviceAccountEmail, audience }: Target,
  deadLetterPolicy?: pubsub.SubscriptionArgs["deadLetterPolicy"],
): pubsub.Subscription {
  return new pubsub.Subscription(name, {
    project,
    topic: runtopic.id,
    ackDeadlineSeconds: 60,
    retryPolicy: { minimumBackoff: "10s", maximumBackoff: "600s" },
    messageRetentionDuration: "604800s",
    expirationPolicy: { ttl: "" },
    pushConfig: { pushEndpoint: url, oidcToken: { serviceAccountEmail, audience } },
    deadLetterPolicy,
  });
}

function job(name: string, { url, serviceAccountEmail, audience }: Target): void {
  new cloudscheduler.Job(name, {
    project,
    region: config.region,
    schedule: "5 * * * *",
    timeZone: "Etc/UTC",
    attemptDeadline: "180s",
    paused: config.schedulesPaused,
    retryConfig: {
      retryCount: 5,
      maxRetryDuration: "0s",
      minBackoffDuration: "30s",
      maxBackoffDuration: "300s",
      maxDoublings: 5,
    },
    httpTarget: { uri: url, httpMethod: "GET", oidcToken: { serviceAccountEmail, audience } },
  });
}

function queue(name: string, { url, serviceAccountEmail, audience }: Target): void {
  const parts = url.apply((known) => new URL(known));
  new cloudtasks.Queue(name, {
    name: suffixed(name, { region: config.region }),
    project,
    location: config.region,
    rateLimits: { maxDispatchesPerSecond: 500, maxConcurrentDispatches: 1000 },
    retryConfig: {
      maxAttempts: 100,
      maxRetryDuration: "0s",
      minBackoff: "10s",
      maxBackoff: "3600s",
      maxDoublings: 16,
    },
    desiredState: "RUNNING",
    httpTarget: {
      uriOverride: {
        scheme: "HTTPS",
        host: parts.apply(({ hostname }) => hostname),
        port: parts.apply(({ port }) => port || undefined),
        pathOverride: parts.apply(({ pathname }) => (pathname === "/" ? undefined : { path: pathname })),
        uriOverrideEnforceMode: "ALWAYS",
      },
      oidcToken: { serviceAccountEmail, audience },
    },
  });
}
