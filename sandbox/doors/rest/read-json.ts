import type { z } from "zod/mini";
import { CloudError } from "../../cloud/errors";
import type { Call } from "./api";

/**
 * A request's JSON, as the schema wants it; Google says the same of what it does not know. An empty body is {}. Google takes
 * names in two spellings, of which the sandbox has one: https://protobuf.dev/programming-guides/json/
 */
export function readJson<S extends z.ZodMiniType>({ body }: Call, schema: S): z.output<S> {
  const { data, error } = schema.safeParse(parsed(body));
  if (error === undefined) return data;
  const unknown = error.issues.flatMap((issue) => (issue.code === "unrecognized_keys" ? issue.keys : []));
  const spelled = unknown.find((key) => /[a-z0-9]_[a-z]/.test(key));
  if (spelled !== undefined) {
    const camel = spelled.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
    throw new CloudError(
      "UNIMPLEMENTED",
      `The sandbox does not know the name "${spelled}"; is "${camel}" meant?`,
    );
  }
  const violations = error.issues.flatMap((issue) =>
    issue.code === "unrecognized_keys"
      ? issue.keys.map((key) => ({
          field: [...issue.path, key].map(String).join("."),
          description: `Invalid JSON payload received. Unknown name "${key}": Cannot find field.`,
        }))
      : [{ field: issue.path.map(String).join("."), description: issue.message }],
  );
  throw new CloudError(
    "INVALID_ARGUMENT",
    violations.map(({ field, description }) => `${field}: ${description}`).join("\n"),
    { "@type": "type.googleapis.com/google.rpc.BadRequest", fieldViolations: violations },
  );
}

function parsed(body: string): unknown {
  if (body.trim() === "") return {};
  try {
    return JSON.parse(body);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new CloudError("INVALID_ARGUMENT", `Invalid JSON payload received. ${why}`);
  }
}
