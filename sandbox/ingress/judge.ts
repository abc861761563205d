import type { Cloud } from "../cloud/cloud";
import type { Decision } from "../cloud/iam/decide";
import type { IdTokenClaims } from "../cloud/tokens/claims";
import { join } from "./answers";
import { accepts, inWords } from "./audiences";
import type { Credentials } from "./credentials";
import type { Gate } from "./gate";
import type { RefusalCase } from "./refusals";

export interface Judgement {
  /** Undefined: let in. */
  refusal?: RefusalCase;
  reason: string;
  decision?: Decision;
  principal?: string;
  assumed?: string;
  /** What is wrong, in IAP's words. */
  says?: string;
  /** The header whose token was used up; undefined when nobody looked at one. */
  used?: string;
}

/** Whether a caller with these credentials gets through a gate that it has reached. */
export async function judge(cloud: Cloud, gate: Gate, found: Credentials): Promise<Judgement> {
  const everybody = cloud.iam.decide({ member: "allUsers", ...question(gate) });
  if (found.kind === "several") {
    return {
      refusal: "several credentials",
      reason: `${found.header} carries more than one credential`,
      assumed: gate.open || everybody.allowed ? SEVERAL : undefined,
    };
  }
  if (gate.open) {
    return { reason: `${gate.label} has invokerIamDisabled: nobody is asked who they are` };
  }
  if (everybody.allowed) return letEverybodyIn(everybody, found);
  if (found.kind === "none") return noCredential(gate, found.empty);
  if (found.kind === "other scheme") {
    return {
      refusal: "invalid token",
      reason: `${found.header} has ${found.scheme === "" ? "no scheme" : `the scheme "${found.scheme}"`}; only "Bearer" with an id_token is understood`,
      assumed: "that another scheme is answered like an invalid token is not documented",
    };
  }
  return { ...(await judgeToken(cloud, gate, found.token)), used: found.header };
}

const SEVERAL = "that several credentials are refused also where nobody is asked for one";
const NO_EMAIL = "what Google answers to a token without a verified e-mail is not documented";

function question({ permission, ref }: Gate): { permission: string; resource: string } {
  return { permission, resource: ref.fullName };
}

function letEverybodyIn(decision: Decision, found: Credentials): Judgement {
  return {
    reason: decision.reason,
    decision,
    principal: "allUsers",
    assumed:
      found.kind === "none"
        ? undefined
        : "that a target open to allUsers leaves any credential to the application is not documented",
  };
}

function noCredential(gate: Gate, empty: boolean): Judgement {
  return {
    refusal: empty ? "empty credential" : "no credential",
    reason:
      `The request carries no token, and ${gate.label} is not open to allUsers: ` +
      `the caller must send "Authorization: Bearer <id_token>" for the audience ${inWords(gate.audiences)}`,
    assumed: empty ? "the status for an empty header is taken to be that of no header" : undefined,
  };
}

async function judgeToken(cloud: Cloud, gate: Gate, token: string): Promise<Judgement> {
  const verified = await cloud.tokens.verify(token);
  if (!verified.ok) return doesNotVerify(verified.why, token);
  const { claims } = verified;
  if (!accepts(gate.audiences, claims.aud)) {
    return { refusal: "invalid token", reason: wrongAudience(gate, claims.aud) };
  }
  const judgement = judgeCaller(cloud, gate, claims);
  return { ...judgement, assumed: join(judgement.assumed, verified.assumed) };
}

function doesNotVerify(why: string, token: string): Judgement {
  // docs.cloud.google.com/run/docs/troubleshooting: access tokens are refused like invalid ones.
  const hint = token.startsWith("ya29.") ? "; it is an OAuth access token, and an id_token is needed" : "";
  return {
    refusal: "invalid token",
    reason: `The token does not verify: ${why}${hint}`,
    assumed: why === "no verified email" ? NO_EMAIL : undefined,
  };
}

function wrongAudience(gate: Gate, audience: string): string {
  const origin = gate.audiences.origins.find((candidate) => audience.startsWith(`${candidate}/`));
  const hint =
    origin === undefined ? "" : ". Only the path behind it is too much: the audience is the bare address";
  return `The token is for the audience "${audience}", and ${gate.label} accepts ${inWords(gate.audiences)}${hint}`;
}

function judgeCaller(cloud: Cloud, gate: Gate, claims: IdTokenClaims): Judgement {
  const { email } = claims;
  if (email === undefined) return doesNotVerify("no verified email", "");
  const member = `serviceAccount:${email}`;
  const stale = notTheAccount(cloud, claims.sub, email);
  if (stale !== undefined) {
    return {
      refusal: "no permission",
      reason: stale,
      principal: member,
      assumed: "how long the token of a deleted or disabled account still works is not documented",
    };
  }
  const decision = cloud.iam.decide({ member, ...question(gate) });
  return {
    refusal: decision.allowed ? undefined : "no permission",
    reason: decision.reason,
    decision,
    principal: member,
    assumed: decision.assumed,
  };
}

/** A token outlives its account; a new account of the same e-mail is somebody else. */
export function notTheAccount(cloud: Cloud, uniqueId: string, email: string): string | undefined {
  const account = cloud.iam.account(email);
  if (account === undefined)
    return `The service account ${email} that the token names does not exist any more`;
  if (account.uniqueId !== uniqueId) {
    return `The token belongs to an earlier service account ${email} (${uniqueId}), which does not exist any more`;
  }
  return account.disabled === true ? `The service account ${email} is disabled` : undefined;
}
