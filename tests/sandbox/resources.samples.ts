import type { Props } from "../../sandbox/cloud/resources/values";

/** One resource of each kind, in an order in which they can be made, with what an update and a replacement change. */
export interface Sample {
  token: string;
  name: string;
  inputs: Props;
  update?: Props;
  /** A change that needs another resource, and the path that says so. */
  replace: [Props, string];
}

export const PROJECT = "my-project";
export const NUMBER = "123456789012";
export const REGION = "us-central1";
export const CALLER = `caller@${PROJECT}.iam.gserviceaccount.com`;
export const BUILDER = `builder@${PROJECT}.iam.gserviceaccount.com`;
export const SERVICE = `projects/${PROJECT}/locations/${REGION}/services/hello`;
export const TOPIC = `projects/${PROJECT}/topics/runtopic`;
export const SECRET = `projects/${PROJECT}/secrets/key`;
export const REPOSITORY = `projects/${PROJECT}/locations/${REGION}/repositories/functions`;
const SOURCE = { kind: "archive", hash: "a".repeat(64) };

const member = `serviceAccount:${CALLER}`;
const other = "user:someone@example.com";
const account = (email: string) => `projects/${PROJECT}/serviceAccounts/${email}`;
const image = (tag: string) => `us-docker.pkg.dev/cloudrun/container/hello:${tag}`;

const functionInputs = {
  name: "authfn",
  location: REGION,
  buildConfig: {
    runtime: "nodejs24",
    entryPoint: "authfn",
    serviceAccount: account(BUILDER),
    dockerRepository: REPOSITORY,
    environmentVariables: { GOOGLE_NODE_RUN_SCRIPTS: "" },
    source: { storageSource: { bucket: "sources", object: "authfn.zip" } },
  },
  serviceConfig: {
    serviceAccountEmail: CALLER,
    availableMemory: "256Mi",
    timeoutSeconds: 60,
    maxInstanceCount: 3,
    environmentVariables: { GREETING: "hello" },
    secretEnvironmentVariables: [{ key: "KEY", projectId: PROJECT, secret: "key", version: "latest" }],
  },
};

const functionV1Inputs = {
  name: "authfn-v1",
  region: REGION,
  runtime: "nodejs22",
  entryPoint: "authfn",
  triggerHttp: true,
  httpsTriggerSecurityLevel: "SECURE_ALWAYS",
  sourceArchiveBucket: "sources",
  sourceArchiveObject: "authfn.zip",
  serviceAccountEmail: CALLER,
  buildServiceAccount: account(BUILDER),
  dockerRepository: REPOSITORY,
  secretEnvironmentVariables: [{ key: "KEY", secret: "key", version: "1" }],
};

const MANAGED = `orders.endpoints.${PROJECT}.cloud.goog`;

/** A document as small as may be. */
export function openApi(path: string, more: Props = {}): string {
  return JSON.stringify({
    swagger: "2.0",
    info: { title: "orders", version: "1" },
    host: MANAGED,
    "x-google-backend": { address: "https://orders.example.com" },
    paths: { [path]: { get: { operationId: "get", responses: {} } } },
    ...more,
  });
}

function configInputs(path: string): Props {
  return {
    api: "orders",
    apiConfigId: "orders-1",
    openapiDocuments: [
      { document: { path: "openapi.json", contents: Buffer.from(openApi(path)).toString("base64") } },
    ],
    gatewayConfig: { backendConfig: { googleServiceAccount: CALLER } },
  };
}

const gatewayInputs = {
  gatewayId: "orders",
  apiConfig: `projects/${PROJECT}/locations/global/apis/orders/configs/orders-1`,
  region: REGION,
};

const runInputs = {
  name: "hello",
  location: REGION,
  deletionProtection: false,
  ingress: "INGRESS_TRAFFIC_INTERNAL_ONLY",
  customAudiences: ["https://hello.example.com"],
  labels: { team: "a" },
  scaling: { minInstanceCount: 0, maxInstanceCount: 5 },
  template: {
    serviceAccount: CALLER,
    timeout: "60s",
    maxInstanceRequestConcurrency: 10,
    scaling: { maxInstanceCount: 3 },
    containers: [
      {
        image: image("1"),
        envs: [
          { name: "GREETING", value: "hello" },
          { name: "KEY", valueSource: { secretKeyRef: { secret: "key", version: "latest" } } },
        ],
        resources: { limits: { cpu: "1", memory: "512Mi" }, cpuIdle: true },
        ports: { containerPort: 8080 },
        volumeMounts: [{ name: "sql", mountPath: "/cloudsql" }],
      },
    ],
    volumes: [{ name: "sql", cloudSqlInstance: { instances: ["p:r:i"] } }],
    vpcAccess: { egress: "ALL_TRAFFIC", networkInterfaces: [{ network: "default", tags: ["a"] }] },
  },
};

