import { parseAllDocuments } from "yaml";
import { safeParse, type z } from "zod/mini";
import { CloudError } from "../cloud/errors";

/** What a document holds: data as it is, or YAML text, of which JSON is a part. */
export function documentsIn(what: string, document: unknown): unknown[] {
  if (typeof document !== "string") return Array.isArray(document) ? (document as unknown[]) : [document];
  return parseAllDocuments(document).map((part) => {
    const [error] = "errors" in part ? part.errors : [];
    if (error !== undefined) throw notModelled(what, `is no YAML: ${error.message.split("\n")[0] ?? ""}`);
    return part.toJS() as unknown;
  });
}

/** A document that has the form that is modelled; what else is in it is refused by name, since it could open a door. */
export function readStrictly<T extends z.core.$ZodType>(
  what: string,
  schema: T,
  value: unknown,
): z.output<T> {
  const result = safeParse(schema, value);
  if (result.success) return result.data;
  throw notModelled(what, problemOf(result.error.issues[0]));
}

export function notModelled(what: string, problem: string): CloudError {
  return new CloudError("INVALID_ARGUMENT", `${what}: ${problem}.`);
}

function problemOf(issue: z.core.$ZodIssue | undefined): string {
  if (issue === undefined) return "is not as it should be";
  const at = issue.path.map(String).join(".");
  const where = at === "" ? "the document" : at;
  if (issue.code === "unrecognized_keys")
    return `${where} has ${issue.keys.join(", ")}, which the sandbox does not model`;
  if (issue.code === "invalid_value")
    return `${where} is not one of ${issue.values.map(String).join(", ")}, all that the sandbox models`;
  return issue.code === "invalid_type"
    ? `${where} must be of type ${issue.expected}`
    : `${where} ${issue.message}`;
}
