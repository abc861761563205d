import type { ResourceState } from "../trust/resources";

/** Stands for an unknown value, as in `pulumi preview --json`. */
export const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** Stands for a secret, as in `pulumi preview --json`. */
export const SECRET = "[secret]";

/** Stands for one that takes another's place: what it is for changes, although neither can be shown. */
export const ANOTHER_SECRET = "[another secret]";

export type Props = Record<string, unknown>;

export function isProps(value: unknown): value is Props {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

// How Pulumi writes what JSON has no word for.
// https://github.com/pulumi/pulumi/blob/master/sdk/go/common/resource/properties.go
const SIGNATURE = "4dabf18193072939515e22adb298388d";
const KINDS: Readonly<Record<string, string>> = {
  "1b47061264138c4ac30d75fd1eb44270": "secret",
  c44067f5952c0a294b673a41bacd8c17: "asset",
  "0def7320c3a5731c473e5ecbe6d01bc7": "archive",
  "5cf8f73096256a8f31e491e813e4eb8e": "resource",
  d0e6a833031e9bbcd3f4e8bde6ca49a4: "output",
};

/** Properties as Pulumi writes them, without secrets and without the content of files. */
export function plainProps(value: unknown): Props {
  if (!isProps(value)) return {};
  // A whole set of properties can be one secret.
  const plain = plainValue(value);
  return isProps(plain) ? plain : {};
}

/** One value as Pulumi writes it, likewise. */
function plainValue(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plainValue);
  if (!isProps(value)) return value;
  if (!(SIGNATURE in value)) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plainValue(item)]));
  }
  switch (KINDS[String(value[SIGNATURE])]) {
    case "asset":
    case "archive":
      return fileText(KINDS[String(value[SIGNATURE])] ?? "", value.hash);
    case "resource":
      return typeof value.urn === "string" ? value.urn : UNKNOWN;
    case "output":
      return value.secret === true ? SECRET : "value" in value ? plainValue(value.value) : UNKNOWN;
    default:
      // A secret, or something that this reader does not know and had better not show.
      return SECRET;
  }
}

/** Outputs with everything hidden that the inputs hide: a provider may repeat an input without saying that it is secret. */
export function hiddenAlike(outputs: unknown, inputs: unknown): unknown {
  if (inputs === SECRET && outputs !== undefined) return SECRET;
  if (Array.isArray(outputs) && Array.isArray(inputs)) {
    return outputs.map((item, index) => hiddenAlike(item, inputs[index]));
  }
  if (!isProps(outputs) || !isProps(inputs)) return outputs;
  return Object.fromEntries(
    Object.entries(outputs).map(([key, item]) => [
      key,
      Object.hasOwn(inputs, key) ? hiddenAlike(item, inputs[key]) : item,
    ]),
  );
}

/** A resource as it was, with everything hidden that is a secret from now on: most likely it is the very same. */
export function withoutSecretsOf(old: ResourceState, now: ResourceState | undefined): ResourceState {
  if (now === undefined) return old;
  const hidden = (props: Props) => hiddenAlike(hiddenAlike(props, now.inputs), now.outputs) as Props;
  return { ...old, inputs: hidden(old.inputs), outputs: hidden(old.outputs) };
}

/** A file stands for itself by a part of its hash: enough to see that it changes. */
export function fileText(kind: string, hash: unknown): string {
  return `(${kind} ${typeof hash === "string" && hash !== "" ? hash.slice(0, 12) : "of unknown content"})`;
}

/** Where a value is: `template.containers[0].image`, `labels["a.b"]`. */
export function valueAt(value: unknown, path: string): unknown {
  return keysOf(path).reduce<unknown>((inner, key) => {
    if (inner === UNKNOWN || inner === SECRET) return inner;
    if (Array.isArray(inner)) return inner[Number(key)] as unknown;
    return isProps(inner) && Object.hasOwn(inner, key) ? inner[key] : undefined;
  }, value);
}

function keysOf(path: string): string[] {
  return [...path.matchAll(/\["((?:[^"\\]|\\.)*)"\]|\[(\d+)\]|([^.[\]]+)/g)].map(
    ([, quoted, index, plain]) => unquoted(quoted) ?? index ?? plain ?? "",
  );
}

/** As it was written: by the rules of JSON, which what is between the quotes may not quite follow. */
function unquoted(quoted: string | undefined): string | undefined {
  try {
    return quoted === undefined ? undefined : String(JSON.parse(`"${quoted}"`));
  } catch {
    return quoted;
  }
}
