import { existsSync, readFileSync } from "node:fs";
import { z } from "zod/mini";
import { AppError } from "./app-error";

/** Which local app stands behind what is deployed. All folders are relative to the Pulumi program's. */
export interface LocalApps {
  /** Container image, without tag and digest → folder, or folder and environment: that of the sandbox's keys only. */
  images: Record<string, string | LocalApp>;
  /** Source of a function, folder or archive → folder. A folder that is not listed runs as it is. */
  functions: Record<string, string>;
  /** Host that is not Google's → folder and environment. */
  hosts: Record<string, LocalApp>;
}

export interface LocalApp {
  app: string;
  /** `${outputs.x.y}` stands for a stack output, `${keys.certificates}` and `${keys.jwks}` for the sandbox's keys. */
  environment?: Record<string, string>;
  /** What stands before it. Default: nothing, the application checks tokens itself. */
  front?: FrontSpec;
}

/** A document, or where it is: `${outputs.x.y}` stands for a stack output. */
export type FrontSpec =
  | { envoy: string }
  /** Without manifests: those that the stack applies to its cluster. */
  | { istio: { namespace: string; labels: Record<string, string>; manifests?: string } };

const texts = z.record(z.string(), z.string());
const front = z.union([
  z.strictObject({ envoy: z.string() }),
  z.strictObject({
    istio: z.strictObject({ namespace: z.string(), labels: texts, manifests: z.optional(z.string()) }),
  }),
]);
const localApp = z.strictObject({ app: z.string(), environment: z.optional(texts) });
const schema = z.strictObject({
  images: z._default(z.record(z.string(), z.union([z.string(), localApp])), {}),
  functions: z._default(texts, {}),
  hosts: z._default(z.record(z.string(), z.extend(localApp, { front: z.optional(front) })), {}),
});

/** Without a file there are none. */
export function readLocalApps(file: string): LocalApps {
  if (!existsSync(file)) return { images: {}, functions: {}, hosts: {} };
  const result = schema.safeParse(readJson(file));
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new AppError(`${file}: ${issue === undefined ? "not as it should be" : explained(issue)}.`);
}

function explained(issue: z.core.$ZodIssue): string {
  const where = issue.path.length === 0 ? "" : `"${issue.path.join(".")}" `;
  if (issue.code === "unrecognized_keys")
    return `${where}has ${issue.keys.join(", ")}, which nothing here knows`;
  return issue.code === "invalid_type"
    ? `${where}must be of type ${issue.expected}`
    : `${where}${issue.message}`;
}

/** The name of an image in a registry, whichever version of it is meant. */
export function withoutVersion(image: string): string {
  return image.replace(/@sha256:[0-9a-f]+$/, "").replace(/:[^:/]+$/, "");
}

function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    throw new AppError(`${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}