const runJobInputs = {
  name: "cleanup",
  location: REGION,
  deletionProtection: false,
  labels: { team: "a" },
  template: {
    taskCount: 2,
    template: {
      serviceAccount: CALLER,
      timeout: "60s",
      maxRetries: 1,
      containers: [
        {
          image: image("1"),
          commands: ["clean"],
          args: ["all"],
          envs: [{ name: "KEY", valueSource: { secretKeyRef: { secret: "key", version: "latest" } } }],
          resources: { limits: { cpu: "1", memory: "512Mi" } },
        },
      ],
      vpcAccess: { egress: "ALL_TRAFFIC", networkInterfaces: [{ network: "default" }] },
    },
  },
};

const subscriptionInputs = {
  name: "psub",
  topic: TOPIC,
  pushConfig: {
    pushEndpoint: "https://hello.example.com/push",
    oidcToken: { serviceAccountEmail: CALLER, audience: "https://hello.example.com" },
    noWrapper: { writeMetadata: true },
  },
  ackDeadlineSeconds: 30,
  retryPolicy: { minimumBackoff: "10s", maximumBackoff: "600s" },
  filter: 'attributes.kind = "a"',
  enableMessageOrdering: true,
  expirationPolicy: { ttl: "" },
  deadLetterPolicy: { deadLetterTopic: TOPIC, maxDeliveryAttempts: 10 },
};

const jobInputs = {
  name: "oidctest",
  region: REGION,
  schedule: "*/5 * * * *",
  timeZone: "Europe/Paris",
  attemptDeadline: "320s",
  retryConfig: { retryCount: 3, minBackoffDuration: "5s", maxBackoffDuration: "3600s", maxDoublings: 5 },
  httpTarget: {
    uri: "https://hello.example.com/run",
    httpMethod: "POST",
    body: "e30=",
    headers: { "Content-Type": "application/json" },
    oidcToken: { serviceAccountEmail: CALLER, audience: "https://hello.example.com" },
  },
};

const queueInputs = {
  name: "orders",
  location: REGION,
  httpTarget: {
    httpMethod: "POST",
    headerOverrides: [{ header: { key: "X-Shop", value: "eu" } }],
    uriOverride: {
      scheme: "HTTPS",
      host: "hello.example.com",
      port: "8443",
      pathOverride: { path: "/orders" },
      queryOverride: { queryParams: "day=1" },
      uriOverrideEnforceMode: "ALWAYS",
    },
    oidcToken: { serviceAccountEmail: CALLER, audience: "https://hello.example.com" },
  },
  rateLimits: { maxDispatchesPerSecond: 50 },
  retryConfig: { maxAttempts: 5, minBackoff: "1s", maxBackoff: "60s" },
  stackdriverLoggingConfig: { samplingRatio: 0.5 },
};

const federationInputs = {
  workloadIdentityPoolId: "github",
  workloadIdentityPoolProviderId: "deploy",
  attributeMapping: { "google.subject": "assertion.sub" },
  attributeCondition: 'assertion.repository_id == "1"',
  oidc: { issuerUri: "https://token.actions.githubusercontent.com" },
};

const withMember = (inputs: Props, role: string): Pick<Sample, "inputs" | "replace"> => ({
  inputs: { ...inputs, role, member },
  replace: [{ ...inputs, role, member: other }, "member"],
});

function iapSettings(service: string, programmaticClients: string[]): Props {
  const name = `projects/${PROJECT}/iap_web/cloud_run-${REGION}/services/${service}`;
  return { name, accessSettings: { oauthSettings: { programmaticClients } } };
}

function requestAuthentication(namespace: string, audiences = ["urn:ledger"]): Props {
  return {
    apiVersion: "security.istio.io/v1",
    kind: "RequestAuthentication",
    metadata: { name: "ledger", namespace },
    spec: {
      selector: { matchLabels: { app: "ledger" } },
      jwtRules: [{ issuer: "https://accounts.google.com", audiences, forwardOriginalToken: true }],
    },
  };
}

