import { join } from "node:path";
import { readStackConfig } from "../sandbox/cli/stack-config";
import { VirtualClock } from "../sandbox/cloud/clock";
import { Cloud } from "../sandbox/cloud/cloud";
import { InProcessEngine } from "../sandbox/doors/in-process/engine";

export const ROOT = join(__dirname, "..");

/** The programs that are measured: the stack's own, and the same by hand. Paths from the repository's root. */
export const PROGRAMS = { stack: "index.ts", bare: "bench/bare/index.ts" } as const;

const START = Date.UTC(2026, 0, 1);

/** What leaves gateways, mesh and Envoy out: what is measured by hand too has none of them. */
export const WITHOUT_FRONTS: Readonly<Record<string, string>> = {
  "automatic-oidc:receiverImage": "",
  "automatic-oidc:meshUrl": "",
  "automatic-oidc:envoyUrl": "",
};

/** A cloud of its own with an engine on it, configured as the dev stack is, but for these values. */
export function devStack(otherwise: Readonly<Record<string, string>> = {}): {
  cloud: Cloud;
  engine: InProcessEngine;
} {
  const { project, stack, config } = readStackConfig(ROOT, "dev");
  const projects = [{ id: config["gcp:project"] ?? "", number: "123456789012" }];
  const cloud = new Cloud({ projects, clock: new VirtualClock(START) });
  const settings = { ...config, ...otherwise };
  return { cloud, engine: new InProcessEngine(cloud, { project, stack, config: settings }) };
}
