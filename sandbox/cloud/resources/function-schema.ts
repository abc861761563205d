import { z } from "zod/mini";
import { own } from "../own";
import type { Failure } from "./kind";
import { isProps, valueAt, type Props } from "./values";

// docs.cloud.google.com/functions/docs/configuring/env-var
const RESERVED = [
  "FUNCTION_TARGET",
  "FUNCTION_SIGNATURE_TYPE",
  "K_SERVICE",
  "K_REVISION",
  "K_CONFIGURATION",
  "PORT",
];
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

export const functionEnvironment = () =>
  z
    .record(z.string(), z.string())
    .check(
      z.refine(
        (map) => Object.keys(map).every((key) => NAME.test(key) && !isReserved(key)),
        `names are letters, digits and underscores, no digit first, and none of ${RESERVED.join(", ")} or X_GOOGLE_…, which the platform sets itself`,
      ),
    );

function isReserved(key: string): boolean {
  return RESERVED.includes(key) || key.startsWith("X_GOOGLE_");
}

export const secretVariables = () =>
  z.array(
    z.strictObject({
      key: z.string().check(z.regex(NAME, "it must be letters, digits and underscores, no digit first")),
      projectId: z.optional(z.string()),
      secret: z.string().check(z.regex(/^[A-Za-z0-9_-]{1,255}$/, "it must be the short name of a secret")),
      version: z.string().check(z.regex(/^(latest|[1-9]\d*)$/, 'it must be a number or "latest"')),
    }),
  );

export const buildServiceAccount = () =>
  z
    .string()
    .check(
      z.regex(
        /^projects\/[^/]+\/serviceAccounts\/[^/@]+@[^/@]+$/,
        "it must be the whole name of an account: projects/PROJECT/serviceAccounts/EMAIL",
      ),
    );

export const dockerRepository = () =>
  z
    .string()
    .check(
      z.regex(
        /^projects\/[^/]+\/locations\/[^/]+\/repositories\/[^/]+$/,
        "it must be the id of a repository: projects/…/locations/…/repositories/…",
      ),
    );

/** One name must not have both a plain and a secret value, and fewer instances than the minimum are no maximum. */
export function functionRules(
  inputs: Props,
  paths: { variables: string; secrets: string; min: string; max: string },
): Failure[] {
  return [...variableRules(inputs, paths), ...instanceRules(inputs, paths)];
}

function variableRules(inputs: Props, paths: { variables: string; secrets: string }): Failure[] {
  const variables = valueAt(inputs, paths.variables);
  const secrets = valueAt(inputs, paths.secrets);
  if (!isProps(variables) || !Array.isArray(secrets)) return [];
  return secrets.flatMap((secret: unknown, index) => {
    const key = isProps(secret) ? secret.key : undefined;
    if (typeof key !== "string" || own(variables, key) === undefined) return [];
    return [
      { property: `${paths.secrets}[${index}].key`, reason: `"${key}" is also a plain environment variable` },
    ];
  });
}

function instanceRules(inputs: Props, paths: { min: string; max: string }): Failure[] {
  const [min, max] = [valueAt(inputs, paths.min), valueAt(inputs, paths.max)];
  if (typeof min !== "number" || typeof max !== "number" || max === 0 || min <= max) return [];
  return [
    { property: paths.min, reason: `has an invalid value ${min}: it is more than the maximum, ${max}` },
  ];
}
