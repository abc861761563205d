import * as projects from "@pulumi/gcp/projects";
import * as serviceaccount from "@pulumi/gcp/serviceaccount";
import * as pulumi from "@pulumi/pulumi";
import { account, agent, project } from "./project";

// The caller, and who may mint its tokens.
const pubSubAgent = new projects.ServiceIdentity("schedulerunner-pubsub-agent", {
  project,
  service: "pubsub.googleapis.com",
});
new projects.IAMMember(
  "schedulerunner-pubsub-agent",
  { project, role: "roles/pubsub.serviceAgent", member: agent("pubsub") },
  { dependsOn: [pubSubAgent], retainOnDelete: true },
);
const schedulerunner = account(
  "schedulerunner",
  "Task Schedule Runner",
  "Calls services with OIDC tokens; has no other purpose",
);
const MINTER = "roles/iam.serviceAccountOpenIdTokenCreator";
const minting = [
  onCaller("schedulerunner-mint-scheduler", MINTER, agent("cloudscheduler")),
  onCaller("schedulerunner-mint-tasks", MINTER, agent("cloudtasks")),
  onCaller(
    "schedulerunner-mint-pubsub",
    MINTER,
    pulumi.all([agent("pubsub"), pubSubAgent.service]).apply(([member]) => member),
  ),
  onCaller("schedulerunner-actas-tasks", "roles/iam.serviceAccountUser", agent("cloudtasks")),
];
export const caller = pulumi
  .all([schedulerunner.email, ...minting.map((grant) => grant.role)])
  .apply(([email = ""]) => email);
export const callerMember = pulumi.interpolate`serviceAccount:${schedulerunner.email}`;

function onCaller(name: string, role: string, member: pulumi.Output<string>): serviceaccount.IAMMember {
  return new serviceaccount.IAMMember(name, { serviceAccountId: schedulerunner.name, role, member });
}
