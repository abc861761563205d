import { CallerIdentity, CloudRunJob, SchedulerJob } from "@automatic-oidc/automatic-oidc";

const caller = new CallerIdentity("cleaner", { accessTokens: true });
const cleanup = new CloudRunJob("cleanup", {
  image: "us-docker.pkg.dev/cloudrun/container/job",
  region: "us-central1",
});
new SchedulerJob("nightly", { schedule: "0 3 * * *", target: cleanup.authorize(caller) });
