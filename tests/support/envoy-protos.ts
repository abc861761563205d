import { existsSync } from "node:fs";
import { dirname, isAbsolute, join } from "node:path";
import { Enum, type Field, MapField, Root, Type } from "protobufjs";

/** Envoy's own definitions, as this package brings them along. */
const API = join(dirname(require.resolve("@grpc/grpc-js-xds/package.json")), "deps");
const FOLDERS = [
  ...["envoy-api", "xds", "googleapis", "protoc-gen-validate"].map((folder) => join(API, folder)),
  dirname(require.resolve("protobufjs/package.json")),
];
const FILES = [
  "envoy/config/bootstrap/v3/bootstrap.proto",
  "envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager.proto",
  "envoy/extensions/filters/http/jwt_authn/v3/config.proto",
  "envoy/extensions/filters/http/rbac/v3/rbac.proto",
  "envoy/extensions/filters/http/router/v3/router.proto",
  "envoy/extensions/transport_sockets/tls/v3/tls.proto",
];

let loaded: Root | undefined;

function definitions(): Root {
  if (loaded !== undefined) return loaded;
  const root = new Root();
  root.resolvePath = (_, target) =>
    isAbsolute(target)
      ? target
      : (FOLDERS.map((folder) => join(folder, target)).find((file) => existsSync(file)) ?? null);
  loaded = root.loadSync(FILES, { keepCase: true });
  return loaded;
}

/**
 * What Envoy's definitions say against a bootstrap, in the JSON form of protocol buffers: unknown fields, wrong types and
 * names, several members of a oneof, and the rules that stand beside the fields (required, lengths, ranges). It does not say
 * what Envoy checks in code only.
 */
export function faultsInBootstrap(document: unknown): string[] {
  return faultsIn(definitions().lookupType("envoy.config.bootstrap.v3.Bootstrap"), document, "bootstrap");
}

type Special = (value: unknown, path: string) => string[];

const scalar =
  (type: string): Special =>
  (value, path) =>
    typeof value === type ? [] : [`${path}: not a ${type}`];

/** Types that have a form of their own in JSON. https://protobuf.dev/programming-guides/json/ */
const SPECIAL: Readonly<Record<string, Special>> = {
  ".google.protobuf.Duration": (value, path) =>
    typeof value === "string" && /^\d+(\.\d{1,9})?s$/.test(value) ? [] : [`${path}: not a duration`],
  ".google.protobuf.UInt32Value": (value, path) => integer(value, path, 2 ** 32),
  ".google.protobuf.BoolValue": scalar("boolean"),
  ".google.protobuf.Any": packed,
};

function packed(value: unknown, path: string): string[] {
  const { "@type": url, ...rest } = (isObject(value) ? value : {}) as { "@type"?: string };
  const name = /^type\.googleapis\.com\/(.+)$/.exec(url ?? "")?.[1];
  const type = name === undefined ? null : definitions().lookup(name);
  return type instanceof Type ? faultsIn(type, rest, path) : [`${path}: no type "${url ?? ""}"`];
}

function faultsIn(type: Type, value: unknown, path: string): string[] {
  const special = SPECIAL[type.fullName];
  if (special !== undefined) return special(value, path);
  if (!isObject(value)) return [`${path}: not an object, as ${type.name} is`];
  const given = Object.entries(value).flatMap(([key, inner]) => {
    const field = type.fields[key];
    const at = `${path}.${key}`;
    return field === undefined ? [`${at}: no field of ${type.fullName}`] : faultsOf(field, inner, at);
  });
  return [...given, ...oneofFaults(type, value, path), ...missing(type, value, path)];
}

function oneofFaults(type: Type, value: object, path: string): string[] {
  return type.oneofsArray.flatMap(({ name, oneof, options }) => {
    const count = oneof.filter((member) => member in value).length;
    const needed = options?.["(validate.required)"] === true;
    return count > 1 || (needed && count === 0) ? [`${path}: ${count} of ${name}`] : [];
  });
}

function missing(type: Type, value: object, path: string): string[] {
  return type.fieldsArray.flatMap((field) => {
    const needed = REQUIRING.some((name) => Number(rule(field, name)) > 0);
    // A member of a oneof is wanted only when it is the one.
    return needed && field.partOf === null && !(field.name in value)
      ? [`${path}.${field.name}: missing`]
      : [];
  });
}

const REQUIRING = ["message.required", "duration.required", "string.min_len", "repeated.min_items"];

function faultsOf(field: Field, value: unknown, path: string): string[] {
  const known = field.resolve();
  if (known instanceof MapField) {
    if (!isObject(value)) return [`${path}: not a map`];
    return Object.entries(value).flatMap(([key, inner]) => oneFault(known, inner, `${path}.${key}`));
  }
  if (!known.repeated) return oneFault(known, value, path);
  if (!Array.isArray(value)) return [`${path}: not a list`];
  const least = Number(rule(field, "repeated.min_items") ?? 0);
  return [
    ...(value.length < least ? [`${path}: less than ${least} entries`] : []),
    ...value.flatMap((inner: unknown, i) => oneFault(known, inner, `${path}.${i}`)),
  ];
}

function oneFault(field: Field, value: unknown, path: string): string[] {
  const type = field.resolvedType;
  if (type instanceof Type) return faultsIn(type, value, path);
  if (type instanceof Enum) {
    return typeof value === "string" && value in type.values
      ? []
      : [`${path}: "${String(value)}" is no ${type.name}`];
  }
  if (field.type === "string") return text(field, value, path);
  if (field.type === "bool") return flag(field, value, path);
  if (/int|fixed/.test(field.type))
    return integer(value, path, Number(rule(field, "uint32.lte") ?? 2 ** 53) + 1);
  return [`${path}: a ${field.type}, which this check does not know`];
}

function text(field: Field, value: unknown, path: string): string[] {
  const least = Number(rule(field, "string.min_len") ?? 0);
  return typeof value === "string" && value.length >= least
    ? []
    : [`${path}: not a text of ${least} letters or more`];
}

function flag(field: Field, value: unknown, path: string): string[] {
  const isWrong = typeof value !== "boolean" || (rule(field, "bool.const") === true && !value);
  return isWrong ? [`${path}: not the boolean that is wanted`] : [];
}

function integer(value: unknown, path: string, end: number): string[] {
  return Number.isInteger(value) && Number(value) >= 0 && Number(value) < end
    ? []
    : [`${path}: not a whole number below ${end}`];
}

function rule(field: Field, name: string): unknown {
  return field.options?.[`(validate.rules).${name}`];
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
