import { z } from "zod/mini";
import { CloudError } from "../errors";
import { subscriptionName, topicName } from "../names";
import { decisionSoon, requireCaller } from "./access";
import { kind, type Context, type Failure, type Kind } from "./kind";
import { LABEL_OUTPUTS, labelOutputs } from "./labelled";
import { projectIn } from "./project";
import { parseFilter } from "./pubsub-filter";
import { pubsubName } from "./pubsub-topic";
import {
  block,
  duration,
  flag,
  labels,
  optional,
  pattern,
  projectId,
  secondsOf,
  serviceAccountEmail,
  textMap,
  whole,
} from "./shapes";
import { knownText, valueAt, type Props } from "./values";

const TOPIC = /^projects\/([^/]+)\/topics\/([^/]+)$/;
const DAY = 86_400;
const V1: readonly string[] = ["v1", "v1beta2"];

const schema = () =>
  block({
    name: pubsubName(),
    topic: z.string().check(z.minLength(1)),
    project: optional(projectId()),
    labels: optional(labels()),
    pushConfig: optional(
      block({
        pushEndpoint: pattern(/^https:\/\/[^/\s]+\S*$/, "push endpoints are https addresses"),
        oidcToken: optional(
          block({ serviceAccountEmail: serviceAccountEmail(), audience: optional(z.string()) }),
        ),
        noWrapper: optional(block({ writeMetadata: flag })),
        // The format of the API's first version is all that the sandbox sends; there are no other attributes:
        // docs.cloud.google.com/pubsub/docs/reference/rest/v1/projects.subscriptions#pushconfig
        attributes: optional(
          textMap().check(
            z.refine(
              (map) =>
                Object.entries(map).every(([key, value]) => key === "x-goog-version" && V1.includes(value)),
              'the sandbox models none but { "x-goog-version": "v1" }',
            ),
          ),
        ),
      }),
    ),
    // The limits of everything below: docs.cloud.google.com/pubsub/docs/reference/rest/v1/projects.subscriptions
    ackDeadlineSeconds: optional(whole(10, 600)),
    retryPolicy: optional(
      block({ minimumBackoff: optional(duration(0, 600)), maximumBackoff: optional(duration(0, 600)) }),
    ),
    filter: optional(
      z
        .string()
        .check(z.refine((filter) => Buffer.byteLength(filter) <= 256, "it must be at most 256 bytes")),
    ),
    enableMessageOrdering: optional(flag),
    messageRetentionDuration: optional(duration(600, 31 * DAY)),
    retainAckedMessages: optional(flag),
    expirationPolicy: optional(
      block({
        ttl: z
          .string()
          .check(
            z.refine(
              (ttl) => ttl === "" || secondsOf(ttl) >= DAY,
              'it must be "" for never, or a duration in seconds of at least a day, as in "86400s"',
            ),
          ),
      }),
    ),
    deadLetterPolicy: optional(
      block({
        deadLetterTopic: pattern(
          TOPIC,
          "it must be the id of a topic, as in projects/my-project/topics/dead",
        ),
        maxDeliveryAttempts: optional(whole(5, 100)),
      }),
    ),
  });

type Inputs = z.infer<ReturnType<typeof schema>>;

export const subscription: Kind<never> = kind(schema, {
  token: "gcp:pubsub/subscription:Subscription",
  apis: ["pubsub.googleapis.com"],
  replaceOn: ["name", "topic", "filter", "enableMessageOrdering", "project"],
  autoName: { property: "name", maxLength: 255 },
  fromProvider: { project: "project" },
  defaults: { messageRetentionDuration: "604800s" },
  computed: ["ackDeadlineSeconds", "expirationPolicy.ttl", ...LABEL_OUTPUTS],
  planned: labelOutputs,
  same: { topic: (one, other) => topicIdOf(one) === topicIdOf(other) || sameShortName(one, other) },
  rules: (inputs) => [...backoffsInOrder(inputs), ...filterRule(inputs)],
  // The API answers with the topic's whole name, whichever way it was given.
  writtenBack: (inputs) => {
    const [topic, project] = [knownText(inputs, "topic"), knownText(inputs, "project")];
    return topic === undefined || project === undefined
      ? inputs
      : { ...inputs, topic: topicIdOf(topic, project) };
  },
  identify: (cx, inputs) => {
    const project = projectIn(cx, inputs).id;
    const id = `projects/${project}/subscriptions/${inputs.name}`;
    return { id, fullName: subscriptionName(project, inputs.name), project };
  },
  create: (cx, inputs) => {
    const project = projectIn(cx, inputs).id;
    requireTopic(cx, project, topicIdOf(inputs.topic, project));
    requireUsable(cx, project, inputs);
    return {
      computed: { ackDeadlineSeconds: 10, "expirationPolicy.ttl": `${31 * DAY}s`, ...labelOutputs(inputs) },
    };
  },
  update: (cx, _current, news) => {
    requireUsable(cx, projectIn(cx, news).id, news);
    return { computed: labelOutputs(news) };
  },
});

function requireUsable(cx: Context, project: string, inputs: Inputs): void {
  const dead = inputs.deadLetterPolicy?.deadLetterTopic;
  if (dead !== undefined) requireTopic(cx, project, dead);
  const email = inputs.pushConfig?.oidcToken?.serviceAccountEmail;
  if (email !== undefined) requireCaller(cx, { email, project, to: `push subscription "${inputs.name}"` });
}

function requireTopic(cx: Context, project: string, id: string): void {
  const [, owner = "", name = ""] = TOPIC.exec(id) ?? [];
  if (cx.cloud.store.get("gcp:pubsub/topic:Topic", id) === undefined) {
    throw new CloudError("NOT_FOUND", `Resource not found (resource=${name === "" ? id : name}).`);
  }
  if (owner === project) return;
  // docs.cloud.google.com/pubsub/docs/access-control: another project's topic.
  const permission = "pubsub.topics.attachSubscription";
  const member = cx.cloud.deployer(project);
  if (decisionSoon(cx, { member, permission, resource: topicName(owner, name) }).allowed) return;
  throw new CloudError(
    "PERMISSION_DENIED",
    `User not authorized to perform this action: ${member} lacks ${permission} on ${id}.`,
  );
}

function topicIdOf(topic: string, project = ""): string {
  return topic.includes("/") ? topic : `projects/${project}/topics/${topic}`;
}

function sameShortName(one: string, other: string): boolean {
  const short = !one.includes("/") || !other.includes("/");
  return short && one.split("/").pop() === other.split("/").pop();
}

function filterRule(inputs: Props): Failure[] {
  const filter = knownText(inputs, "filter") ?? "";
  if (filter === "") return [];
  try {
    parseFilter(filter);
    return [];
  } catch (error) {
    if (error instanceof CloudError)
      return [{ property: "filter", reason: `has an invalid value: ${error.message}` }];
    throw error;
  }
}

function backoffsInOrder(inputs: Props): Failure[] {
  const min = valueAt(inputs, "retryPolicy.minimumBackoff");
  const max = valueAt(inputs, "retryPolicy.maximumBackoff");
  if (typeof min !== "string" || typeof max !== "string" || !(secondsOf(min) > secondsOf(max))) return [];
  const property = "retryPolicy.minimumBackoff";
  return [{ property, reason: `has an invalid value "${min}": it is longer than maximumBackoff, "${max}"` }];
}
