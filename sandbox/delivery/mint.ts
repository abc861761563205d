import { decodeJwt } from "jose";
import type { Cloud } from "../cloud/cloud";
import type { Decision } from "../cloud/iam/decide";
import { agentEmail, serviceAccountName } from "../cloud/names";
import type { IdTokenClaims } from "../cloud/tokens/claims";

export type Minted =
  { ok: true; token: string; claims: IdTokenClaims; decision: Decision } | { ok: false; decision: Decision };

export interface MintQuestion {
  agent: "scheduler" | "tasks" | "pubsub";
  /** The project of the source: its agent is the one that asks. */
  project: string;
  /** E-mail of the account that the token is for. */
  caller: string;
  audience: string;
}

/** https://docs.cloud.google.com/pubsub/docs/authenticate-push-subscriptions */
const PERMISSION = "iam.serviceAccounts.getOpenIdToken";

/** A source's token, if its project's agent may have one for the caller. */
export async function mint(cloud: Cloud, question: MintQuestion): Promise<Minted> {
  const decision = mayMint(cloud, question);
  if (!decision.allowed) return { ok: false, decision };
  const { caller, audience } = question;
  const token = await cloud.tokens.mint({ email: caller, audience, includeEmail: true });
  return { ok: true, token, claims: decodeJwt<IdTokenClaims>(token), decision };
}

function mayMint(cloud: Cloud, { agent, project, caller }: MintQuestion): Decision {
  const member = `serviceAccount:${agentEmail(agent, cloud.projects.require(project).number)}`;
  const account = cloud.iam.account(caller);
  const resource = serviceAccountName(account?.project ?? project, caller);
  const base = { allowed: false, member, permission: PERMISSION, resource };
  if (account === undefined || account.disabled === true) {
    const what = account === undefined ? "does not exist" : "is disabled";
    return { ...base, reason: `Service account ${caller} ${what}, so no token can be minted for it.` };
  }
  if (account.project !== cloud.projects.require(project).id) {
    const reason = `Service account ${caller} is of project "${account.project}", and the source of "${project}"; both must be of the same project.`;
    return { ...base, reason, assumed: OTHER_PROJECT };
  }
  return cloud.iam.decide({ member, permission: PERMISSION, resource });
}

/** The rule: docs.cloud.google.com/scheduler/docs/http-target-auth, cloud.google.com/pubsub/docs/create-push-subscription */
const OTHER_PROJECT =
  "that a source which names an account of another project gets no token, whatever its agent may there: Google documents the rule, and not what comes of breaking it";
