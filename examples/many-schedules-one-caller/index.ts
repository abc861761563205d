import { CallerIdentity, CloudRunService, SchedulerJob, TokenAgent } from "@automatic-oidc/automatic-oidc";

const caller = new CallerIdentity("reports", { agents: [TokenAgent.Scheduler] });
const service = new CloudRunService("reports", {
  image: "us-docker.pkg.dev/cloudrun/container/hello",
  region: "us-central1",
});

/** The key is each job's identity: taking one out leaves the others alone. */
const SCHEDULES = {
  hourly: { schedule: "5 * * * *", path: "/hourly" },
  daily: { schedule: "0 3 * * *", path: "/daily", timeZone: "Europe/Berlin" },
  monthly: { schedule: "0 4 1 * *", path: "/monthly", attemptDeadline: "600s" },
};

// One grant, however many schedules: asked again, `authorize` answers the same.
for (const [name, schedule] of Object.entries(SCHEDULES)) {
  new SchedulerJob(name, { ...schedule, target: service.authorize(caller) });
}
