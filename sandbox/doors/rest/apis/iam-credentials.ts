import { subtle } from "node:crypto";
import { SignJWT } from "jose";
import { z } from "zod/mini";
import { isBase64 } from "../../../cloud/base64";
import type { Cloud } from "../../../cloud/cloud";
import { CloudError } from "../../../cloud/errors";
import type { Account } from "../../../cloud/iam/accounts";
import { serviceAccountName } from "../../../cloud/names";
import { duration, secondsOf } from "../../../cloud/resources/shapes";
import { requireScopes } from "../../../cloud/tokens/scopes";
import { allow, denied } from "../allow";
import type { Api, Call } from "../api";
import { readJson } from "../read-json";
import { requireParameters } from "../require-parameters";

const NAME = "iamcredentials.googleapis.com";
const HOUR = 3_600_000;
/** https://docs.cloud.google.com/iam/docs/reference/credentials/rest/v1/projects.serviceAccounts/signJwt */
const LONGEST_JWT = 12 * HOUR;

const delegates = z.optional(z.array(z.string()));
/** JSON of protocol buffers takes these texts too, and Google's Python library sends them. */
const flag = z.optional(
  z.union([
    z.boolean(),
    z.pipe(
      z.enum(["true", "false"]),
      z.transform((text) => text === "true"),
    ),
  ]),
);
const required = z.string().check(z.minLength(1, "it is required"));

const ID_TOKEN = z.strictObject({
  delegates,
  audience: required,
  includeEmail: flag,
  organizationNumberIncluded: flag,
  // Not in the reference, so what it does is assumed from its name. Google's own client libraries send it with includeEmail:
  // https://github.com/googleapis/google-auth-library-nodejs, src/auth/impersonated.ts
  useEmailAzp: flag,
});
const ACCESS_TOKEN = z.strictObject({
  delegates,
  scope: z.array(z.string()).check(z.minLength(1, "at least one is required")),
  // Longer ones need an organisation policy, and the sandbox has no organisation.
  lifetime: z.optional(duration(1, 3600)),
});
const PAYLOAD = z.strictObject({ delegates, payload: required });
const BLOB = z.strictObject({
  delegates,
  payload: required.check(z.refine(isBase64, "it must be base64")),
});

/**
 * Short-lived credentials of service accounts, for whoever may impersonate them.
 * https://docs.cloud.google.com/iam/docs/reference/credentials/rest/v1/projects.serviceAccounts
 */
export function iamCredentialsApi(cloud: Cloud): Api {
  return {
    name: NAME,
    scopes: ["https://www.googleapis.com/auth/iam", "https://www.googleapis.com/auth/cloud-platform"],
    routes: {
      [route("generateIdToken")]: async (call) => {
        const request = readJson(call, ID_TOKEN);
        const { email } = impersonated(cloud, call, "getOpenIdToken", request);
        if (request.organizationNumberIncluded === true) {
          throw new CloudError(
            "UNIMPLEMENTED",
            "The sandbox has no organisation whose number a token could have.",
          );
        }
        const { audience, includeEmail = false, useEmailAzp = false } = request;
        const azp = useEmailAzp ? "e-mail" : "unique id";
        return { body: { token: await cloud.tokens.mint({ email, audience, includeEmail, azp }) } };
      },
      [route("generateAccessToken")]: (call) => {
        const request = readJson(call, ACCESS_TOKEN);
        const { email } = impersonated(cloud, call, "getAccessToken", request);
        // Assumed: how Google words it. The scopes are checked when the permission is there.
        requireScopes(
          request.scope,
          (scope) =>
            new CloudError("INVALID_ARGUMENT", `scope: "${scope}" is no OAuth scope (invalid_scope).`),
        );
        const { token, expiresAt } = cloud.tokens.mintAccess({
          member: `serviceAccount:${email}`,
          scopes: request.scope,
          lifetime: request.lifetime === undefined ? HOUR : secondsOf(request.lifetime) * 1000,
        });
        const expireTime = new Date(expiresAt).toISOString().replace(/\.\d+Z$/, "Z");
        return { body: { accessToken: token, expireTime } };
      },
      [route("signJwt")]: async (call) => {
        const request = readJson(call, PAYLOAD);
        const { email } = impersonated(cloud, call, "signJwt", request);
        const claims = claimsIn(request.payload, cloud.clock.now());
        const { kid, privateKey } = await cloud.keys.managed(email);
        const jwt = new SignJWT(claims).setProtectedHeader({ alg: "RS256", kid, typ: "JWT" });
        return { body: { keyId: kid, signedJwt: await cloud.clock.real(jwt.sign(privateKey)) } };
      },
      [route("signBlob")]: async (call) => {
        const request = readJson(call, BLOB);
        const { email } = impersonated(cloud, call, "signBlob", request);
        const { kid, privateKey } = await cloud.keys.managed(email);
        const blob = Buffer.from(request.payload, "base64");
        const signed = await cloud.clock.real(subtle.sign("RSASSA-PKCS1-v1_5", privateKey, blob));
        return { body: { keyId: kid, signedBlob: Buffer.from(signed).toString("base64") } };
      },
    },
  };
}

