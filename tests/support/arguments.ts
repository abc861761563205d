import { readFileSync } from "node:fs";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { isProps, UNKNOWN } from "../../sandbox/cloud/resources/values";
import type { Props } from "../../sandbox/cloud/resources/values";
import { label } from "./graph";
import { codesIn, tableRows } from "./markdown";
import type { TestStack } from "./stack";

/** A value that comes to be known while the program runs, as a deployed resource's output does. */
export function later<T>(value: T): pulumi.Output<T> {
  return pulumi.output(new Promise<T>((resolve) => setImmediate(resolve, value))) as pulumi.Output<T>;
}

/** The same arguments, with each text, number and truth value known later, but for those that must be plain. */
export function laterLeaves<Args extends object>(args: Args, plain: readonly string[] = []): Args {
  const entries = Object.entries(args).map(([key, item]: [string, unknown]) => [
    key,
    plain.includes(key) ? item : leavesLater(item),
  ]);
  return Object.fromEntries(entries) as Args;
}

function leavesLater(value: unknown): unknown {
  if (["string", "number", "boolean"].includes(typeof value)) return later(value);
  if (Array.isArray(value)) return value.map(leavesLater);
  return isProps(value) ? laterLeaves(value) : value;
}

/** Something that takes any text, and waits for what the text waits for. */
export function probe(name: string, keepers: Record<string, pulumi.Input<string>>): void {
  new random.RandomString(name, { length: 4, keepers });
}

/** The leaves of a document as texts, by their path, each known or unknown for itself. */
export function leavesOf(value: unknown, path = ""): Record<string, pulumi.Output<string>> {
  if (pulumi.Output.isInstance(value) || typeof value !== "object" || value === null) {
    return { [path]: pulumi.interpolate`${value as pulumi.Input<string>}` };
  }
  return Object.assign(
    {},
    ...Object.entries(value).map(([key, inner]) => leavesOf(inner, path === "" ? key : `${path}.${key}`)),
  ) as Record<string, pulumi.Output<string>>;
}

/** What a program is refused with. */
export async function refusal(stack: TestStack, program: () => unknown): Promise<string> {
  const error = await stack.preview(withoutOutputs(program)).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  // The SDK puts in front of the message where it came upon the error.
  if (pulumi.InputPropertyError.isInstance(error)) return error.reason;
  throw error instanceof Error ? error : new Error("the program was not refused");
}

/** The SDK warns of every output that is undefined, as a component's often are; they are nobody's business here. */
function withoutOutputs(program: () => unknown): () => unknown {
  return () => {
    const made = program();
    return made instanceof Promise ? made.then(() => undefined) : undefined;
  };
}

/** What a program asks for in a first preview: the inputs of each resource. */
export async function asked(stack: TestStack, program: () => unknown): Promise<Record<string, Props>> {
  const { resources } = await stack.preview(withoutOutputs(program));
  return Object.fromEntries(resources.filter(({ custom }) => custom).map((r) => [label(r), r.inputs]));
}

/** What differs between two such answers, as lines: "Type name.path: before => after", "Type name: made" or "… gone". */
export function differences(before: Record<string, Props>, after: Record<string, Props>): string[] {
  const labels = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  const lines = labels.flatMap((key) => {
    const [from, to] = [before[key], after[key]];
    if (from === undefined) return [`${key}: made`];
    return to === undefined ? [`${key}: gone`] : different(key, from, to);
  });
  return lines.sort();
}

function different(path: string, before: unknown, after: unknown): string[] {
  if (before === after) return [];
  if (Array.isArray(before) && Array.isArray(after) && before.length === after.length) {
    return before.flatMap((item, index) => different(`${path}[${index}]`, item, after[index]));
  }
  if (isProps(before) && isProps(after)) {
    const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])];
    return keys.flatMap((key) => different(`${path}.${key}`, before[key], after[key]));
  }
  const [from, to] = [before, after].map(shown);
  return from === to ? [] : [`${path}: ${from} => ${to}`];
}

function shown(value: unknown): string {
  if (value === undefined) return "(nothing)";
  return JSON.stringify(value, (_, item: unknown) => (item === UNKNOWN ? "(unknown)" : item));
}

/** The arguments of a component, as its page has them. */
export function argumentsOf(component: string): string[] {
  const page = readFileSync(`docs/components/${component}.md`, "utf8");
  return tableRows(page, "Arguments")
    .flatMap((row) => codesIn(row["argument"] ?? ""))
    .sort();
}
