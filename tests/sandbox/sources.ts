import {
  agentEmail,
  queueName,
  subscriptionName,
  serviceAccountName,
  topicName,
} from "../../sandbox/cloud/names";
import { Delivery } from "../../sandbox/delivery/delivery";
import type { CloudOptions } from "../../sandbox/cloud/cloud";
import type { HttpRequest } from "../../sandbox/ingress/http";
import { CALLER, HELLO, NUMBER, PROJECT, World } from "./gates";

export const JOB = `projects/${PROJECT}/locations/europe-west1/jobs/nightly`;
export const TOPIC = `projects/${PROJECT}/topics/events`;
export const DEAD_TOPIC = `projects/${PROJECT}/topics/dead`;
export const SUBSCRIPTION = `projects/${PROJECT}/subscriptions/push`;
export const DEAD_SUBSCRIPTION = `projects/${PROJECT}/subscriptions/dead`;
export const QUEUE = `projects/${PROJECT}/locations/europe-west1/queues/orders`;
export const OWNER = "user:owner@example.com";
export const TASKS_AGENT = agentEmail("tasks", NUMBER);
export const PUBSUB_AGENT = agentEmail("pubsub", NUMBER);
export const SCHEDULER_AGENT = agentEmail("scheduler", NUMBER);

/** The gates, and sources before them: whoever may call Run service "hello" is let in. */
export class Sources extends World {
  readonly delivery: Delivery;

  constructor(options: Partial<CloudOptions> = {}) {
    super(options);
    this.delivery = new Delivery(this.cloud, this.ingress);
    this.putTopic(TOPIC);
  }

  putJob(state: object = {}, target: object = {}, id = JOB): void {
    this.cloud.store.put({
      token: "gcp:cloudscheduler/job:Job",
      id,
      fullName: `//cloudscheduler.googleapis.com/${id}`,
      project: PROJECT,
      state: {
        name: id.split("/").at(-1),
        schedule: "0 9 * * *",
        timeZone: "Etc/UTC",
        httpTarget: {
          uri: `${HELLO.url}/work?day=1`,
          oidcToken: { serviceAccountEmail: CALLER, audience: HELLO.url },
          ...target,
        },
        ...state,
      },
    });
  }

  putTopic(id: string): void {
    const name = id.split("/").at(-1) ?? "";
    const fullName = topicName(PROJECT, name);
    this.cloud.store.put({
      token: "gcp:pubsub/topic:Topic",
      id,
      fullName,
      project: PROJECT,
      state: { name },
    });
  }

  putSubscription(state: object = {}, push: object | undefined = {}, id = SUBSCRIPTION): void {
    const name = id.split("/").at(-1) ?? "";
    this.cloud.store.put({
      token: "gcp:pubsub/subscription:Subscription",
      id,
      fullName: subscriptionName(PROJECT, name),
      project: PROJECT,
      state: {
        name,
        topic: TOPIC,
        ackDeadlineSeconds: 10,
        expirationPolicy: { ttl: "" },
        pushConfig: {
          pushEndpoint: `${HELLO.url}/push`,
          oidcToken: { serviceAccountEmail: CALLER, audience: HELLO.url },
          ...push,
        },
        ...state,
      },
    });
  }

  /** A queue that sends its tasks to "hello" with a token of the caller. */
  putQueue(state: object = {}, target: object | undefined = {}, id = QUEUE): void {
    const name = id.split("/").at(-1) ?? "";
    this.cloud.store.put({
      token: "gcp:cloudtasks/queue:Queue",
      id,
      fullName: queueName(PROJECT, "europe-west1", name),
      project: PROJECT,
      state: {
        name,
        httpTarget: {
          uriOverride: {
            scheme: "HTTPS",
            host: new URL(HELLO.url).hostname,
            pathOverride: { path: "/work" },
          },
          oidcToken: { serviceAccountEmail: CALLER, audience: HELLO.url },
          ...target,
        },
        ...state,
      },
    });
  }

  /** A dead-letter topic with a subscription that is pulled, and what Pub/Sub's agent needs to use it. */
  putDeadLetters(grants: { publish: boolean; acknowledge: boolean }): void {
    this.putTopic(DEAD_TOPIC);
    this.putSubscription({ topic: DEAD_TOPIC, pushConfig: undefined }, {}, DEAD_SUBSCRIPTION);
    if (grants.publish) this.grant(topicName(PROJECT, "dead"), "roles/pubsub.publisher", PUBSUB_AGENT);
    if (grants.acknowledge)
      this.grant(subscriptionName(PROJECT, "push"), "roles/pubsub.subscriber", PUBSUB_AGENT);
  }

  /** Lets the caller into "hello". */
  letIn(): void {
    this.grant(HELLO.fullName, "roles/run.invoker");
  }

  letMint(agent: string): void {
    this.grant(serviceAccountName(PROJECT, CALLER), "roles/iam.serviceAccountOpenIdTokenCreator", agent);
  }

  get requests(): HttpRequest[] {
    return this.arrived.map(({ request }) => request);
  }

  /** Seconds from the first attempt to each. */
  get seconds(): number[] {
    const { attempts } = this.delivery;
    return attempts.map(({ at }) => (at - (attempts[0]?.at ?? 0)) / 1000);
  }
}

export function header(request: HttpRequest | undefined, name: string): string | undefined {
  return request?.headers.find(([key]) => key.toLowerCase() === name.toLowerCase())?.[1];
}
