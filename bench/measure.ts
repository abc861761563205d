import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { Readable } from "node:stream";
import { ROOT } from "./devStack";

/** What a whole process took, from its start to its end. */
export interface Usage {
  /** Milliseconds on the clock. */
  readonly time: number;
  /** Milliseconds of processor time, without that of its children. */
  readonly cpu: number;
  /** Most memory that it held at one time, in MiB. */
  readonly memory: number;
  /** What it wrote to its standard output. */
  readonly output: string;
}

const TYPESCRIPT = ["-r", "./register.js"];

/** Runs a TypeScript program in a process of its own. */
export function runProgram(file: string, ...args: string[]): Promise<Usage> {
  return run([...TYPESCRIPT, file, ...args]);
}

/** Runs a piece of JavaScript in a process of its own. */
export function runCode(code: string): Promise<Usage> {
  return run(["-e", code]);
}

async function run(args: readonly string[]): Promise<Usage> {
  const hook = join(__dirname, "usage.js");
  const started = process.hrtime.bigint();
  const child = spawn(process.execPath, ["-r", hook, ...args], {
    cwd: ROOT,
    stdio: ["ignore", "pipe", "pipe", "pipe"],
  });
  const [, output, errors, used] = child.stdio.map(all);
  const [code] = (await once(child, "exit")) as [number | null];
  const time = Number(process.hrtime.bigint() - started) / 1e6;
  if (code !== 0) {
    throw new Error(`node ${args.join(" ")} ended with ${String(code)}:\n${(await errors) ?? ""}`);
  }
  const { cpu, memory } = JSON.parse((await used) ?? "") as { cpu: number; memory: number };
  return { time, cpu, memory, output: (await output) ?? "" };
}

function all(stream: unknown): Promise<string> {
  return stream instanceof Readable ? text(stream) : Promise.resolve("");
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return ((sorted[Math.floor(middle)] ?? NaN) + (sorted[Math.ceil(middle)] ?? NaN)) / 2;
}

/** Runs two things in turn, so that whatever else the machine does falls on both; the first round only warms up. */
export async function pairs<A, B>(
  count: number,
  first: () => Promise<A>,
  second: () => Promise<B>,
): Promise<[A, B][]> {
  const rounds: [A, B][] = [];
  for (let round = 0; round <= count; round++) rounds.push([await first(), await second()]);
  return rounds.slice(1);
}
