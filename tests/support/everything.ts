import * as cloudrunv2 from "@pulumi/gcp/cloudrunv2";
import * as iap from "@pulumi/gcp/iap";
import * as projects from "@pulumi/gcp/projects";
import * as secretmanager from "@pulumi/gcp/secretmanager";
import * as pulumi from "@pulumi/pulumi";
import {
  ApiGateway,
  BackendCallers,
  CallerIdentity,
  CloudFunction,
  CloudFunctionV1,
  CloudRunJob,
  CloudRunService,
  EndpointsService,
  ExternalApplication,
  GoogleApiTarget,
  IapInvoker,
  PushSubscription,
  RunInvoker,
  RunInvokerRole,
  RunJobInvoker,
  RunJobRole,
  SchedulerJob,
  TaskQueue,
} from "../../components";
import type { Cloud } from "../../sandbox/cloud/cloud";
import { serviceAccountName } from "../../sandbox/cloud/names";
import { DEPLOYER, PROJECT } from "./stack";

/** Accounts that somebody else has made. */
export const BROUGHT = `brought@${PROJECT.id}.iam.gserviceaccount.com`;
export const ON_CALL = `on-call@${PROJECT.id}.iam.gserviceaccount.com`;
/** Whoever puts tasks into queues. */
export const SHOP = `shop@${PROJECT.id}.iam.gserviceaccount.com`;
const RUNS_REPORTS = `reports@${PROJECT.id}.iam.gserviceaccount.com`;

export const APPLICATION = "https://jobs.example.com";
const CUSTOM_AUDIENCE = "https://narrow.example.com";
const GATEWAY_AUDIENCE = "https://orders.example.com";
const OAUTH_CLIENT = "123456789012-abc.apps.googleusercontent.com";
const IMAGE = "us-docker.pkg.dev/cloudrun/container/hello";
const REGION = "us-central1";

/** What is in the project before `everything` is deployed, and is not its own. */
export function prepare(cloud: Cloud): void {
  for (const [index, email] of [BROUGHT, ON_CALL, SHOP, RUNS_REPORTS].entries()) {
    cloud.iam.addAccount({ email, uniqueId: `10000000000000000000${index}`, project: PROJECT.id });
  }
  const role = "roles/iam.serviceAccountUser";
  cloud.iam.grant(serviceAccountName(PROJECT.id, RUNS_REPORTS), { role, member: DEPLOYER });
  // Another program has asked for it; in a hardened project nobody has given it a role.
  cloud.projects.createServiceIdentity(PROJECT.id, "pubsub.googleapis.com");
}

const deployers = { pipeline: DEPLOYER };
const job = { schedule: "0 3 * * *", region: REGION };

type Callers = Readonly<Record<"own" | "minted" | "brought", CallerIdentity>>;

/**
 * Every kind of caller, target, source and grant that the components make, in one program. Only what makes no grants is
 * left out: the documents for a mesh and for Envoy.
 */
export function everything(): void {
  const callers = {
    own: new CallerIdentity("own", { accessTokens: true, deployers }),
    minted: new CallerIdentity("minted", { customRole: true, agents: ["scheduler", "pubsub"], deployers }),
    brought: new CallerIdentity("brought", {
      existingEmail: BROUGHT,
      mintingGrants: true,
      accessTokens: true,
      deployers,
    }),
  };
  behindIam(callers);
  behindGateways(callers);
  behindIap(callers);
  googleApis(callers);
}

function behindIam({ own, minted, brought }: Callers): void {
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
  const service = byHand("reports");
  const reports = new RunInvoker("reports", {
    service: service.name,
    region: service.location,
    url: service.uri,
    caller: brought,
  });
  const application = new ExternalApplication("application", { url: APPLICATION, callers: { own } });

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
  new TaskQueue("own-queues-hello", {
    region: REGION,
    target: hello.authorize(own),
    enqueuers: { shop: `serviceAccount:${SHOP}` },
    tasksNameCaller: true,
  });
  new TaskQueue("brought-queues-first", { region: REGION, target: first.authorize(brought) });
}

