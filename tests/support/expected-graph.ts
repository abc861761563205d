import type { StackName } from "./program";

/** What every stack is made in: a project with these APIs. */
const APIS = serviceLabels([
  "artifactregistry",
  "cloudbuild",
  "cloudfunctions",
  "cloudscheduler",
  "cloudtasks",
  "iam",
  "pubsub",
  "run",
  "storage",
]);

/** What gateways need besides. */
const GATEWAY_APIS = serviceLabels(["apigateway", "endpoints", "servicecontrol", "servicemanagement"]);

function serviceLabels(apis: readonly string[]): string[] {
  return apis.map((api) => `Service apis-${api}`);
}

/** What makes the caller's e-mail one to call as: the account, and whatever lets agents mint its tokens. */
const CALLER = [
  "Account schedulerunner",
  "IAMMember schedulerunner-mint-pubsub",
  "IAMMember schedulerunner-mint-scheduler",
  "IAMMember schedulerunner-mint-tasks",
  "IAMMember schedulerunner-actas-tasks",
];

/**
 * What every stack has: each resource below its parent and with what it waits for. "apis" and "caller" are the lists
 * above.
 */
const COMMON = `
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
  TaskQueue tasktest
    Queue tasktest <- apis, caller, RandomString tasktest-suffix, Service hello, ServiceIamMember hello-schedulerunner-invoker
    RandomString tasktest-suffix
  Topic runtopic <- apis
`;

/** What gateways, mesh and Envoy add. */
const FRONTS = `
  ApiGateway gateway
    Account gateway-proxy <- apis, RandomString gateway-proxy-suffix
    Api gateway-api <- apis, RandomString gateway-api-suffix
    ApiConfig gateway-config <- apis, Account gateway-proxy, Api gateway-api, Service behind
    Gateway gateway <- apis, ApiConfig gateway-config, RandomString gateway-suffix
    RandomString gateway-api-suffix
    RandomString gateway-proxy-suffix
    RandomString gateway-suffix
    RunInvoker gateway-backend
      ServiceIamMember gateway-backend-invoker <- apis, Account gateway-proxy, Service behind
  BackendCallers behind
  CloudRunService behind
    Account behind-runtime <- apis, RandomString behind-runtime-suffix
    RandomString behind-runtime-suffix
    Service behind <- apis, Account behind-runtime, Account schedulerunner
  EndpointsService endpoints
    Account endpoints-proxy <- apis, RandomString endpoints-proxy-suffix
    RandomString endpoints-document-suffix
    RandomString endpoints-proxy-suffix
    RunInvoker endpoints-backend
      ServiceIamMember endpoints-backend-invoker <- apis, Account endpoints-proxy, Service behind
    Service endpoints <- apis, Account endpoints-proxy, Service endpoints-document, ServiceIamMember endpoints-controller
    Service endpoints-document <- apis, Account endpoints-proxy, RandomString endpoints-document-suffix, Service behind
    ServiceIamMember endpoints-controller <- Account endpoints-proxy, Service endpoints-document
  EnvoyFront front
  IstioWorkload workload
  SchedulerJob endpointstest
    Job endpointstest <- apis, caller, Service endpoints, ServiceIamMember endpoints-backend-invoker
  SchedulerJob envoytest
    Job envoytest <- apis, caller
  SchedulerJob gatewaytest
    Job gatewaytest <- apis, caller, Gateway gateway, ServiceIamMember gateway-backend-invoker
  SchedulerJob meshtest
    Job meshtest <- apis, caller
`;

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
`;

export const GROUPS: Readonly<Record<StackName, Readonly<Record<"apis" | "caller", readonly string[]>>>> = {
  dev: { apis: [...APIS, ...GATEWAY_APIS], caller: CALLER },
  prod: { apis: APIS, caller: CALLER },
};

/** One stack's tree, made of parts; what is on top is in order, as everything below it. */
function graph(stack: string, { apis: services }: { apis: readonly string[] }, ...parts: string[]): string[] {
  const apis = ["ProjectApis apis", ...services.toSorted()].join("\n    ");
  const tops = [apis, ...parts].flatMap((part) => part.trim().split(/\n(?= {2}\S)/)).map((top) => top.trim());
  return [`Stack automatic-oidc-${stack}`, ...tops.sort().flatMap((top) => `  ${top}`.split("\n"))];
}

export const GRAPH: Readonly<Record<StackName, readonly string[]>> = {
  dev: graph("dev", GROUPS.dev, COMMON, FRONTS),
  prod: graph("prod", GROUPS.prod, COMMON, FURTHER_REGION),
};

/** What a stack of that name comes to that has nothing but what all have. */
export function commonGraph(stack: string): string[] {
  return graph(stack, { apis: APIS }, COMMON);
}

/** The accounts that each resource attaches, or whose e-mail it has: it waits until its deployer may attach them. */
const ATTACHES_COMMON = {
  "Function authfn": ["authfn-build", "authfn-runtime"],
  "Function authfn-v1": ["authfn-v1-build", "authfn-v1-runtime"],
  "Job apptest": ["schedulerunner"],
  "Job gcftest": ["schedulerunner"],
  "Job gcftest-v1": ["schedulerunner"],
  "Job oidctest": ["schedulerunner"],
  "Queue tasktest": ["schedulerunner"],
  "Service hello": ["hello-runtime"],
  "Subscription psub": ["schedulerunner"],
  "Subscription psubgcf": ["schedulerunner"],
};

export const ATTACHES: Readonly<Record<StackName, Readonly<Record<string, readonly string[]>>>> = {
  dev: {
    ...ATTACHES_COMMON,
    "ApiConfig gateway-config": ["gateway-proxy"],
    "Job endpointstest": ["schedulerunner"],
    "Job envoytest": ["schedulerunner"],
    "Job gatewaytest": ["schedulerunner"],
    "Job meshtest": ["schedulerunner"],
    "Service behind": ["behind-runtime"],
    "Service endpoints": ["endpoints-proxy"],
  },
  prod: {
    ...ATTACHES_COMMON,
    "Job oidctest-europe-west1": ["schedulerunner"],
    "Service hello-europe-west1": ["hello-europe-west1-runtime"],
  },
};

/** Inputs that the first preview cannot know: what Google makes up, and the random ends of names. */
const UNKNOWN_COMMON = `
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
Queue tasktest: httpTarget.oidcToken.audience
Queue tasktest: httpTarget.oidcToken.serviceAccountEmail
Queue tasktest: httpTarget.uriOverride.host
Queue tasktest: httpTarget.uriOverride.pathOverride
Queue tasktest: httpTarget.uriOverride.port
Queue tasktest: name
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

