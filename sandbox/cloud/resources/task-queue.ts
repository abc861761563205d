import { z } from "zod/mini";
import type { Cloud } from "../cloud";
import { CloudError } from "../errors";
import { queueName } from "../names";
import { requireCaller } from "./access";
import { kind, type Context, type Failure, type Kind } from "./kind";
import { oauthRules } from "./oauth-token";
import { projectIn } from "./project";
import { region } from "./regions";
import {
  block,
  choice,
  duration,
  headerName,
  headerValue,
  LONGEST_DURATION,
  optional,
  pattern,
  projectId,
  scope,
  secondsOf,
  serviceAccountEmail,
  whole,
} from "./shapes";
import { isUnknown, knownText, UNKNOWN, valueAt, type Props } from "./values";

const METHODS = ["HTTP_METHOD_UNSPECIFIED", "POST", "GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS"];

// The limits: docs.cloud.google.com/tasks/docs/reference/rest/v2/projects.locations.queues
const schema = () =>
  block({
    name: pattern(/^[A-Za-z0-9-]{1,100}$/, "it must be 1 to 100 letters, digits and dashes"),
    location: region(),
    project: optional(projectId()),
    desiredState: optional(choice(["RUNNING", "PAUSED"])),
    httpTarget: optional(
      block({
        httpMethod: optional(choice(METHODS)),
        headerOverrides: optional(
          z.array(block({ header: block({ key: headerName(), value: headerValue() }) })),
        ),
        uriOverride: optional(
          block({
            scheme: optional(choice(["HTTP", "HTTPS"])),
            host: optional(z.string().check(z.refine(isHost, "it must be a host, as in app.example.com"))),
            port: optional(
              z.string().check(z.refine(isPort, 'it must be a port, as in "8443", or "0" for the usual one')),
            ),
            pathOverride: optional(block({ path: optional(z.string()) })),
            queryOverride: optional(block({ queryParams: optional(z.string()) })),
            uriOverrideEnforceMode: optional(choice(["ALWAYS", "IF_NOT_EXISTS"])),
          }),
        ),
        oidcToken: optional(
          block({ serviceAccountEmail: serviceAccountEmail(), audience: optional(z.string()) }),
        ),
        oauthToken: optional(block({ serviceAccountEmail: serviceAccountEmail(), scope: optional(scope()) })),
      }),
    ),
    rateLimits: optional(
      block({
        maxDispatchesPerSecond: optional(z.number().check(z.positive(), z.maximum(500))),
        maxConcurrentDispatches: optional(whole(1, 5000)),
      }),
    ),
    retryConfig: optional(
      block({
        maxAttempts: optional(
          z.int().check(
            z.minimum(-1),
            z.refine((attempts) => attempts !== 0, "it must be -1 for no limit, or at least 1"),
          ),
        ),
        maxRetryDuration: optional(duration(0, LONGEST_DURATION)),
        minBackoff: optional(duration(0, LONGEST_DURATION)),
        maxBackoff: optional(duration(0, LONGEST_DURATION)),
        maxDoublings: optional(whole(0, 2_147_483_647)),
      }),
    ),
    stackdriverLoggingConfig: optional(
      block({ samplingRatio: z.number().check(z.minimum(0), z.maximum(1)) }),
    ),
  });

type Inputs = z.infer<ReturnType<typeof schema>>;

