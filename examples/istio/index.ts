import { CallerIdentity, IstioWorkload, SchedulerJob, TokenAgent } from "@automatic-oidc/automatic-oidc";
import * as kubernetes from "@pulumi/kubernetes";

const caller = new CallerIdentity("closing", { agents: [TokenAgent.Scheduler] });
const ledger = new IstioWorkload("ledger", {
  url: "https://ledger.example.com",
  callers: { closing: caller },
  namespace: "books",
  selector: { app: "ledger" },
});

// Both belong together: each alone leaves a door open, or opens none. The second comes first, since it lets nobody in yet.
const { requestAuthentication, authorizationPolicy } = ledger.manifests;
const policy = new kubernetes.apiextensions.CustomResource("ledger-callers", { ...authorizationPolicy });
const tokens = new kubernetes.apiextensions.CustomResource(
  "ledger-tokens",
  { ...requestAuthentication },
  { dependsOn: [policy] },
);

new SchedulerJob(
  "close",
  { schedule: "0 3 * * *", path: "/close", target: ledger.authorize(caller) },
  { dependsOn: [tokens] },
);
