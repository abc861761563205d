import { createRequire } from "node:module";
import { join } from "node:path";
import { attempts } from "../../doctor/attempts";
import { examine } from "../../doctor/examine";
import { trustGraph } from "../../trust/graph";
import type * as Engine from "../doors/in-process/engine";
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
  const id = stack.config["gcp:project"];
  if (id === undefined || id === "") {
    throw new UsageError(
      `Pulumi.${stack.stack}.yaml: gcp:project is missing. The sandbox makes the project that it names.`,
    );
  }
  const sandbox = new EmbeddedCloud({
    root: stack.root,
    project: {
      id,
      number: stack.config[`${stack.project}:projectNumber`] || undefined,
      kind: options.projectKind,
    },
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

    const { resources, outputs } = await deploy(sandbox, withDeployer(stack, sandbox, id), tell);
    const graph = trustGraph(resources);
    if (graph.edges.length === 0) {
      throw new UsageError(
        `Stack ${stack.stack} has nothing to try: no Scheduler job, no push subscription and no task queue with a token.`,
      );
    }
    const foreign = graph.targets.filter(({ gate, kind }) => kind === "external" && gate === "application");
    sandbox.backends.startHosts(
      foreign.map(({ name }) => name),
      { outputs, keys: sandbox.keys },
    );
    await sandbox.backends.ready();

    tell.progress(`Firing ${graph.edges.length} sources`);
    const calls = await fire(graph.edges, resources, sandbox);

    const tries = attempts(graph);
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

async function deploy(sandbox: EmbeddedCloud, stack: StackConfig, tell: Listener) {
  tell.progress(`Deploying stack ${stack.stack}`);
  // Loading the SDK takes longer than anything else here; by now the keys are being made on another thread.
  const { InProcessEngine } = createRequire(__filename)("../doors/in-process/engine") as typeof Engine;
  const engine = new InProcessEngine(sandbox.cloud, {
    project: stack.project,
    stack: stack.stack,
    config: stack.config,
    secretKeys: stack.secretKeys,
  });
  process.chdir(stack.root);
  const load = createRequire(join(stack.root, "package.json"));
  return engine.up(() => {
    const program: unknown = load(stack.main);
    return typeof program === "function" ? (program as () => unknown)() : program;
  });
}

/** A deployer that does not own the project must be told to a program that asks for its deployers. */
function withDeployer(stack: StackConfig, { cloud }: EmbeddedCloud, project: string): StackConfig {
  const key = `${stack.project}:deployers`;
  const deployer = cloud.deployer(project);
  if (deployer.startsWith("user:") || stack.declarations[key]?.type !== "array") return stack;
  const given: unknown = JSON.parse(stack.config[key] ?? "[]");
  const deployers = [...new Set([...(Array.isArray(given) ? (given as unknown[]) : []), deployer])];
  return { ...stack, config: { ...stack.config, [key]: JSON.stringify(deployers) } };
}