function isHost(text: string): boolean {
  if (!/^[^/\\\s:?#@]+$/.test(text)) return false;
  return URL.canParse(`https://${text}`);
}

function isPort(text: string): boolean {
  return /^\d{1,5}$/.test(text) && Number(text) <= 65_535;
}

const RATE = "rateLimits.maxDispatchesPerSecond";
const BURST = "rateLimits.maxBurstSize";

/** What Google picks where nothing is said: docs.cloud.google.com/tasks/docs/configuring-queues */
export const QUEUE_DEFAULTS = {
  "rateLimits.maxDispatchesPerSecond": 500,
  "rateLimits.maxConcurrentDispatches": 1000,
  "retryConfig.maxAttempts": 100,
  "retryConfig.maxRetryDuration": "0s",
  "retryConfig.minBackoff": "0.100s",
  "retryConfig.maxBackoff": "3600s",
  "retryConfig.maxDoublings": 16,
} as const;

export const taskQueue: Kind<never> = kind(schema, {
  token: "gcp:cloudtasks/queue:Queue",
  apis: ["cloudtasks.googleapis.com"],
  replaceOn: ["name", "location", "project"],
  autoName: { property: "name", maxLength: 255 },
  fromProvider: { project: "project" },
  defaults: { desiredState: "RUNNING" },
  computed: ["state", BURST, ...Object.keys(QUEUE_DEFAULTS)],
  // github.com/GoogleCloudPlatform/magic-modules, mmv1/products/cloudtasks/Queue.yaml: default_from_api
  kept: [
    "httpTarget.httpMethod",
    "httpTarget.uriOverride.scheme",
    "httpTarget.uriOverride.uriOverrideEnforceMode",
    "httpTarget.uriOverride.pathOverride.path",
    "httpTarget.uriOverride.queryOverride.queryParams",
  ],
  planned: (inputs) => ({
    ...(isUnknown(inputs.desiredState) ? {} : { state: inputs.desiredState }),
    ...(valueAt(inputs, RATE) === UNKNOWN ? {} : { [BURST]: burstAt(valueAt(inputs, RATE)) }),
  }),
  rules: (inputs) => [
    ...tokenRules(inputs),
    ...oauthRules(inputs, () => misuse(inputs)),
    ...backoffRules(inputs),
  ],
  identify: (cx, inputs) => {
    const project = projectIn(cx, inputs).id;
    const id = `projects/${project}/locations/${inputs.location}/queues/${inputs.name}`;
    return { id, fullName: queueName(project, inputs.location, inputs.name), project };
  },
  create: (cx, inputs, id) => {
    requireFree(cx.cloud, id);
    requireIdentity(cx, inputs);
    return { computed: standing(inputs) };
  },
  update: (cx, _current, news) => {
    requireIdentity(cx, news);
    return { computed: standing(news) };
  },
  delete: (cx, { stored }) => {
    if (stored !== undefined) cx.cloud.store.put({ ...stored, token: DELETED, data: cx.cloud.clock.now() });
  },
});

function standing(inputs: Inputs): Props {
  return {
    state: inputs.desiredState ?? "RUNNING",
    ...QUEUE_DEFAULTS,
    [BURST]: burstAt(inputs.rateLimits?.maxDispatchesPerSecond),
  };
}

/** Google picks it by the rate, and shows 100 for the usual 500. Assumed: in between it is in proportion. */
export function burstAt(rate: unknown): number {
  return Math.max(1, Math.ceil((typeof rate === "number" ? rate : QUEUE_DEFAULTS[RATE]) / 5));
}

function requireIdentity(cx: Context, inputs: Inputs): void {
  const { oidcToken, oauthToken } = inputs.httpTarget ?? {};
  const email = (oidcToken ?? oauthToken)?.serviceAccountEmail;
  if (email === undefined) return;
  requireCaller(cx, { email, project: projectIn(cx, inputs).id, to: `task queue "${inputs.name}"` });
}

/**
 * Either token needs both its parts said: docs.cloud.google.com/tasks/docs/reference/rest/v2/projects.locations.queues#HttpTarget
 */
function tokenRules(inputs: Props): Failure[] {
  const reason = "is required but missing: for a whole queue Google takes no default";
  const [token, part] =
    valueAt(inputs, "httpTarget.oidcToken") === undefined
      ? ["httpTarget.oauthToken", "scope"]
      : ["httpTarget.oidcToken", "audience"];
  const [isThere, value] = [valueAt(inputs, token) !== undefined, valueAt(inputs, `${token}.${part}`)];
  if (!isThere || isUnknown(value) || (value !== undefined && value !== "")) return [];
  return [{ property: `${token}.${part}`, reason }];
}

/**
 * docs.cloud.google.com/tasks/docs/reference/rest/v2/OAuthToken: for Google's APIs, which a queue names by its host. Assumed
 * is that Google refuses the rest, where it only advises; sent there, a token could be stolen.
 */
function misuse(inputs: Props): string | undefined {
  const host = valueAt(inputs, "httpTarget.uriOverride.host");
  if (!isUnknown(host) && (typeof host !== "string" || !host.endsWith(".googleapis.com"))) {
    return `is for Google's APIs (*.googleapis.com) only, and the host is ${JSON.stringify(host ?? "each task's own")}`;
  }
  if (valueAt(inputs, "httpTarget.uriOverride.scheme") === "HTTP") {
    return "is for https only, and the scheme is HTTP: in clear text it can be stolen";
  }
  return valueAt(inputs, "httpTarget.uriOverride.uriOverrideEnforceMode") === "IF_NOT_EXISTS"
    ? 'is for Google\'s APIs only, and with the mode "IF_NOT_EXISTS" each task\'s own address would go before the queue\'s. Use "ALWAYS"'
    : undefined;
}

function backoffRules(inputs: Props): Failure[] {
  const min = knownText(inputs, "retryConfig.minBackoff");
  const max = knownText(inputs, "retryConfig.maxBackoff");
  if (min === undefined || max === undefined || !(secondsOf(min) > secondsOf(max))) return [];
  const property = "retryConfig.minBackoff";
  return [{ property, reason: `has an invalid value "${min}": it is longer than maxBackoff, "${max}"` }];
}

const DELETED = "deleted:task-queue";

/** docs.cloud.google.com/tasks/docs/quotas; the reference of queues.delete speaks of 3 days, and the longer time counts here. */
const RESERVED = 7 * 86_400_000;

/** The words: github.com/aertje/cloud-tasks-emulator, conformance/golden/realcloud.json, recorded from Google. */
function requireFree(cloud: Cloud, id: string): void {
  const deleted = cloud.store.get(DELETED, id)?.data;
  if (typeof deleted !== "number" || cloud.clock.now() - deleted >= RESERVED) {
    cloud.store.remove(DELETED, id);
    return;
  }
  throw new CloudError(
    "FAILED_PRECONDITION",
    "The queue cannot be created because a queue with this name existed too recently. " +
      `(${id} was deleted less than 7 days ago. Choose another name.)`,
  );
}
