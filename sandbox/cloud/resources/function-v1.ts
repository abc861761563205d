import { isDeepStrictEqual } from "node:util";
import { z } from "zod/mini";
import { defaultComputeAccount, functionV1Name } from "../names";
import { requireActAs } from "./access";
import { build, buildAccount } from "./function-build";
import {
  buildServiceAccount,
  dockerRepository,
  functionEnvironment,
  functionRules,
  secretVariables,
} from "./function-schema";
import { kind, type Context, type Failure, type Kind } from "./kind";
import { LABEL_OUTPUTS, labelOutputs } from "./labelled";
import { projectIn } from "./project";
import { region } from "./regions";
import { cloudFunctionsUrl } from "./run-urls";
import { requireSecrets } from "./secrets-in-use";
import {
  block,
  choice,
  flag,
  labels,
  optional,
  pattern,
  projectId,
  serviceAccountEmail,
  text,
  whole,
} from "./shapes";
import { isUnknown, type Props } from "./values";

const PATHS = {
  variables: "environmentVariables",
  secrets: "secretEnvironmentVariables",
  min: "minInstances",
  max: "maxInstances",
};

/** A change of these is built again. */
const BUILT_FROM = [
  "runtime",
  "sourceArchiveBucket",
  "sourceArchiveObject",
  "buildServiceAccount",
  "buildEnvironmentVariables",
  "dockerRepository",
] as const;

// docs.cloud.google.com/functions/docs/reference/rest/v1/projects.locations.functions
const schema = () =>
  block({
    name: pattern(
      /^[A-Za-z](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9])?$/,
      "it must be at most 63 letters, digits, dashes and underscores, a letter first and a letter or digit last",
    ),
    region: optional(region()),
    project: optional(projectId()),
    description: optional(text(2048)),
    labels: optional(labels()),
    runtime: z.string(),
    entryPoint: optional(text(128)),
    triggerHttp: optional(flag),
    httpsTriggerSecurityLevel: optional(choice(["SECURE_ALWAYS", "SECURE_OPTIONAL"])),
    sourceArchiveBucket: z.string(),
    sourceArchiveObject: z.string(),
    serviceAccountEmail: optional(serviceAccountEmail()),
    buildServiceAccount: optional(buildServiceAccount()),
    dockerRepository: optional(dockerRepository()),
    availableMemoryMb: optional(z.literal([128, 256, 512, 1024, 2048, 4096, 8192])),
    timeout: optional(whole(1, 540)),
    minInstances: optional(whole(0, 1_000_000)),
    maxInstances: optional(whole(0, 1_000_000)),
    ingressSettings: optional(choice(["ALLOW_ALL", "ALLOW_INTERNAL_ONLY", "ALLOW_INTERNAL_AND_GCLB"])),
    environmentVariables: optional(functionEnvironment()),
    buildEnvironmentVariables: optional(functionEnvironment()),
    secretEnvironmentVariables: optional(secretVariables()),
    vpcConnector: optional(z.string()),
    vpcConnectorEgressSettings: optional(choice(["ALL_TRAFFIC", "PRIVATE_RANGES_ONLY"])),
  });

type Inputs = z.infer<ReturnType<typeof schema>>;

export const functionV1: Kind<never> = kind(schema, {
  token: "gcp:cloudfunctions/function:Function",
  apis: ["cloudfunctions.googleapis.com", "cloudbuild.googleapis.com", "artifactregistry.googleapis.com"],
  // github.com/hashicorp/terraform-provider-google, resource_cloudfunctions_function.go (ForceNew)
  replaceOn: ["name", "region", "project", "entryPoint", "serviceAccountEmail", "triggerHttp"],
  autoName: { property: "name", maxLength: 63 },
  fromProvider: { project: "project", region: "region" },
  defaults: { availableMemoryMb: 256, timeout: 60, ingressSettings: "ALLOW_ALL" },
  computed: [
    "buildServiceAccount",
    "dockerRegistry",
    "httpsTriggerSecurityLevel",
    "httpsTriggerUrl",
    "maxInstances",
    "serviceAccountEmail",
    "status",
    "versionId",
    ...LABEL_OUTPUTS,
  ],
  volatile: ["versionId"],
  planned: labelOutputs,
  rules: (inputs) => [...triggerRule(inputs), ...functionRules(inputs, PATHS)],
  identify: (cx, inputs) => {
    const { project, location } = placeOf(cx, inputs);
    return {
      id: `projects/${project.id}/locations/${location}/functions/${inputs.name}`,
      fullName: functionV1Name(project.id, location, inputs.name),
      project: project.id,
    };
  },
  create: (cx, inputs) => {
    requireRunnable(cx, inputs);
    requireBuild(cx, inputs);
    return { computed: { ...made(cx, inputs), ...labelOutputs(inputs), versionId: "1" } };
  },
  update: (cx, current, news) => {
    requireRunnable(cx, news);
    const before = current.inputs;
    if (BUILT_FROM.some((input) => !isDeepStrictEqual(news[input], before[input]))) requireBuild(cx, news);
    return { computed: { ...labelOutputs(news), versionId: String(Number(current.state.versionId) + 1) } };
  },
});

function placeOf(cx: Context, inputs: Inputs): { project: { id: string; number: string }; location: string } {
  return { project: projectIn(cx, inputs), location: inputs.region ?? "" };
}

function made(cx: Context, inputs: Inputs): Props {
  const { project, location } = placeOf(cx, inputs);
  return {
    buildServiceAccount: `projects/${project.id}/serviceAccounts/${defaultComputeAccount(project.number)}`,
    dockerRegistry: "ARTIFACT_REGISTRY",
    httpsTriggerSecurityLevel: "SECURE_OPTIONAL",
    httpsTriggerUrl: cloudFunctionsUrl(project, location, inputs.name),
    maxInstances: 0,
    serviceAccountEmail: defaultAccount(project.id),
    status: "ACTIVE",
  };
}

// docs.cloud.google.com/functions/docs/securing/function-identity
function defaultAccount(project: string): string {
  return `${project}@appspot.gserviceaccount.com`;
}

function requireRunnable(cx: Context, inputs: Inputs): void {
  const { project } = placeOf(cx, inputs);
  const email = inputs.serviceAccountEmail ?? defaultAccount(project.id);
  const reader = `function "${inputs.name}"`;
  requireActAs(cx, { email, project: project.id, to: reader });
  const uses = (inputs.secretEnvironmentVariables ?? []).map((use) => ({
    secret: `projects/${use.projectId ?? project.id}/secrets/${use.secret}`,
    version: use.version,
  }));
  requireSecrets(cx, { uses, project: project.id, email, reader });
}

function requireBuild(cx: Context, inputs: Inputs): void {
  const { project, location } = placeOf(cx, inputs);
  build(cx, {
    generation: 1,
    project,
    location,
    function: inputs.name,
    runtime: inputs.runtime,
    source: { bucket: inputs.sourceArchiveBucket, object: inputs.sourceArchiveObject },
    account:
      inputs.buildServiceAccount === undefined
        ? defaultComputeAccount(project.number)
        : buildAccount(inputs.buildServiceAccount),
    repository: inputs.dockerRepository,
  });
}

function triggerRule(inputs: Props): Failure[] {
  if (inputs.triggerHttp === true || isUnknown(inputs.triggerHttp)) return [];
  return [
    {
      property: "triggerHttp",
      reason: "must be true: the sandbox models functions that are called over HTTP",
    },
  ];
}