/** One service behind two gateways, which looks itself at who calls. */
function behindGateways({ own, brought }: Callers): void {
  const shared = { audience: GATEWAY_AUDIENCE, callers: { own, brought } };
  const { environment } = new BackendCallers("orders", shared);
  const orders = new CloudRunService("orders", { image: IMAGE, region: REGION, environment, deployers });
  const backend = { service: orders.serviceName, region: REGION, url: orders.uri };
  const args = { ...shared, backend, region: REGION, deployers };
  const endpoints = new EndpointsService("endpoints", args);
  const gateway = new ApiGateway("gateway", args);

  new SchedulerJob("own-calls-endpoints", { ...job, target: endpoints.authorize(own) });
  new PushSubscription("brought-pushes-gateway", { target: gateway.authorize(brought) });
  new TaskQueue("own-queues-gateway", { region: REGION, path: "work", target: gateway.authorize(own) });
}

/** IAP's own agent, its settings and what it stands before are not the component's to make. */
function behindIap({ minted }: Callers): void {
  const service = byHand("dashboard", { iapEnabled: true });
  const on = { name: service.name, location: service.location };
  const { member } = new projects.ServiceIdentity("iap", { service: "iap.googleapis.com" });
  new cloudrunv2.ServiceIamMember("iap-calls-dashboard", { ...on, role: "roles/run.invoker", member });
  new iap.Settings("dashboard", {
    name: pulumi.interpolate`projects/${PROJECT.number}/iap_web/cloud_run-${REGION}/services/${service.name}`,
    accessSettings: { oauthSettings: { programmaticClients: [OAUTH_CLIENT] } },
  });
  const dashboard = new IapInvoker("dashboard", {
    service: service.name,
    region: service.location,
    url: service.uri,
    clientId: OAUTH_CLIENT,
    caller: minted,
  });
  new SchedulerJob("minted-calls-dashboard", { ...job, target: dashboard });
}

/** Run jobs, which are run through Google's API with access tokens. */
function googleApis({ own, brought }: Callers): void {
  const cleanup = new CloudRunJob("cleanup", {
    image: IMAGE,
    region: REGION,
    secrets: { KEY: secret("cleanup-key") },
    cloudSqlInstances: [`${PROJECT.id}:${REGION}:ledger`],
    deployers,
  });
  const sweep = new cloudrunv2.Job("sweep", {
    location: REGION,
    template: { template: { serviceAccount: RUNS_REPORTS, containers: [{ image: IMAGE }] } },
    deletionProtection: false,
  });
  const invoker = new RunJobInvoker("sweep", { job: sweep.name, region: sweep.location, caller: brought });
  const on = { name: sweep.name, location: sweep.location };
  const { role } = new cloudrunv2.JobIamMember("own-runs-sweep", {
    ...on,
    role: "roles/run.jobsExecutor",
    member: own.member,
  });
  const url = pulumi.interpolate`https://run.googleapis.com/v2/${sweep.id}:run`;
  const api = new GoogleApiTarget("sweep", { url, caller: own, grant: role });

  const freely = { role: RunJobRole.ExecutorWithOverrides };
  const body = { overrides: { taskCount: 2 } };
  new SchedulerJob("own-runs-cleanup", { ...job, target: cleanup.authorize(own) });
  new SchedulerJob("brought-overrides-cleanup", { ...job, body, target: cleanup.authorize(brought, freely) });
  new SchedulerJob("own-asks-for-sweep", { ...job, target: api });
  new TaskQueue("own-queues-cleanup", { region: REGION, target: cleanup.authorize(own) });
  new TaskQueue("brought-queues-sweep", { region: REGION, target: invoker });
}

/** A service that no component has made. */
function byHand(name: string, args: Partial<cloudrunv2.ServiceArgs> = {}): cloudrunv2.Service {
  return new cloudrunv2.Service(name, {
    ...args,
    location: REGION,
    template: { serviceAccount: RUNS_REPORTS, containers: [{ image: IMAGE }] },
    deletionProtection: false,
  });
}

function secret(name: string): { secret: secretmanager.Secret["secretId"] } {
  const made = new secretmanager.Secret(name, { secretId: name, replication: { auto: {} } });
  const version = new secretmanager.SecretVersion(name, { secret: made.id, secretData: "confidential" });
  // A revision needs a version to read, so it has to wait for one.
  return { secret: version.secret.apply(() => made.secretId) };
}
