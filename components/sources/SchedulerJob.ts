import * as cloudscheduler from "@pulumi/gcp/cloudscheduler";
import * as pulumi from "@pulumi/pulumi";
import { autoName } from "../identity/resourceName";
import { requireArguments } from "../wiring/arguments";
import type { AuthorizedTarget } from "../wiring/authorizedTarget";
import { Beside } from "../wiring/beside";
import type { Subject } from "../wiring/checks";
import { checked, checkedIfGiven, isPlain, oneOf, refuse, within } from "../wiring/checks";
import { durationWithin } from "../wiring/durations";
import { NAME_RULES } from "../wiring/names";
import { childOf, NO_INPUTS } from "../wiring/options";
import { regionName } from "../wiring/places";
import { sameProject } from "../wiring/sameProject";
import { backoffs } from "./backoff";
import { SCHEDULER_DEFAULTS } from "./defaults";
import { requestBody, requestHeaders } from "./httpContent";
import { HttpMethod } from "./httpMethod";
import { cronExpression, timeZoneName } from "./schedule";
import type { TokenRequest } from "./tokenRequest";
import { tokenRequest } from "./tokenRequest";

/** When and how often Cloud Scheduler tries again. */
export interface SchedulerRetry {
  /** Most further attempts of one run, 0 to 5. Default: 5. */
  retryCount?: pulumi.Input<number>;
  /** For how long attempts go on. "0s" sets no limit; with a limit, both it and `retryCount` must be reached. Default: "0s". */
  maxRetryDuration?: pulumi.Input<string>;
  /** Shortest wait before a retry, no longer than `maxBackoff`. Default: "30s". */
  minBackoff?: pulumi.Input<string>;
  /** Longest wait before a retry. Default: "300s". */
  maxBackoff?: pulumi.Input<string>;
  /** How often the wait doubles before it grows evenly. Default: 5. */
  maxDoublings?: pulumi.Input<number>;
}

/** Arguments of `SchedulerJob`. */
export interface SchedulerJobArgs {
  /** When: five cron fields, such as "5 * * * *". */
  schedule: pulumi.Input<string>;
  /** What is called, and as whom: what `authorize(caller)` returns, or an invoker. */
  target: pulumi.Input<AuthorizedTarget>;
  /** Added to the target's address, never to the audience. */
  path?: pulumi.Input<string>;
  /** Parameters added to the address, never to the audience. */
  query?: Record<string, pulumi.Input<string>>;
  /** Time zone of the schedule, as the tz database names it. Default: "Etc/UTC". */
  timeZone?: pulumi.Input<string>;
  /** How to call. Default: POST with a body and to Google's APIs, else GET. */
  method?: HttpMethod;
  /** Body of the call: text as it is, anything else as JSON with its content type. For POST, PUT and PATCH. */
  body?: pulumi.Inputs[string];
  /** Headers of the call. Authorization and those that Google sets itself are refused. */
  headers?: Record<string, pulumi.Input<string>>;
  /** How failed calls are tried again. */
  retry?: SchedulerRetry;
  /** How long one attempt may take, "15s" to "1800s". Default: "180s". */
  attemptDeadline?: pulumi.Input<string>;
  /** Whether the schedule rests. Default: false. */
  paused?: pulumi.Input<boolean>;
  /** What the job is for, up to 500 characters. */
  description?: pulumi.Input<string>;
  /** Region. Default: the provider's. Changing it replaces the job. */
  region?: pulumi.Input<string>;
  /** Id of the project, which must be the caller's too. Default: the provider's. Changing it replaces the job. */
  project?: pulumi.Input<string>;
  /** Exact name. Default: the component's name and a random suffix. Changing it replaces the job. */
  jobName?: pulumi.Input<string>;
}

/**
 * A Cloud Scheduler job that calls its target with an OIDC token of the caller, with the audience that the target
 * accepts; or, where the target is one of Google's APIs, with an access token of the caller.
 *
 * ```typescript
 * new SchedulerJob("oidctest", { schedule: "5 * * * *", target: hello.authorize(schedulerunner) });
 * ```
 *
 * Its retries outlast the minutes that a fresh grant needs to be seen everywhere
 * (https://docs.cloud.google.com/iam/docs/access-change-propagation).
 */
export class SchedulerJob extends pulumi.ComponentResource {
  /** The job's name. */
  readonly jobName: pulumi.Output<string>;
  /** The address that it calls. */
  readonly url: pulumi.Output<string>;
  /** The audience of its id_tokens; nothing when it sends access tokens. */
  readonly audience: pulumi.Output<string | undefined>;
  /** The scope of its access tokens; nothing when it sends id_tokens. */
  readonly scope: pulumi.Output<string | undefined>;
  /** The account that it calls as, which is one of its own project. */
  readonly serviceAccountEmail: pulumi.Output<string>;

