import type { KeyObject } from "node:crypto";

// jose is published as ES modules only. `import()` reads those from CommonJS in every Node.js 20, `require` from 20.19.
const load = () => import("jose");
let loaded: ReturnType<typeof load> | undefined;

/** Whether this key has signed this token, with RS256 and nothing else. */
export async function hasValidSignature(token: string, key: KeyObject): Promise<boolean> {
  const { compactVerify } = await (loaded ??= load());
  try {
    await compactVerify(token, key, { algorithms: ["RS256"] });
    return true;
  } catch {
    return false;
  }
}
