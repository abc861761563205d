import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import * as artifactregistry from "@pulumi/gcp/artifactregistry";
import * as projects from "@pulumi/gcp/projects";
import * as storage from "@pulumi/gcp/storage";
import * as pulumi from "@pulumi/pulumi";
import { account, config, project, suffixed } from "./project";

export interface Build {
  readonly account: pulumi.Output<string>;
  readonly repository: pulumi.Output<string>;
  readonly bucket: pulumi.Output<string>;
  readonly object: pulumi.Output<string>;
}

/** What a function is built with. */
export function buildOf(of: string): Build {
  const bucket = new storage.Bucket(`${of}-source`, {
    project,
    location: config.region,
    uniformBucketLevelAccess: true,
    publicAccessPrevention: "enforced",
    forceDestroy: true,
  });
  const object = new storage.BucketObject(`${of}-source`, { bucket: bucket.name, ...source() });
  const repository = new artifactregistry.Repository(`${of}-images`, {
    project,
    location: config.region,
    repositoryId: suffixed(`${of}-images`),
    format: "DOCKER",
    description: `Images of the function ${of}`,
  });
  const builder = account(`${of}-build`, `${of} build`, "Builds the function's image; runs nothing");
  const grant = new projects.IAMMember(`${of}-build`, {
    project: builder.project,
    role: "roles/run.builder",
    member: pulumi.interpolate`serviceAccount:${builder.email}`,
  });
  return {
    account: pulumi.all([builder.name, grant.role]).apply(([name]) => name),
    repository: pulumi.interpolate`projects/${repository.project}/locations/${repository.location}/repositories/${repository.repositoryId}`,
    bucket: bucket.name,
    object: object.name,
  };
}

/** The function's code, named by its content. */
function source(): { name: string; source: pulumi.asset.Archive } {
  const hash = createHash("sha256");
  const assets: Record<string, pulumi.asset.Asset> = {};
  for (const name of ["index.js", "package.json"]) {
    const content = readFileSync(`apps/authfn/${name}`);
    hash.update(`${name}\0${content.length}\0`).update(content);
    assets[name] = new pulumi.asset.FileAsset(`apps/authfn/${name}`);
  }
  return { name: `${hash.digest("hex")}.zip`, source: new pulumi.asset.AssetArchive(assets) };
}
