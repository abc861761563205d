import type { StackName } from "./program";

/** What the stack is made in: a project with these APIs. */
const APIS = [
  "artifactregistry",
  "cloudbuild",
  "cloudfunctions",
  "cloudscheduler",
  "cloudtasks",
  "iam",
  "pubsub",
  "run",
  "storage",
].map((api) => `Service apis-${api}`);

/** What makes the caller's e-mail one to call as: the account, and whatever lets agents mint its tokens. */
const CALLER = [
  "Account schedulerunner",
  "IAMMember schedulerunner-mint-pubsub",
  "IAMMember schedulerunner-mint-scheduler",
  "IAMMember schedulerunner-mint-tasks",
  "IAMMember schedulerunner-actas-tasks",
];

/** The stack, every resource below its parent and with what it waits for. "apis" and "caller" are the two lists above. */
const DEV = `
Stack automatic-oidc-dev
  CallerIdentity schedulerunner
    Account schedulerunner <- apis, RandomString schedulerunner-suffix
    IAMMember schedulerunner-actas-tasks <- Account schedulerunner
    IAMMember schedulerunner-mint-pubsub <- Account schedulerunner, ServiceIdentity schedulerunner-pubsub-agent
    IAMMember schedulerunner-mint-scheduler <- Account schedulerunner
    IAMMember schedulerunner-mint-tasks <- Account schedulerunner
    IAMMember schedulerunner-pubsub-agent <- apis, ServiceIdentity schedulerunner-pubsub-agent
    RandomString schedulerunner-suffix
    ServiceIdentity schedulerunner-pubsub-agent <- apis
  CloudFunction authfn
    Account authfn-build <- apis, RandomString authfn-build-suffix
    Account authfn-runtime <- apis, RandomString authfn-runtime-suffix
    Bucket authfn-source <- apis
    BucketObject authfn-source <- Bucket authfn-source
    Function authfn <- apis, Account authfn-build, Account authfn-runtime, Bucket authfn-source, BucketObject authfn-source, IAMMember authfn-build, Repository authfn-images
    IAMMember authfn-build <- Account authfn-build
    RandomString authfn-build-suffix
    RandomString authfn-images-suffix
    RandomString authfn-runtime-suffix
    Repository authfn-images <- apis, RandomString authfn-images-suffix
    RunInvoker authfn-schedulerunner
      ServiceIamMember authfn-schedulerunner-invoker <- Account schedulerunner, Function authfn
  CloudFunctionV1 authfn-v1
    Account authfn-v1-build <- apis, RandomString authfn-v1-build-suffix
    Account authfn-v1-runtime <- apis, RandomString authfn-v1-runtime-suffix
    Bucket authfn-v1-source <- apis
    BucketObject authfn-v1-source <- Bucket authfn-v1-source
    Function authfn-v1 <- apis, Account authfn-v1-build, Account authfn-v1-runtime, Bucket authfn-v1-source, BucketObject authfn-v1-source, IAMMember authfn-v1-build, Repository authfn-v1-images
    FunctionV1Invoker authfn-v1-schedulerunner
      FunctionIamMember authfn-v1-schedulerunner-invoker <- Account schedulerunner, Function authfn-v1
    IAMMember authfn-v1-build <- Account authfn-v1-build
    RandomString authfn-v1-build-suffix
    RandomString authfn-v1-images-suffix
    RandomString authfn-v1-runtime-suffix
    Repository authfn-v1-images <- apis, RandomString authfn-v1-images-suffix
  CloudRunService hello
    Account hello-runtime <- apis, RandomString hello-runtime-suffix
    RandomString hello-runtime-suffix
    RunInvoker hello-schedulerunner
      ServiceIamMember hello-schedulerunner-invoker <- Account schedulerunner, Service hello
    Service hello <- apis, Account hello-runtime
  ExternalApplication application
  ProjectApis apis
    Service apis-artifactregistry
    Service apis-cloudbuild
    Service apis-cloudfunctions
    Service apis-cloudscheduler
    Service apis-cloudtasks
    Service apis-iam
    Service apis-pubsub
    Service apis-run
    Service apis-storage
  PushSubscription psub
    Subscription psub <- apis, caller, Service hello, ServiceIamMember hello-schedulerunner-invoker, Topic psub-dead-letters, Topic runtopic
    Subscription psub-dead-letters <- apis, Topic psub-dead-letters
    SubscriptionIAMMember psub-dead-letters-subscriber <- Subscription psub
    Topic psub-dead-letters <- apis
    TopicIAMMember psub-dead-letters-publisher <- Topic psub-dead-letters
  PushSubscription psubgcf
    Subscription psubgcf <- apis, caller, Function authfn, ServiceIamMember authfn-schedulerunner-invoker, Topic runtopic
  SchedulerJob apptest
    Job apptest <- apis, caller
  SchedulerJob gcftest
    Job gcftest <- apis, caller, Function authfn, ServiceIamMember authfn-schedulerunner-invoker
  SchedulerJob gcftest-v1
    Job gcftest-v1 <- apis, caller, Function authfn-v1, FunctionIamMember authfn-v1-schedulerunner-invoker
  SchedulerJob oidctest
    Job oidctest <- apis, caller, Service hello, ServiceIamMember hello-schedulerunner-invoker
  Topic runtopic <- apis
`
  .trim()
  .split("\n");

