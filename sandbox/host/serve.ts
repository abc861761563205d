import { once } from "node:events";
import { statSync } from "node:fs";
import type { Folder } from "./folder";
import { Host } from "./host";
import { HostError } from "./host-error";
import type { WorldOptions } from "./world";

export interface ServeOptions extends WorldOptions {
  folder: Folder;
  root: string;
  port?: number;
  say: (line: string) => void;
}

/** Keeps the cloud of a folder up until somebody asks the process to end. */
export async function serve({ folder, port, say, ...options }: ServeOptions): Promise<number> {
  check(options);
  const host = await Host.start(folder, port);
  if (!(host instanceof Host)) {
    throw new HostError(
      `${folder.path} is served already, by process ${host.pid} at ${host.address}. Use that one, stop it, or set SANDBOX_FOLDER to another folder. ` +
        `If that process is no sandbox, one was killed and its number has come again: remove ${folder.serving}.`,
    );
  }
  try {
    const { cloud } = host.load(options);
    // Before it says that it is up: whoever has read that may end it.
    const end = asked();
    const projects = cloud.projects.list().map(({ id }) => id);
    say(
      `The sandbox is up at ${host.serving.address}, with ${cloud.store.size} resources in ` +
        `${projects.length === 0 ? "no project yet" : projects.join(", ")}. It is an emulator, and no security boundary.\n` +
        `Its schedules fire, its queues dispatch and its topics push, and Google's APIs are there as far as it has them (docs/sandbox.md).\n` +
        `Deploy to it from another terminal: npm run sandbox -- pulumi up. It is saved in ${folder.path}; Ctrl-C stops it.`,
    );
    await end;
  } finally {
    await host.stop();
  }
  return 0;
}

function check({ root, runsAs }: Pick<ServeOptions, "root" | "runsAs">): void {
  if (statSync(root, { throwIfNoEntry: false })?.isDirectory() !== true) {
    throw new HostError(
      `--cwd ${root} is no folder. Name the Pulumi program's, whose apps run behind the gates.`,
    );
  }
  if (runsAs === undefined || /^[^@\s:]+@[^@\s:]+\.gserviceaccount\.com$/.test(runsAs)) return;
  throw new HostError(
    `--runs-as ${runsAs} is no service account's e-mail. Write it as name@project.iam.gserviceaccount.com.`,
  );
}

async function asked(): Promise<void> {
  const signals = new AbortController();
  const { signal } = signals;
  // Keeps the process up: nothing that listens has to.
  const life = setInterval(() => undefined, 2 ** 30);
  await Promise.race(["SIGINT", "SIGTERM", "SIGHUP"].map((name) => once(process, name, { signal })));
  clearInterval(life);
  signals.abort();
}
