import { CloudError } from "./errors";

/**
 * Full resource names, the keys of all IAM policies.
 * cloud.google.com/iam/docs/full-resource-names
 */
export function projectName(project: string): string {
  return `//cloudresourcemanager.googleapis.com/projects/${project}`;
}

export function runServiceName(project: string, location: string, service: string): string {
  return `//run.googleapis.com/projects/${project}/locations/${location}/services/${service}`;
}

/** IAP keeps a policy of its own for what it stands before. https://docs.cloud.google.com/iap/docs/managing-access */
export function iapRunServiceName(project: string, location: string, service: string): string {
  return `//iap.googleapis.com/projects/${project}/iap_web/cloud_run-${location}/services/${service}`;
}

export function iapBackendServiceName(project: string, service: string): string {
  return `//iap.googleapis.com/projects/${project}/iap_web/compute/services/${service}`;
}

export function runJobName(project: string, location: string, job: string): string {
  return `//run.googleapis.com/projects/${project}/locations/${location}/jobs/${job}`;
}

export function functionV1Name(project: string, location: string, name: string): string {
  return `//cloudfunctions.googleapis.com/projects/${project}/locations/${location}/functions/${name}`;
}

/** Both generations share one namespace at Google, so this is the same name. */
export function functionV2Name(project: string, location: string, name: string): string {
  return functionV1Name(project, location, name);
}

export function topicName(project: string, topic: string): string {
  return `//pubsub.googleapis.com/projects/${project}/topics/${topic}`;
}

export function subscriptionName(project: string, subscription: string): string {
  return `//pubsub.googleapis.com/projects/${project}/subscriptions/${subscription}`;
}

export function serviceAccountName(project: string, email: string): string {
  return `//iam.googleapis.com/projects/${project}/serviceAccounts/${email}`;
}

export function queueName(project: string, location: string, queue: string): string {
  return `//cloudtasks.googleapis.com/projects/${project}/locations/${location}/queues/${queue}`;
}

export function jobName(project: string, location: string, job: string): string {
  return `//cloudscheduler.googleapis.com/projects/${project}/locations/${location}/jobs/${job}`;
}

/**
 * Google writes "projects/_" here, because the names of buckets are unique in the world. A decision must find the
 * project above the bucket, so the sandbox names it.
 */
export function bucketName(project: string, bucket: string): string {
  return `//storage.googleapis.com/projects/${project}/buckets/${bucket}`;
}

export function secretName(project: string, secret: string): string {
  return `//secretmanager.googleapis.com/projects/${project}/secrets/${secret}`;
}

export function repositoryName(project: string, location: string, repository: string): string {
  return `//artifactregistry.googleapis.com/projects/${project}/locations/${location}/repositories/${repository}`;
}

/**
 * Google names managed services without their project, because their names are unique in the world. A decision must find
 * the project above, so the sandbox names it.
 */
export function managedServiceName(project: string, service: string): string {
  return `//servicemanagement.googleapis.com/projects/${project}/services/${service}`;
}

export function apiName(project: string, api: string): string {
  return `//apigateway.googleapis.com/projects/${project}/locations/global/apis/${api}`;
}

export function apiConfigName(project: string, api: string, config: string): string {
  return `${apiName(project, api)}/configs/${config}`;
}

export function gatewayName(project: string, location: string, gateway: string): string {
  return `//apigateway.googleapis.com/projects/${project}/locations/${location}/gateways/${gateway}`;
}

/** The id of the project that a full resource name lies in. */
export function projectOf(fullName: string): string {
  const project = /^\/\/[a-z]+\.googleapis\.com\/projects\/([^/]+)(?:\/|$)/.exec(fullName)?.[1];
  if (project === undefined) {
    throw new CloudError(
      "INVALID_ARGUMENT",
      `"${fullName}" is not a full resource name. Make it with the functions in sandbox/cloud/names.`,
    );
  }
  return project;
}

/** What people call the last collection of a full resource name. */
const NOUNS: Record<string, string> = {
  "cloudresourcemanager/projects": "project",
  "run/services": "Run service",
  "run/jobs": "Run job",
  "iap/services": "IAP-secured service",
  "cloudfunctions/functions": "function",
  "pubsub/topics": "topic",
  "pubsub/subscriptions": "subscription",
  "iam/serviceAccounts": "service account",
  "cloudtasks/queues": "queue",
  "cloudscheduler/jobs": "Scheduler job",
  "storage/buckets": "bucket",
  "secretmanager/secrets": "secret",
  "artifactregistry/repositories": "repository",
  "servicemanagement/services": "managed service",
  "apigateway/apis": "API",
  "apigateway/configs": "API config",
  "apigateway/gateways": "API Gateway",
};

/** A full resource name in words, such as `Run service "hello"`. */
export function describe(fullName: string): string {
  const [, service = "", path = ""] = /^\/\/([a-z]+)\.googleapis\.com\/(.+)$/.exec(fullName) ?? [];
  const [collection = "", id = ""] = path.split("/").slice(-2);
  const noun = NOUNS[`${service}/${collection}`];
  return noun === undefined ? fullName : `${noun} "${id}"`;
}

/**
 * The domains of Google's own agents. docs.cloud.google.com/iam/docs/service-agents
 */
const AGENT_DOMAINS = {
  scheduler: "gcp-sa-cloudscheduler",
  tasks: "gcp-sa-cloudtasks",
  pubsub: "gcp-sa-pubsub",
  run: "serverless-robot-prod",
  iap: "gcp-sa-iap",
} as const;

export type AgentKind = keyof typeof AGENT_DOMAINS;

export function agentEmail(kind: AgentKind, projectNumber: string): string {
  return `service-${projectNumber}@${AGENT_DOMAINS[kind]}.iam.gserviceaccount.com`;
}

export function defaultComputeAccount(projectNumber: string): string {
  return `${projectNumber}-compute@developer.gserviceaccount.com`;
}
