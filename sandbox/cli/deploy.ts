import { createRequire } from "node:module";
import { join } from "node:path";
import type { Target } from "../../trust/graph";
import type { DeploymentResult } from "../doors/in-process/engine";
import type * as Engine from "../doors/in-process/engine";
import type { EmbeddedCloud } from "./embedded-cloud";
import type { StackConfig } from "./stack-config";
import { interruptible } from "./guard";
import { UsageError } from "./usage-error";

/** The project that a stack is deployed to. */
export function projectOf({ config, project, stack }: StackConfig): { id: string; number?: string } {
  const id = config["gcp:project"];
  if (id !== undefined && id !== "") return { id, number: config[`${project}:projectNumber`] || undefined };
  throw new UsageError(
    `Pulumi.${stack}.yaml: gcp:project is missing. The sandbox makes the project that it names.`,
  );
}

/** Runs the program, and leaves on the cloud what it declares. */
export async function deploy(
  sandbox: EmbeddedCloud,
  given: StackConfig,
  project: string,
): Promise<DeploymentResult> {
  const stack = withDeployer(given, sandbox, project);
  // Loading the SDK takes longer than anything else here; by now the keys are being made on another thread.
  const { InProcessEngine } = createRequire(__filename)("../doors/in-process/engine") as typeof Engine;
  const engine = new InProcessEngine(sandbox.cloud, {
    project: stack.project,
    stack: stack.stack,
    config: stack.config,
    secretKeys: stack.secretKeys,
  });
  process.chdir(stack.root);
  const program = programOf(stack);
  return engine.up(() => interruptible(program));
}

/** What runs the program. */
function programOf({ root, main, runtime }: StackConfig): () => unknown {
  if (runtime !== undefined && runtime !== "nodejs") {
    throw new UsageError(
      `Pulumi.yaml: runtime is ${JSON.stringify(runtime)}; programs run in this process here, so it must be nodejs. With Pulumi's own CLI every language runs: npm run sandbox -- pulumi up`,
    );
  }
  const load = createRequire(join(root, "package.json"));
  const file = found(load, main);
  return () => {
    const program: unknown = located(() => load(file) as unknown);
    return typeof program === "function" ? (program as () => unknown)() : program;
  };
}

function found(load: NodeJS.Require, main: string): string {
  try {
    return load.resolve(main);
  } catch {
    throw new UsageError(
      `There is no program at ${main}. It is what main names in Pulumi.yaml, or in the package.json beside it, or index.js or index.ts.`,
    );
  }
}

/** The message of a syntax error says neither file nor line; its stack begins with them. */
function located<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    const place =
      error instanceof SyntaxError ? /^\/\S.*:\d+$/m.exec(error.stack?.split("\n", 1)[0] ?? "") : null;
    if (place === null || !(error instanceof SyntaxError)) throw error;
    throw new UsageError(`${place[0]}: ${error.message}`, { cause: error });
  }
}

/** Until the code behind every target answers. */
export async function startApps(
  { backends, keys }: EmbeddedCloud,
  targets: readonly Target[],
  outputs: DeploymentResult["outputs"],
): Promise<void> {
  const foreign = targets.filter(({ gate, kind }) => kind === "external" && gate === "application");
  backends.startHosts(
    foreign.map(({ name }) => name),
    { outputs, keys },
  );
  await backends.ready();
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