const route = (method: string): string => `POST /v1/projects/{project}/serviceAccounts/{account}:${method}`;

/** The account that is meant, if whoever calls may have this of it. */
function impersonated(
  cloud: Cloud,
  call: Call,
  what: "getOpenIdToken" | "getAccessToken" | "signJwt" | "signBlob",
  { delegates: chain = [] }: { delegates?: readonly string[] },
): Account {
  const { project, account: email = "" } = call.params;
  const principal = call.principal();
  requireParameters(call);
  if (project !== "-") {
    throw new CloudError(
      "INVALID_ARGUMENT",
      `Write projects/-/serviceAccounts/${email}: "${project ?? ""}" in place of the dash is invalid.`,
    );
  }
  if (/^\d+$/.test(email)) {
    throw new CloudError(
      "UNIMPLEMENTED",
      `Name the account by its e-mail; the sandbox does not look up the id ${email}.`,
    );
  }
  if (chain.length > 0) {
    throw new CloudError(
      "UNIMPLEMENTED",
      `The sandbox does not model delegates (${chain.join(", ")}). Leave them out.`,
    );
  }
  const permission = `iam.serviceAccounts.${what}`;
  requireApi(cloud, principal.member);
  const account = cloud.iam.account(email);
  // The same words as for a missing permission, so that nobody learns which accounts there are:
  // https://docs.cloud.google.com/iam/docs/reference/rest/v1/projects.serviceAccounts/signJwt
  if (account === undefined) throw denied(permission, `service account ${email} does not exist.`);
  allow(cloud, principal, permission, serviceAccountName(account.project, account.email));
  if (account.disabled === true) {
    // Assumed: Google documents that a disabled account gets no credentials, and not with which words.
    throw new CloudError("FAILED_PRECONDITION", `Service account ${email} is disabled.`);
  }
  return account;
}

/**
 * In the project of a service account that calls. A person's client has a project of its own, which is none of this
 * cloud's. https://docs.cloud.google.com/docs/quotas/quota-project
 */
function requireApi(cloud: Cloud, member: string): void {
  const email = /^serviceAccount:(.+)$/.exec(member)?.[1] ?? "";
  const project = cloud.iam.account(email)?.project;
  if (project !== undefined) cloud.apis.require(project, NAME);
}

function claimsIn(payload: string, now: number): Record<string, unknown> {
  const claims = parsed(payload);
  if (claims === undefined) {
    throw new CloudError("INVALID_ARGUMENT", "payload: it must be a JSON object of claims, as text.");
  }
  const { exp } = claims;
  if (exp === undefined) return claims;
  if (Number.isInteger(exp) && Number(exp) * 1000 >= now && Number(exp) * 1000 <= now + LONGEST_JWT)
    return claims;
  throw new CloudError(
    "INVALID_ARGUMENT",
    `payload: exp is ${JSON.stringify(exp)}; it must be a whole number of seconds, not in the past and at most 12 hours ahead.`,
  );
}

function parsed(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}
