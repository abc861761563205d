import { z } from "zod/mini";
import { isBase64 } from "../../../cloud/base64";
import type { Cloud } from "../../../cloud/cloud";
import { CloudError } from "../../../cloud/errors";
import { topicName } from "../../../cloud/names";
import { LARGEST_PUBLICATION, overLimit } from "../../../delivery/pubsub/limits";
import type { Publication } from "../../../delivery/pubsub/message";
import { allow } from "../allow";
import type { Api } from "../api";
import { calledProject } from "../called-project";
import { readJson } from "../read-json";
import { requireParameters } from "../require-parameters";

const NAME = "pubsub.googleapis.com";

const message = z
  .strictObject({
    data: z.optional(z.string().check(z.refine(isBase64, "it must be base64"))),
    attributes: z.optional(z.record(z.string(), z.string())),
    orderingKey: z.optional(z.string()),
  })
  .check(
    // Of several messages all are taken, or none.
    z.refine(
      ({ data = "", attributes = {} }) => data !== "" || Object.keys(attributes).length > 0,
      "it must have data or at least one attribute",
    ),
    z.superRefine((message, context) => {
      const why = overLimit(message);
      if (why !== undefined) context.addIssue({ code: "custom", message: why });
    }),
  );

/** https://cloud.google.com/pubsub/quotas#resource_limits */
const published = z.strictObject({
  messages: z.array(message).check(
    z.minLength(1, "at least one is required"),
    z.maxLength(1000, "at most 1000"),
    z.refine(
      (all) => all.reduce((sum, { data = "" }) => sum + sizeOf(data), 0) <= LARGEST_PUBLICATION,
      `their data may have ${LARGEST_PUBLICATION} bytes together`,
    ),
  ),
});

/**
 * The part of Pub/Sub with which messages come in. Topics and subscriptions are made and changed as resources, and of the
 * two ways out only push is modelled.
 * https://cloud.google.com/pubsub/docs/reference/rest/v1/projects.topics/publish
 */
export function pubsubApi(
  cloud: Cloud,
  publish: (topic: string, message: Publication) => Promise<string>,
): Api {
  return {
    name: NAME,
    scopes: ["https://www.googleapis.com/auth/pubsub"],
    routes: {
      "POST /v1/projects/{project}/topics/{topic}:publish": async (call) => {
        const principal = call.principal();
        requireParameters(call);
        const project = calledProject(cloud, call, { name: NAME });
        const { topic = "" } = call.params;
        allow(cloud, principal, "pubsub.topics.publish", topicName(project, topic));
        const messages = readJson(call, published).messages.map(({ data, ...rest }) => ({
          ...rest,
          data: textOf(data),
        }));
        const messageIds: string[] = [];
        for (const each of messages)
          messageIds.push(await publish(`projects/${project}/topics/${topic}`, each));
        return { body: { messageIds } };
      },
    },
  };
}

function sizeOf(base64: string): number {
  return Buffer.byteLength(base64, "base64");
}

function textOf(base64: string | undefined): string | undefined {
  if (base64 === undefined) return undefined;
  const bytes = Buffer.from(base64, "base64");
  const text = bytes.toString("utf8");
  if (Buffer.from(text).equals(bytes)) return text;
  throw new CloudError(
    "UNIMPLEMENTED",
    "The sandbox carries messages of text (UTF-8) only, and this one has other data.",
  );
}
