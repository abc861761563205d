import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { UsageError } from "../../sandbox/cli/usage-error";

/** A git checkout. */
export interface Checkout {
  root: string;
  /** The folder in question, from the root: `` or `examples/one/`. */
  prefix: string;
}

/** The checkout that a folder is in. */
export function checkoutOf(folder: string): Checkout {
  const { status, stdout, error } = git(folder, ["rev-parse", "--show-toplevel", "--show-prefix"]);
  if (error !== undefined)
    throw new UsageError(`git cannot be run (${error.message}). Install it, or use --from.`);
  if (status !== 0) {
    throw new UsageError(
      `${folder} is no git checkout, so there is nothing to hold it against. Run this where the repository is, or use --from.`,
    );
  }
  const [root = "", prefix = ""] = stdout.split("\n");
  return { root, prefix };
}

/** The commit that a ref names. */
export function commitOf({ root }: Checkout, ref: string): string {
  // It must not be taken for an option.
  const { status, stdout } = ref.startsWith("-")
    ? { status: 1, stdout: "" }
    : git(root, ["rev-parse", "--verify", "--quiet", `${ref}^{commit}`]);
  if (status === 0) return stdout.trim();
  const shallow = git(root, ["rev-parse", "--is-shallow-repository"]).stdout.trim() === "true";
  const remedy = shallow
    ? "This clone is shallow: fetch it first, with `git fetch --depth=1 origin REF`, or check out with more depth."
    : "Give a branch, a tag or a commit that `git log` knows here; fetch it first if it is another's.";
  throw new UsageError(`--base ${ref}: git knows no such commit in ${root}. ${remedy}`);
}

/** A commit's files in a folder of their own. */
export interface Worktree {
  root: string;
  /** Takes it away again; may be called twice, and while the process ends. */
  remove: () => void;
}

/** Checks a commit out beside the checkout, which stays as it is. */
export function addWorktree({ root }: Checkout, commit: string): Worktree {
  const folder = mkdtempSync(join(tmpdir(), "preview-base-"));
  const own = join(folder, "base");
  const remove = (): void => {
    // By its name: what git calls pruning forgets other worktrees too, such as those on a disk that is not there now.
    git(root, ["worktree", "remove", "--force", "--force", own]);
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    // Nobody's hooks: this is no checkout that somebody works in.
    const options = ["-c", "core.hooksPath=/dev/null", "-c", "advice.detachedHead=false"];
    execFileSync("git", [...options, "worktree", "add", "--detach", own, commit], {
      cwd: root,
      stdio: "pipe",
    });
  } catch (error) {
    remove();
    throw error;
  }
  return { root: own, remove };
}

/** Those of the files that differ between a commit and what is checked out, new ones among them. */
export function differing({ root }: Checkout, commit: string, files: readonly string[]): string[] {
  return files.filter((file) => {
    const there = git(root, ["rev-parse", "--verify", "--quiet", `${commit}:${file}`]);
    const here = git(root, ["hash-object", "--", file]);
    return there.stdout !== here.stdout;
  });
}

function git(cwd: string, args: readonly string[]) {
  return spawnSync("git", args, { cwd, encoding: "utf8" });
}
