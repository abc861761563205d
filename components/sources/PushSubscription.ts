import * as pubsub from "@pulumi/gcp/pubsub";
import * as pulumi from "@pulumi/pulumi";
import { projectNumber } from "../identity/projectNumber";
import { autoName } from "../identity/resourceName";
import { agentAddress, agentEmail } from "../wiring/agents";
import { requireArguments } from "../wiring/arguments";
import type { AuthorizedTarget } from "../wiring/authorizedTarget";
import { Beside } from "../wiring/beside";
import type { Subject } from "../wiring/checks";
import { atMostBytes, checked, checkedIfGiven, nonEmpty, within } from "../wiring/checks";
import { durationWithin } from "../wiring/durations";
import { checkedLabels } from "../wiring/labels";
import { NAME_RULES } from "../wiring/names";
import { childOf, NO_INPUTS } from "../wiring/options";
import { sameProject } from "../wiring/sameProject";
import { backoffs } from "./backoff";
import type { DeadLetterArgs, DeadLetters } from "./deadLetters";
import { deadLetterGrants, deadLetterTopic } from "./deadLetters";
import { PUSH_DEFAULTS } from "./defaults";
import { oidcRequest } from "./requestUrl";

/** How long Pub/Sub waits between two deliveries of a message. */
export interface PushRetry {
  /** Shortest wait, "0s" to "600s", no longer than `maximumBackoff`. Default: "10s". */
  minimumBackoff?: pulumi.Input<string>;
  /** Longest wait, "0s" to "600s". Default: "600s". */
  maximumBackoff?: pulumi.Input<string>;
}

/** Arguments of `PushSubscription`. */
export interface PushSubscriptionArgs {
  /** What is called, and as whom: what `authorize(caller)` returns, or an invoker. */
  target: pulumi.Input<AuthorizedTarget>;
  /** Id or name of the topic. Default: a topic of the subscription's own. Changing it replaces the subscription. */
  topic?: pulumi.Input<string>;
  /** Added to the target's address, never to the audience. */
  path?: pulumi.Input<string>;
  /** Parameters added to the address, never to the audience. */
  query?: Record<string, pulumi.Input<string>>;
  /** Seconds that a delivery may take before it counts as failed, 10 to 600. Default: 60. */
  ackDeadlineSeconds?: pulumi.Input<number>;
  /** How long to wait between deliveries of a message. */
  retry?: PushRetry;
  /** Which messages to deliver, by their attributes, in Pub/Sub's filter language, up to 256 bytes. Default: all. Changing it replaces the subscription. */
  filter?: pulumi.Input<string>;
  /** Whether messages with the same ordering key are delivered one after the other. Default: false. Changing it replaces the subscription. */
  ordering?: pulumi.Input<boolean>;
  /**
   * Whether the body is the message's bare data, rather than Pub/Sub's envelope. Default: false. Its attributes then come
   * as headers only if `writeMetadata` says so, and whoever publishes chooses those headers.
   */
  unwrapped?: boolean;
  /** With `unwrapped`: whether ids and attributes come as headers. Default: false. */
  writeMetadata?: pulumi.Input<boolean>;
  /** How long undelivered messages are kept, "600s" to "2678400s" (31 days). Default: "604800s" (7 days). */
  messageRetention?: pulumi.Input<string>;
  /** Where messages go that could not be delivered. Default: nowhere, and they are tried until the retention ends. */
  deadLetters?: DeadLetterArgs;
  /** Labels of the subscription, and of the topics that are made for it. */
  labels?: Record<string, pulumi.Input<string>>;
  /** Id of the project, which must be the caller's too. Default: the provider's. Changing it replaces the subscription. */
  project?: pulumi.Input<string>;
  /** Exact name, 3 to 255 characters. Default: the component's name and a random suffix. Changing it replaces the subscription. */
  subscriptionName?: pulumi.Input<string>;
}

