import type { Check } from "./checks";

/** What Google allows as the name of a kind of resource. */
export interface NameRule {
  readonly what: string;
  readonly pattern: RegExp;
  readonly max: number;
  readonly min: number;
  /** Turns any text into something that the pattern takes, but for its length. */
  readonly legalize: (text: string) => string;
}

/** Seven hex characters and a hyphen: what the provider adds when it names a resource itself. */
const AUTO_NAME_SUFFIX = 8;

const kebab = (text: string): string =>
  startingWithLetter(
    text
      .normalize("NFKD")
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, "-")
      .replace(/^-+|-+$/g, ""),
  );

const word = (text: string): string =>
  startingWithLetter(
    text
      .normalize("NFKD")
      .replace(/[^A-Za-z0-9_-]+/g, "-")
      .replace(/^-+|-+$/g, ""),
  );

const letters = (text: string): string => word(text).replace(/_/g, "-");

function startingWithLetter(text: string): string {
  const name = text.replace(/^goog/i, "x-goog");
  return /^[A-Za-z]/.test(name) ? name : `x-${name}`.replace(/-$/, "");
}

/** The names that Google allows, one rule a kind. */
export const NAME_RULES = {
  // https://cloud.google.com/iam/docs/reference/rest/v1/projects.serviceAccounts/create
  account: {
    what: "service account id",
    pattern: /^[a-z]([-a-z0-9]*[a-z0-9])$/,
    min: 6,
    max: 30,
    legalize: kebab,
  },
  // https://cloud.google.com/run/docs/deploying
  runService: {
    what: "Run service name",
    pattern: /^[a-z]([-a-z0-9]*[a-z0-9])?$/,
    min: 1,
    max: 49,
    legalize: kebab,
  },
  // https://docs.cloud.google.com/run/docs/create-jobs
  runJob: {
    what: "Run job name",
    pattern: /^[a-z]([-a-z0-9]*[a-z0-9])?$/,
    min: 1,
    max: 49,
    legalize: kebab,
  },
  // A 2nd gen function's Run service is called after it only if it is written like one.
  // https://registry.terraform.io/providers/hashicorp/google/latest/docs/resources/cloudfunctions2_function
  function: {
    what: "function name",
    pattern: /^[a-z]([-a-z0-9]*[a-z0-9])?$/,
    min: 1,
    max: 49,
    legalize: kebab,
  },
  // https://cloud.google.com/scheduler/docs/reference/rest/v1/projects.locations.jobs
  job: { what: "job name", pattern: /^[A-Za-z0-9_-]+$/, min: 1, max: 500, legalize: word },
  // https://cloud.google.com/tasks/docs/reference/rest/v2/projects.locations.queues#Queue
  queue: { what: "queue name", pattern: /^[A-Za-z0-9-]+$/, min: 1, max: 100, legalize: letters },
  // https://cloud.google.com/pubsub/docs/pubsub-basics#resource_names
  pubsub: {
    what: "topic or subscription name",
    pattern: /^(?!goog)[A-Za-z][A-Za-z0-9._~+%-]+$/,
    min: 3,
    max: 255,
    legalize: (text) => word(text).padEnd(3, "x"),
  },
  // https://cloud.google.com/storage/docs/buckets#naming
  bucket: {
    what: "bucket name",
    pattern: /^(?!goog)(?!.*google)[a-z0-9][-a-z0-9]*[a-z0-9]$/,
    min: 3,
    max: 63,
    legalize: (text) =>
      kebab(text)
        .replace(/google/g, "g00gle")
        .padEnd(3, "x"),
  },
  // The first label of NAME.endpoints.PROJECT.cloud.goog.
  // https://cloud.google.com/endpoints/docs/openapi/naming-your-api-service
  managedService: {
    what: "name of a managed service",
    pattern: /^[a-z]([-a-z0-9]*[a-z0-9])?$/,
    min: 1,
    max: 63,
    legalize: kebab,
  },
  // https://docs.cloud.google.com/api-gateway/docs/reference/rest/v1/projects.locations.gateways/create
  gateway: {
    what: "API or gateway id",
    pattern: /^[a-z]([-a-z0-9]*[a-z0-9])?$/,
    min: 1,
    max: 49,
    legalize: kebab,
  },
  // https://cloud.google.com/artifact-registry/docs/repositories/create-repos
  repository: {
    what: "repository id",
    pattern: /^[a-z]([-a-z0-9]*[a-z0-9])?$/,
    min: 1,
    max: 63,
    legalize: kebab,
  },
} as const satisfies Record<string, NameRule>;

/** A check of a name that the program chose itself. */
export function exactName(rule: NameRule): Check<string> {
  return (name) =>
    typeof name === "string" && name.length >= rule.min && name.length <= rule.max && rule.pattern.test(name)
      ? undefined
      : {
          problem: `is not a ${rule.what}`,
          remedy: `Google allows ${rule.min} to ${rule.max} characters that match ${rule.pattern.source}`,
        };
}

/** Whether the provider can make a legal name out of a logical name by adding its own suffix. */
export function canAutoName(rule: NameRule, logicalName: string): boolean {
  const longest = Math.min(rule.max, 63) - AUTO_NAME_SUFFIX;
  return logicalName.length >= rule.min && logicalName.length <= longest && rule.pattern.test(logicalName);
}

/** The front part of a name that ends in a hyphen and a suffix of the given length: legal whatever the text is. */
export function namePrefix(rule: NameRule, text: string, suffixLength: number): string {
  const longest = Math.min(rule.max, 63) - suffixLength - 1;
  return rule.legalize(text).slice(0, longest).replace(/-+$/, "");
}

/** As much of a text as Google takes for what people see: 100 bytes, and no half character at the end. */
export function displayName(text: string): string {
  // Told that more is to come, the decoder keeps back a character that is cut off.
  return new TextDecoder().decode(Buffer.from(text).subarray(0, 100), { stream: true });
}
