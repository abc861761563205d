import { attempts } from "../../doctor/attempts";
import { examine } from "../../doctor/examine";
import { trustGraph } from "../../trust/graph";
import { deploy, projectOf, startApps } from "./deploy";
import { EmbeddedCloud } from "./embedded-cloud";
import { fire } from "./fire";
import { insiders } from "./insiders";
import type { Options } from "./options";
import { callRow, intrusionRow, NOTICE, type Report } from "./report";
import { makeForeignKey, SandboxWorld } from "./sandbox-world";
import type { StackConfig } from "./stack-config";
import { UsageError } from "./usage-error";

/** What a run tells while it works. */
export interface Listener {
  begins: (about: Pick<Report, "notice" | "stack" | "project">) => void;
  progress: (text: string) => void;
}

/** Deploys a stack, fires its sources, tries to get in, and says what came of it. Leaves nothing running. */
export async function run(stack: StackConfig, options: Options, tell: Listener): Promise<Report> {
  const started = performance.now();
  const { id, number } = projectOf(stack);
  const sandbox = new EmbeddedCloud({
    root: stack.root,
    project: { id, number, kind: options.projectKind },
    iamDelay: options.iamDelay,
    keysPort: options.keysPort,
  });
  const project = sandbox.cloud.projects.require(id);
  const about = {
    notice: NOTICE,
    stack: { project: stack.project, stack: stack.stack },
    project: { ...project, iamDelaySeconds: options.iamDelay / 1000 },
  };
  tell.begins(about);
  try {
    const foreignKey = makeForeignKey();
    await sandbox.start();

    tell.progress(`Deploying stack ${stack.stack}`);
    const { resources, outputs } = await deploy(sandbox, stack, id);
    const graph = trustGraph(resources);
    if (graph.edges.length === 0) {
      throw new UsageError(
        `Stack ${stack.stack} has nothing to try: no Scheduler job, no push subscription and no task queue with a token.`,
      );
    }
    await startApps(sandbox, graph.targets, outputs);

    tell.progress(`Firing ${graph.edges.length} sources`);
    const calls = await fire(graph.edges, resources, sandbox);

    const tries = attempts(graph, { fronts: sandbox.backends.fronts });
    tell.progress(`Trying ${tries.length} ways in`);
    const { targets } = graph;
    const world = new SandboxWorld(sandbox, { project: id, targets, iamDelay: options.iamDelay, foreignKey });
    const findings = await examine(tries, world);

    const rows = { calls: calls.map(callRow), intrusions: findings.map(intrusionRow) };
    return {
      ok: [...rows.calls, ...rows.intrusions].every((row) => row.ok),
      ...about,
      resources: resources.length,
      ...rows,
      insiders: insiders(sandbox.cloud, id, targets),
      seconds: Math.round((performance.now() - started) / 10) / 100,
    };
  } finally {
    await sandbox.stop();
  }
}