/**
 * A Pub/Sub subscription that pushes each message to its target with an OIDC token of the caller, with the audience that
 * the target accepts. It never expires.
 *
 * ```typescript
 * const runtopic = new gcp.pubsub.Topic("runtopic");
 * new PushSubscription("psub", {
 *   topic: runtopic.id,
 *   target: hello.authorize(schedulerunner),
 *   deadLetters: {},
 * });
 * ```
 *
 * Tokens are used again for up to an hour (https://docs.cloud.google.com/pubsub/docs/authenticate-push-subscriptions):
 * a target that changes its audience must accept the old one for as long.
 */
export class PushSubscription extends pulumi.ComponentResource {
  /** The subscription's name. */
  readonly subscriptionName: pulumi.Output<string>;
  /** The topic whose messages are delivered. */
  readonly topic: pulumi.Output<string>;
  /** The address that it calls. */
  readonly url: pulumi.Output<string>;
  /** The audience of its tokens. */
  readonly audience: pulumi.Output<string>;
  /** The account that it calls as, which is one of its own project. */
  readonly serviceAccountEmail: pulumi.Output<string>;

  constructor(name: string, args: PushSubscriptionArgs, opts?: pulumi.ComponentResourceOptions) {
    super("automatic-oidc:index:PushSubscription", name, NO_INPUTS, opts);
    const subject = { component: "PushSubscription", name };
    requireArguments(subject, args, "target");
    const options = childOf(this, opts);
    const request = oidcRequest(subject, args);

    const topic = args.topic === undefined ? ownTopic(subject, args, options) : undefined;
    const letters = args.deadLetters;
    const aside = letters && deadLetterTopic(subject, args, letters, options);
    const subscription = createSubscription(subject, args, request, topic, aside, options);
    const grants =
      letters &&
      aside &&
      deadLetterGrants(subject, aside, subscription, agentOf(subject, args, letters, this), options);

    nodes.set(this, {
      subscription,
      topic,
      deadLetterTopic: aside?.topic,
      deadLetterSubscription: aside?.subscription,
      ...grants,
    });
    this.subscriptionName = subscription.name;
    this.topic = subscription.topic;
    this.url = pulumi.output(request.url);
    this.audience = pulumi.output(request.audience);
    // A project that is left to the provider shows in the resource alone.
    this.serviceAccountEmail = pulumi.output(
      sameProject(subject, request.serviceAccountEmail, subscription.project),
    );
    this.registerOutputs({
      subscriptionName: this.subscriptionName,
      topic: this.topic,
      url: this.url,
      audience: this.audience,
      serviceAccountEmail: this.serviceAccountEmail,
    });
  }

  /** The underlying resources. */
  get nodes(): PushSubscriptionNodes {
    return nodes.get(this);
  }
}

/** The resources that a `PushSubscription` is made of. */
export interface PushSubscriptionNodes {
  /** `NAME`. The subscription. */
  readonly subscription: pubsub.Subscription;
  /** `NAME-topic`. The subscription's own topic, unless one was given. */
  readonly topic?: pubsub.Topic;
  /** `NAME-dead-letters`. The topic for dead letters, unless one was given. */
  readonly deadLetterTopic?: pubsub.Topic;
  /** `NAME-dead-letters`. A subscription that keeps what arrives there. */
  readonly deadLetterSubscription?: pubsub.Subscription;
  /** `NAME-dead-letters-publisher`. Lets Pub/Sub's agent put messages there. */
  readonly deadLetterPublisher?: pubsub.TopicIAMMember;
  /** `NAME-dead-letters-subscriber`. Lets Pub/Sub's agent take messages off this subscription. */
  readonly deadLetterSubscriber?: pubsub.SubscriptionIAMMember;
}

const nodes = new Beside<PushSubscription, PushSubscriptionNodes>();

