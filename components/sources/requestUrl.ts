import * as pulumi from "@pulumi/pulumi";
import { callerEmail } from "../wiring/accounts";
import type { AuthorizedTarget } from "../wiring/authorizedTarget";
import { targetLeaves } from "../wiring/authorizedTarget";
import type { Check, Problem, Subject } from "../wiring/checks";
import { checked, checkedIfGiven, isPlain, nonEmpty } from "../wiring/checks";
import { sameProject } from "../wiring/sameProject";
import { httpsUrl, isGoogleApi, joinUrl, requestPath } from "../wiring/urls";

/** What every source is told about its call. */
export interface RequestArgs {
  readonly target: pulumi.Input<AuthorizedTarget>;
  readonly path?: pulumi.Input<string>;
  readonly query?: Record<string, pulumi.Input<string>>;
  /** Id of the source's project. */
  readonly project?: pulumi.Input<string>;
}

/** One call, checked: where to, and as whom. */
export interface SourceRequest {
  readonly url: pulumi.Input<string>;
  readonly serviceAccountEmail: pulumi.Input<string>;
}

/** One call with an id_token. */
export interface OidcRequest extends SourceRequest {
  readonly audience: pulumi.Input<string>;
}

/** https://cloud.google.com/scheduler/docs/reference/rest/v1/projects.locations.jobs, and the same for Cloud Tasks. */
const LONGEST_URL = 2083;

/** Reads the target of a source that sends an OIDC token: the address with path and query, the audience without. */
export function oidcRequest(subject: Subject, args: RequestArgs): OidcRequest {
  const leaves = targetLeaves(args.target);
  const scope = checked(subject, "target.scope", leaves.scope, (value) =>
    value === undefined ? undefined : WANTS_OAUTH,
  );
  const audience = () =>
    checked(subject, "target.audience", leaves.audience, audienceOfOidc) as pulumi.Input<string>;
  return {
    ...sourceRequest(subject, args, oidcUrl),
    // A target with a scope and no audience is not to be told that its audience is missing.
    audience: isPlain(scope) ? audience() : pulumi.output(scope).apply(() => pulumi.output(audience())),
  };
}

/** The address with path and query, and the caller; `check` says where such a token may be sent. */
export function sourceRequest(subject: Subject, args: RequestArgs, check: Check<string>): SourceRequest {
  const leaves = targetLeaves(args.target);
  const url = checked(subject, "target.url", leaves.url, check);
  const path = checkedIfGiven(subject, "path", args.path, requestPath);
  const email = checked(subject, "target.serviceAccountEmail", leaves.serviceAccountEmail, callerEmail);
  return {
    url: joined(subject, url, path, args.query),
    serviceAccountEmail: args.project === undefined ? email : sameProject(subject, email, args.project),
  };
}

/** A check of an address that is sent an id_token. */
export const oidcUrl: Check<string> = (value) =>
  httpsUrl(value) ?? (isGoogleApi(value) ? NO_ID_TOKEN : undefined);

/** A check that a target has an audience. */
export const audienceOfOidc: Check<string | undefined> = (value) =>
  value === undefined ? WANTS_AUDIENCE : nonEmpty(value);

// https://docs.cloud.google.com/pubsub/docs/reference/rest/v1/projects.subscriptions#PushConfig: there is no other.
const WANTS_OAUTH: Problem = {
  problem: "asks for an access token, and this source can send id_tokens only",
  remedy: "Use a target with an audience; Google's APIs can be called by a SchedulerJob or a TaskQueue",
};

const WANTS_AUDIENCE: Problem = {
  problem: "is missing; Google would send the whole address, which most targets refuse with 401",
  remedy: "Use what authorize(caller) returns, or give the audience that the target accepts",
};

// https://docs.cloud.google.com/scheduler/docs/http-target-auth
const NO_ID_TOKEN: Problem = {
  problem: "is one of Google's APIs, which take access tokens and refuse id_tokens",
  remedy: "Use a target with a scope: CloudRunJob, or GoogleApiTarget for any other API",
};

function joined(
  subject: Subject,
  url: pulumi.Input<string>,
  path: pulumi.Input<string> | undefined,
  query: Record<string, pulumi.Input<string>> | undefined,
): pulumi.Input<string> {
  const whole =
    path === undefined && query === undefined
      ? url
      : pulumi.all([url, path, query]).apply(([u, p, q]) => joinUrl(u, p, q));
  return checked(subject, "url", whole, (value) =>
    value.length <= LONGEST_URL
      ? undefined
      : {
          problem: `is ${value.length} characters long`,
          remedy: `Google takes ${LONGEST_URL}; shorten path or query`,
        },
  );
}
