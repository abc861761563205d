import * as organizations from "@pulumi/gcp/organizations";
import * as projects from "@pulumi/gcp/projects";
import * as serviceaccount from "@pulumi/gcp/serviceaccount";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { loadConfig } from "../../config";

export const config = loadConfig();

const SERVICES =
  "iam run cloudfunctions cloudbuild artifactregistry storage cloudscheduler cloudtasks pubsub";
const apis = SERVICES.split(" ").map(
  (api) =>
    new projects.Service(`apis-${api}`, {
      project: config.project,
      service: `${api}.googleapis.com`,
      disableOnDestroy: false,
    }),
);
export const project = pulumi
  .all([config.project, ...apis.map((api) => api.service)])
  .apply(([id = ""]) => id);
const { number } = organizations.getProjectOutput({ projectId: config.project });

export function agent(name: string): pulumi.Output<string> {
  return pulumi.interpolate`serviceAccount:service-${number}@gcp-sa-${name}.iam.gserviceaccount.com`;
}

/** The end of a name that Google would not give again. */
export function suffixed(name: string, keepers?: Record<string, string>): pulumi.Output<string> {
  const format = { length: 6, special: false, upper: false, keepers };
  const suffix = new random.RandomString(`${name}-suffix`, format);
  return pulumi.interpolate`${name}-${suffix.result}`;
}

export function account(name: string, displayName: string, description: string): serviceaccount.Account {
  const accountId = suffixed(name);
  return new serviceaccount.Account(name, { project, accountId, displayName, description });
}