function authorizationPolicy(name: string, values = [CALLER]): Props {
  return {
    apiVersion: "security.istio.io/v1",
    kind: "AuthorizationPolicy",
    metadata: { name, namespace: "books" },
    spec: { action: "ALLOW", rules: [{ when: [{ key: "request.auth.claims[email]", values }] }] },
  };
}

export const SAMPLES: readonly Sample[] = [
  {
    token: "gcp:projects/service:Service",
    name: "run",
    inputs: { service: "run.googleapis.com", disableOnDestroy: false },
    update: { service: "run.googleapis.com", disableOnDestroy: false, disableDependentServices: true },
    replace: [{ service: "pubsub.googleapis.com", disableOnDestroy: false }, "service"],
  },
  {
    token: "gcp:projects/serviceIdentity:ServiceIdentity",
    name: "pubsub",
    inputs: { service: "pubsub.googleapis.com" },
    replace: [{ service: "cloudtasks.googleapis.com" }, "service"],
  },
  {
    token: "gcp:projects/iAMCustomRole:IAMCustomRole",
    name: "minter",
    inputs: { roleId: "minter", title: "Minter", permissions: ["iam.serviceAccounts.getOpenIdToken"] },
    update: { roleId: "minter", title: "Mints", permissions: ["iam.serviceAccounts.getAccessToken"] },
    replace: [
      { roleId: "minter2", title: "Minter", permissions: ["iam.serviceAccounts.getOpenIdToken"] },
      "roleId",
    ],
  },
  {
    token: "gcp:serviceaccount/account:Account",
    name: "caller",
    inputs: { accountId: "caller", displayName: "Caller", description: "calls" },
    update: { accountId: "caller", displayName: "Caller 2", disabled: true },
    replace: [{ accountId: "caller2", displayName: "Caller", description: "calls" }, "accountId"],
  },
  {
    token: "gcp:serviceaccount/account:Account",
    name: "builder",
    inputs: { accountId: "builder" },
    replace: [{ accountId: "builder", project: "other-project" }, "project"],
  },
  {
    token: "gcp:projects/iAMMember:IAMMember",
    name: "builds",
    inputs: { project: PROJECT, role: "roles/run.builder", member: `serviceAccount:${BUILDER}` },
    replace: [{ project: PROJECT, role: "roles/run.builder", member }, "member"],
  },
  {
    token: "gcp:serviceaccount/iAMMember:IAMMember",
    name: "mints",
    ...withMember({ serviceAccountId: account(CALLER) }, "roles/iam.serviceAccountOpenIdTokenCreator"),
  },
  {
    token: "gcp:secretmanager/secret:Secret",
    name: "key",
    inputs: { secretId: "key", replication: { auto: {} } },
    update: { secretId: "key", replication: { auto: {} }, labels: { team: "b" } },
    replace: [{ secretId: "key2", replication: { auto: {} } }, "secretId"],
  },
  {
    token: "gcp:secretmanager/secretVersion:SecretVersion",
    name: "key-1",
    inputs: { secret: SECRET, secretData: "hush" },
    update: { secret: SECRET, secretData: "hush", enabled: false },
    replace: [{ secret: SECRET, secretData: "other" }, "secretData"],
  },
  {
    token: "gcp:secretmanager/secretIamMember:SecretIamMember",
    name: "reads",
    ...withMember({ secretId: "key" }, "roles/secretmanager.secretAccessor"),
  },
  {
    token: "gcp:storage/bucket:Bucket",
    name: "sources",
    inputs: {
      name: "sources",
      location: REGION,
      uniformBucketLevelAccess: true,
      publicAccessPrevention: "enforced",
    },
    update: { name: "sources", location: REGION, uniformBucketLevelAccess: true, labels: { team: "b" } },
    replace: [{ name: "sources", location: "EU", uniformBucketLevelAccess: true }, "location"],
  },
  {
    token: "gcp:storage/bucketObject:BucketObject",
    name: "authfn",
    inputs: { name: "authfn.zip", bucket: "sources", source: SOURCE },
    replace: [
      { name: "authfn.zip", bucket: "sources", source: { ...SOURCE, hash: "b".repeat(64) } },
      "source",
    ],
  },
  {
    token: "gcp:storage/bucketIAMMember:BucketIAMMember",
    name: "reads-sources",
    ...withMember({ bucket: "sources" }, "roles/storage.objectViewer"),
  },
  {
    token: "gcp:artifactregistry/repository:Repository",
    name: "functions",
    inputs: { repositoryId: "functions", location: REGION, format: "DOCKER" },
    update: { repositoryId: "functions", location: REGION, format: "DOCKER", description: "images" },
    replace: [{ repositoryId: "functions", location: REGION, format: "NPM" }, "format"],
  },
  {
    token: "gcp:cloudrunv2/service:Service",
    name: "hello",
    inputs: runInputs,
    update: { ...runInputs, template: { ...runInputs.template, timeout: "30s", scaling: {} } },
    replace: [{ ...runInputs, location: "europe-west1" }, "location"],
  },
  {
    token: "gcp:cloudrunv2/serviceIamMember:ServiceIamMember",
    name: "calls-hello",
    ...withMember({ name: "hello", location: REGION }, "roles/run.invoker"),
  },
  {
    token: "gcp:cloudrunv2/job:Job",
    name: "cleanup",
    inputs: runJobInputs,
    update: { ...runJobInputs, template: { ...runJobInputs.template, taskCount: 3 } },
    replace: [{ ...runJobInputs, location: "europe-west1" }, "location"],
  },
  {
    token: "gcp:cloudrunv2/jobIamMember:JobIamMember",
    name: "runs-cleanup",
    ...withMember({ name: "cleanup", location: REGION }, "roles/run.jobsExecutor"),
  },
  {
    token: "gcp:iap/settings:Settings",
    name: "programs",
    inputs: iapSettings("hello", ["a.apps.googleusercontent.com"]),
    update: iapSettings("hello", ["b.apps.googleusercontent.com"]),
    replace: [iapSettings("other", ["a.apps.googleusercontent.com"]), "name"],
  },
  {
    token: "gcp:iap/webCloudRunServiceIamMember:WebCloudRunServiceIamMember",
    name: "reaches-hello",
    ...withMember({ cloudRunServiceName: "hello", location: REGION }, "roles/iap.httpsResourceAccessor"),
  },
  {
    token: "gcp:iap/webBackendServiceIamMember:WebBackendServiceIamMember",
    name: "reaches-web",
    ...withMember({ webBackendService: "web" }, "roles/iap.httpsResourceAccessor"),
  },
  {
    token: "gcp:endpoints/service:Service",
    name: "orders",
    inputs: { serviceName: MANAGED, openapiConfig: openApi("/a") },
    update: { serviceName: MANAGED, openapiConfig: openApi("/b") },
    replace: [{ serviceName: `x${MANAGED}`, openapiConfig: openApi("/a") }, "serviceName"],
  },
  {
    token: "gcp:endpoints/serviceIamMember:ServiceIamMember",
    name: "reads-orders",
    ...withMember({ serviceName: MANAGED }, "roles/servicemanagement.serviceController"),
  },
  {
    token: "gcp:apigateway/api:Api",
    name: "orders",
    inputs: { apiId: "orders", displayName: "Orders" },
    update: { apiId: "orders", displayName: "Orders of all kinds" },
    replace: [{ apiId: "orders-2", displayName: "Orders" }, "apiId"],
  },
  {
    token: "gcp:apigateway/apiConfig:ApiConfig",
    name: "orders-1",
    inputs: configInputs("/a"),
    update: { ...configInputs("/a"), labels: { team: "a" } },
    replace: [configInputs("/b"), "openapiDocuments[0].document.contents"],
  },
  {
    token: "gcp:apigateway/gateway:Gateway",
    name: "orders",
    inputs: gatewayInputs,
    update: { ...gatewayInputs, displayName: "Orders" },
    replace: [{ ...gatewayInputs, region: "europe-west1" }, "region"],
  },
  {
    token: "gcp:cloudfunctionsv2/function:Function",
    name: "authfn",
    inputs: functionInputs,
    update: { ...functionInputs, serviceConfig: { ...functionInputs.serviceConfig, timeoutSeconds: 90 } },
    replace: [{ ...functionInputs, name: "authfn2" }, "name"],
  },
  {
    token: "gcp:cloudfunctionsv2/functionIamMember:FunctionIamMember",
    name: "calls-authfn",
    ...withMember({ cloudFunction: "authfn", location: REGION }, "roles/cloudfunctions.invoker"),
  },
  {
    token: "gcp:cloudfunctions/function:Function",
    name: "authfn-v1",
    inputs: functionV1Inputs,
    update: { ...functionV1Inputs, timeout: 120, description: "slow" },
    replace: [{ ...functionV1Inputs, entryPoint: "main" }, "entryPoint"],
  },
  {
    token: "gcp:cloudfunctions/functionIamMember:FunctionIamMember",
    name: "calls-authfn-v1",
    ...withMember({ cloudFunction: "authfn-v1", region: REGION }, "roles/cloudfunctions.invoker"),
  },
  {
    token: "gcp:pubsub/topic:Topic",
    name: "runtopic",
    inputs: { name: "runtopic", messageRetentionDuration: "600s" },
    update: { name: "runtopic", messageRetentionDuration: "700s" },
    replace: [{ name: "runtopic2", messageRetentionDuration: "600s" }, "name"],
  },
  {
    token: "gcp:pubsub/topicIAMMember:TopicIAMMember",
    name: "publishes",
    ...withMember({ topic: "runtopic" }, "roles/pubsub.publisher"),
  },
  {
    token: "gcp:pubsub/subscription:Subscription",
    name: "psub",
    inputs: subscriptionInputs,
    update: { ...subscriptionInputs, ackDeadlineSeconds: 60 },
    replace: [{ ...subscriptionInputs, filter: 'attributes.kind = "b"' }, "filter"],
  },
  {
    token: "gcp:pubsub/subscriptionIAMMember:SubscriptionIAMMember",
    name: "subscribes",
    ...withMember({ subscription: "psub" }, "roles/pubsub.subscriber"),
  },
  {
    token: "gcp:cloudscheduler/job:Job",
    name: "oidctest",
    inputs: jobInputs,
    update: { ...jobInputs, paused: true, attemptDeadline: "60s" },
    replace: [{ ...jobInputs, region: "europe-west1" }, "region"],
  },
  {
    token: "gcp:cloudtasks/queue:Queue",
    name: "orders",
    inputs: queueInputs,
    update: {
      ...queueInputs,
      desiredState: "PAUSED",
      httpTarget: { uriOverride: { host: "other.example.com" } },
      rateLimits: { maxDispatchesPerSecond: 500, maxConcurrentDispatches: 5 },
    },
    replace: [{ ...queueInputs, location: "europe-west1" }, "location"],
  },
  {
    token: "gcp:cloudtasks/queueIamMember:QueueIamMember",
    name: "enqueuer",
    inputs: { name: "orders", location: REGION, role: "roles/cloudtasks.enqueuer", member: other },
    replace: [{ name: "orders", location: REGION, role: "roles/cloudtasks.enqueuer", member }, "member"],
  },
  {
    token: "gcp:iam/workloadIdentityPool:WorkloadIdentityPool",
    name: "github",
    inputs: { workloadIdentityPoolId: "github", displayName: "GitHub" },
    update: { workloadIdentityPoolId: "github", displayName: "GitHub Actions", disabled: true },
    replace: [{ workloadIdentityPoolId: "github-2", displayName: "GitHub" }, "workloadIdentityPoolId"],
  },
  {
    token: "gcp:iam/workloadIdentityPoolProvider:WorkloadIdentityPoolProvider",
    name: "deploy",
    inputs: federationInputs,
    update: { ...federationInputs, attributeCondition: 'assertion.repository_id == "2"' },
    replace: [
      { ...federationInputs, workloadIdentityPoolProviderId: "deploy-2" },
      "workloadIdentityPoolProviderId",
    ],
  },
  {
    token: "kubernetes:security.istio.io/v1:RequestAuthentication",
    name: "ledger",
    inputs: requestAuthentication("books"),
    update: requestAuthentication("books", ["urn:ledger", "urn:old"]),
    replace: [requestAuthentication("other"), "metadata.namespace"],
  },
  {
    token: "kubernetes:security.istio.io/v1:AuthorizationPolicy",
    name: "ledger",
    inputs: authorizationPolicy("ledger"),
    update: authorizationPolicy("ledger", [CALLER, "someone@example.iam.gserviceaccount.com"]),
    replace: [authorizationPolicy("journal"), "metadata.name"],
  },
  {
    token: "random:index/randomString:RandomString",
    name: "suffix",
    inputs: { length: 6, special: false, upper: false, keepers: { a: "1" } },
    replace: [{ length: 6, special: false, upper: false, keepers: { a: "2" } }, "keepers.a"],
  },
  {
    token: "random:index/randomId:RandomId",
    name: "id",
    inputs: { byteLength: 4, prefix: "p-" },
    replace: [{ byteLength: 5, prefix: "p-" }, "byteLength"],
  },
];
