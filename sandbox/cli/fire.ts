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
  for (const { edge, source } of sources) {
    // A queue that leaves the address to its tasks has none to send one to.
    if (edge.source.kind === "task-queue" && edge.url !== KNOWN_LATER)
      enqueue(cloud, delivery, source?.id ?? "");
  }
  const messages = [...topics].map((topic) => delivery.publish(topic, { data: "fired by the sandbox" }));
  const drained = (async (): Promise<void> => {
    await Promise.all([...jobs, ...messages]);
    while (ids.some((id) => delivery.backlog(id) > 0)) await cloud.clock.sleep(1_000);
  })();
  await time.passUntil(drained, LIMIT);

  return edges.map((edge, i) => ({
    edge,
    attempts: delivery.attempts.filter(({ source }) => source.id === ids[i]),
  }));
}

/** One task, as whoever runs Pulumi there; from a paused queue it is sent all the same, as a paused job is run. */
function enqueue(cloud: EmbeddedCloud["cloud"], { tasks }: EmbeddedCloud["delivery"], queueId: string): void {
  const deployer = cloud.deployer(queueId.split("/")[1] ?? "");
  const body = Buffer.from("fired by the sandbox").toString("base64");
  const task = tasks.buffer(deployer, queueId, { body });
  if (tasks.queue(deployer, queueId).state.desiredState === "PAUSED") tasks.run(deployer, task.name);
}
