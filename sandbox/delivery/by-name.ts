import type { Cloud } from "../cloud/cloud";
import { CloudError } from "../cloud/errors";
import type { StoredResource } from "../cloud/store";
import type { Attempt } from "./attempt";
import type { Delivery } from "./delivery";
import { type Subscription, SUBSCRIPTION, topicOf } from "./pubsub/subscription";
import { JOB } from "./scheduler/job";
import { isPaused, QUEUE } from "./tasks/queue";

type Source = StoredResource<{ name?: string }>;

/** What Pulumi calls a resource, as far as it has made it. */
export type LogicalName = (token: string, id: string) => string | undefined;

/** The source of a cloud that is meant by its logical name, its short or its whole one; throws if that is none, or several. */
export function sourceNamed({ store }: Cloud, name: string, logical: LogicalName): Source {
  const all = [JOB, SUBSCRIPTION, QUEUE].flatMap((token) => store.list<{ name?: string }>(token));
  const found = all.filter(
    ({ token, id, state }) => id === name || state.name === name || logical(token, id) === name,
  );
  const [source, other] = found;
  if (source === undefined) {
    const names = all.map(({ token, id, state }) => logical(token, id) ?? state.name ?? id).sort();
    const there =
      names.length === 0 ? "There are none; is the stack deployed?" : `There are: ${names.join(", ")}.`;
    throw new CloudError("NOT_FOUND", `No job, push subscription or queue is called "${name}". ${there}`);
  }
  if (other === undefined) return source;
  const ids = found.map(({ id }) => id).join(", ");
  throw new CloudError(
    "INVALID_ARGUMENT",
    `Several sources are called "${name}". Give one's whole name: ${ids}.`,
  );
}

/**
 * Lets one source call its target now: a job is run, to a subscription's topic a message is published, into a queue a task
 * is put, as whoever deploys there. Resolves with the first attempt that comes of it.
 */
export async function fireSource(
  cloud: Cloud,
  delivery: Delivery,
  source: Source,
  data: string,
): Promise<Attempt> {
  let task: string | undefined;
  return new Promise((resolve, reject) => {
    const end = delivery.onAttempt((attempt) => {
      if (attempt.source.id !== source.id || (task !== undefined && attempt.task !== task)) return;
      end();
      resolve(attempt);
    });
    const failed = (error: unknown): void => {
      end();
      reject(error instanceof Error ? error : new Error(String(error)));
    };
    try {
      if (source.token === QUEUE) task = enqueue(cloud, delivery, source.id, data);
      else if (source.token === JOB) delivery.runJob(source.id).catch(failed);
      else delivery.publish(pushedTopic(source as Subscription), { data }).catch(failed);
    } catch (error) {
      failed(error);
    }
  });
}

/** From a paused queue a task is run by hand, as a paused job is. */
function enqueue(cloud: Cloud, { tasks }: Delivery, queueId: string, data: string): string {
  const who = cloud.deployer(queueId.split("/")[1] ?? "");
  const { name } = tasks.buffer(who, queueId, { body: Buffer.from(data).toString("base64") });
  if (isPaused(tasks.queue(who, queueId))) tasks.run(who, name);
  return name;
}

function pushedTopic(subscription: Subscription): string {
  const { pushConfig, name } = subscription.state;
  if ((pushConfig?.pushEndpoint ?? "") !== "") return topicOf(subscription);
  throw new CloudError("FAILED_PRECONDITION", `Subscription "${name}" is pulled from: it calls nobody.`);
}
