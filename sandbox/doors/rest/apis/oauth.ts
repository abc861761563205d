import type { Cloud } from "../../../cloud/cloud";
import { CloudError } from "../../../cloud/errors";
import type { Account } from "../../../cloud/iam/accounts";
import { requireScopes } from "../../../cloud/tokens/scopes";
import type { Api, Call, Reply } from "../api";
import { readAssertion } from "./assertion";
import { OAuthError, oauthRefusal, withOAuthErrors } from "./oauth-errors";

export const TOKEN = "/token";

const JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer";
/** What Google says of a token that was made a moment ago. */
const SECONDS = 3599;

/**
 * The token endpoint of https://oauth2.googleapis.com: a service account shows by a signature that it has a key of its
 * own, and gets an access token for scopes or an id_token for a target audience.
 * https://developers.google.com/identity/protocols/oauth2/service-account#httprest
 */
export function oauthApi(cloud: Cloud): Api {
  return {
    name: "oauth2.googleapis.com",
    routes: {
      [`POST ${TOKEN}`]: withOAuthErrors((call) => answer(cloud, call)),
    },
    refusal: oauthRefusal,
  };
}

async function answer(cloud: Cloud, { body, url }: Call): Promise<Reply> {
  const form = new URLSearchParams(body);
  // https://www.rfc-editor.org/rfc/rfc6749#section-3.2; the words are those that Google has been seen to say.
  const repeated = [...form.keys()].find((name, index, all) => all.indexOf(name) < index);
  if (repeated !== undefined) {
    throw new OAuthError("invalid_request", `OAuth 2 parameters can only have a single value: ${repeated}`);
  }
  const grant = form.get("grant_type");
  if (grant !== JWT_BEARER) {
    throw new CloudError(
      "UNIMPLEMENTED",
      `The sandbox models no grant_type but ${JWT_BEARER}, not "${grant ?? ""}".`,
    );
  }
  const { account, claims } = await readAssertion(
    cloud,
    form.get("assertion") ?? "",
    new URL(TOKEN, url).href,
  );
  if (account.disabled === true) throw new OAuthError("disabled_client", "The OAuth client was disabled.");
  return { body: await tokenFor(cloud, account, claims) };
}

async function tokenFor(
  { tokens }: Cloud,
  { email }: Account,
  { scope, target_audience: audience }: { scope?: string; target_audience?: string },
): Promise<Record<string, unknown>> {
  if (audience !== undefined && audience !== "") {
    return { id_token: await tokens.mint({ email, audience, azp: "e-mail" }) };
  }
  const scopes = (scope ?? "").split(" ").filter((each) => each !== "");
  const invalid = () => new OAuthError("invalid_scope", "Invalid OAuth scope or ID token audience provided.");
  if (scopes.length === 0) throw invalid();
  requireScopes(scopes, invalid);
  const { token } = tokens.mintAccess({ member: `serviceAccount:${email}`, scopes });
  return { access_token: token, expires_in: SECONDS, token_type: "Bearer" };
}
