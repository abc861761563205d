import { createHash } from "node:crypto";
import { z } from "zod/mini";
import { CloudError } from "../errors";
import { bucketName } from "../names";
import { kind, type Context, type Kind } from "./kind";
import { LABEL_OUTPUTS, labelOutputs } from "./labelled";
import { projectIn } from "./project";
import { block, choice, flag, labels, optional, pattern, projectId, text } from "./shapes";
import { isAsset, isUnknown, knownText, type ArchiveValue, type AssetValue, type Props } from "./values";

const BUCKET = "gcp:storage/bucket:Bucket";
const OBJECT = "gcp:storage/bucketObject:BucketObject";

// cloud.google.com/storage/docs/buckets#naming
const bucketLabel = () =>
  pattern(
    /^(?!goog)[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]$/,
    'it must be 3 to 63 lower-case letters, digits and ._-, a letter or digit at both ends, and not start with "goog"',
  );

const upper = (one: string, other: string) => one.toUpperCase() === other.toUpperCase();

export const bucket: Kind<never> = kind(
  () =>
    block({
      name: bucketLabel(),
      location: pattern(/^[A-Za-z][A-Za-z0-9-]+$/, "it must be a location, as in EU or europe-west1"),
      project: optional(projectId()),
      labels: optional(labels()),
      uniformBucketLevelAccess: optional(flag),
      publicAccessPrevention: optional(choice(["inherited", "enforced"])),
      forceDestroy: optional(flag),
    }),
  {
    token: BUCKET,
    apis: ["storage.googleapis.com"],
    replaceOn: ["name", "location", "project"],
    autoName: { property: "name", maxLength: 63, lowerCase: true },
    fromProvider: { project: "project" },
    defaults: { forceDestroy: false },
    computed: [
      "uniformBucketLevelAccess",
      "publicAccessPrevention",
      "projectNumber",
      "selfLink",
      "storageClass",
      "timeCreated",
      "updated",
      "url",
      ...LABEL_OUTPUTS,
    ],
    volatile: ["updated"],
    same: { location: upper },
    writtenBack: (inputs) => {
      const location = knownText(inputs, "location");
      return location === undefined ? inputs : { ...inputs, location: location.toUpperCase() };
    },
    planned: (inputs) => ({ ...labelOutputs(inputs), ...urlOf(inputs), storageClass: "STANDARD" }),
    identify: (cx, inputs) => {
      const project = projectIn(cx, inputs).id;
      return { id: inputs.name, fullName: bucketName(project, inputs.name), project };
    },
    create: (cx, inputs) => {
      const now = new Date(cx.cloud.clock.now()).toISOString();
      return {
        computed: {
          uniformBucketLevelAccess: false,
          publicAccessPrevention: "inherited",
          projectNumber: Number(projectIn(cx, inputs).number),
          selfLink: `https://www.googleapis.com/storage/v1/b/${inputs.name}`,
          storageClass: "STANDARD",
          timeCreated: now,
          updated: now,
          ...urlOf(inputs),
          ...labelOutputs(inputs),
        },
      };
    },
    update: (cx, _current, news) => ({
      computed: { ...labelOutputs(news), updated: new Date(cx.cloud.clock.now()).toISOString() },
    }),
    delete: (cx, { id, state }) => {
      const objects = cx.cloud.store.list(OBJECT).filter((object) => object.state.bucket === id);
      if (objects.length > 0 && state.forceDestroy !== true) {
        throw new CloudError(
          "FAILED_PRECONDITION",
          `Error trying to delete bucket ${id} containing objects without forceDestroy set to true`,
        );
      }
      for (const object of objects) cx.cloud.store.remove(OBJECT, object.id);
    },
  },
);

const source = () => z.custom<AssetValue | ArchiveValue>(isAsset, "it must be an asset or an archive");

export const bucketObject: Kind<never> = kind(
  () =>
    block({
      // cloud.google.com/storage/docs/objects#naming
      name: text(1024).check(z.minLength(1)),
      bucket: z.string().check(z.minLength(1)),
      source: source(),
      contentType: optional(text(256)),
    }),
  {
    token: OBJECT,
    apis: [],
    replaceOn: ["name", "bucket", "source", "contentType"],
    autoName: { property: "name", maxLength: 255 },
    fromProvider: {},
    computed: [
      "contentType",
      "crc32c",
      "detectMd5hash",
      "generation",
      "md5hash",
      "mediaLink",
      "outputName",
      "selfLink",
      "storageClass",
    ],
    planned: (inputs) => (isUnknown(inputs.name) ? {} : { outputName: inputs.name }),
    identify: (cx, inputs) => {
      const owner = requireBucket(cx, inputs.bucket);
      const id = `${inputs.bucket}-${inputs.name}`;
      return { id, fullName: `${owner.fullName}/objects/${inputs.name}`, project: owner.project };
    },
    create: (cx, inputs) => {
      cx.cloud.apis.require(requireBucket(cx, inputs.bucket).project, "storage.googleapis.com");
      const path = `${inputs.bucket}/o/${encodeURIComponent(inputs.name)}`;
      // The sandbox does not read the bytes: what stands for them is their SHA-256.
      const digest = createHash("md5").update(inputs.source.hash).digest();
      return {
        computed: {
          contentType: inputs.source.kind === "archive" ? "application/zip" : "application/octet-stream",
          crc32c: digest.subarray(0, 4).toString("base64"),
          detectMd5hash: "different hash",
          generation: cx.cloud.clock.now() * 1000,
          md5hash: digest.toString("base64"),
          mediaLink: `https://storage.googleapis.com/download/storage/v1/b/${path}?alt=media`,
          outputName: inputs.name,
          selfLink: `https://www.googleapis.com/storage/v1/b/${path}`,
          storageClass: "STANDARD",
        },
      };
    },
  },
);

function requireBucket(cx: Context, name: string): { fullName: string; project: string } {
  const found = cx.cloud.store.get(BUCKET, name);
  if (found !== undefined) return found;
  throw new CloudError("NOT_FOUND", `The specified bucket does not exist: ${name}`);
}

function urlOf(inputs: Props): Props {
  const name = knownText(inputs, "name");
  return name === undefined ? {} : { url: `gs://${name}` };
}
