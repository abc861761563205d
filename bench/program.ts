/* One whole process of the comparison: deploys one of the two programs, and ends. */
import { createRequire } from "node:module";
import { join } from "node:path";
import { devStack, PROGRAMS, ROOT, WITHOUT_FRONTS } from "./devStack";

const name = process.argv[2];
if (name !== "stack" && name !== "bare") throw new Error(`"${name ?? ""}" is neither stack nor bare`);

// As Pulumi's own runner loads a program.
const load = createRequire(__filename);
void devStack(WITHOUT_FRONTS).engine.up((): unknown => load(join(ROOT, PROGRAMS[name])));
