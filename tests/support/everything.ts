import * as cloudrunv2 from "@pulumi/gcp/cloudrunv2";
import * as secretmanager from "@pulumi/gcp/secretmanager";
import {
  CallerIdentity,
  CloudFunction,
  CloudFunctionV1,
  CloudRunService,
  ExternalApplication,
  PushSubscription,
  RunInvoker,
  RunInvokerRole,
  SchedulerJob,
} from "../../components";
import type { Cloud } from "../../sandbox/cloud/cloud";
import { serviceAccountName } from "../../sandbox/cloud/names";
import { DEPLOYER, PROJECT } from "./stack";

/** Accounts that somebody else has made. */
export const BROUGHT = `brought@${PROJECT.id}.iam.gserviceaccount.com`;
export const ON_CALL = `on-call@${PROJECT.id}.iam.gserviceaccount.com`;
const RUNS_REPORTS = `reports@${PROJECT.id}.iam.gserviceaccount.com`;

export const APPLICATION = "https://jobs.example.com";
const CUSTOM_AUDIENCE = "https://narrow.example.com";
const IMAGE = "us-docker.pkg.dev/cloudrun/container/hello";
const REGION = "us-central1";

/** What is in the project before `everything` is deployed, and is not its own. */
export function prepare(cloud: Cloud): void {
  for (const [index, email] of [BROUGHT, ON_CALL, RUNS_REPORTS].entries()) {
    cloud.iam.addAccount({ email, uniqueId: `10000000000000000000${index}`, project: PROJECT.id });
  }
  const role = "roles/iam.serviceAccountUser";
  cloud.iam.grant(serviceAccountName(PROJECT.id, RUNS_REPORTS), { role, member: DEPLOYER });
  // Another program has asked for it; in a hardened project nobody has given it a role.
  cloud.projects.createServiceIdentity(PROJECT.id, "pubsub.googleapis.com");
}

/** Every kind of caller, target, source and grant that the components make, in one program. */
export function everything(): void {
  const deployers = { pipeline: DEPLOYER };
  const own = new CallerIdentity("own", { deployers });
  const minted = new CallerIdentity("minted", {
    customRole: true,
    agents: ["scheduler", "pubsub"],
    deployers,
  });
  const brought = new CallerIdentity("brought", { existingEmail: BROUGHT, mintingGrants: true, deployers });

  const invokers = { onCall: `serviceAccount:${ON_CALL}` };
  const hello = new CloudRunService("hello", {
    image: IMAGE,
    region: REGION,
    secrets: { KEY: secret("hello-key") },
    cloudSqlInstances: [`${PROJECT.id}:${REGION}:ledger`],
    invokers,
    deployers,
  });
  const narrow = new CloudRunService("narrow", {
    image: IMAGE,
    region: REGION,
    customAudiences: [CUSTOM_AUDIENCE],
    deployers,
  });
  const source = { source: "apps/authfn", entryPoint: "helloHttp", region: REGION, invokers, deployers };
  const second = new CloudFunction("second", { ...source, secrets: { KEY: secret("second-key") } });
  const first = new CloudFunctionV1("first", { ...source, secrets: { KEY: secret("first-key") } });
  const service = new cloudrunv2.Service("reports", {
    location: REGION,
    template: { serviceAccount: RUNS_REPORTS, containers: [{ image: IMAGE }] },
    deletionProtection: false,
  });
  const reports = new RunInvoker("reports", {
    service: service.name,
    region: service.location,
    url: service.uri,
    caller: brought,
  });
  const application = new ExternalApplication("application", { url: APPLICATION, callers: { own } });

  const job = { schedule: "0 3 * * *", region: REGION };
  const narrowly = { role: RunInvokerRole.ServicesInvoker };
  new SchedulerJob("own-calls-hello", { ...job, target: hello.authorize(own) });
  new SchedulerJob("own-calls-second", { ...job, target: second.authorize(own) });
  new SchedulerJob("own-calls-first", { ...job, target: first.authorize(own) });
  new SchedulerJob("own-calls-application", { ...job, target: application.authorize(own) });
  new SchedulerJob("minted-calls-narrow", { ...job, target: narrow.authorize(minted, narrowly) });
  new SchedulerJob("brought-calls-reports", { ...job, target: reports });
  new PushSubscription("own-pushes-hello", { target: hello.authorize(own), deadLetters: {} });
  new PushSubscription("minted-pushes-second", { target: second.authorize(minted) });
  new PushSubscription("brought-pushes-first", { target: first.authorize(brought) });
}

function secret(name: string): { secret: secretmanager.Secret["secretId"] } {
  const made = new secretmanager.Secret(name, { secretId: name, replication: { auto: {} } });
  const version = new secretmanager.SecretVersion(name, { secret: made.id, secretData: "confidential" });
  // A revision needs a version to read, so it has to wait for one.
  return { secret: version.secret.apply(() => made.secretId) };
}
