import type { Cloud } from "../../cloud/cloud";
import type { Ingress } from "../../ingress/ingress";
import type { StoredResource } from "../../cloud/store";
import { CLOUD_PLATFORM } from "../../cloud/tokens/access-tokens";
import type { Attempt, AttemptLog } from "../attempt";
import { milliseconds } from "../duration";
import { mint, mintAccess, type Minted, type MintedAccess } from "../mint";
import { notMinted, send, type Planned } from "../send";
import type { Waits } from "../waits";
import { retries, retryInterval } from "./backoff";
import { JOB, JOB_DEFAULTS, type JobState } from "./job";
import { jobRequest } from "./job-request";
import { following } from "./redirects";

export interface Tools {
  cloud: Cloud;
  ingress: Ingress;
  log: AttemptLog;
  waits: Waits;
}

/** One execution of a job: the first attempt, and the retries that its configuration asks for. */
export async function execute(
  tools: Tools,
  id: string,
  scheduledFor: number | undefined,
): Promise<Attempt[]> {
  const { cloud, log, waits } = tools;
  const started = cloud.clock.now();
  const attempts: Attempt[] = [];
  for (;;) {
    const job = cloud.store.get<JobState>(JOB, id);
    if (job === undefined) return attempts;
    const attempt = await attemptOnce(tools, job, attempts.length + 1, scheduledFor);
    if (attempt === undefined) return attempts;
    attempts.push(attempt);
    log.add(attempt);
    const config = job.state.retryConfig ?? {};
    const made = attempts.length - 1;
    if (attempt.outcome === "success" || !retries(config, made, cloud.clock.now() - started)) return attempts;
    if (!(await waits.sleep(retryInterval(config, made)))) return attempts;
  }
}

async function attemptOnce(
  { cloud, ingress, waits }: Tools,
  { id, project, state }: StoredResource<JobState>,
  number: number,
  scheduledFor: number | undefined,
): Promise<Attempt | undefined> {
  const { httpTarget } = state;
  const oidc = httpTarget?.oidcToken;
  const oauth = httpTarget?.oauthToken;
  const audience = oidc && (nonEmpty(oidc.audience) ?? httpTarget.uri);
  // docs.cloud.google.com/scheduler/docs/reference/rest/v1/projects.locations.jobs#OAuthToken
  const scope = oauth && (nonEmpty(oauth.scope) ?? CLOUD_PLATFORM);
  const planned: Planned = {
    at: cloud.clock.now(),
    source: { kind: "scheduler-job", name: state.name, id },
    number,
    url: httpTarget?.uri ?? "",
    caller: (oidc ?? oauth)?.serviceAccountEmail ?? "",
    audience,
    scope,
  };
  if (httpTarget === undefined) return notModelled(planned);
  return send(waits, planned, {
    mint: () => tokenFor(cloud, { project, caller: planned.caller, audience, scope }),
    send: (token) =>
      following(
        (request) => ingress.handle(request, { network: "google", project }),
        jobRequest({ ...state, httpTarget }, token, scheduledFor),
      ),
    deadline: milliseconds(nonEmpty(state.attemptDeadline) ?? JOB_DEFAULTS.attemptDeadline),
    isSuccess: (status) => status >= 200 && status <= 299,
  });
}

/** Without an audience of its own a job takes its whole address, query included. */
async function tokenFor(
  cloud: Cloud,
  { audience, scope, ...of }: { project: string; caller: string; audience?: string; scope?: string },
): Promise<Minted | MintedAccess | undefined> {
  // Every attempt has a token of its own: nothing documents that one is used again.
  if (audience !== undefined) return mint(cloud, { agent: "scheduler", ...of, audience });
  return scope === undefined ? undefined : mintAccess(cloud, { agent: "scheduler", ...of, scope });
}

function notModelled(planned: Planned): Attempt {
  return notMinted(planned, {
    allowed: false,
    member: "",
    permission: "iam.serviceAccounts.getOpenIdToken",
    resource: planned.source.id,
    reason: "The sandbox does not model a job without an httpTarget.",
  });
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === "" ? undefined : text;
}
