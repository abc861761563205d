import { safeParse, type z } from "zod/mini";
import type { Failure } from "./kind";
import { isProps, isUnknown, type Props } from "./values";

type Issue = z.core.$ZodIssue;
type Path = readonly PropertyKey[];

/** Values there may be secrets, and stay out of messages. */
const SECRET = /(^|\.)(secretData|content|value|environmentVariables\..*|buildEnvironmentVariables\..*)$/;

const TYPE_NAMES: Readonly<Partial<Record<string, string>>> = {
  int: "whole number",
  record: "map",
  array: "list",
};

/** What is wrong with these inputs. Whatever is not known yet is taken for right. */
export function failuresOf(subject: string, schema: z.core.$ZodType, inputs: Props): Failure[] {
  const result = safeParse(schema, inputs);
  if (result.success) return [];
  return result.error.issues.flatMap((issue) => {
    const value = lookUp(inputs, issue.path);
    return value === "unknown" ? [] : failures(subject, issue, value.found);
  });
}

/** One failure in the words that all of them have. */
export function failure(subject: string, property: string, why: string): Failure {
  return { property, reason: `${subject}: property "${property}" ${why}` };
}

function failures(subject: string, issue: Issue, value: unknown): Failure[] {
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) =>
      failure(subject, written([...issue.path, key]), "is not modelled by the sandbox"),
    );
  }
  const property = written(issue.path);
  if (value === undefined) return [failure(subject, property, "is required but missing")];
  const shown = SECRET.test(property) ? "" : ` ${show(value)}`;
  return [failure(subject, property, `has an invalid value${shown}: ${expectation(issue)}`)];
}

function expectation(issue: Issue): string {
  switch (issue.code) {
    case "invalid_type":
      return `it must be a ${TYPE_NAMES[issue.expected] ?? issue.expected}`;
    case "invalid_value":
      return `it must be one of ${issue.values.map((value) => JSON.stringify(value)).join(", ")}`;
    case "too_small":
      return `it must be at least ${Number(issue.minimum)}${unit(issue.origin)}`;
    case "too_big":
      return `it must be at most ${Number(issue.maximum)}${unit(issue.origin)}`;
    default:
      return issue.message;
  }
}

function unit(origin: string): string {
  return origin === "string" ? " characters" : origin === "array" ? " items" : "";
}

function show(value: unknown): string {
  if (Array.isArray(value)) return "(a list)";
  if (isProps(value)) return "(an object)";
  const text = JSON.stringify(value);
  return text.length > 120 ? `${text.slice(0, 117)}..."` : text;
}

function lookUp(inputs: Props, path: Path): "unknown" | { found: unknown } {
  let value: unknown = inputs;
  for (const key of path) {
    if (isUnknown(value)) return "unknown";
    value =
      typeof value === "object" && value !== null ? (value as Record<PropertyKey, unknown>)[key] : undefined;
  }
  return isUnknown(value) ? "unknown" : { found: value };
}

function written(path: Path): string {
  return path.reduce<string>((text, key) => {
    if (typeof key === "number") return `${text}[${key}]`;
    return text === "" ? String(key) : `${text}.${String(key)}`;
  }, "");
}
