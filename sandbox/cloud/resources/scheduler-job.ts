import { z } from "zod/mini";
import { jobName } from "../names";
import { requireCaller } from "./access";
import { kind, type Context, type Failure, type Kind } from "./kind";
import { oauthRules } from "./oauth-token";
import { projectIn } from "./project";
import { region } from "./regions";
import {
  base64,
  block,
  choice,
  duration,
  flag,
  headerMap,
  LONGEST_DURATION,
  optional,
  pattern,
  projectId,
  scope,
  secondsOf,
  serviceAccountEmail,
  text,
  whole,
} from "./shapes";
import { isUnknown, knownText, valueAt, type Props } from "./values";

const HOUR = 3600;
const KIB = 1024;
const WITH_BODY: readonly unknown[] = ["POST", "PUT", "PATCH", undefined];

// The limits: docs.cloud.google.com/scheduler/docs/reference/rest/v1/projects.locations.jobs
const schema = () =>
  block({
    name: pattern(/^[A-Za-z0-9_-]{1,500}$/, "it must be 1 to 500 letters, digits, dashes and underscores"),
    region: optional(region()),
    project: optional(projectId()),
    description: optional(text(500)),
    schedule: pattern(
      /^\s*(?:[0-9A-Za-z*/,-]+\s+){4}[0-9A-Za-z*/,-]+\s*$/,
      'it must be a unix-cron schedule of five fields, as in "0 9 * * 1" (the sandbox does not model other forms)',
    ),
    timeZone: optional(
      z.string().check(z.refine(isTimeZone, "it must be a time zone of the tz database, as in Europe/Paris")),
    ),
    attemptDeadline: optional(duration(15, HOUR / 2)),
    paused: optional(flag),
    retryConfig: optional(
      block({
        retryCount: optional(whole(0, 5)),
        maxRetryDuration: optional(duration(0, LONGEST_DURATION)),
        minBackoffDuration: optional(duration(0, LONGEST_DURATION)),
        maxBackoffDuration: optional(duration(0, LONGEST_DURATION)),
        maxDoublings: optional(whole(0, 16)),
      }),
    ),
    httpTarget: block({
      uri: pattern(/^https?:\/\/[^/\s]\S*$/, "it must be an http or https address").check(z.maxLength(2083)),
      httpMethod: optional(choice(["POST", "GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS"])),
      body: optional(base64()),
      headers: optional(
        headerMap().check(
          z.refine(
            (map) => Buffer.byteLength(JSON.stringify(map)) < 80 * KIB,
            "its JSON form must be smaller than 80 KB",
          ),
        ),
      ),
      oidcToken: optional(
        block({ serviceAccountEmail: serviceAccountEmail(), audience: optional(z.string()) }),
      ),
      oauthToken: optional(block({ serviceAccountEmail: serviceAccountEmail(), scope: optional(scope()) })),
    }),
  });

type Inputs = z.infer<ReturnType<typeof schema>>;

export const schedulerJob: Kind<never> = kind(schema, {
  token: "gcp:cloudscheduler/job:Job",
  apis: ["cloudscheduler.googleapis.com"],
  replaceOn: ["name", "region", "project"],
  autoName: { property: "name", maxLength: 500 },
  fromProvider: { project: "project", region: "region" },
  defaults: { timeZone: "Etc/UTC", attemptDeadline: "180s" },
  computed: ["paused", "state"],
  planned: (inputs) => (isUnknown(inputs.paused) ? {} : standing(inputs.paused === true)),
  same: { "httpTarget.uri": (one, other) => one.replace(/\/$/, "") === other.replace(/\/$/, "") },
  rules: (inputs) => [
    ...oauthRules(inputs, () => misuse(inputs)),
    ...bodyRules(inputs),
    ...sizeRules(inputs),
    ...backoffRules(inputs),
  ],
  identify: (cx, inputs) => {
    const project = projectIn(cx, inputs).id;
    const location = inputs.region ?? "";
    const id = `projects/${project}/locations/${location}/jobs/${inputs.name}`;
    return { id, fullName: jobName(project, location, inputs.name), project };
  },
  create: (cx, inputs) => {
    requireIdentity(cx, inputs);
    return { computed: standing(inputs.paused === true) };
  },
  update: (cx, _current, news) => {
    requireIdentity(cx, news);
    return { computed: standing(news.paused === true) };
  },
});

function standing(paused: boolean): Props {
  return { paused, state: paused ? "PAUSED" : "ENABLED" };
}

function requireIdentity(cx: Context, inputs: Inputs): void {
  const { oidcToken, oauthToken } = inputs.httpTarget;
  const email = (oidcToken ?? oauthToken)?.serviceAccountEmail;
  if (email === undefined) return;
  requireCaller(cx, { email, project: projectIn(cx, inputs).id, to: `Scheduler job "${inputs.name}"` });
}

function misuse(inputs: Props): string | undefined {
  const uri = knownText(inputs, "httpTarget.uri");
  if (uri === undefined || /^https?:\/\/[^/]+\.googleapis\.com(?:[/:?#]|$)/.test(uri)) return undefined;
  return `is for Google's APIs (*.googleapis.com) only, and uri is ${JSON.stringify(uri)}`;
}

function bodyRules(inputs: Props): Failure[] {
  const body = valueAt(inputs, "httpTarget.body");
  const method = valueAt(inputs, "httpTarget.httpMethod");
  if (body === undefined || isUnknown(body) || isUnknown(method) || WITH_BODY.includes(method)) return [];
  return [
    {
      property: "httpTarget.body",
      reason: `is not allowed with method ${String(method)}, only with POST, PUT and PATCH`,
    },
  ];
}

/** https://docs.cloud.google.com/scheduler/quotas. Assumed: that a job is measured by its bytes and not by their base64. */
function sizeRules(inputs: Props): Failure[] {
  const body = knownText(inputs, "httpTarget.body") ?? "";
  const size =
    Buffer.byteLength(body, "base64") +
    Buffer.byteLength(JSON.stringify({ ...inputs, httpTarget: undefined }));
  if (size <= KIB * KIB) return [];
  return [
    {
      property: "httpTarget.body",
      reason: `is too large: a job may have 1 MB, and this one has ${size} bytes`,
    },
  ];
}

function backoffRules(inputs: Props): Failure[] {
  const min = knownText(inputs, "retryConfig.minBackoffDuration");
  const max = knownText(inputs, "retryConfig.maxBackoffDuration");
  if (min === undefined || max === undefined || !(secondsOf(min) > secondsOf(max))) return [];
  const property = "retryConfig.minBackoffDuration";
  return [
    { property, reason: `has an invalid value "${min}": it is longer than maxBackoffDuration, "${max}"` },
  ];
}

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions().timeZone !== "";
  } catch {
    return false;
  }
}
