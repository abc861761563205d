import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LocalWorkspace } from "@pulumi/pulumi/automation";
import type { OpMap, PulumiFn, Stack } from "@pulumi/pulumi/automation";
import type { Cloud } from "../../sandbox/cloud/cloud";
import { newProject } from "../../sandbox/cloud/new-project";
import { ProviderDoor, type DoorOptions } from "../../sandbox/doors/provider/door";
import { Connections } from "../../sandbox/host/connections";
import { Control } from "../../sandbox/host/control";
import { Folder } from "../../sandbox/host/folder";
import { providerRoute } from "../../sandbox/host/provider-route";
import { environment } from "../../sandbox/pulumi/environment";
import { placePlugins } from "../../sandbox/pulumi/plugins";

const cli = spawnSync("pulumi", ["version"], { encoding: "utf8" });
export const hasCli = cli.status === 0;

/** Skipped where there is no CLI, and only there; CI brings one. */
export const describeWithCli: jest.Describe = hasCli ? describe : describe.skip;
if (!hasCli) console.warn("No Pulumi CLI on PATH: the tests with the real engine are skipped.");

export interface RealEngineOptions extends Pick<DoorOptions, "around"> {
  readonly project?: string;
  readonly stack?: string;
  readonly config?: Readonly<Record<string, string>>;
}

/** Pulumi's own engine, deploying programs of this process on a cloud of this process. */
export class RealEngine {
  private constructor(
    private readonly stack: Stack,
    private readonly folder: string,
    private readonly stop: () => Promise<void>,
  ) {}

  static async start(cloud: Cloud, options: RealEngineOptions = {}): Promise<RealEngine> {
    const { project = "test", stack = "dev", config = {} } = options;
    const path = mkdtempSync(join(tmpdir(), "real-engine-"));
    const folder = new Folder(path);
    const door = new ProviderDoor({
      cloud,
      newProject: (id) => newProject(id, { kind: "default" }),
      around: options.around,
    });
    const route = providerRoute(() => Promise.resolve(door), new Connections());
    const control = await Control.start((asked) => (asked === "POST /providers" ? route : undefined));
    const stop = async () => {
      door.close();
      await control.stop();
    };
    try {
      placePlugins(folder.pulumiHome, undefined);
      const serving = { pid: process.pid, address: control.address, secret: control.secret };
      const { PULUMI_HOME: pulumiHome, ...envVars } = environment(process.env, folder, serving);
      const made = await LocalWorkspace.createOrSelectStack(
        { projectName: project, stackName: stack, program: () => Promise.resolve() },
        {
          workDir: path,
          pulumiHome,
          envVars: { ...envVars, PULUMI_BACKEND_URL: `file://${path}` },
          projectSettings: { name: project, runtime: "nodejs", backend: { url: `file://${path}` } },
        },
      );
      const values = Object.entries(config).map(([key, value]) => [key, { value }] as const);
      await made.setAllConfig(Object.fromEntries(values));
      return new RealEngine(made, path, stop);
    } catch (error) {
      await stop();
      rmSync(path, { recursive: true, force: true });
      throw error;
    }
  }

  /** Deploys a program. Says what was done and how often, other than nothing. */
  async up(program: PulumiFn): Promise<OpMap> {
    const { summary } = await this.stack.up({ program, suppressProgress: true });
    const changes = Object.entries(summary.resourceChanges ?? {}).filter(([op]) => op !== "same");
    return Object.fromEntries(changes);
  }

  async close(): Promise<void> {
    await this.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
