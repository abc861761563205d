export { CallerIdentity } from "./identity/CallerIdentity";
export type { AgentEmails, CallerIdentityArgs, CallerIdentityNodes } from "./identity/CallerIdentity";
export { ProjectApis } from "./identity/ProjectApis";
export type { ProjectApisArgs, ProjectApisNodes } from "./identity/ProjectApis";

export { CloudFunction } from "./targets/CloudFunction";
export type { CloudFunctionArgs, CloudFunctionNodes } from "./targets/CloudFunction";
export { CloudFunctionV1 } from "./targets/CloudFunctionV1";
export type { CloudFunctionV1Args, CloudFunctionV1Nodes } from "./targets/CloudFunctionV1";
export { CloudRunService, RunIngress } from "./targets/CloudRunService";
export type { AuthorizeOptions, CloudRunServiceArgs, CloudRunServiceNodes } from "./targets/CloudRunService";
export { ExternalApplication } from "./targets/ExternalApplication";
export type { ExternalApplicationArgs, VerifierSettings } from "./targets/ExternalApplication";
export { FunctionIngress } from "./targets/functionIngress";
export { FunctionV1Invoker } from "./targets/FunctionV1Invoker";
export type { FunctionV1InvokerArgs, FunctionV1InvokerNodes } from "./targets/FunctionV1Invoker";
export { RunInvoker, RunInvokerRole } from "./targets/RunInvoker";
export type { RunInvokerArgs, RunInvokerNodes } from "./targets/RunInvoker";
export type { SecretReference } from "./targets/runtimeAccount";
export { EgressSetting } from "./targets/runTemplate";
export type { VpcEgress } from "./targets/runTemplate";

export type { DeadLetterArgs } from "./sources/deadLetters";
export { PushSubscription } from "./sources/PushSubscription";
export type { PushRetry, PushSubscriptionArgs, PushSubscriptionNodes } from "./sources/PushSubscription";
export { HttpMethod } from "./sources/httpMethod";
export { SchedulerJob } from "./sources/SchedulerJob";
export type { SchedulerJobArgs, SchedulerJobNodes, SchedulerRetry } from "./sources/SchedulerJob";
export type { TaskRateLimits, TaskRetry } from "./sources/taskLimits";
export { TaskQueue } from "./sources/TaskQueue";
export type { EnqueuerSettings, TaskQueueArgs, TaskQueueNodes } from "./sources/TaskQueue";

export { TokenAgent } from "./wiring/agents";
export type { AuthorizedTarget } from "./wiring/authorizedTarget";
export type { Caller, CallerReference } from "./wiring/callers";
