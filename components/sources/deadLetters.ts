import * as pubsub from "@pulumi/gcp/pubsub";
import * as pulumi from "@pulumi/pulumi";
import { autoName } from "../identity/resourceName";
import type { Check, Subject } from "../wiring/checks";
import { checked } from "../wiring/checks";
import { checkedLabels } from "../wiring/labels";
import { NAME_RULES } from "../wiring/names";
import { grantOf } from "../wiring/options";
import { PUSH_DEFAULTS } from "./defaults";

/** Where messages go that could not be delivered. */
export interface DeadLetterArgs {
  /** Full name (`id`) of a topic of your own for them, which should have a subscription. Default: one is made, with a subscription that never expires. */
  topic?: pulumi.Input<string>;
  /** After how many attempts, 5 to 100. Default: 10, about forty minutes with the default waits. */
  maxDeliveryAttempts?: pulumi.Input<number>;
  /** Address of Pub/Sub's agent in the subscription's project. Default: computed from the project's number. */
  agentEmail?: pulumi.Input<string>;
  /**
   * Number of the subscription's project. Default: looked up, with `project` or the provider's project; needed when
   * `project` is an output, so that one more enabled API does not make the grants unknown in the preview.
   */
  projectNumber?: pulumi.Input<string>;
}

/** Where dead letters go. */
export interface DeadLetters {
  readonly topicId: pulumi.Input<string>;
  /** The topic, and the subscription that keeps what arrives there, unless a topic was given. */
  readonly topic?: pubsub.Topic;
  readonly subscription?: pubsub.Subscription;
}

interface Placement {
  readonly project?: pulumi.Input<string>;
  readonly labels?: Record<string, pulumi.Input<string>>;
}

/** The topic for dead letters. A topic without a subscription keeps nothing, so the one that is made here has one. */
export function deadLetterTopic(
  subject: Subject,
  { project, labels: given }: Placement,
  letters: DeadLetterArgs,
  options: pulumi.CustomResourceOptions,
): DeadLetters {
  if (letters.topic !== undefined) {
    return { topicId: checked(subject, "deadLetters.topic", letters.topic, wholeTopicName) };
  }
  const child = `${subject.name}-dead-letters`;
  const { name, options: named } = autoName(
    { subject, child, rule: NAME_RULES.pubsub, property: "deadLetters.topic" },
    options,
  );
  const labels = checkedLabels(subject, given);
  const topic = new pubsub.Topic(child, { name, project, labels }, named);
  const subscription = new pubsub.Subscription(
    child,
    {
      name,
      topic: topic.id,
      project,
      labels,
      messageRetentionDuration: PUSH_DEFAULTS.messageRetention,
      expirationPolicy: { ttl: "" },
    },
    named,
  );
  return { topicId: topic.id, topic, subscription };
}

/** https://cloud.google.com/pubsub/docs/reference/rest/v1/projects.subscriptions#DeadLetterPolicy */
const wholeTopicName: Check<string> = (topic) =>
  /^projects\/[^/]+\/topics\/[^/]+$/.test(topic)
    ? undefined
    : {
        problem: "is not a topic's full name",
        remedy: "Give its id, such as projects/my-project/topics/dead-letters",
      };

/**
 * What Pub/Sub's agent needs to put a message aside: to publish it there, and to take it off here. Without either, the
 * message is delivered again and again (https://cloud.google.com/pubsub/docs/handling-failures#grant_forwarding_permissions).
 */
export function deadLetterGrants(
  subject: Subject,
  letters: DeadLetters,
  subscription: pubsub.Subscription,
  agent: pulumi.Input<string>,
  options: pulumi.CustomResourceOptions,
): { deadLetterPublisher: pubsub.TopicIAMMember; deadLetterSubscriber: pubsub.SubscriptionIAMMember } {
  const member = pulumi.interpolate`serviceAccount:${agent}`;
  return {
    deadLetterPublisher: new pubsub.TopicIAMMember(
      `${subject.name}-dead-letters-publisher`,
      { topic: letters.topicId, project: letters.topic?.project, role: "roles/pubsub.publisher", member },
      grantOf(options),
    ),
    deadLetterSubscriber: new pubsub.SubscriptionIAMMember(
      `${subject.name}-dead-letters-subscriber`,
      {
        subscription: subscription.name,
        project: subscription.project,
        role: "roles/pubsub.subscriber",
        member,
      },
      grantOf(options),
    ),
  };
}
