import { existsSync, mkdirSync, readdirSync, realpathSync, symlinkSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { UsageError } from "../../sandbox/cli/usage-error";
import type { Checkout } from "./git";

/**
 * Gives a worktree the packages of the checkout, so that nothing is installed and both programs run on one copy of the
 * Pulumi SDK. What is a workspace of the checkout becomes the worktree's own: the base runs with the base's components.
 */
export function linkPackages(checkout: Checkout, worktree: string): void {
  const folders = foldersUp(checkout).filter((folder) => existsSync(join(folder, "node_modules")));
  if (folders.length === 0) {
    throw new UsageError(
      `There is no node_modules in ${join(checkout.root, checkout.prefix)}. Run \`npm ci\` first.`,
    );
  }
  for (const folder of folders) {
    const inside = relative(checkout.root, folder);
    // What lies above the checkout serves from the worktree's root.
    const at = inside.startsWith("..") ? worktree : join(worktree, inside);
    if (!existsSync(at) || existsSync(join(at, "node_modules"))) continue;
    link(join(folder, "node_modules"), join(at, "node_modules"), checkout.root, worktree);
  }
}

function foldersUp({ root, prefix }: Checkout): string[] {
  const folders = [];
  for (let folder = join(root, prefix, "."); ; folder = dirname(folder)) {
    folders.push(folder);
    if (folder === dirname(folder)) return folders;
  }
}

function link(from: string, to: string, root: string, worktree: string): void {
  mkdirSync(to, { recursive: true });
  for (const name of readdirSync(from)) {
    if (name.startsWith(".")) continue;
    const [source, place] = [join(from, name), join(to, name)];
    if (name.startsWith("@")) link(source, place, root, worktree);
    else symlinkSync(counterpart(realpathSync(source), root, worktree), place);
  }
}

function counterpart(source: string, root: string, worktree: string): string {
  const inside = relative(realpathSync(root), source);
  const isWorkspace = !inside.startsWith("..") && !inside.split("/").includes("node_modules");
  const own = join(worktree, inside);
  return isWorkspace && existsSync(own) ? own : source;
}
