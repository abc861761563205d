import { z } from "zod/mini";
import {
  buildServiceAccount,
  dockerRepository,
  functionEnvironment,
  functionRules,
  secretVariables,
} from "./function-schema";
import type { Failure } from "./kind";
import { region } from "./regions";
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
import type { Props } from "./values";

const PATHS = {
  variables: "serviceConfig.environmentVariables",
  secrets: "serviceConfig.secretEnvironmentVariables",
  min: "serviceConfig.minInstanceCount",
  max: "serviceConfig.maxInstanceCount",
};

const serviceConfig = () =>
  block({
    serviceAccountEmail: optional(serviceAccountEmail()),
    availableMemory: optional(
      pattern(/^[1-9]\d*(k|M|G|Mi|Gi)?$/, "it must be a number with a unit, as in 256M"),
    ),
    availableCpu: optional(pattern(/^\d+(\.\d+)?$/, 'it must be a number in quotes, as in "1"')),
    timeoutSeconds: optional(whole(1, 3600)),
    minInstanceCount: optional(whole(0, 1_000_000)),
    maxInstanceCount: optional(whole(0, 1_000_000)),
    maxInstanceRequestConcurrency: optional(whole(1, 1000)),
    environmentVariables: optional(functionEnvironment()),
    secretEnvironmentVariables: optional(secretVariables()),
    ingressSettings: optional(choice(["ALLOW_ALL", "ALLOW_INTERNAL_ONLY", "ALLOW_INTERNAL_AND_GCLB"])),
    allTrafficOnLatestRevision: optional(flag),
    vpcConnector: optional(z.string()),
    vpcConnectorEgressSettings: optional(choice(["ALL_TRAFFIC", "PRIVATE_RANGES_ONLY"])),
  });

// docs.cloud.google.com/functions/docs/reference/rest/v2/projects.locations.functions
export const functionV2Schema = () =>
  block({
    name: pattern(
      /^[a-z](?:[a-z0-9_-]{0,61}[a-z0-9])?$/,
      "it must be at most 63 lower-case letters, digits, dashes and underscores, a letter first and a letter or digit last",
    ),
    location: region(),
    project: optional(projectId()),
    description: optional(text(2048)),
    labels: optional(labels()),
    buildConfig: block({
      runtime: z.string(),
      entryPoint: optional(text(128)),
      serviceAccount: optional(buildServiceAccount()),
      dockerRepository: optional(dockerRepository()),
      environmentVariables: optional(functionEnvironment()),
      source: block({ storageSource: block({ bucket: z.string(), object: z.string() }) }),
    }),
    serviceConfig: optional(serviceConfig()),
  });

export type FunctionV2Inputs = z.infer<ReturnType<typeof functionV2Schema>>;

export function functionV2Rules(inputs: Props): Failure[] {
  return functionRules(inputs, PATHS);
}
