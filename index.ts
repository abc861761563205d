import * as organizations from "@pulumi/gcp/organizations";
import * as pubsub from "@pulumi/gcp/pubsub";
import {
  CallerIdentity,
  CloudFunction,
  CloudFunctionV1,
  CloudRunService,
  ExternalApplication,
  ProjectApis,
  PushSubscription,
  SchedulerJob,
  TaskQueue,
} from "./components";
import { loadConfig } from "./config";
import { deployFronts } from "./fronts";

const config = loadConfig();
const { region, deployers } = config;

const GATEWAY_APIS = ["apigateway", "endpoints", "servicecontrol", "servicemanagement"];
const { project } = new ProjectApis("apis", {
  project: config.project,
  services: [
    "iam",
    "run",
    "cloudfunctions",
    "cloudbuild",
    "artifactregistry",
    "storage",
    "cloudscheduler",
    "cloudtasks",
    "pubsub",
    ...(config.receiverImage === undefined ? [] : GATEWAY_APIS),
  ],
});
const projectNumber =
  config.projectNumber ?? organizations.getProjectOutput({ projectId: config.project }).number;

// Who calls: one account, whose tokens Scheduler, Tasks and Pub/Sub may mint.
const schedulerunner = new CallerIdentity("schedulerunner", {
  project,
  projectNumber,
  displayName: "Task Schedule Runner",
  createPubSubAgent: true,
  deployers,
});

// What is called: a Run service, two functions, and an application of one's own.
const hello = runService("hello", region);
const authfn = new CloudFunction("authfn", {
  project,
  region,
  source: "apps/authfn",
  entryPoint: "helloHttp",
  deployers,
});
const authfnV1 = config.functionV1
  ? new CloudFunctionV1("authfn-v1", {
      project,
      region,
      source: "apps/authfn",
      entryPoint: "helloHttp",
      deployers,
    })
  : undefined;
const application = new ExternalApplication("application", {
  url: config.applicationUrl,
  audience: config.applicationAudience,
  callers: { schedulerunner },
});

// Pub/Sub calls the service and the function.
const runtopic = new pubsub.Topic("runtopic", { project });
const psub = new PushSubscription("psub", {
  project,
  topic: runtopic.id,
  target: hello.authorize(schedulerunner),
  deadLetters: { projectNumber },
});
const psubgcf = new PushSubscription("psubgcf", {
  project,
  topic: runtopic.id,
  target: authfn.authorize(schedulerunner),
});

// Cloud Tasks calls the service: the queue says where to and as whom, whatever its tasks say.
const tasktest = new TaskQueue("tasktest", { project, region, target: hello.authorize(schedulerunner) });

// Scheduler calls all four.
const schedule = { project, region, schedule: "5 * * * *", paused: config.schedulesPaused };
const oidctest = new SchedulerJob("oidctest", { ...schedule, target: hello.authorize(schedulerunner) });
const gcftest = new SchedulerJob("gcftest", { ...schedule, target: authfn.authorize(schedulerunner) });
const gcftestV1 =
  authfnV1 && new SchedulerJob("gcftest-v1", { ...schedule, target: authfnV1.authorize(schedulerunner) });
const apptest = new SchedulerJob("apptest", { ...schedule, target: application.authorize(schedulerunner) });

// Gateways, a mesh and an Envoy check the token before an application does, as far as they are configured.
const fronts = deployFronts({ config, project, caller: schedulerunner, schedule });

// Every further region has the service, and a job that calls it there.
const elsewhere = config.furtherRegions.map((further) => {
  const service = runService(`hello-${further}`, further);
  const job = new SchedulerJob(`oidctest-${further}`, {
    ...schedule,
    target: service.authorize(schedulerunner),
  });
  return [further, { url: job.url, audience: job.audience }] as const;
});

export const caller = schedulerunner.email;
export const calls = {
  psub: { url: psub.url, audience: psub.audience },
  psubgcf: { url: psubgcf.url, audience: psubgcf.audience },
  oidctest: { url: oidctest.url, audience: oidctest.audience },
  gcftest: { url: gcftest.url, audience: gcftest.audience },
  ...(gcftestV1 && { "gcftest-v1": { url: gcftestV1.url, audience: gcftestV1.audience } }),
  apptest: { url: apptest.url, audience: apptest.audience },
  tasktest: { url: tasktest.url, audience: tasktest.audience },
  ...fronts.calls,
};
export const furtherRegions = Object.fromEntries(elsewhere);
export const verifier = application.verifierSettings;
export const queue = tasktest.enqueuerSettings;
export const documents = fronts.documents;

function runService(name: string, where: string): CloudRunService {
  return new CloudRunService(name, {
    project,
    region: where,
    image: config.image,
    minInstances: config.minInstances,
    deletionProtection: config.deletionProtection,
    deployers,
  });
}
