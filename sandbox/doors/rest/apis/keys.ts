import type { TokenIssuer } from "../../../cloud/tokens/token-issuer";
import type { Api } from "../api";

export const CERTIFICATES = "/oauth2/v1/certs";
export const JWKS = "/oauth2/v3/certs";

const CACHED = { "Cache-Control": "public, max-age=3600" };

/** The public keys, at the paths where Google has its own (on www.googleapis.com). */
export function keysApi(tokens: Pick<TokenIssuer, "jwks" | "pem">): Api {
  return {
    name: "www.googleapis.com",
    routes: {
      [`GET ${CERTIFICATES}`]: async () => ({ headers: CACHED, body: await tokens.pem() }),
      [`GET ${JWKS}`]: async () => ({ headers: CACHED, body: await tokens.jwks() }),
    },
  };
}
