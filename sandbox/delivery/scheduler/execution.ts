import type { Cloud } from "../../cloud/cloud";
import type { Ingress } from "../../ingress/ingress";
import type { StoredResource } from "../../cloud/store";
import type { Attempt, AttemptLog } from "../attempt";
import { milliseconds } from "../duration";
import { mint, type Minted } from "../mint";
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
  const audience = oidc && (nonEmpty(oidc.audience) ?? httpTarget.uri);
  const planned: Planned = {
    at: cloud.clock.now(),
    source: { kind: "scheduler-job", name: state.name, id },
    number,
    url: httpTarget?.uri ?? "",
    caller: oidc?.serviceAccountEmail ?? httpTarget?.oauthToken?.serviceAccountEmail ?? "",
    audience,
  };
  if (httpTarget === undefined || httpTarget.oauthToken !== undefined)
    return notModelled(planned, httpTarget);
  return send(waits, planned, {
    mint: () => tokenFor(cloud, project, oidc?.serviceAccountEmail, audience),
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
  project: string,
  caller: string | undefined,
  audience: string | undefined,
): Promise<Minted | undefined> {
  if (caller === undefined || audience === undefined) return undefined;
  // Every attempt has a token of its own: nothing documents that one is used again.
  return mint(cloud, { agent: "scheduler", project, caller, audience });
}

function notModelled(planned: Planned, httpTarget: JobState["httpTarget"]): Attempt {
  const what = httpTarget === undefined ? "a job without an httpTarget" : "oauthToken (OAuth access tokens)";
  const reason = `The sandbox does not model ${what}.`;
  return notMinted(planned, {
    allowed: false,
    member: "",
    permission: "iam.serviceAccounts.getAccessToken",
    resource: planned.source.id,
    reason,
  });
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === "" ? undefined : text;
}
