import { createHash } from "node:crypto";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { isProps } from "../../cloud/resources/values";
import type { ArchiveValue, AssetValue, Props } from "../../cloud/resources/values";

const sha256 = (content: string | Buffer): string => createHash("sha256").update(content).digest("hex");

/**
 * A file as it comes over the wire. Whoever sends its hash has read it, perhaps in another folder, or long ago: then it
 * need not be there.
 */
export function assetOf(value: Props): AssetValue {
  const hash = textAt(value, "hash");
  if (hash !== undefined) {
    return { kind: "asset", hash, ...given({ path: textAt(value, "path"), text: textAt(value, "text") }) };
  }
  if (typeof value.text === "string" && value.text !== "") {
    return { kind: "asset", hash: sha256(value.text), text: value.text };
  }
  if (typeof value.path !== "string" || !existsSync(value.path)) {
    throw new Error(
      `the file ${JSON.stringify(value.path ?? value.uri)} cannot be read; give one that is on this machine`,
    );
  }
  return { kind: "asset", hash: sha256(readFileSync(value.path)), path: value.path };
}

/** Several files as they come over the wire, on the same terms. */
export function archiveOf(value: Props): ArchiveValue {
  const hash = textAt(value, "hash");
  if (hash !== undefined) {
    const files =
      isProps(value.assets) && Object.keys(value.assets).length > 0 ? filesIn(value.assets) : undefined;
    return { kind: "archive", hash, ...given({ path: textAt(value, "path"), files }) };
  }
  if (isProps(value.assets)) {
    const files = filesIn(value.assets);
    return { kind: "archive", hash: hashOf(files), files };
  }
  if (typeof value.path !== "string" || !existsSync(value.path)) {
    throw new Error(
      `the archive ${JSON.stringify(value.path ?? value.uri)} cannot be read; give one that is on this machine`,
    );
  }
  if (value.path.endsWith(".zip"))
    return { kind: "archive", hash: sha256(readFileSync(value.path)), path: value.path };
  const files = filesOf(value.path);
  return { kind: "archive", hash: hashOf(files), path: value.path, files };
}

function filesIn(assets: Props): Record<string, AssetValue> {
  return Object.fromEntries(
    Object.entries(assets).map(([name, asset]) => [name, assetOf(isProps(asset) ? asset : {})]),
  );
}

function textAt(value: Props, key: string): string | undefined {
  const text = value[key];
  return typeof text === "string" && text !== "" ? text : undefined;
}

function given<T extends object>(values: T): Partial<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Partial<T>;
}

function filesOf(folder: string): Record<string, AssetValue> {
  const names = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  return Object.fromEntries(
    names.map((entry) => {
      const path = join(entry.parentPath, entry.name);
      return [path.slice(folder.length + 1), assetOf({ path })];
    }),
  );
}

function hashOf(files: Readonly<Record<string, AssetValue>>): string {
  const lines = Object.entries(files)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, file]) => `${name}\0${file.hash}`);
  return sha256(lines.join("\n"));
}