/** What a further region adds. */
const FURTHER_REGION = `
  CloudRunService hello-europe-west1
    Account hello-europe-west1-runtime <- apis, RandomString hello-europe-west1-runtime-suffix
    RandomString hello-europe-west1-runtime-suffix
    RunInvoker hello-europe-west1-schedulerunner
      ServiceIamMember hello-europe-west1-schedulerunner-invoker <- Account schedulerunner, Service hello-europe-west1
    Service hello-europe-west1 <- apis, Account hello-europe-west1-runtime
  SchedulerJob oidctest-europe-west1
    Job oidctest-europe-west1 <- apis, caller, Service hello-europe-west1, ServiceIamMember hello-europe-west1-schedulerunner-invoker
`
  .replace(/^\n/, "")
  .trimEnd()
  .split("\n");

export const GRAPH: Readonly<Record<StackName, readonly string[]>> = {
  dev: DEV,
  prod: DEV.toSpliced(DEV.indexOf("  ExternalApplication application"), 0, ...FURTHER_REGION.slice(0, 6))
    .toSpliced(-1, 0, ...FURTHER_REGION.slice(6))
    .with(0, "Stack automatic-oidc-prod"),
};

export const GROUPS = { apis: APIS, caller: CALLER };

/** The accounts that each resource attaches, or whose e-mail it has: it waits until its deployer may attach them. */
const ATTACHES_DEV = {
  "Function authfn": ["authfn-build", "authfn-runtime"],
  "Function authfn-v1": ["authfn-v1-build", "authfn-v1-runtime"],
  "Job apptest": ["schedulerunner"],
  "Job gcftest": ["schedulerunner"],
  "Job gcftest-v1": ["schedulerunner"],
  "Job oidctest": ["schedulerunner"],
  "Service hello": ["hello-runtime"],
  "Subscription psub": ["schedulerunner"],
  "Subscription psubgcf": ["schedulerunner"],
};

export const ATTACHES: Readonly<Record<StackName, Readonly<Record<string, readonly string[]>>>> = {
  dev: ATTACHES_DEV,
  prod: {
    ...ATTACHES_DEV,
    "Job oidctest-europe-west1": ["schedulerunner"],
    "Service hello-europe-west1": ["hello-europe-west1-runtime"],
  },
};

/** Inputs that the first preview cannot know: what Google makes up, and the random ends of names. */
const UNKNOWN_DEV = `
Account authfn-build: accountId
Account authfn-runtime: accountId
Account authfn-v1-build: accountId
Account authfn-v1-runtime: accountId
Account hello-runtime: accountId
Account schedulerunner: accountId
Function authfn-v1: buildServiceAccount
Function authfn-v1: dockerRepository
Function authfn-v1: serviceAccountEmail
Function authfn: buildConfig.dockerRepository
Function authfn: buildConfig.serviceAccount
Function authfn: serviceConfig.serviceAccountEmail
FunctionIamMember authfn-v1-schedulerunner-invoker: member
IAMMember authfn-build: member
IAMMember authfn-v1-build: member
IAMMember schedulerunner-actas-tasks: serviceAccountId
IAMMember schedulerunner-mint-pubsub: serviceAccountId
IAMMember schedulerunner-mint-scheduler: serviceAccountId
IAMMember schedulerunner-mint-tasks: serviceAccountId
Job apptest: httpTarget.oidcToken.serviceAccountEmail
Job gcftest-v1: httpTarget.oidcToken.audience
Job gcftest-v1: httpTarget.oidcToken.serviceAccountEmail
Job gcftest-v1: httpTarget.uri
Job gcftest: httpTarget.oidcToken.audience
Job gcftest: httpTarget.oidcToken.serviceAccountEmail
Job gcftest: httpTarget.uri
Job oidctest: httpTarget.oidcToken.audience
Job oidctest: httpTarget.oidcToken.serviceAccountEmail
Job oidctest: httpTarget.uri
Repository authfn-images: repositoryId
Repository authfn-v1-images: repositoryId
Service hello: template.serviceAccount
ServiceIamMember authfn-schedulerunner-invoker: member
ServiceIamMember authfn-schedulerunner-invoker: name
ServiceIamMember hello-schedulerunner-invoker: member
Subscription psub-dead-letters: topic
Subscription psub: deadLetterPolicy.deadLetterTopic
Subscription psub: pushConfig.oidcToken.audience
Subscription psub: pushConfig.oidcToken.serviceAccountEmail
Subscription psub: pushConfig.pushEndpoint
Subscription psub: topic
Subscription psubgcf: pushConfig.oidcToken.audience
Subscription psubgcf: pushConfig.oidcToken.serviceAccountEmail
Subscription psubgcf: pushConfig.pushEndpoint
Subscription psubgcf: topic
TopicIAMMember psub-dead-letters-publisher: topic
`
  .trim()
  .split("\n");

export const UNKNOWN_AT_FIRST: Readonly<Record<StackName, readonly string[]>> = {
  dev: UNKNOWN_DEV,
  prod: [
    ...UNKNOWN_DEV,
    "Account hello-europe-west1-runtime: accountId",
    "Job oidctest-europe-west1: httpTarget.oidcToken.audience",
    "Job oidctest-europe-west1: httpTarget.oidcToken.serviceAccountEmail",
    "Job oidctest-europe-west1: httpTarget.uri",
    "Service hello-europe-west1: template.serviceAccount",
    "ServiceIamMember hello-europe-west1-schedulerunner-invoker: member",
  ].sort(),
};
