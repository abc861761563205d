import { z } from "zod/mini";
import { duration, whole } from "../cloud/resources/shapes";
import { isProps, valueAt, type Props } from "../cloud/resources/values";
import type { StoredResource } from "../cloud/store";

const ENV = z.strictObject({
  name: z.string(),
  value: z.optional(z.string()),
  valueSource: z.optional(z.unknown()),
});
const CONTAINER = z.strictObject({
  name: z.optional(z.string()),
  args: z.optional(z.array(z.string())),
  env: z.optional(z.array(ENV)),
  clearArgs: z.optional(z.boolean()),
});

/**
 * What the body of `jobs.run` may say: docs.cloud.google.com/run/docs/reference/rest/v2/projects.locations.jobs/run. The limits
 * are those of the job itself, docs.cloud.google.com/run/quotas; a count of 0 is none, as in all of Google's JSON.
 */
const REQUEST = z.strictObject({
  overrides: z.optional(
    z.strictObject({
      containerOverrides: z.optional(z.array(CONTAINER)),
      taskCount: z.optional(whole(0, 10_000)),
      timeout: z.optional(duration(1, 604_800)),
    }),
  ),
  etag: z.optional(z.unknown()),
  validateOnly: z.optional(z.unknown()),
});

/** Undefined for what is no JSON. An empty body is as good as {}, and null as good as nothing said. */
export function readRunJob(body: string): unknown {
  if (body.trim() === "") return {};
  try {
    return JSON.parse(body, (_name, value: unknown) => value ?? undefined);
  } catch {
    return undefined;
  }
}

/** What the request asks for that the sandbox does not have, by name. */
export function unmodelledIn(body: unknown, url: URL): string[] {
  const parameters = [...new Set(url.searchParams.keys())].map((name) => `?${name}`);
  if (!isProps(body)) return parameters;
  const { validateOnly = false, etag, overrides } = body;
  return [
    ...parameters,
    // Neither has anything to show where nothing runs, so neither is taken for a run.
    ...(validateOnly === false ? [] : ["validateOnly"]),
    ...(etag === undefined ? [] : ["etag"]),
    ...(JSON.stringify(overrides ?? {}).includes('"valueSource":') ? ["valueSource in an override"] : []),
    // Google takes both spellings of a name: https://protobuf.dev/programming-guides/json/
    ...[...JSON.stringify(body).matchAll(/[{,]"([a-z]+(?:_[a-z]+)+)":/g)].map(
      ([, name]) => `"${name}" spelled like that`,
    ),
  ];
}

/** What is wrong with the body, in Google's words where they are known. */
export function faultOf(body: unknown, job: StoredResource | undefined): string | undefined {
  if (!isProps(body)) return "The body is not a JSON object.";
  const { data, error } = REQUEST.safeParse(body);
  if (error === undefined) return job && missingContainer(job, data.overrides?.containerOverrides ?? []);
  const [issue] = error.issues;
  const at = written(issue?.path ?? []);
  if (issue?.code !== "unrecognized_keys") return `Invalid value at '${at}': ${issue?.message ?? ""}.`;
  return `Unknown name "${issue.keys[0] ?? ""}"${at === "" ? "" : ` at '${at}'`}: Cannot find field.`;
}

/** Assumed: how Google says that there is none of the name. An override without a name is for whichever there is. */
function missingContainer(job: StoredResource, overrides: readonly { name?: string }[]): string | undefined {
  const containers = valueAt(job.state, "template.template.containers");
  const names = (Array.isArray(containers) ? (containers as Props[]) : []).map(({ name }) => name);
  const missing = overrides.find(({ name = "" }) => name !== "" && !names.includes(name));
  return (
    missing &&
    `Invalid value at 'overrides.containerOverrides': the job has no container "${missing.name ?? ""}".`
  );
}

function written(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, key) => {
    if (typeof key === "number") return `${text}[${key}]`;
    return text === "" ? String(key) : `${text}.${String(key)}`;
  }, "");
}
