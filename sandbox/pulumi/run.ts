import { mkdirSync } from "node:fs";
import type { ProjectKind } from "../cloud/projects";
import type { Made } from "../doors/provider/door";
import { Client } from "../host/client";
import type { Folder } from "../host/folder";
import { Host } from "../host/host";
import { Backend } from "./backend";
import { runCli } from "./cli";
import { environment } from "./environment";
import { understood } from "./invocation";
import { adviceOn, orphansAmong } from "./orphans";
import { placePlugins } from "./plugins";
import { programAt, type Program } from "./program";
import { Stacks, type Prepared } from "./stacks";
import type { SandboxConfig } from "./stack-file";

export interface PulumiOptions {
  folder: Folder;
  projectKind: ProjectKind;
  iamDelay: number;
  /** Where the sandbox itself speaks: never where Pulumi writes its results. */
  say: (line: string) => void;
}

/** Runs the real Pulumi on the embedded cloud: the one that is served, or one for this command with the same state. */
export async function runPulumi(args: readonly string[], options: PulumiOptions): Promise<number> {
  const { folder, projectKind, iamDelay, say } = options;
  const asked = understood(args);
  const program = programAt(asked.cwd ?? ".");
  placePlugins(folder.pulumiHome, program?.folder);
  mkdirSync(folder.pulumiState, { recursive: true, mode: 0o700 });
  const backend = new Backend(folder.pulumiState);
  for (const stack of backend.clearDeadLocks())
    say(`Unlocked ${stack}: the command that had locked it is no more.`);

  const host = await Host.start(folder);
  let cloud: UsedCloud | undefined;
  try {
    const env = environment(process.env, folder, host instanceof Host ? host.serving : host);
    const prepared =
      program === undefined
        ? { args, env, config: undefined }
        : new Stacks(folder, program, env).prepare(asked, process.env.PULUMI_STACK);
    warnOfSecrets(program, prepared, say);
    const projectNumbers = program === undefined ? {} : numbersIn(program, prepared.config);
    const running = runCli(prepared.args, prepared.env);
    // If it fails before it is waited for, it fails where it is.
    running.catch(() => undefined);
    // Restoring the cloud takes about as long as Pulumi needs before it asks for it.
    cloud =
      host instanceof Host
        ? ownCloud(host, { projectKind, iamDelay, projectNumbers })
        : await sharedCloud(new Client(host), projectNumbers);
    const code = await running;
    const orphans = orphansAmong(await cloud.made(), backend.stacks(), backend.busy());
    for (const line of adviceOn(orphans)) say(line);
    await cloud.unused(say);
    return code;
  } finally {
    cloud?.leave();
    if (host instanceof Host) await host.stop();
  }
}

interface UsedCloud {
  made(): Promise<Made[]>;
  /** Until nobody else needs this process for it. */
  unused(say: (line: string) => void): Promise<void>;
  /** Whatever came of it: who holds on to a cloud that somebody else serves does not end. */
  leave(): void;
}

function ownCloud(host: Host, options: Parameters<Host["load"]>[0]): UsedCloud {
  const world = host.load(options);
  return {
    made: () => Promise.resolve(world.made()),
    unused: async (say) => {
      if (host.users > 0) say("Another command uses this sandbox. It stays up until that one has ended.");
      await host.unused();
    },
    leave: () => undefined,
  };
}

async function sharedCloud(client: Client, projectNumbers: Record<string, string>): Promise<UsedCloud> {
  const release = await client.lease(projectNumbers);
  return {
    made: () => client.made(),
    unused: () => Promise.resolve(),
    leave: release,
  };
}

function warnOfSecrets(
  program: Program | undefined,
  { config }: Prepared,
  say: (line: string) => void,
): void {
  for (const key of config?.encrypted ?? []) {
    const whole = key.includes(":") ? key : `${program?.name ?? ""}:${key}`;
    say(
      `${whole} is encrypted, and the sandbox has no key to it, so it is left out. Give it a value of its own in here: ` +
        `npm run sandbox -- pulumi config set ${whole} VALUE`,
    );
  }
}

/** The project's number, where the stack's configuration says it, or else the cloud makes one up. */
function numbersIn(program: Program, config: SandboxConfig | undefined): Record<string, string> {
  const { "gcp:project": project, ...rest } = config?.config ?? {};
  const number = rest[`${program.name}:projectNumber`] ?? rest.projectNumber;
  const given = typeof number === "string" || typeof number === "number" ? String(number) : "";
  return typeof project === "string" && /^\d+$/.test(given) ? { [project]: given } : {};
}
