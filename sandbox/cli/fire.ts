import type { Attempt } from "../delivery/attempt";
import type { Edge } from "../../trust/graph";
import { KNOWN_LATER, textAt, type ResourceState } from "../../trust/resources";
import type { EmbeddedCloud } from "./embedded-cloud";

/** What came of firing one source. */
export interface Call {
  edge: Edge;
  /** Every try, in order; empty when nothing was sent. */
  attempts: Attempt[];
}

/** Longer than the retries of a source that outlasts the spreading of a fresh grant; then it counts as kept out. */
const LIMIT = 30 * 60_000;

const BODY = "fired by the sandbox";

/**
 * Runs every job, publishes one message to every topic that is pushed from and puts one task into every queue, and waits for
 * what comes of it.
 */
export async function fire(
  edges: readonly Edge[],
  resources: readonly ResourceState[],
  { cloud, delivery, time }: EmbeddedCloud,
): Promise<Call[]> {
  const byUrn = new Map(resources.map((resource) => [resource.urn, resource]));
  const sources = edges.map((edge) => ({ edge, source: byUrn.get(edge.source.urn) }));
  const ids = sources.map(({ source }) => source?.id ?? "");
  const topics = new Set(
    sources.flatMap(({ edge, source }) =>
      edge.source.kind === "push-subscription" && source !== undefined ? [textAt(source, "topic") ?? ""] : [],
    ),
  );

  const jobs = sources.flatMap(({ edge, source }) =>
    edge.source.kind === "scheduler-job" ? [delivery.runJob(source?.id ?? "")] : [],
  );
  const tasks = sources.flatMap(({ edge, source }) =>
    // A queue that leaves the address to its tasks has none to send one to.
    edge.source.kind === "task-queue" && edge.url !== KNOWN_LATER
      ? [enqueue(cloud, delivery, source?.id ?? "")]
      : [],
  );
  const messages = [...topics].map((topic) => delivery.publish(topic, { data: BODY }));
  const drained = (async (): Promise<void> => {
    await Promise.all([...jobs, ...tasks, ...messages]);
    while (ids.some((id) => delivery.backlog(id) > 0)) await cloud.clock.sleep(1_000);
  })();
  await time.passUntil(drained, LIMIT);

  return edges.map((edge, i) => ({
    edge,
    attempts: delivery.attempts.filter(({ source }) => source.id === ids[i]),
  }));
}

/** How often a task is run again that a paused queue would not send again by itself. */
const AGAIN = 30_000;

/** One task, as whoever runs Pulumi there. From a paused queue it is run by hand, as a paused job is. */
async function enqueue(
  cloud: EmbeddedCloud["cloud"],
  delivery: EmbeddedCloud["delivery"],
  queueId: string,
): Promise<void> {
  const { tasks } = delivery;
  const who = cloud.deployer(queueId.split("/")[1] ?? "");
  const { name } = tasks.buffer(who, queueId, { body: Buffer.from(BODY).toString("base64") });
  if (tasks.queue(who, queueId).state.desiredState !== "PAUSED") return;
  while (delivery.backlog(queueId) > 0) {
    tasks.run(who, name);
    await cloud.clock.sleep(AGAIN);
  }
}
