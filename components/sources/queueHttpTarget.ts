import type { cloudtasks } from "@pulumi/gcp/types/input";
import * as pulumi from "@pulumi/pulumi";
import type { Subject } from "../wiring/checks";
import { checkedIfGiven, oneOf } from "../wiring/checks";
import { requestHeaders } from "./httpContent";
import { HttpMethod } from "./httpMethod";
import type { TokenRequest } from "./tokenRequest";

/** What a queue is told about the calls of its tasks. */
export interface QueueCallArgs {
  readonly path?: pulumi.Input<string>;
  readonly query?: Record<string, pulumi.Input<string>>;
  readonly method?: HttpMethod;
  readonly headers?: Record<string, pulumi.Input<string>>;
}

/**
 * Where a queue sends its tasks and with which token, over whatever they say themselves
 * (https://cloud.google.com/tasks/docs/reference/rest/v2/projects.locations.queues#HttpTarget).
 */
export function queueHttpTarget(
  subject: Subject,
  args: QueueCallArgs,
  request: TokenRequest,
): cloudtasks.QueueHttpTarget {
  return {
    uriOverride: uriOverride(args, request.url),
    httpMethod: checkedIfGiven(subject, "method", args.method, oneOf(HttpMethod)),
    headerOverrides: headerOverrides(subject, args.headers),
    // Google wants account and audience both to be said for a whole queue.
    oidcToken: request.oidcToken,
    oauthToken: request.oauthToken,
  };
}

/** Scheme and host always; path, query and port only where there is one, and otherwise each task's own. */
function uriOverride(args: QueueCallArgs, url: pulumi.Input<string>): cloudtasks.QueueHttpTargetUriOverride {
  const parts = pulumi.output(url).apply((known) => new URL(known));
  return {
    scheme: "HTTPS",
    host: parts.apply(({ hostname }) => hostname),
    port: parts.apply(({ port }) => (port === "" ? undefined : port)),
    pathOverride: parts.apply(({ pathname }) =>
      args.path === undefined && pathname === "/" ? undefined : { path: pathname },
    ),
    queryOverride:
      args.query === undefined
        ? undefined
        : { queryParams: parts.apply(({ search }) => search.replace(/^\?/, "")) },
    uriOverrideEnforceMode: "ALWAYS",
  };
}

function headerOverrides(
  subject: Subject,
  headers: Readonly<Record<string, pulumi.Input<string>>> | undefined,
): cloudtasks.QueueHttpTargetHeaderOverride[] | undefined {
  const given = requestHeaders(subject, headers, undefined);
  return given && Object.entries(given).map(([key, value]) => ({ header: { key, value } }));
}
