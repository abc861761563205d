import { CloudError } from "../errors";
import { api, apiConfig, gateway } from "./api-gateway";
import { repository } from "./artifact-registry";
import { customRole } from "./custom-role";
import { endpointsService } from "./endpoints-service";
import { functionV1 } from "./function-v1";
import { functionV2 } from "./function-v2";
import { iamMembers } from "./iam-members";
import { iapSettings } from "./iap-settings";
import { istioAuthorizationPolicy, istioRequestAuthentication } from "./istio";
import type { Kind } from "./kind";
import { projectService, serviceIdentity } from "./projects";
import { subscription } from "./pubsub-subscription";
import { topic } from "./pubsub-topic";
import { randomId, randomString } from "./random";
import { runJob } from "./run-job";
import { runService } from "./run-service";
import { schedulerJob } from "./scheduler-job";
import { secret, secretVersion } from "./secrets";
import { serviceAccount } from "./service-accounts";
import { bucket, bucketObject } from "./storage";
import { taskQueue } from "./task-queue";
import { workloadIdentityPool, workloadIdentityProvider } from "./workload-identity";

const KINDS: ReadonlyMap<string, Kind<never>> = new Map(
  [
    projectService,
    serviceIdentity,
    customRole,
    serviceAccount,
    runService,
    runJob,
    iapSettings,
    endpointsService,
    api,
    apiConfig,
    gateway,
    functionV1,
    functionV2,
    bucket,
    bucketObject,
    repository,
    secret,
    secretVersion,
    topic,
    subscription,
    schedulerJob,
    taskQueue,
    workloadIdentityPool,
    workloadIdentityProvider,
    istioRequestAuthentication,
    istioAuthorizationPolicy,
    randomString,
    randomId,
    ...iamMembers,
  ].map((kind) => [kind.token, kind]),
);

export const tokens: readonly string[] = [...KINDS.keys()];

export function kindOf(token: string): Kind<never> {
  const kind = KINDS.get(token);
  if (kind !== undefined) return kind;
  throw new CloudError("UNIMPLEMENTED", `resource type "${token}" is not modelled by the sandbox`);
}
