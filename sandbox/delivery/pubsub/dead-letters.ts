import type { Cloud } from "../../cloud/cloud";
import { agentEmail } from "../../cloud/names";
import type { Message, Publication } from "./message";
import { TOPIC, type DeadLetterPolicy, type Subscription } from "./subscription";

/** A message that Pub/Sub has given up on and handed over. */
export interface DeadLetter extends Message {
  at: number;
  deliveryAttempts: number;
  topic: string;
}

/**
 * Why a message cannot be handed over, or undefined if it can. The agent of the subscription's project publishes it on
 * the dead-letter topic and acknowledges it on the subscription, and needs to be allowed both.
 * https://cloud.google.com/pubsub/docs/handling-failures#grant_forwarding_permissions
 */
export function hindrance(
  cloud: Cloud,
  subscription: Subscription,
  { topic }: DeadLetterPolicy,
): string | undefined {
  if (cloud.store.get(TOPIC, topic) === undefined) return `The dead-letter topic "${topic}" does not exist.`;
  const { number } = cloud.projects.require(subscription.project);
  const member = `serviceAccount:${agentEmail("pubsub", number)}`;
  const decisions = [
    { permission: "pubsub.topics.publish", resource: `//pubsub.googleapis.com/${topic}` },
    { permission: "pubsub.subscriptions.consume", resource: subscription.fullName },
  ].map((question) => cloud.iam.decide({ member, ...question }));
  const refused = decisions.filter(({ allowed }) => !allowed).map(({ reason }) => reason);
  return refused.length > 0 ? refused.join(" ") : undefined;
}

/** The message as it appears on the dead-letter topic. https://cloud.google.com/pubsub/docs/handling-failures */
export function forwarded(
  subscription: Subscription,
  message: Message,
  deliveryAttempts: number,
): Publication {
  return {
    data: message.data,
    orderingKey: message.orderingKey,
    attributes: {
      ...message.attributes,
      CloudPubSubDeadLetterSourceDeliveryCount: String(deliveryAttempts),
      CloudPubSubDeadLetterSourceSubscription: subscription.id.split("/").at(-1) ?? subscription.id,
      CloudPubSubDeadLetterSourceSubscriptionProject: subscription.project,
      CloudPubSubDeadLetterSourceTopicPublishTime: new Date(message.publishTime).toISOString(),
    },
  };
}
