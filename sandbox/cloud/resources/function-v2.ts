import { isDeepStrictEqual } from "node:util";
import { CloudError } from "../errors";
import { defaultComputeAccount, functionV2Name } from "../names";
import { requireActAs } from "./access";
import { build, buildAccount } from "./function-build";
import { functionV2Rules, functionV2Schema, type FunctionV2Inputs as Inputs } from "./function-v2-schema";
import { kind, type Context, type Kind } from "./kind";
import { LABEL_OUTPUTS, labelOutputs } from "./labelled";
import { projectIn } from "./project";
import type { RunInputs } from "./run-schema";
import { putRunService, RUN_SERVICE, runServiceId } from "./run-service";
import { cloudFunctionsUrl } from "./run-urls";
import { requireSecrets } from "./secrets-in-use";
import type { Props } from "./values";

const INGRESS = {
  ALLOW_ALL: "INGRESS_TRAFFIC_ALL",
  ALLOW_INTERNAL_ONLY: "INGRESS_TRAFFIC_INTERNAL_ONLY",
  ALLOW_INTERNAL_AND_GCLB: "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER",
} as const;

export const functionV2: Kind<never> = kind(functionV2Schema, {
  token: "gcp:cloudfunctionsv2/function:Function",
  apis: [
    "cloudfunctions.googleapis.com",
    "run.googleapis.com",
    "cloudbuild.googleapis.com",
    "artifactregistry.googleapis.com",
  ],
  replaceOn: ["name", "location", "project"],
  autoName: { property: "name", maxLength: 63 },
  fromProvider: { project: "project" },
  defaults: {
    "serviceConfig.ingressSettings": "ALLOW_ALL",
    "serviceConfig.allTrafficOnLatestRevision": true,
  },
  computed: [
    "environment",
    "state",
    "updateTime",
    "url",
    "buildConfig.build",
    "buildConfig.dockerRepository",
    "buildConfig.serviceAccount",
    "serviceConfig.availableCpu",
    "serviceConfig.availableMemory",
    "serviceConfig.gcfUri",
    "serviceConfig.maxInstanceCount",
    "serviceConfig.maxInstanceRequestConcurrency",
    "serviceConfig.service",
    "serviceConfig.serviceAccountEmail",
    "serviceConfig.timeoutSeconds",
    "serviceConfig.uri",
    ...LABEL_OUTPUTS,
  ],
  volatile: ["updateTime", "buildConfig.build"],
  planned: labelOutputs,
  rules: functionV2Rules,
  identify: (cx, inputs) => {
    const project = projectIn(cx, inputs).id;
    return {
      id: `projects/${project}/locations/${inputs.location}/functions/${inputs.name}`,
      fullName: functionV2Name(project, inputs.location, inputs.name),
      project,
    };
  },
  create: (cx, inputs) => {
    requireRunnable(cx, inputs);
    requireFreeService(cx, inputs);
    requireBuild(cx, inputs);
    return { computed: { ...made(cx, inputs), ...deployed(cx, inputs) } };
  },
  update: (cx, current, news) => {
    requireRunnable(cx, news);
    if (!isDeepStrictEqual(news.buildConfig, current.inputs.buildConfig)) requireBuild(cx, news);
    return { computed: deployed(cx, news) };
  },
  delete: (cx, { inputs }) => {
    const id = serviceId(cx, inputs);
    const service = cx.cloud.store.get(RUN_SERVICE, id);
    cx.cloud.store.remove(RUN_SERVICE, id);
    if (service !== undefined) cx.cloud.iam.forget(service.fullName);
  },
});

function made(cx: Context, inputs: Inputs): Props {
  const project = projectIn(cx, inputs);
  const url = cloudFunctionsUrl(project, inputs.location, inputs.name);
  return {
    environment: "GEN_2",
    state: "ACTIVE",
    url,
    "buildConfig.dockerRepository": `projects/${project.id}/locations/${inputs.location}/repositories/gcf-artifacts`,
    "buildConfig.serviceAccount": `projects/${project.id}/serviceAccounts/${defaultComputeAccount(project.number)}`,
    // What Google fills in: docs.cloud.google.com/functions/docs/configuring/memory and the pages beside it.
    "serviceConfig.availableCpu": "0.1666",
    "serviceConfig.availableMemory": "256M",
    "serviceConfig.maxInstanceCount": 100,
    "serviceConfig.maxInstanceRequestConcurrency": 1,
    "serviceConfig.serviceAccountEmail": defaultComputeAccount(project.number),
    "serviceConfig.timeoutSeconds": 60,
  };
}

