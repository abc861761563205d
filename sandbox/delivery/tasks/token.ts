import type { Cloud } from "../../cloud/cloud";
import type { Decision } from "../../cloud/iam/decide";
import { agentEmail } from "../../cloud/names";
import { CLOUD_PLATFORM } from "../../cloud/tokens/access-tokens";
import { mint, mintAccess, type Minted, type MintedAccess } from "../mint";
import type { StoredQueue } from "./queue";
import type { Task } from "./task";

/** Whose token an attempt carries: an id_token for an audience, or an access token with a scope. */
export type WantedToken = { caller: string } & (
  { audience: string; scope?: undefined } | { audience?: undefined; scope: string }
);

/**
 * What the queue says goes before what the task says. Without an audience a task's token is for its address; which one, if
 * the queue has put another in its place, is not documented: here the one that is called.
 * https://docs.cloud.google.com/tasks/docs/creating-http-target-tasks
 */
export function wantedToken({ state }: StoredQueue, task: Task, url: string): WantedToken | undefined {
  const oauth = state.httpTarget?.oauthToken;
  if (oauth !== undefined) {
    requireGoogles(url);
    const { serviceAccountEmail: caller, scope = "" } = oauth;
    // docs.cloud.google.com/tasks/docs/reference/rest/v2/OAuthToken
    return { caller, scope: scope === "" ? CLOUD_PLATFORM : scope };
  }
  const oidc = state.httpTarget?.oidcToken ?? task.call.oidcToken;
  if (oidc === undefined) return undefined;
  const { serviceAccountEmail: caller, audience = "" } = oidc;
  return { caller, audience: audience === "" ? url : audience };
}

/** Assumed: that Google sends none elsewhere, which it only advises. Whoever got one could use it until it expires. */
function requireGoogles(url: string): void {
  const { protocol, hostname } = new URL(url);
  if (protocol === "https:" && hostname.endsWith(".googleapis.com")) return;
  throw new Error(`access tokens go to https://*.googleapis.com only, and this is ${protocol}//${hostname}.`);
}

const ACT_AS =
  "that Cloud Tasks' agent can mint without roles/iam.serviceAccountUser on the account, which Google asks for (docs.cloud.google.com/tasks/docs/creating-http-target-tasks)";

/** The token, minted for this one attempt by the agent of the queue's project. */
export async function taskToken(
  cloud: Cloud,
  project: string,
  { caller, audience, scope }: WantedToken,
): Promise<Minted | MintedAccess> {
  const question = { agent: "tasks" as const, project, caller };
  const minted =
    scope === undefined
      ? await mint(cloud, { ...question, audience })
      : mintAccess(cloud, { ...question, scope });
  return minted.ok && !agentActsAs(cloud, project, minted.decision)
    ? { ...minted, decision: assuming(minted.decision, ACT_AS) }
    : minted;
}

function agentActsAs(cloud: Cloud, project: string, { resource }: Decision): boolean {
  const member = `serviceAccount:${agentEmail("tasks", cloud.projects.require(project).number)}`;
  return cloud.iam.decide({ member, permission: "iam.serviceAccounts.actAs", resource }).allowed;
}

function assuming(decision: Decision, assumed: string): Decision {
  return {
    ...decision,
    assumed: decision.assumed === undefined ? assumed : `${decision.assumed}; and ${assumed}`,
  };
}
