import { lstatSync, mkdirSync, readFileSync, readlinkSync, rmSync, symlinkSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { isProps } from "../cloud/resources/values";
import { PACKAGES } from "../doors/shared/packages";

const OWN = join(__dirname, "../plugins");

/**
 * Puts the sandbox's providers where Pulumi keeps those that it downloads, as the versions that the program's packages ask
 * for. On PATH they would do too, with a warning at each command.
 */
export function placePlugins(home: string, programFolder: string | undefined): void {
  for (const name of PACKAGES) {
    const versions = [programFolder, __dirname].map(
      (from) => from && versionSeenFrom(from, `@pulumi/${name}`),
    );
    for (const version of new Set(versions)) {
      if (version !== undefined) place(home, `pulumi-resource-${name}`, `resource-${name}-v${version}`);
    }
  }
}

function versionSeenFrom(folder: string, packageName: string): string | undefined {
  try {
    const path = createRequire(join(folder, "index.js")).resolve(`${packageName}/package.json`);
    const content: unknown = JSON.parse(readFileSync(path, "utf8"));
    return isProps(content) && typeof content.version === "string" ? content.version : undefined;
  } catch {
    return undefined;
  }
}

function place(home: string, executable: string, plugin: string): void {
  const folder = join(home, "plugins", plugin);
  const link = join(folder, executable);
  const target = join(OWN, executable);
  mkdirSync(folder, { recursive: true });
  if (targetOf(link) === target) return;
  rmSync(link, { force: true });
  try {
    symlinkSync(target, link);
  } catch (error) {
    // Another command may be placing it at the same time.
    if (targetOf(link) !== target) throw error;
  }
}

function targetOf(link: string): string | undefined {
  try {
    return lstatSync(link).isSymbolicLink() ? readlinkSync(link) : undefined;
  } catch {
    return undefined;
  }
}