const UNKNOWN_FRONTS = `
Account behind-runtime: accountId
Account endpoints-proxy: accountId
Account gateway-proxy: accountId
Api gateway-api: apiId
ApiConfig gateway-config: api
ApiConfig gateway-config: apiConfigId
ApiConfig gateway-config: gatewayConfig.backendConfig.googleServiceAccount
ApiConfig gateway-config: openapiDocuments[0].document.contents
Gateway gateway: apiConfig
Gateway gateway: gatewayId
Job endpointstest: httpTarget.oidcToken.serviceAccountEmail
Job endpointstest: httpTarget.uri
Job envoytest: httpTarget.oidcToken.serviceAccountEmail
Job gatewaytest: httpTarget.oidcToken.serviceAccountEmail
Job gatewaytest: httpTarget.uri
Job meshtest: httpTarget.oidcToken.serviceAccountEmail
Service behind: template.containers[0].envs[1].value
Service behind: template.serviceAccount
Service endpoints-document: openapiConfig
Service endpoints-document: serviceName
Service endpoints: template.containers[0].envs[0].value
Service endpoints: template.containers[0].envs[1].value
Service endpoints: template.serviceAccount
ServiceIamMember endpoints-backend-invoker: member
ServiceIamMember endpoints-controller: member
ServiceIamMember endpoints-controller: serviceName
ServiceIamMember gateway-backend-invoker: member
`
  .trim()
  .split("\n");

export const UNKNOWN_AT_FIRST: Readonly<Record<StackName, readonly string[]>> = {
  dev: [...UNKNOWN_COMMON, ...UNKNOWN_FRONTS].sort(),
  prod: [
    ...UNKNOWN_COMMON,
    "Account hello-europe-west1-runtime: accountId",
    "Job oidctest-europe-west1: httpTarget.oidcToken.audience",
    "Job oidctest-europe-west1: httpTarget.oidcToken.serviceAccountEmail",
    "Job oidctest-europe-west1: httpTarget.uri",
    "Service hello-europe-west1: template.serviceAccount",
    "ServiceIamMember hello-europe-west1-schedulerunner-invoker: member",
  ].sort(),
};
