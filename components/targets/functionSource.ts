import { createHash } from "node:crypto";
import { existsSync, readFileSync, readdirSync, statSync } from "node:fs";
import { join, posix, relative, sep } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import type { Subject } from "../wiring/checks";
import { refuse } from "../wiring/checks";

/** A function's source, packed, with the name that its content gives it. */
export interface FunctionSource {
  /** Changes when, and only when, the content does: so a changed source redeploys and an unchanged one does not. */
  readonly objectName: string;
  readonly archive: pulumi.asset.Archive;
}

/** What no build needs: it installs dependencies itself, and history is nobody's business there. */
const LEFT_OUT = new Set(["node_modules", ".git"]);

/** Packs a folder, or takes an archive as it is. */
export function functionSource(subject: Subject, path: string): FunctionSource {
  if (!existsSync(path)) {
    refuse(subject, "source", path, {
      problem: `does not exist, seen from ${process.cwd()}`,
      remedy: "Give the path of a folder, or of a .zip file, relative to the Pulumi program's folder",
    });
  }
  return statSync(path).isDirectory() ? packed(subject, path) : archived(subject, path);
}

function packed(subject: Subject, folder: string): FunctionSource {
  const files = filesBelow(folder).sort();
  if (files.length === 0) {
    refuse(subject, "source", folder, {
      problem: "has no files in it",
      remedy: "Give the folder that holds the code",
    });
  }
  const hash = createHash("sha256");
  const assets: Record<string, pulumi.asset.Asset> = {};
  for (const file of files) {
    const name = relative(folder, file).split(sep).join(posix.sep);
    const content = readFileSync(file);
    // Name and length bound each file, so that moving a byte from one to the next is a change.
    hash.update(`${name}\0${content.length}\0`).update(content);
    assets[name] = new pulumi.asset.FileAsset(file);
  }
  return { objectName: `${hash.digest("hex")}.zip`, archive: new pulumi.asset.AssetArchive(assets) };
}

function archived(subject: Subject, file: string): FunctionSource {
  if (!file.endsWith(".zip")) {
    refuse(subject, "source", file, {
      problem: "is neither a folder nor a .zip file",
      remedy: "Give one of the two",
    });
  }
  const hash = createHash("sha256").update(readFileSync(file)).digest("hex");
  return { objectName: `${hash}.zip`, archive: new pulumi.asset.FileArchive(file) };
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (LEFT_OUT.has(entry.name)) return [];
    const path = join(folder, entry.name);
    return entry.isDirectory() ? filesBelow(path) : [path];
  });
}
