import { createRequire } from "node:module";
import { join } from "node:path";
import type { Target } from "../../trust/graph";
import type { DeploymentResult } from "../doors/in-process/engine";
import type * as Engine from "../doors/in-process/engine";
import type { EmbeddedCloud } from "./embedded-cloud";
import type { StackConfig } from "./stack-config";
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
  const load = createRequire(join(stack.root, "package.json"));
  return engine.up(() => {
    const program: unknown = load(stack.main);
    return typeof program === "function" ? (program as () => unknown)() : program;
  });
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
