import * as artifactregistry from "@pulumi/gcp/artifactregistry";
import * as projects from "@pulumi/gcp/projects";
import type * as serviceaccount from "@pulumi/gcp/serviceaccount";
import * as storage from "@pulumi/gcp/storage";
import * as pulumi from "@pulumi/pulumi";
import type { Deployers } from "../identity/dedicatedAccount";
import { dedicatedAccount } from "../identity/dedicatedAccount";
import { autoName, keepingName, suffixedName } from "../identity/resourceName";
import { after } from "../wiring/after";
import type { Subject } from "../wiring/checks";
import { checkedLabels } from "../wiring/labels";
import { displayName, NAME_RULES } from "../wiring/names";
import { grantOf } from "../wiring/options";
import { functionSource } from "./functionSource";

/** What a function is built from. */
export interface FunctionBuildArgs {
  readonly project?: pulumi.Input<string>;
  readonly region: pulumi.Input<string>;
  readonly source: string;
  readonly labels?: Record<string, pulumi.Input<string>>;
  readonly deployers?: Deployers;
}

/** What builds a function. */
export interface FunctionBuild {
  readonly bucket: pulumi.Output<string>;
  readonly object: pulumi.Output<string>;
  /** Full name of the build account, for the function: waits until it may build, and the deployers may attach it. */
  readonly serviceAccount: pulumi.Output<string>;
  /** Full name of the image repository. */
  readonly repository: pulumi.Output<string>;
  readonly nodes: FunctionBuildNodes;
}

/** The resources behind a function's build. */
export interface FunctionBuildNodes {
  /** `NAME-source`. The bucket that the source is uploaded to. */
  readonly bucket: storage.Bucket;
  /** `NAME-source`. The source, named by its content. */
  readonly archive: storage.BucketObject;
  /** `NAME-build`. The account that builds. */
  readonly buildAccount: serviceaccount.Account;
  /** `NAME-build`. `roles/run.builder` for that account, on the project. */
  readonly buildGrant: projects.IAMMember;
  /** `NAME-build-deployer-KEY`. A grant on the build account for each of `deployers`. */
  readonly buildDeployerGrants: Readonly<Record<string, serviceaccount.IAMMember>>;
  /** `NAME-images`. The repository that the image is put into. */
  readonly repository: artifactregistry.Repository;
}

/** Makes what a function is built with: source bucket and object, image repository, and an account of its own that builds. */
export function functionBuild(
  subject: Subject,
  args: FunctionBuildArgs,
  options: pulumi.CustomResourceOptions,
): FunctionBuild {
  const { bucket, archive } = upload(subject, args, options);
  const repository = imageRepository(subject, args, options);
  const builder = buildAccount(subject, args, options);
  return {
    bucket: bucket.name,
    object: archive.name,
    repository: pulumi.interpolate`projects/${repository.project}/locations/${repository.location}/repositories/${repository.repositoryId}`,
    serviceAccount: builder.name,
    nodes: { bucket, archive, repository, ...builder.nodes },
  };
}

function upload(subject: Subject, args: FunctionBuildArgs, options: pulumi.CustomResourceOptions) {
  const child = `${subject.name}-source`;
  const source = functionSource(subject, args.source);
  const named = autoName({ subject, child, rule: NAME_RULES.bucket, property: "source" }, options);
  const bucket = new storage.Bucket(
    child,
    {
      name: named.name,
      project: args.project,
      location: args.region,
      uniformBucketLevelAccess: true,
      publicAccessPrevention: "enforced",
      // It holds nothing but copies of what is in the repository.
      forceDestroy: true,
      labels: checkedLabels(subject, args.labels),
    },
    named.options,
  );
  const archive = new storage.BucketObject(
    child,
    { name: source.objectName, bucket: bucket.name, source: source.archive },
    options,
  );
  return { bucket, archive };
}

function imageRepository(
  subject: Subject,
  args: FunctionBuildArgs,
  options: pulumi.CustomResourceOptions,
): artifactregistry.Repository {
  const child = `${subject.name}-images`;
  const name = { subject, child, rule: NAME_RULES.repository, property: "repositoryId" };
  return new artifactregistry.Repository(
    child,
    {
      repositoryId: suffixedName(name, options),
      project: args.project,
      location: args.region,
      format: "DOCKER",
      description: `Images of the function ${subject.name}`,
      labels: checkedLabels(subject, args.labels),
    },
    keepingName(name, "repositoryId", options),
  );
}

/**
 * The one grant on the project that a target needs: a build reads its source from a bucket of Google's that does not
 * exist before the first build, so there is nothing smaller to grant it on
 * (https://docs.cloud.google.com/functions/docs/securing/build-custom-sa).
 */
function buildAccount(subject: Subject, args: FunctionBuildArgs, options: pulumi.CustomResourceOptions) {
  const made = dedicatedAccount(
    {
      subject,
      child: `${subject.name}-build`,
      project: args.project,
      displayName: displayName(`${subject.name} build`),
      description: "Builds the function's image; runs nothing",
      deployers: args.deployers,
    },
    options,
  );
  const buildGrant = new projects.IAMMember(
    `${subject.name}-build`,
    {
      project: made.account.project,
      role: "roles/run.builder",
      member: pulumi.interpolate`serviceAccount:${made.email}`,
    },
    grantOf(options),
  );
  const echoes = [buildGrant, ...Object.values(made.deployerGrants)].map((grant) => grant.role);
  return {
    name: after(made.account.name, echoes),
    nodes: { buildAccount: made.account, buildGrant, buildDeployerGrants: made.deployerGrants },
  };
}
