import * as pulumi from "@pulumi/pulumi";
import { callerEmail } from "../wiring/accounts";
import { after } from "../wiring/after";
import type { AuthorizedTarget } from "../wiring/authorizedTarget";
import { targetLeaves } from "../wiring/authorizedTarget";
import type { Problem, Subject } from "../wiring/checks";
import { checked, checkedIfGiven, nonEmpty } from "../wiring/checks";
import { sameProject } from "../wiring/sameProject";
import { httpsUrl, joinUrl, requestPath } from "../wiring/urls";

/** What every source is told about its call. */
export interface RequestArgs {
  readonly target: pulumi.Input<AuthorizedTarget>;
  readonly path?: pulumi.Input<string>;
  readonly query?: Record<string, pulumi.Input<string>>;
  /** Id of the source's project. */
  readonly project?: pulumi.Input<string>;
}

/** One call, checked: where to, as whom, and with which audience. */
export interface OidcRequest {
  readonly url: pulumi.Input<string>;
  readonly serviceAccountEmail: pulumi.Input<string>;
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
  const audience = checked(subject, "target.audience", leaves.audience, (value) =>
    value === undefined ? WANTS_AUDIENCE : nonEmpty(value),
  ) as pulumi.Input<string>;
  const url = checked(subject, "target.url", leaves.url, httpsUrl);
  const path = checkedIfGiven(subject, "path", args.path, requestPath);
  const email = checked(subject, "target.serviceAccountEmail", leaves.serviceAccountEmail, callerEmail);
  return {
    url: joined(subject, url, path, args.query),
    serviceAccountEmail: args.project === undefined ? email : sameProject(subject, email, args.project),
    audience: after(audience, [scope]),
  };
}

const WANTS_OAUTH: Problem = {
  problem: "asks for an access token, which this source does not send to it",
  remedy: "Use a target with an audience: what authorize(caller) returns",
};

const WANTS_AUDIENCE: Problem = {
  problem: "is missing; Google would send the whole address, which most targets refuse with 401",
  remedy: "Use what authorize(caller) returns, or give the audience that the target accepts",
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
