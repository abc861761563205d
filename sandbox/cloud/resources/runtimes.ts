import { own } from "../own";

/** A language runtime of Cloud Functions, and from when on nothing can be deployed on it any more. */
interface Runtime {
  generations: readonly (1 | 2)[];
  decommissioned: string;
}

// docs.cloud.google.com/functions/docs/runtime-support and docs.cloud.google.com/functions/1stgendocs/runtime-support
const RUNTIMES: Readonly<Partial<Record<string, Runtime>>> = {
  nodejs24: { generations: [2], decommissioned: "2028-10-31" },
  nodejs22: { generations: [1, 2], decommissioned: "2027-10-31" },
  nodejs20: { generations: [1, 2], decommissioned: "2026-10-30" },
  nodejs18: { generations: [1, 2], decommissioned: "2025-10-30" },
  nodejs16: { generations: [1, 2], decommissioned: "2025-01-30" },
  python314: { generations: [2], decommissioned: "2031-04-10" },
  python313: { generations: [2], decommissioned: "2030-04-10" },
  python312: { generations: [1, 2], decommissioned: "2029-04-02" },
};

/** Why nothing can be deployed on this runtime at this time, or undefined if it can. */
export function runtimeRefusal(name: string, generation: 1 | 2, now: number): string | undefined {
  const runtime = own(RUNTIMES, name);
  if (runtime === undefined) {
    return `runtime "${name}" is not modelled by the sandbox, which knows ${Object.keys(RUNTIMES).join(", ")}`;
  }
  if (now >= Date.parse(runtime.decommissioned)) {
    return `runtime "${name}" is decommissioned since ${runtime.decommissioned} and no longer allowed. Use a newer one.`;
  }
  if (!runtime.generations.includes(generation)) {
    return `runtime "${name}" is not supported on GCF Gen${generation}: it is for functions of the 2nd generation.`;
  }
  return undefined;
}
