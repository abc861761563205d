import { CloudError } from "../errors";
import {
  functionV2Name,
  iapBackendServiceName,
  iapRunServiceName,
  projectName,
  serviceAccountName,
} from "../names";
import { memberKind } from "./iam-member";
import type { Context, Kind } from "./kind";
import { projectIn } from "./project";

/** The full name of a stored resource, or Google's words for its absence. */
function stored(cx: Context, token: string, id: string, missing: string): string {
  const resource = cx.cloud.store.get(token, id);
  if (resource === undefined) throw new CloudError("NOT_FOUND", missing);
  return resource.fullName;
}

/** One kind for each kind of policy that a member can be added to. */
export const iamMembers: readonly Kind<never>[] = [
  memberKind({
    token: "gcp:projects/iAMMember:IAMMember",
    apis: ["cloudresourcemanager.googleapis.com"],
    template: "{project}",
    resource: "project",
    fullName: (cx, at) => projectName(projectIn(cx, at).id),
    // github.com/pulumi/pulumi-gcp provider/resources.go: the one member resource that is deleted before it is replaced.
    deleteBeforeReplace: true,
  }),
  memberKind({
    token: "gcp:serviceaccount/iAMMember:IAMMember",
    apis: ["iam.googleapis.com"],
    template: "projects/{project}/serviceAccounts/{serviceAccountId}",
    resource: "serviceAccountId",
    wholeIdOnly: true,
    fullName: (cx, { project = "", serviceAccountId: email = "" }) => {
      const account = cx.cloud.iam.account(email);
      if (account === undefined || (project !== "-" && account.project !== project)) {
        throw new CloudError(
          "NOT_FOUND",
          `Service account projects/${project}/serviceAccounts/${email} does not exist.`,
        );
      }
      return serviceAccountName(account.project, account.email);
    },
  }),
  memberKind({
    token: "gcp:cloudrunv2/serviceIamMember:ServiceIamMember",
    apis: ["run.googleapis.com"],
    template: "projects/{project}/locations/{location}/services/{name}",
    resource: "name",
    fullName: (cx, { project = "", location = "", name = "" }) =>
      stored(
        cx,
        "gcp:cloudrunv2/service:Service",
        `projects/${project}/locations/${location}/services/${name}`,
        `Resource '${name}' of kind 'SERVICE' in region '${location}' in project '${project}' does not exist.`,
      ),
  }),
  memberKind({
    token: "gcp:cloudrunv2/jobIamMember:JobIamMember",
    apis: ["run.googleapis.com"],
    template: "projects/{project}/locations/{location}/jobs/{name}",
    resource: "name",
    fullName: (cx, { project = "", location = "", name = "" }) =>
      stored(
        cx,
        "gcp:cloudrunv2/job:Job",
        `projects/${project}/locations/${location}/jobs/${name}`,
        `Resource '${name}' of kind 'JOB' in region '${location}' in project '${project}' does not exist.`,
      ),
  }),
  memberKind({
    token: "gcp:iap/webCloudRunServiceIamMember:WebCloudRunServiceIamMember",
    apis: ["iap.googleapis.com"],
    template: "projects/{project}/iap_web/cloud_run-{location}/services/{cloudRunServiceName}",
    resource: "cloudRunServiceName",
    fullName: (cx, { project = "", location = "", cloudRunServiceName: name = "" }) => {
      const id = `projects/${project}/locations/${location}/services/${name}`;
      stored(cx, "gcp:cloudrunv2/service:Service", id, "Requested entity was not found.");
      return iapRunServiceName(project, location, name);
    },
  }),
  memberKind({
    token: "gcp:iap/webBackendServiceIamMember:WebBackendServiceIamMember",
    apis: ["iap.googleapis.com"],
    template: "projects/{project}/iap_web/compute/services/{webBackendService}",
    resource: "webBackendService",
    // There are no load balancers here, so whether there is such a backend service is not looked at: the grant is kept, and
    // lets nobody in anywhere (ingress/iap-backends.ts says so to who calls).
    fullName: (_cx, { project = "", webBackendService: name = "" }) => iapBackendServiceName(project, name),
  }),
  memberKind({
    token: "gcp:endpoints/serviceIamMember:ServiceIamMember",
    apis: ["servicemanagement.googleapis.com"],
    template: "services/{serviceName}",
    resource: "serviceName",
    fullName: (cx, { serviceName = "" }) =>
      stored(
        cx,
        "gcp:endpoints/service:Service",
        serviceName,
        `Service '${serviceName}' not found or permission denied.`,
      ),
  }),
  memberKind({
    token: "gcp:cloudfunctions/functionIamMember:FunctionIamMember",
    apis: ["cloudfunctions.googleapis.com"],
    template: "projects/{project}/locations/{region}/functions/{cloudFunction}",
    resource: "cloudFunction",
    fullName: (cx, { project = "", region = "", cloudFunction: name = "" }) => {
      const id = `projects/${project}/locations/${region}/functions/${name}`;
      return stored(cx, "gcp:cloudfunctions/function:Function", id, `Function ${id} does not exist.`);
    },
    refusal: (role) => refusedOnFunctions(role),
  }),
  memberKind({
    token: "gcp:cloudfunctionsv2/functionIamMember:FunctionIamMember",
    apis: ["cloudfunctions.googleapis.com"],
    template: "projects/{project}/locations/{location}/functions/{cloudFunction}",
    resource: "cloudFunction",
    fullName: (cx, { project = "", location = "", cloudFunction: name = "" }) => {
      const id = `projects/${project}/locations/${location}/functions/${name}`;
      stored(cx, "gcp:cloudfunctionsv2/function:Function", id, `Resource '${id}' was not found`);
      return functionV2Name(project, location, name);
    },
    refusal: (role) => refusedOnFunctions(role),
  }),
  memberKind({
    token: "gcp:pubsub/topicIAMMember:TopicIAMMember",
    apis: ["pubsub.googleapis.com"],
    template: "projects/{project}/topics/{topic}",
    resource: "topic",
    fullName: (cx, { project = "", topic = "" }) => {
      const id = `projects/${project}/topics/${topic}`;
      return stored(cx, "gcp:pubsub/topic:Topic", id, `Resource not found (resource=${topic}).`);
    },
  }),
  memberKind({
    token: "gcp:pubsub/subscriptionIAMMember:SubscriptionIAMMember",
    apis: ["pubsub.googleapis.com"],
    template: "projects/{project}/subscriptions/{subscription}",
    resource: "subscription",
    fullName: (cx, { project = "", subscription = "" }) => {
      const id = `projects/${project}/subscriptions/${subscription}`;
      return stored(
        cx,
        "gcp:pubsub/subscription:Subscription",
        id,
        `Resource not found (resource=${subscription}).`,
      );
    },
  }),
  memberKind({
    token: "gcp:cloudtasks/queueIamMember:QueueIamMember",
    apis: ["cloudtasks.googleapis.com"],
    template: "projects/{project}/locations/{location}/queues/{name}",
    resource: "name",
    fullName: (cx, { project = "", location = "", name = "" }) =>
      stored(
        cx,
        "gcp:cloudtasks/queue:Queue",
        `projects/${project}/locations/${location}/queues/${name}`,
        "Queue does not exist. If you just created the queue, wait at least a minute for the queue to initialize.",
      ),
  }),
  memberKind({
    token: "gcp:storage/bucketIAMMember:BucketIAMMember",
    apis: ["storage.googleapis.com"],
    template: "b/{bucket}",
    resource: "bucket",
    fullName: (cx, { bucket = "" }) =>
      stored(cx, "gcp:storage/bucket:Bucket", bucket, `The specified bucket does not exist: ${bucket}`),
  }),
  memberKind({
    token: "gcp:secretmanager/secretIamMember:SecretIamMember",
    apis: ["secretmanager.googleapis.com"],
    template: "projects/{project}/secrets/{secretId}",
    resource: "secretId",
    fullName: (cx, { project = "", secretId = "" }) => {
      const id = `projects/${project}/secrets/${secretId}`;
      return stored(cx, "gcp:secretmanager/secret:Secret", id, `Secret [${id}] not found.`);
    },
  }),
];

// github.com/hashicorp/terraform-provider-google/issues/15264: the functions API takes its own invoker role, which opens
// nothing on a function of the 2nd generation, and refuses Run's.
function refusedOnFunctions(role: string): string | undefined {
  if (!role.startsWith("roles/run.")) return undefined;
  return `Role ${role} is not supported for this resource. Grant it on the Run service behind the function.`;
}
