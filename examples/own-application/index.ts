import {
  CallerIdentity,
  ExternalApplication,
  SchedulerJob,
  TokenAgent,
} from "@automatic-oidc/automatic-oidc";

const caller = new CallerIdentity("sync", { agents: [TokenAgent.Scheduler] });
const application = new ExternalApplication("inventory", {
  url: "https://inventory.example.com",
  audience: "inventory",
  callers: { sync: caller },
});
new SchedulerJob("sync", {
  schedule: "*/15 * * * *",
  path: "/sync",
  body: { full: false },
  target: application.authorize(caller),
});

/** Tell these to the application's verifier: no gate of Google's stands in front of it. */
export const verifier = application.verifierSettings;
