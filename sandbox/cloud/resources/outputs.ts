import type { Context, Kind } from "./kind";
import { isProps, valueAt, withValue, type Props } from "./values";

/** The inputs with the kind's defaults. */
export function withDefaults(kind: Kind<never>, news: Props): Props {
  let inputs: Props = { ...news };
  for (const [path, value] of Object.entries(kind.defaults ?? {})) {
    const dot = path.lastIndexOf(".");
    const inBlock = dot < 0 || isProps(valueAt(inputs, path.slice(0, dot)));
    if (inBlock && valueAt(inputs, path) === undefined) inputs = withValue(inputs, path, value);
  }
  return inputs;
}

/** The outputs, and in their blocks what an update that says nothing of it left as it was. */
export function withKept(kind: Kind<never>, outputs: Props, before: Props): Props {
  return (kind.kept ?? []).reduce((all, path) => {
    const value = valueAt(before, path);
    const isLeftOut = isProps(valueAt(all, path.slice(0, path.lastIndexOf("."))));
    return value !== undefined && isLeftOut && valueAt(all, path) === undefined
      ? withValue(all, path, value)
      : all;
  }, outputs);
}

/** The inputs as the cloud writes them back, and wherever they say nothing of a computed property, what the cloud says. */
export function outputsOf(
  cx: Context,
  kind: Kind<never>,
  inputs: Props,
  said: (path: string) => unknown,
): Props {
  let outputs = { ...(kind.writtenBack?.(inputs, cx) ?? inputs) };
  for (const path of kind.computed) {
    if (valueAt(outputs, path) !== undefined) continue;
    const value = said(path);
    if (value !== undefined) outputs = withValue(outputs, path, value);
  }
  return outputs;
}
