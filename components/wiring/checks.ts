import * as pulumi from "@pulumi/pulumi";

/** The component instance that an error is about. */
export interface Subject {
  /** The class, such as `SchedulerJob`. */
  readonly component: string;
  /** The logical name that the program gave it. */
  readonly name: string;
}

/** What is wrong with a value, and what to do about it. */
export interface Problem {
  readonly problem: string;
  readonly remedy: string;
}

/** Looks at a value that is known; answers what is wrong with it, or nothing. */
export type Check<T> = (value: T) => Problem | undefined;

/** Throws the error that every component throws for bad input: who, which property, which value, what to do. */
export function refuse(
  subject: Subject,
  property: string,
  value: unknown,
  { problem, remedy }: Problem,
): never {
  throw new pulumi.InputPropertyError({
    propertyPath: property,
    reason: `${subject.component} "${subject.name}": ${property} ${shown(value)} ${problem}. ${remedy}`,
  });
}

/** Checks a plain value, and answers it. */
export function checkedNow<T>(subject: Subject, property: string, value: T, check: Check<T>): T {
  const found = check(value);
  return found === undefined ? value : refuse(subject, property, value, found);
}

/**
 * Checks an input: at once when its value is plain, else as soon as it is known, by way of the output that is
 * returned. Give the result to the child, so that nothing is created with a value that was refused.
 */
export function checked<T>(
  subject: Subject,
  property: string,
  input: pulumi.Input<T>,
  check: Check<T>,
): pulumi.Input<T> {
  return checkedInside(subject, input, (value) => {
    const found = check(value);
    return found === undefined ? undefined : { ...found, property, value };
  });
}

/** What is wrong somewhere inside a value. */
export interface Fault extends Problem {
  /** The place, as an error names it. */
  readonly property: string;
  /** What stands there. */
  readonly value: unknown;
}

/** The same for a value with an inside of its own, such as a document: the error names the place in it. */
export function checkedInside<T>(
  subject: Subject,
  input: pulumi.Input<T>,
  faultIn: (value: T) => Fault | undefined,
): pulumi.Input<T> {
  if (isPlain(input)) {
    const fault = faultIn(input);
    return fault === undefined ? input : refuse(subject, fault.property, fault.value, fault);
  }
  const output = pulumi.output(input) as pulumi.Output<T>;
  const result = output.apply(async (value) => {
    const fault = faultIn(value);
    if (fault === undefined) return value;
    // A value that the program keeps secret must not show up in an error either.
    return refuse(subject, fault.property, (await pulumi.isSecret(output)) ? SECRET : fault.value, fault);
  });
  return result;
}

/** The same for an argument that may be left out. */
export function checkedIfGiven<T>(
  subject: Subject,
  property: string,
  input: pulumi.Input<T> | undefined,
  check: Check<T>,
): pulumi.Input<T> | undefined {
  return input === undefined ? undefined : checked(subject, property, input, check);
}

/** The same against another input: at once when both are plain, else as soon as both are known. */
export function checkedAgainst<T, U>(
  subject: Subject,
  property: string,
  input: pulumi.Input<T>,
  other: pulumi.Input<U>,
  checkFor: (other: U) => Check<T>,
): pulumi.Input<T> {
  const check = (known: U) => checked(subject, property, input, checkFor(known));
  if (isPlain(other)) return check(other);
  return pulumi.output(other).apply((known) => pulumi.output(check(known as U))) as pulumi.Output<T>;
}

/** Whether the value is known right now: neither an output nor a promise. */
export function isPlain<T>(input: pulumi.Input<T>): input is T & pulumi.Input<T> {
  return !pulumi.Output.isInstance(input) && !(input instanceof Promise);
}

/** A check that the value is text with something in it. */
export const nonEmpty: Check<string> = (value) =>
  typeof value === "string" && value.trim() !== ""
    ? undefined
    : { problem: "is empty", remedy: "Give a value, or leave the argument out" };

/** A check that a text is no longer than Google takes. */
export function atMostBytes(max: number): Check<string> {
  return (value) => {
    const length = Buffer.byteLength(value);
    return length <= max
      ? undefined
      : { problem: `is ${length} bytes long`, remedy: `Google takes ${max}; shorten it` };
  };
}

/** A check that a number lies in a range of Google's. */
export function within(min: number, max: number, unit: string, wholeOnly = true): Check<number> {
  return (value) =>
    typeof value === "number" && value >= min && value <= max && (!wholeOnly || Number.isInteger(value))
      ? undefined
      : {
          problem: `is not ${wholeOnly ? "a whole number" : "a number"} from ${min} to ${max}${unit && ` ${unit}`}`,
          remedy: "Choose a value in that range",
        };
}

/** A check that a value is one of those that are offered. */
export function oneOf<T extends string>(offered: Readonly<Record<string, T>>): Check<T> {
  const values: readonly string[] = Object.values(offered);
  return (value) =>
    values.includes(value)
      ? undefined
      : { problem: "is not known", remedy: `Choose one of ${values.map((v) => `"${v}"`).join(", ")}` };
}

const SECRET = Symbol("[secret]");

function shown(value: unknown): string {
  if (value === SECRET) return "[secret]";
  if (value === undefined) return "(nothing)";
  const text = JSON.stringify(value) as string | undefined;
  if (text === undefined) return `(a ${typeof value})`;
  return text.length <= 120 ? text : `${text.slice(0, 117)}…`;
}
