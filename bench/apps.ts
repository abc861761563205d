/* Starts the apps of the dev stack, when all is deployed, and tells how long that took, alone and from their own start. */
import { createRequire } from "node:module";
import { join } from "node:path";
import { writeSync } from "node:fs";
import { Backends } from "../sandbox/backends/backends";
import { KeyServer } from "../sandbox/backends/key-server";
import { readLocalApps } from "../sandbox/backends/local-apps";
import { devStack, PROGRAMS, ROOT } from "./devStack";

async function main(): Promise<void> {
  const { cloud, engine } = devStack();
  const load = createRequire(__filename);
  const { outputs } = await engine.up((): unknown => load(join(ROOT, PROGRAMS.stack)));
  const apps = readLocalApps(join(ROOT, "apps/local.json"));
  const keys = await KeyServer.start(cloud.tokens);
  const backends = new Backends({ cloud, apps, root: ROOT, keys: () => keys });
  try {
    const started = process.hrtime.bigint();
    backends.startHosts(Object.keys(apps.hosts), { outputs, keys });
    await backends.ready();
    writeSync(1, String(Number(process.hrtime.bigint() - started) / 1e6));
  } finally {
    await backends.stop();
    await keys.stop();
  }
}

void main();
