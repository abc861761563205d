import { decodeJwt } from "jose";
import type { Cloud } from "../cloud/cloud";
import type { Decision } from "../cloud/iam/decide";
import { agentEmail, serviceAccountName } from "../cloud/names";
import type { Access } from "../cloud/tokens/access-tokens";
import type { IdTokenClaims } from "../cloud/tokens/claims";

type NotMinted = { ok: false; decision: Decision };

export type Minted = { ok: true; token: string; claims: IdTokenClaims; decision: Decision } | NotMinted;

/** The same with an access token, which says nothing of itself. */
export type MintedAccess = { ok: true; token: string; access: Access; decision: Decision } | NotMinted;

interface Question {
  agent: "scheduler" | "tasks" | "pubsub";
  /** The project of the source: its agent is the one that asks. */
  project: string;
  /** E-mail of the account that the token is for. */
  caller: string;
}

export interface MintQuestion extends Question {
  audience: string;
}

export interface MintAccessQuestion extends Question {
  scope: string;
}

/** https://docs.cloud.google.com/pubsub/docs/authenticate-push-subscriptions */
const ID_TOKEN = "iam.serviceAccounts.getOpenIdToken";
/** https://docs.cloud.google.com/iam/docs/create-short-lived-credentials-direct */
const ACCESS_TOKEN = "iam.serviceAccounts.getAccessToken";

/** A source's token, if its project's agent may have one for the caller. */
export async function mint(cloud: Cloud, question: MintQuestion): Promise<Minted> {
  const decision = mayMint(cloud, question, ID_TOKEN);
  if (!decision.allowed) return { ok: false, decision };
  const { caller, audience } = question;
  const token = await cloud.tokens.mint({ email: caller, audience, includeEmail: true });
  return { ok: true, token, claims: decodeJwt<IdTokenClaims>(token), decision };
}

/** A source's access token, if its project's agent may have one for the caller. */
export function mintAccess(cloud: Cloud, question: MintAccessQuestion): MintedAccess {
  const decision = mayMint(cloud, question, ACCESS_TOKEN);
  if (!decision.allowed) return { ok: false, decision };
  const { caller, scope } = question;
  const { token, ...access } = cloud.tokens.mintAccess({
    member: `serviceAccount:${caller}`,
    scopes: [scope],
  });
  return { ok: true, token, access, decision };
}

function mayMint(cloud: Cloud, { agent, project, caller }: Question, permission: string): Decision {
  const member = `serviceAccount:${agentEmail(agent, cloud.projects.require(project).number)}`;
  const account = cloud.iam.account(caller);
  const resource = serviceAccountName(account?.project ?? project, caller);
  const base = { allowed: false, member, permission, resource };
  if (account === undefined || account.disabled === true) {
    const what = account === undefined ? "does not exist" : "is disabled";
    return { ...base, reason: `Service account ${caller} ${what}, so no token can be minted for it.` };
  }
  if (account.project !== cloud.projects.require(project).id) {
    const reason = `Service account ${caller} is of project "${account.project}", and the source of "${project}"; both must be of the same project.`;
    return { ...base, reason, assumed: OTHER_PROJECT };
  }
  return cloud.iam.decide({ member, permission, resource });
}

/** The rule: docs.cloud.google.com/scheduler/docs/http-target-auth, cloud.google.com/pubsub/docs/create-push-subscription */
const OTHER_PROJECT =
  "that a source which names an account of another project gets no token, whatever its agent may there: Google documents the rule, and not what comes of breaking it";