/** What every deployment changes, the Run service behind the function included. */
function deployed(cx: Context, inputs: Inputs): Props {
  const project = projectIn(cx, inputs);
  const service = putRunService(cx, runInputs(cx, inputs));
  const number = Math.floor(cx.cloud.random() * 0xffffffff)
    .toString(16)
    .padStart(8, "0");
  return {
    updateTime: new Date(cx.cloud.clock.now()).toISOString(),
    "buildConfig.build": `projects/${project.number}/locations/${inputs.location}/builds/${number}`,
    "serviceConfig.uri": service.state.uri,
    "serviceConfig.gcfUri": service.state.uri,
    "serviceConfig.service": service.id,
    ...labelOutputs(inputs),
  };
}

function runInputs(cx: Context, inputs: Inputs): RunInputs {
  const project = projectIn(cx, inputs);
  const config = inputs.serviceConfig ?? {};
  const plain = Object.entries(config.environmentVariables ?? {}).map(([name, value]) => ({ name, value }));
  const secret = (config.secretEnvironmentVariables ?? []).map((use) => ({
    name: use.key,
    valueSource: { secretKeyRef: { secret: secretOf(use, project.id), version: use.version } },
  }));
  const repository = inputs.buildConfig.dockerRepository?.split("/").pop() ?? "gcf-artifacts";
  return {
    name: serviceName(inputs.name),
    location: inputs.location,
    project: project.id,
    deletionProtection: false,
    labels: { ...inputs.labels, "goog-managed-by": "cloudfunctions" },
    ingress: INGRESS[config.ingressSettings ?? "ALLOW_ALL"],
    template: {
      serviceAccount: config.serviceAccountEmail ?? defaultComputeAccount(project.number),
      timeout: `${config.timeoutSeconds ?? 60}s`,
      maxInstanceRequestConcurrency: config.maxInstanceRequestConcurrency ?? 1,
      scaling: {
        minInstanceCount: config.minInstanceCount ?? 0,
        maxInstanceCount: config.maxInstanceCount ?? 100,
      },
      containers: [
        {
          image: `${inputs.location}-docker.pkg.dev/${project.id}/${repository}/${serviceName(inputs.name)}`,
          envs: [...plain, ...secret],
        },
      ],
    },
  };
}

function requireRunnable(cx: Context, inputs: Inputs): void {
  const project = projectIn(cx, inputs);
  const email = inputs.serviceConfig?.serviceAccountEmail ?? defaultComputeAccount(project.number);
  const reader = `function "${inputs.name}"`;
  requireActAs(cx, { email, project: project.id, to: reader });
  const uses = (inputs.serviceConfig?.secretEnvironmentVariables ?? []).map((use) => ({
    secret: secretOf(use, project.id),
    version: use.version,
  }));
  requireSecrets(cx, { uses, project: project.id, email, reader });
}

function requireBuild(cx: Context, inputs: Inputs): void {
  const project = projectIn(cx, inputs);
  const { runtime, serviceAccount, dockerRepository: repository, source } = inputs.buildConfig;
  build(cx, {
    generation: 2,
    project,
    location: inputs.location,
    function: inputs.name,
    runtime,
    source: source.storageSource,
    account:
      serviceAccount === undefined ? defaultComputeAccount(project.number) : buildAccount(serviceAccount),
    repository,
  });
}

function requireFreeService(cx: Context, inputs: Inputs): void {
  const id = serviceId(cx, inputs);
  if (cx.cloud.store.get(RUN_SERVICE, id) === undefined) return;
  throw new CloudError(
    "ALREADY_EXISTS",
    `A Cloud Run service with this name already exists: ${id}. Redeploy function "${inputs.name}" under another name.`,
  );
}

function serviceId(cx: Context, inputs: Inputs): string {
  return runServiceId(projectIn(cx, inputs).id, inputs.location, serviceName(inputs.name));
}

// github.com/hashicorp/terraform-provider-google, cloudfunctions2 examples: the service's name has dashes for underscores.
function serviceName(functionName: string): string {
  return functionName.replaceAll("_", "-");
}

function secretOf(use: { projectId?: string; secret: string }, project: string): string {
  return `projects/${use.projectId ?? project}/secrets/${use.secret}`;
}
