import { topicName } from "../names";
import { kind, type Kind } from "./kind";
import { LABEL_OUTPUTS, labelOutputs } from "./labelled";
import { projectIn } from "./project";
import { block, duration, labels, optional, pattern, projectId } from "./shapes";

const SUBSCRIPTION = "gcp:pubsub/subscription:Subscription";

/** docs.cloud.google.com/pubsub/docs/pubsub-basics#resource_names */
export const pubsubName = () =>
  pattern(
    /^(?!goog)[A-Za-z][A-Za-z0-9._~+%-]{2,254}$/,
    'it must be 3 to 255 letters, digits and -._~+%, a letter first, and not start with "goog"',
  );

export const topic: Kind<never> = kind(
  () =>
    block({
      name: pubsubName(),
      project: optional(projectId()),
      labels: optional(labels()),
      messageRetentionDuration: optional(duration(600, 2_678_400)),
      kmsKeyName: optional(
        pattern(
          /^projects\/[^/]+\/locations\/[^/]+\/keyRings\/[^/]+\/cryptoKeys\/[^/]+$/,
          "it must be projects/…/locations/…/keyRings/…/cryptoKeys/…",
        ),
      ),
    }),
  {
    token: "gcp:pubsub/topic:Topic",
    apis: ["pubsub.googleapis.com"],
    replaceOn: ["name", "project"],
    autoName: { property: "name", maxLength: 255 },
    fromProvider: { project: "project" },
    computed: [...LABEL_OUTPUTS],
    planned: labelOutputs,
    identify: (cx, inputs) => {
      const project = projectIn(cx, inputs).id;
      const id = `projects/${project}/topics/${inputs.name}`;
      return { id, fullName: topicName(project, inputs.name), project };
    },
    create: (_cx, inputs) => ({ computed: labelOutputs(inputs) }),
    update: (_cx, _current, news) => ({ computed: labelOutputs(news) }),
    // Its subscriptions survive, and do not attach to a new topic of the same name:
    // docs.cloud.google.com/pubsub/docs/reference/rest/v1/projects.topics/delete
    delete: (cx, { id }) => {
      for (const orphan of cx.cloud.store.list(SUBSCRIPTION).filter(({ state }) => state.topic === id)) {
        cx.cloud.store.put({ ...orphan, state: { ...orphan.state, topic: "_deleted-topic_" } });
      }
    },
  },
);
