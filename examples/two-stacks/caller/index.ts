import { CallerIdentity, RunInvoker, SchedulerJob } from "@automatic-oidc/automatic-oidc";
import * as pulumi from "@pulumi/pulumi";

const catalogue = new pulumi.StackReference(
  `${pulumi.getOrganization()}/two-stacks-target/${pulumi.getStack()}`,
);

const caller = new CallerIdentity("reindex");
const target = new RunInvoker("catalogue-reindex", {
  project: catalogue.requireOutput("project"),
  region: catalogue.requireOutput("region"),
  service: catalogue.requireOutput("service"),
  url: catalogue.requireOutput("url"),
  caller,
});
new SchedulerJob("reindex", { schedule: "30 2 * * *", path: "/reindex", target });