function ownTopic(
  subject: Subject,
  args: PushSubscriptionArgs,
  options: pulumi.CustomResourceOptions,
): pubsub.Topic {
  const child = `${subject.name}-topic`;
  const { name, options: named } = autoName(
    { subject, child, rule: NAME_RULES.pubsub, property: "topic" },
    options,
  );
  return new pubsub.Topic(
    child,
    { name, project: args.project, labels: checkedLabels(subject, args.labels) },
    named,
  );
}

function createSubscription(
  subject: Subject,
  args: PushSubscriptionArgs,
  request: ReturnType<typeof oidcRequest>,
  topic: pubsub.Topic | undefined,
  letters: DeadLetters | undefined,
  options: pulumi.CustomResourceOptions,
): pubsub.Subscription {
  const { name, options: named } = autoName(
    {
      subject,
      child: subject.name,
      rule: NAME_RULES.pubsub,
      exact: args.subscriptionName,
      property: "subscriptionName",
    },
    options,
  );
  return new pubsub.Subscription(
    subject.name,
    {
      name,
      topic: topic?.id ?? checked(subject, "topic", args.topic ?? "", nonEmpty),
      project: args.project,
      labels: checkedLabels(subject, args.labels),
      ...deliverySettings(subject, args),
      pushConfig: {
        pushEndpoint: request.url,
        oidcToken: { serviceAccountEmail: request.serviceAccountEmail, audience: request.audience },
        noWrapper: args.unwrapped === true ? { writeMetadata: args.writeMetadata ?? false } : undefined,
      },
      deadLetterPolicy: letters && {
        deadLetterTopic: letters.topicId,
        maxDeliveryAttempts: checked(
          subject,
          "deadLetters.maxDeliveryAttempts",
          args.deadLetters?.maxDeliveryAttempts ?? PUSH_DEFAULTS.maxDeliveryAttempts,
          within(5, 100, "attempts"),
        ),
      },
    },
    named,
  );
}

/** Limits: https://cloud.google.com/pubsub/docs/reference/rest/v1/projects.subscriptions */
function deliverySettings(subject: Subject, args: PushSubscriptionArgs) {
  const { minimumBackoff, maximumBackoff } = { ...PUSH_DEFAULTS.retry, ...args.retry };
  const { min, max } = backoffs(
    subject,
    { property: "retry.minimumBackoff", value: minimumBackoff },
    { property: "retry.maximumBackoff", value: maximumBackoff },
    600,
  );
  return {
    ackDeadlineSeconds: checked(
      subject,
      "ackDeadlineSeconds",
      args.ackDeadlineSeconds ?? PUSH_DEFAULTS.ackDeadlineSeconds,
      within(10, 600, "seconds"),
    ),
    retryPolicy: { minimumBackoff: min, maximumBackoff: max },
    // https://cloud.google.com/pubsub/docs/subscription-message-filter
    filter: checkedIfGiven(subject, "filter", args.filter, atMostBytes(256)),
    enableMessageOrdering: args.ordering,
    messageRetentionDuration: checked(
      subject,
      "messageRetention",
      args.messageRetention ?? PUSH_DEFAULTS.messageRetention,
      durationWithin(600, 2_678_400),
    ),
    // Google deletes a subscription after 31 idle days unless it is told never to.
    expirationPolicy: { ttl: "" },
  };
}

/** Pub/Sub's agent, which puts messages aside. */
function agentOf(
  subject: Subject,
  { project }: PushSubscriptionArgs,
  letters: DeadLetterArgs,
  parent: pulumi.ComponentResource,
): pulumi.Input<string> {
  if (letters.agentEmail !== undefined) {
    return checked(subject, "deadLetters.agentEmail", letters.agentEmail, agentAddress);
  }
  const number = projectNumber({
    subject,
    property: "deadLetters.projectNumber",
    number: letters.projectNumber,
    project,
    parent,
  });
  return pulumi.output(number).apply((known) => agentEmail("pubsub", known));
}
