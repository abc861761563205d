import {
  CallerIdentity,
  CloudRunService,
  PushSubscription,
  RunInvokerRole,
  SchedulerJob,
  TokenAgent,
} from "@automatic-oidc/automatic-oidc";

const billing = new CloudRunService("billing", {
  image: "us-docker.pkg.dev/cloudrun/container/hello",
  region: "us-central1",
});

// Each source has its own account, whose tokens its own kind of source alone may mint.
const closing = new CallerIdentity("closing", { agents: [TokenAgent.Scheduler] });
const payments = new CallerIdentity("payments", { agents: [TokenAgent.PubSub] });
const role = RunInvokerRole.ServicesInvoker;

new SchedulerJob("closing", {
  schedule: "0 0 1 * *",
  path: "/close",
  target: billing.authorize(closing, { role }),
});
new PushSubscription("payments", { path: "/payments", target: billing.authorize(payments, { role }) });