  constructor(name: string, args: SchedulerJobArgs, opts?: pulumi.ComponentResourceOptions) {
    super("automatic-oidc:index:SchedulerJob", name, NO_INPUTS, opts);
    const subject = { component: "SchedulerJob", name };
    requireArguments(subject, args, "schedule", "target");
    const request = tokenRequest(subject, args);
    const job = createJob(subject, args, request, childOf(this, opts));

    nodes.set(this, { job });
    this.jobName = job.name;
    this.url = pulumi.output(request.url);
    this.audience = pulumi.output(request.audience);
    this.scope = pulumi.output(request.scope);
    // A project that is left to the provider shows in the resource alone.
    this.serviceAccountEmail = pulumi.output(sameProject(subject, request.serviceAccountEmail, job.project));
    this.registerOutputs({
      jobName: this.jobName,
      url: this.url,
      audience: this.audience,
      scope: this.scope,
      serviceAccountEmail: this.serviceAccountEmail,
    });
  }

  /** The underlying resources. */
  get nodes(): SchedulerJobNodes {
    return nodes.get(this);
  }
}

/** The resources that a `SchedulerJob` is made of. */
export interface SchedulerJobNodes {
  /** `NAME`. The job. */
  readonly job: cloudscheduler.Job;
}

const nodes = new Beside<SchedulerJob, SchedulerJobNodes>();

function createJob(
  subject: Subject,
  args: SchedulerJobArgs,
  request: TokenRequest,
  options: pulumi.CustomResourceOptions,
): cloudscheduler.Job {
  const { name, options: named } = autoName(
    { subject, child: subject.name, rule: NAME_RULES.job, exact: args.jobName, property: "jobName" },
    options,
  );
  const { body, contentType } = requestBody(args.body);
  const method = checkedMethod(subject, args, request.scope);
  return new cloudscheduler.Job(
    subject.name,
    {
      name,
      region: checkedIfGiven(subject, "region", args.region, regionName),
      project: args.project,
      description: checkedIfGiven(subject, "description", args.description, (text) =>
        text.length <= 500 ? undefined : { problem: "is too long", remedy: "Google takes 500 characters" },
      ),
      schedule: checked(subject, "schedule", args.schedule, cronExpression),
      timeZone: checked(subject, "timeZone", args.timeZone ?? SCHEDULER_DEFAULTS.timeZone, timeZoneName),
      attemptDeadline: checked(
        subject,
        "attemptDeadline",
        args.attemptDeadline ?? SCHEDULER_DEFAULTS.attemptDeadline,
        durationWithin(15, 1800),
      ),
      paused: args.paused ?? false,
      retryConfig: retryConfig(subject, args.retry ?? {}),
      httpTarget: {
        uri: request.url,
        httpMethod: method,
        body,
        headers: requestHeaders(subject, args.headers, contentType),
        oidcToken: request.oidcToken,
        oauthToken: request.oauthToken,
      },
    },
    named,
  );
}

function checkedMethod(
  subject: Subject,
  args: SchedulerJobArgs,
  scope: pulumi.Input<string | undefined>,
): pulumi.Input<string> {
  const method = checked(subject, "method", args.method ?? defaultMethod(args, scope), oneOf(HttpMethod));
  // https://cloud.google.com/scheduler/docs/reference/rest/v1/projects.locations.jobs
  if (args.body !== undefined && isPlain(method) && !["POST", "PUT", "PATCH"].includes(method)) {
    refuse(subject, "method", method, {
      problem: "carries no body, but one is given",
      remedy: "Use POST, PUT or PATCH, or leave the body out",
    });
  }
  return method;
}

/** A Google API that is called on a schedule is asked to do something, not to tell something. */
function defaultMethod(
  { body }: SchedulerJobArgs,
  scope: pulumi.Input<string | undefined>,
): pulumi.Input<HttpMethod> {
  if (body !== undefined) return HttpMethod.Post;
  const by = (known: string | undefined) => (known === undefined ? HttpMethod.Get : HttpMethod.Post);
  // Which token a target wants is known at once unless the whole target is known later only.
  return isPlain(scope) ? by(scope) : pulumi.output(scope).apply(by);
}

/** Google's limits: https://cloud.google.com/scheduler/docs/reference/rest/v1/projects.locations.jobs#RetryConfig */
function retryConfig(subject: Subject, retry: SchedulerRetry) {
  const defaults = SCHEDULER_DEFAULTS.retry;
  const { min, max } = backoffs(
    subject,
    { property: "retry.minBackoff", value: retry.minBackoff ?? defaults.minBackoff },
    { property: "retry.maxBackoff", value: retry.maxBackoff ?? defaults.maxBackoff },
    3600,
  );
  return {
    retryCount: checked(
      subject,
      "retry.retryCount",
      retry.retryCount ?? defaults.retryCount,
      within(0, 5, "retries"),
    ),
    maxRetryDuration: checked(
      subject,
      "retry.maxRetryDuration",
      retry.maxRetryDuration ?? defaults.maxRetryDuration,
      durationWithin(0, Number.MAX_SAFE_INTEGER),
    ),
    minBackoffDuration: min,
    maxBackoffDuration: max,
    maxDoublings: checked(
      subject,
      "retry.maxDoublings",
      retry.maxDoublings ?? defaults.maxDoublings,
      within(0, 16, "doublings"),
    ),
  };
}
