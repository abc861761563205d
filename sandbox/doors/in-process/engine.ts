import * as pulumi from "@pulumi/pulumi";
import type { Cloud } from "../../cloud/cloud";
import type { Props } from "../../cloud/resources/values";
import { Deployment } from "./deployment";
import type { Step } from "./deployment";
import { imported } from "./import";
import type { ImportFile } from "./import";
import { Monitor } from "./monitor";
import { Providers } from "./providers";
import { takingRejections, turn } from "./rejections";
import type { DeployedResource } from "./state";
import { StackState } from "./state";
import { urnOf } from "./urns";

export type { Step } from "./deployment";
export type { DeployedResource } from "./state";

/** Which stack of which project, and how it is configured. */
export interface StackSettings {
  readonly project: string;
  readonly stack: string;
  /** Whole keys, such as `gcp:project`; lists and objects as JSON. */
  readonly config?: Readonly<Record<string, string>>;
  readonly secretKeys?: readonly string[];
  readonly organization?: string;
  /** The outputs of another stack by its whole name (ORGANIZATION/PROJECT/STACK), for stack references to it. */
  readonly outputsOf?: (stack: string) => Props | undefined;
}

/** What a deployment did, and what is there now. */
export interface DeploymentResult {
  readonly steps: readonly Step[];
  readonly resources: readonly DeployedResource[];
  readonly outputs: Props;
}

/** A Pulumi program: what it exports, or returns, is the stack's output. */
export type Program = () => unknown;

/**
 * Deploys Pulumi programs on an embedded cloud, in this process, with the SDK's own runtime and nothing to install.
 * One stack; it remembers what is deployed. One program at a time runs in a process, since the SDK keeps its settings
 * for the whole of it.
 */
export class InProcessEngine {
  static #running = false;
  #state = new StackState();

  constructor(
    private readonly cloud: Cloud,
    private readonly settings: StackSettings,
  ) {}

  /** What is deployed. */
  get resources(): readonly DeployedResource[] {
    return this.#state.list();
  }

  /** Deploys a program. What was done before a failure stays done, and is remembered. */
  async up(program: Program): Promise<DeploymentResult> {
    return this.#run(program, false);
  }

  /** Says what deploying would do, and does nothing. */
  async preview(program: Program): Promise<DeploymentResult> {
    return this.#run(program, true);
  }

  /** Deletes all that is deployed. */
  async destroy(): Promise<DeploymentResult> {
    return this.#run(() => ({}), false);
  }

  /** Takes over what exists already, as `pulumi import --file` does: into the state, and nothing else changes. */
  async import(file: ImportFile): Promise<void> {
    const providers = new Providers(this.cloud, this.settings.config ?? {});
    const found = await imported(file, this.settings, providers);
    this.#state = new StackState([...this.#state.list(), ...found], this.#state.doomed);
  }

  async #run(program: Program, preview: boolean): Promise<DeploymentResult> {
    if (InProcessEngine.#running)
      throw new Error("Another Pulumi program is running in this process; wait for it");
    InProcessEngine.#running = true;
    const providers = new Providers(this.cloud, this.settings.config ?? {});
    const deployment = new Deployment(this.#state, providers, preview);
    try {
      const outputs = await this.#runProgram(program, preview, deployment, providers);
      await deployment.finish();
      return { steps: deployment.steps, resources: deployment.state.list(), outputs };
    } finally {
      if (!preview) this.#state = deployment.leftBehind();
      InProcessEngine.#running = false;
    }
  }

  #runProgram(
    program: Program,
    preview: boolean,
    deployment: Deployment,
    providers: Providers,
  ): Promise<Props> {
    const { project, stack, organization, config, secretKeys, outputsOf } = this.settings;
    let fail: (error: unknown) => void = () => undefined;
    const failed = new Promise<never>((_, reject) => {
      fail = reject;
    });
    return takingRejections(fail, async () => {
      const monitor = new Monitor({ project, stack }, deployment, providers, { fail, outputsOf });
      pulumi.runtime.setMockOptions(monitor, project, stack, preview, organization ?? "organization");
      pulumi.runtime.setAllConfig({ ...config }, [...(secretKeys ?? [])]);
      try {
        await Promise.race([finished(program), failed]);
        return monitor.outputsOf(urnOf({ project, stack }, stackResource(project, stack))) ?? {};
      } finally {
        // Whatever a failed program still waits for is nobody's leak.
        pulumi.runtime.resetOptions(project, stack, -1, "", "", false, "");
      }
    });
  }
}

function stackResource(project: string, stack: string) {
  return { parent: undefined, type: "pulumi:pulumi:Stack", name: `${project}-${stack}` };
}

/** Waits until the program is done and all that it declared is registered. */
async function finished(program: Program): Promise<void> {
  await pulumi.runtime.runInPulumiStack(() => Promise.resolve(program()));
  await pulumi.runtime.disconnect();
  await turn();
}
