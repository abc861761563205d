import { CallerIdentity, CloudRunService, SchedulerJob, TokenAgent } from "@automatic-oidc/automatic-oidc";

const caller = new CallerIdentity("warmer", { agents: [TokenAgent.Scheduler] });

/** The region is each pair's identity: taking one out leaves the others alone. */
const REGIONS = ["us-central1", "europe-west1", "asia-northeast1"];

export const urls = Object.fromEntries(
  REGIONS.map((region) => {
    const cache = new CloudRunService(`cache-${region}`, {
      image: "us-docker.pkg.dev/cloudrun/container/hello",
      region,
    });
    const job = new SchedulerJob(`warm-${region}`, {
      region,
      schedule: "*/30 * * * *",
      target: cache.authorize(caller),
    });
    return [region, job.url];
  }),
);
