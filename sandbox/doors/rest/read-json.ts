import type { z } from "zod/mini";
import { CloudError } from "../../cloud/errors";
import type { Call } from "./api";

/** A request's JSON, as the schema wants it; Google says the same of what it does not know. An empty body is {}. */
export function readJson<S extends z.ZodMiniType>({ body }: Call, schema: S): z.output<S> {
  const { data, error } = schema.safeParse(parsed(body));
  if (error === undefined) return data;
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
