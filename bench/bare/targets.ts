import * as cloudfunctions from "@pulumi/gcp/cloudfunctions";
import * as cloudfunctionsv2 from "@pulumi/gcp/cloudfunctionsv2";
import * as cloudrunv2 from "@pulumi/gcp/cloudrunv2";
import type * as serviceaccount from "@pulumi/gcp/serviceaccount";
import * as pulumi from "@pulumi/pulumi";
import { buildOf } from "./build";
import { caller, callerMember } from "./caller";
import { account, config, project } from "./project";

const helloRuntime = runtimeAccount("hello");
const hello = new cloudrunv2.Service("hello", {
  project,
  location: config.region,
  ingress: "INGRESS_TRAFFIC_ALL",
  deletionProtection: config.deletionProtection,
  scaling: { minInstanceCount: config.minInstances },
  template: {
    serviceAccount: helloRuntime.email,
    timeout: "300s",
    maxInstanceRequestConcurrency: 80,
    scaling: { maxInstanceCount: 100 },
    containers: [
      {
        image: config.image,
        resources: { limits: { cpu: "1", memory: "512Mi" } },
        ports: { containerPort: 8080 },
        envs: [],
      },
    ],
  },
});
const helloGrant = new cloudrunv2.ServiceIamMember("hello-schedulerunner-invoker", {
  project: hello.project,
  location: hello.location,
  name: hello.name,
  role: "roles/run.invoker",
  member: callerMember,
});
export const helloTarget = authorized(hello.uri, helloGrant.role);

const authfnRuntime = runtimeAccount("authfn");
const authfnBuild = buildOf("authfn");
const authfn = new cloudfunctionsv2.Function("authfn", {
  project,
  location: config.region,
  buildConfig: {
    runtime: "nodejs24",
    entryPoint: "helloHttp",
    serviceAccount: authfnBuild.account,
    dockerRepository: authfnBuild.repository,
    source: { storageSource: { bucket: authfnBuild.bucket, object: authfnBuild.object } },
  },
  serviceConfig: {
    serviceAccountEmail: authfnRuntime.email,
    ingressSettings: "ALLOW_ALL",
    minInstanceCount: 0,
    maxInstanceCount: 100,
    maxInstanceRequestConcurrency: 1,
    timeoutSeconds: 300,
    availableMemory: "256Mi",
    secretEnvironmentVariables: [],
  },
});
const authfnGrant = new cloudrunv2.ServiceIamMember("authfn-schedulerunner-invoker", {
  project: authfn.project,
  location: authfn.location,
  name: authfn.serviceConfig.apply((run) => (run?.service ?? "").replace(/^.*\//, "")),
  role: "roles/run.invoker",
  member: callerMember,
});
export const authfnTarget = authorized(
  authfn.serviceConfig.apply((run) => run?.uri ?? ""),
  authfnGrant.role,
);

const authfnV1Runtime = runtimeAccount("authfn-v1");
const authfnV1Build = buildOf("authfn-v1");
const authfnV1 = new cloudfunctions.Function("authfn-v1", {
  project,
  region: config.region,
  runtime: "nodejs22",
  entryPoint: "helloHttp",
  triggerHttp: true,
  httpsTriggerSecurityLevel: "SECURE_ALWAYS",
  sourceArchiveBucket: authfnV1Build.bucket,
  sourceArchiveObject: authfnV1Build.object,
  buildServiceAccount: authfnV1Build.account,
  dockerRepository: authfnV1Build.repository,
  serviceAccountEmail: authfnV1Runtime.email,
  ingressSettings: "ALLOW_ALL",
  minInstances: 0,
  maxInstances: 100,
  timeout: 300,
  availableMemoryMb: 256,
  secretEnvironmentVariables: [],
});
const authfnV1Grant = new cloudfunctions.FunctionIamMember("authfn-v1-schedulerunner-invoker", {
  project: authfnV1.project,
  region: authfnV1.region,
  cloudFunction: authfnV1.name,
  role: "roles/cloudfunctions.invoker",
  member: callerMember,
});
export const authfnV1Target = authorized(authfnV1.httpsTriggerUrl, authfnV1Grant.role);

export const applicationTarget: Target = {
  url: pulumi.output(config.applicationUrl),
  serviceAccountEmail: caller,
  audience: pulumi.output(config.applicationAudience ?? config.applicationUrl),
};

export interface Target {
  readonly url: pulumi.Output<string>;
  readonly serviceAccountEmail: pulumi.Output<string>;
  readonly audience: pulumi.Output<string>;
}

function runtimeAccount(of: string): serviceaccount.Account {
  return account(`${of}-runtime`, `${of} runtime`, "Runs the code; has only what the program grants it");
}

function authorized(uri: pulumi.Output<string>, role: pulumi.Output<string>): Target {
  const first = ([value = ""]: string[]) => value;
  const url = pulumi.all([uri, role]).apply(first);
  return { url, serviceAccountEmail: pulumi.all([caller, role]).apply(first), audience: url };
}
