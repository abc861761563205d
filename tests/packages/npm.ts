import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export const ROOT = join(__dirname, "../..");

/**
 * Packs a workspace into a folder and answers which files it packed: from a copy, because what it builds on the way must
 * not lie about where others work.
 */
export function pack(workspace: string, folder: string): string[] {
  const source = (path: string) => !/node_modules|dist/.test(path.slice(ROOT.length));
  cpSync(join(ROOT, workspace), join(folder, workspace), { recursive: true, filter: source });
  for (const file of ["tsconfig.json", "LICENSE"]) cpSync(join(ROOT, file), join(folder, file));
  symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"));
  const output = run(
    "npm",
    ["pack", "--json", "--silent", "--pack-destination", folder],
    join(folder, workspace),
  );
  const [packed] = JSON.parse(output.slice(output.indexOf("[\n"))) as { files: { path: string }[] }[];
  return packed?.files.map(({ path }) => path).sort() ?? [];
}

/** What `pack` left in its folder. */
export function tarballIn(folder: string): string {
  return join(folder, readdirSync(folder).find((file) => file.endsWith(".tgz")) ?? "");
}

/** A folder with a program in it, and nothing of this repository. */
export function programFolder(folder: string, name: string, files: Readonly<Record<string, string>>): string {
  const program = join(folder, "programs", name);
  mkdirSync(program, { recursive: true });
  writeFileSync(join(program, "package.json"), JSON.stringify({ name, private: true }));
  for (const [file, text] of Object.entries(files)) writeFileSync(join(program, file), text);
  return program;
}

export function install(program: string, packages: readonly string[]): void {
  run("npm", ["install", "--no-audit", "--no-fund", "--prefer-offline", ...packages], program);
}

/** What a command prints; an error with all that it said when it fails. */
export function run(
  command: string,
  args: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>> = {},
): string {
  const { status, stdout, stderr } = spawnSync(command, args, {
    cwd,
    encoding: "utf8",
    env: { ...process.env, npm_config_loglevel: "error", ...env },
  });
  if (status === 0) return stdout;
  throw new Error(`${command} ${args.join(" ")} ended with ${String(status)}\n${stdout}\n${stderr}`);
}
