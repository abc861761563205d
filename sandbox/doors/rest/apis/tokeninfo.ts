import { decodeProtectedHeader } from "jose";
import type { Cloud } from "../../../cloud/cloud";
import { CloudError } from "../../../cloud/errors";
import type { Api, Call } from "../api";
import { OAuthError, oauthRefusal, withOAuthErrors } from "./oauth-errors";

const EMAIL_SCOPES = ["email", "https://www.googleapis.com/auth/userinfo.email"];

/**
 * What a token says, for looking at it by hand: every value as text, numbers and flags as well.
 * https://developers.google.com/identity/sign-in/web/backend-auth#calling-the-tokeninfo-endpoint
 */
export function tokeninfoApi(cloud: Cloud): Api {
  const answer = withOAuthErrors(async (call) => {
    const { idToken, accessToken = "" } = tokensIn(call);
    return {
      body: await (idToken === undefined ? ofAccessToken(cloud, accessToken) : ofIdToken(cloud, idToken)),
    };
  });
  return {
    name: "oauth2.googleapis.com",
    routes: { "GET /tokeninfo": answer, "POST /tokeninfo": answer },
    refusal: oauthRefusal,
  };
}

/** In the query, in a form, or, as Google's Node library sends an access token, in Authorization. */
function tokensIn({ url, body, headers }: Call): { idToken?: string; accessToken?: string } {
  const all = new URLSearchParams([...url.searchParams, ...new URLSearchParams(body)]);
  const bearer = /^bearer +(\S+)$/i.exec(headers.authorization ?? "")?.[1];
  return { idToken: all.get("id_token") ?? undefined, accessToken: all.get("access_token") ?? bearer };
}

/** Without the five minutes that clocks may differ by: this is the issuer, and it has one clock. */
async function ofIdToken({ tokens, clock }: Cloud, token: string): Promise<Record<string, string>> {
  const verified = await tokens.verify(token, { withoutEmail: true });
  if (!verified.ok || clock.now() > verified.claims.exp * 1000) throw invalid();
  const { alg = "", kid = "", typ = "" } = decodeProtectedHeader(token);
  return asTexts({ ...verified.claims, alg, kid, typ });
}

/** As far as Google's own client reads it: github.com/googleapis/google-auth-library-nodejs, src/auth/oauth2client.ts, TokenInfo */
function ofAccessToken({ iam, tokens, clock }: Cloud, token: string): Record<string, string> {
  const access = tokens.findAccess(token);
  if (access === undefined) throw invalid();
  const { member, scopes, expiresAt } = access;
  const account = iam.account(member.replace(/^serviceAccount:/, ""));
  if (account === undefined || account.uniqueId !== access.uid) {
    if (member.startsWith("serviceAccount:")) throw invalid();
    throw new CloudError(
      "UNIMPLEMENTED",
      `The sandbox does not model tokeninfo for people: it knows no client that ${member} signed in with.`,
    );
  }
  const exp = Math.floor(expiresAt / 1000);
  const email = { email: account.email, email_verified: true };
  return asTexts({
    azp: account.uniqueId,
    aud: account.uniqueId,
    scope: scopes.join(" "),
    exp,
    expires_in: exp - Math.floor(clock.now() / 1000),
    ...(scopes.some((scope) => EMAIL_SCOPES.includes(scope)) ? email : {}),
  });
}

function asTexts(claims: Readonly<Record<string, unknown>>): Record<string, string> {
  return Object.fromEntries(Object.entries(claims).map(([name, value]) => [name, String(value)]));
}

function invalid(): OAuthError {
  return new OAuthError("invalid_token", "Invalid Value");
}
