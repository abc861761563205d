import { ISSUER } from "../../../cloud/tokens/claims";
import type { Api } from "../api";
import { JWKS } from "./keys";
import { TOKEN } from "./oauth";

/**
 * The discovery document of https://accounts.google.com: the issuer is Google's, as in the tokens; the addresses are
 * those of this sandbox, and what it does not have is left out.
 * https://developers.google.com/identity/openid-connect/openid-connect#discovery
 */
export function discoveryApi(): Api {
  return {
    name: "accounts.google.com",
    routes: {
      "GET /.well-known/openid-configuration": ({ url }) => ({
        body: {
          issuer: ISSUER,
          token_endpoint: new URL(TOKEN, url).href,
          jwks_uri: new URL(JWKS, url).href,
          response_types_supported: ["id_token"],
          subject_types_supported: ["public"],
          id_token_signing_alg_values_supported: ["RS256"],
          claims_supported: ["aud", "azp", "email", "email_verified", "exp", "iat", "iss", "sub"],
          grant_types_supported: ["urn:ietf:params:oauth:grant-type:jwt-bearer"],
        },
      }),
    },
  };
}
