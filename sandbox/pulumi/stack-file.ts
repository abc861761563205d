import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { isProps, type Props } from "../cloud/resources/values";
import type { Program } from "./program";

/** Pulumi's own notes on how a file's secrets are encrypted. Those of the real stack are no use here. */
const ENCRYPTION = ["secretsprovider", "encryptedkey", "encryptionsalt"];

export interface SandboxConfig {
  /** The file for Pulumi to read and write. */
  readonly file: string;
  readonly config: Props;
  /** Keys whose values only the real stack can decrypt. */
  readonly encrypted: readonly string[];
}

/**
 * The stack's configuration in the sandbox: that of Pulumi.<stack>.yaml as it is now, and over it whatever was set or taken
 * out by `pulumi config` in here. Pulumi notes its salt in the file that it reads, so it must not be the project's own.
 */
export function stackConfigFile(folder: string, program: Program, stack: string): SandboxConfig {
  const place = join(folder, program.name);
  const file = join(place, `Pulumi.${stack}.yaml`);
  const baseFile = join(place, `.${stack}.base.yaml`);
  const theirs = readYaml(join(program.folder, `Pulumi.${stack}.yaml`));
  const given = configOf(theirs);
  const base = configOf(readYaml(baseFile));
  const mine = readYaml(file);
  const own = configOf(mine);
  const plain = Object.fromEntries(Object.entries(given).filter(([, value]) => !isEncrypted(value)));
  const config = { ...plain, ...changed(base, own) };
  for (const key of Object.keys(base)) if (own[key] === undefined) Reflect.deleteProperty(config, key);
  const rest = Object.entries(theirs).filter(([key]) => key !== "config" && !ENCRYPTION.includes(key));
  const notes = Object.entries(mine).filter(([key]) => ENCRYPTION.includes(key));
  mkdirSync(place, { recursive: true, mode: 0o700 });
  writeFileSync(file, stringify({ ...Object.fromEntries([...rest, ...notes]), config }), { mode: 0o600 });
  writeFileSync(baseFile, stringify({ config: plain }), { mode: 0o600 });
  const encrypted = Object.keys(given).filter((key) => isEncrypted(given[key]) && config[key] === undefined);
  return { file, config, encrypted };
}

/** What was set since, in the sandbox. */
function changed(base: Props, own: Props): Props {
  const same = (key: string) => JSON.stringify(base[key]) === JSON.stringify(own[key]);
  return Object.fromEntries(Object.entries(own).filter(([key]) => !same(key)));
}

function isEncrypted(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(isEncrypted);
  return isProps(value) && ("secure" in value || Object.values(value).some(isEncrypted));
}

function configOf({ config }: Props): Props {
  return isProps(config) ? config : {};
}

function readYaml(path: string): Props {
  if (!existsSync(path)) return {};
  const content: unknown = parse(readFileSync(path, "utf8"));
  return isProps(content) ? content : {};
}
