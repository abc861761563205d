import type { Cloud } from "../cloud/cloud";
import { agentEmail, describe } from "../cloud/names";
import type { IdTokenClaims } from "../cloud/tokens/claims";
import { join } from "./answers";
import { inWords } from "./audiences";
import { iapCredentials } from "./credentials";
import type { Gate } from "./gate";
import type { HttpRequest } from "./http";
import { notTheAccount, type Judgement } from "./judge";

export const IAP_SETTINGS = "gcp:iap/settings:Settings";

/** What is read of its settings. https://docs.cloud.google.com/iap/docs/reference/rest/v1/IapSettings */
export interface IapSettingsState {
  accessSettings?: { oauthSettings?: { programmaticClients?: string[] } };
}

/** What IAP before a Run service knows. */
export interface Iap {
  /** What its policy hangs on. */
  readonly resource: string;
  /** Ids of the OAuth clients that were allow-listed for programs. */
  readonly clients: readonly string[];
}

const PERMISSION = "iap.webServiceVersions.accessViaIAP";

/** What the code behind would get from IAP: nobody else may send it. */
const FROM_IAP = /^x-goog-(iap-|authenticated-user-)/i;

const NO_ASSERTION =
  "that the code behind gets no X-Goog-IAP-JWT-Assertion, which IAP would sign and the sandbox does not; and that such headers from outside are taken out";

/**
 * Whether IAP lets a request on, and whether the Run service then lets IAP in, which calls as an agent of its own.
 * https://docs.cloud.google.com/run/docs/securing/identity-aware-proxy-cloud-run
 */
export async function judgeByIap(
  cloud: Cloud,
  gate: Gate,
  iap: Iap,
  headers: HttpRequest["headers"],
): Promise<Judgement> {
  const found = iapCredentials(headers);
  if (found.kind === "none") {
    return {
      refusal: "iap: no credential",
      reason: `The request carries no token, and IAP stands before ${gate.label}: the caller must send "Authorization: Bearer <id_token>" for the audience ${accepted(iap)}`,
      says: "empty token",
    };
  }
  if (found.kind !== "bearer") {
    return {
      refusal: "iap: invalid token",
      reason: `${found.header} does not carry one bearer token, and IAP understands nothing else`,
      says: "Unable to parse JWT",
      assumed: "that several credentials, or another scheme, are answered like a token that is none",
    };
  }
  const verified = await cloud.tokens.verify(found.token);
  if (!verified.ok) return doesNotVerify(verified.why);
  const { claims } = verified;
  if (!iap.clients.includes(claims.aud)) return wrongAudience(iap, gate, claims.aud);
  const judgement = judgeCaller(cloud, gate, iap, claims);
  return { ...judgement, assumed: join(judgement.assumed, verified.assumed), used: found.header };
}

/** What the code behind sees of the headers, as far as they pretend to be IAP's. */
export function withoutIapHeaders(headers: HttpRequest["headers"]): HttpRequest["headers"] {
  return headers.filter(([name]) => !FROM_IAP.test(name));
}

function accepted({ clients }: Iap): string {
  return inWords({ origins: [], exact: clients });
}

/** As seen in reports from live services; of the other faults there are none. */
const SAID: Readonly<Record<string, string>> = {
  malformed: "Unable to parse JWT",
  "bad signature": "JWT signature is invalid",
  "no verified email": "JWT 'email' claim isn't a string",
};

function doesNotVerify(why: string): Judgement {
  const says = SAID[why];
  return {
    refusal: "iap: invalid token",
    reason: `The token does not verify: ${why}`,
    says: says ?? "JWT is invalid",
    assumed: says === undefined ? "IAP's words for this fault of a token" : undefined,
  };
}

function wrongAudience(iap: Iap, gate: Gate, audience: string): Judgement {
  const [expected] = iap.clients;
  return {
    refusal: "iap: invalid token",
    reason:
      expected === undefined
        ? `The token is for the audience "${audience}", and no OAuth client is allow-listed for programs at IAP before ${gate.label} (gcp.iap.Settings, programmaticClients)`
        : `The token is for the audience "${audience}", and IAP before ${gate.label} accepts ${accepted(iap)}`,
    says: `JWT audience doesn't match this application ('aud' claim (${audience}) doesn't match expected value (${expected ?? ""}))`,
    assumed: expected === undefined ? "the words, while no client is allow-listed" : undefined,
  };
}

function judgeCaller(cloud: Cloud, gate: Gate, iap: Iap, claims: IdTokenClaims): Judgement {
  const { email } = claims;
  if (email === undefined) return doesNotVerify("no verified email");
  const principal = `serviceAccount:${email}`;
  const stale = notTheAccount(cloud, claims.sub, email);
  if (stale !== undefined) return { refusal: "iap: no permission", reason: stale, principal };
  const decision = cloud.iam.decide({ member: principal, permission: PERMISSION, resource: iap.resource });
  if (!decision.allowed) {
    return { refusal: "iap: no permission", reason: decision.reason, decision, principal };
  }
  const closed = closedToIap(cloud, gate);
  if (closed !== undefined) {
    const reason = `IAP lets ${email} on, but it calls as its own agent: ${closed}`;
    return { refusal: "iap: agent refused", reason, decision, principal };
  }
  return { reason: decision.reason, decision, principal, assumed: NO_ASSERTION };
}

/** Why IAP's own agent does not get in. */
function closedToIap(cloud: Cloud, gate: Gate): string | undefined {
  if (gate.open) return undefined;
  const email = agentEmail("iap", cloud.projects.require(gate.project).number);
  if (cloud.iam.account(email) === undefined) {
    return `${email} does not exist. Create it (gcp.projects.ServiceIdentity for iap.googleapis.com), then grant it roles/run.invoker on the ${describe(gate.ref.fullName)}`;
  }
  const decision = cloud.iam.decide({
    member: `serviceAccount:${email}`,
    permission: gate.permission,
    resource: gate.ref.fullName,
  });
  return decision.allowed ? undefined : decision.reason;
}
