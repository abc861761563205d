import { Struct } from "google-protobuf/google/protobuf/struct_pb";
import { isAsset, isProps, UNKNOWN } from "../../cloud/resources/values";
import type { ArchiveValue, AssetValue, Props } from "../../cloud/resources/values";
import { archiveOf, assetOf } from "./files";

// How Pulumi writes on its wire what JSON has no word for.
// https://github.com/pulumi/pulumi/blob/master/sdk/nodejs/runtime/rpc.ts
const UNKNOWN_ON_WIRE = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
const SIGNATURE = "4dabf18193072939515e22adb298388d";
const SECRET = "1b47061264138c4ac30d75fd1eb44270";
const ASSET = "c44067f5952c0a294b673a41bacd8c17";
const ARCHIVE = "0def7320c3a5731c473e5ecbe6d01bc7";
const RESOURCE = "5cf8f73096256a8f31e491e813e4eb8e";

/** What came over the wire: values as the cloud takes them, and which of them the program keeps secret. */
export interface Received {
  readonly props: Props;
  /** Paths such as `template.containers.0.image`. */
  readonly secrets: readonly string[];
}

/** Reads properties off the wire. */
export function received(wire: unknown): Received {
  const secrets: string[] = [];
  const props = isProps(wire) ? (read(wire, "", secrets) as Props) : {};
  return { props, secrets };
}

function read(value: unknown, path: string, secrets: string[]): unknown {
  if (value === UNKNOWN_ON_WIRE) return UNKNOWN;
  if (Array.isArray(value))
    return value.map((item, index) => read(item, below(path, String(index)), secrets));
  if (!isProps(value)) return value;
  switch (value[SIGNATURE]) {
    case undefined:
      return Object.fromEntries(
        Object.entries(value).map(([key, item]) => [key, read(item, below(path, key), secrets)]),
      );
    case SECRET:
      secrets.push(path);
      return read(value.value, path, secrets);
    case ASSET:
      return assetOf(value);
    case ARCHIVE:
      return archiveOf(value);
    case RESOURCE:
      return typeof value.id === "string" && value.id !== "" ? value.id : value.urn;
    default:
      throw new Error(
        `"${path}" carries a kind of value (${String(value[SIGNATURE])}) that the sandbox does not know`,
      );
  }
}

/** Writes properties for the wire, with the given paths as secrets. */
export function sent(props: Props, secrets: readonly string[]): Props {
  return write(props, "", new Set(secrets)) as Props;
}

function write(value: unknown, path: string, secrets: ReadonlySet<string>): unknown {
  const plain = withoutSecrecy(value, path, secrets);
  return path !== "" && secrets.has(path) ? { [SIGNATURE]: SECRET, value: plain } : plain;
}

function withoutSecrecy(value: unknown, path: string, secrets: ReadonlySet<string>): unknown {
  if (value === UNKNOWN) return UNKNOWN_ON_WIRE;
  if (Array.isArray(value))
    return value.map((item, index) => write(item, below(path, String(index)), secrets));
  if (!isProps(value)) return value;
  if (isAsset(value)) return fileOnWire(value);
  return Object.fromEntries(
    Object.entries(defined(value)).map(([key, item]) => [key, write(item, below(path, key), secrets)]),
  );
}

const below = (path: string, key: string): string => (path === "" ? key : `${path}.${key}`);

function fileOnWire(value: AssetValue | ArchiveValue): Props {
  if (value.kind === "asset") {
    return defined({ [SIGNATURE]: ASSET, hash: value.hash, path: value.path, text: value.text });
  }
  const files = value.files && Object.entries(value.files);
  const assets = files && Object.fromEntries(files.map(([name, file]) => [name, fileOnWire(file)]));
  return defined({ [SIGNATURE]: ARCHIVE, hash: value.hash, path: value.path, assets });
}

/** The wire has no word for what is not there. */
function defined(props: Props): Props {
  return Object.fromEntries(Object.entries(props).filter(([, value]) => value !== undefined));
}

/** The message that carries what `sent` wrote. */
export function structOf(props: Props): Struct {
  return Struct.fromJavaScript(props as Parameters<typeof Struct.fromJavaScript>[0]);
}
