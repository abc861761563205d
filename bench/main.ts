import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { longestChain } from "./chain";
import { devStack, PROGRAMS, ROOT } from "./devStack";
import type { Usage } from "./measure";
import { median, pairs, runCode, runProgram } from "./measure";
import { previewAgainstDefaults } from "./preview";
import type { Row } from "./report";
import { report } from "./report";
import { verifierAgainstGoogles } from "./verify";

const HELP = `npm run bench -- [options]

Measures whole processes against each other in one run. What counts are the ratios; times differ from machine to machine.

  --only X    one part alone: stack, sandbox, preview (which needs the Pulumi CLI) or verify
  --pairs N   how many pairs of each comparison, after one to warm up; 5 if not given
  --json      one JSON document instead of tables
  --help      this text`;

/** What is promised. */
const BOUNDS = { sandbox: 4, stack: 1.15 };

const SANDBOX = "sandbox/cli/main.ts";

/** What is measured, by the name that --only takes. */
const PARTS: Readonly<Record<string, (count: number) => Promise<Row[]>>> = {
  stack: stackAgainstBare,
  sandbox: sandboxAgainstSdk,
  preview: previewAgainstDefaults,
  verify: verifierAgainstGoogles,
};

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      only: { type: "string" },
      pairs: { type: "string", default: "5" },
      json: { type: "boolean" },
      help: { type: "boolean" },
    },
  });
  if (values.help === true) {
    console.log(HELP);
    return;
  }
  const count = Number(values.pairs);
  if (!Number.isInteger(count) || count < 1) throw new Error(`--pairs ${values.pairs}: give a whole number`);
  const rows: Row[] = [];
  for (const part of partsOf(values.only)) rows.push(...(await part(count)));
  const chain = values.only === undefined ? await chainOfStack() : [];
  console.log(values.json === true ? JSON.stringify({ rows, chain }, undefined, 2) : report(rows, chain));
}

function partsOf(only: string | undefined): ((count: number) => Promise<Row[]>)[] {
  if (only === undefined) return Object.values(PARTS);
  const part = PARTS[only];
  if (part === undefined) throw new Error(`--only ${only}: give ${Object.keys(PARTS).join(", ")}`);
  return [part];
}

/** The stack's program against one that declares the same by hand, each in the in-process engine, as whole processes. */
async function stackAgainstBare(count: number): Promise<Row[]> {
  const rounds = await pairs(
    count,
    () => runProgram("bench/program.ts", "bare"),
    () => runProgram("bench/program.ts", "stack"),
  );
  return (["time", "cpu", "memory"] as const).map((what) => ({
    ...compared("the stack", "the same by hand", rounds, what),
    bound: what === "cpu" ? undefined : BOUNDS.stack,
  }));
}

/** `npm run sandbox`'s command from start to exit, without its apps' own start, against loading the SDK. */
async function sandboxAgainstSdk(count: number): Promise<Row[]> {
  if (!existsSync(join(ROOT, SANDBOX))) return [];
  const apps = (await pairs(count, noop, () => runProgram("bench/apps.ts"))).map(([, { output }]) =>
    Number(output),
  );
  const rounds = await pairs(
    count,
    () => runCode('require("@pulumi/pulumi")'),
    () => runProgram(SANDBOX),
  );
  const start = median(apps);
  const without = rounds.map(([sdk, sandbox]): [Usage, Usage] => [
    sdk,
    { ...sandbox, time: sandbox.time - start },
  ]);
  const whole = compared("npm run sandbox", 'require("@pulumi/pulumi")', rounds, "time");
  return [
    whole,
    { ...whole, name: "its apps' own start", value: start, ratio: start / whole.base },
    {
      ...compared("npm run sandbox without it", 'require("@pulumi/pulumi")', without, "time"),
      bound: BOUNDS.sandbox,
    },
    compared("npm run sandbox", 'require("@pulumi/pulumi")', rounds, "memory"),
  ];
}

const noop = () => Promise.resolve();

/** Medians of both sides, and the median of the ratios of the pairs. */
function compared(
  name: string,
  against: string,
  rounds: readonly (readonly [Usage, Usage])[],
  what: Row["what"],
): Row {
  return {
    name,
    against,
    what,
    value: median(rounds.map(([, measured]) => measured[what])),
    base: median(rounds.map(([base]) => base[what])),
    ratio: median(rounds.map(([base, measured]) => measured[what] / base[what])),
  };
}

async function chainOfStack(): Promise<string[]> {
  const load = createRequire(__filename);
  const { resources } = await devStack().engine.up((): unknown => load(join(ROOT, PROGRAMS.stack)));
  return longestChain(resources);
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
