"use strict";

const { OAuth2Client } = require("google-auth-library");

/** Checks the id_token that Google's sources send along. */
class Verifier {
  #client;
  #settings;

  constructor(settings) {
    this.#settings = settings;
    this.#client = new OAuth2Client({
      endpoints: settings.certificates && { oauth2FederatedSignonPemCertsUrl: settings.certificates },
    });
  }

  /** Either `{ email }` or `{ refused }`. Never the library's own message: several of those quote the token. */
  async check(tokens) {
    const [token] = tokens;
    if (token === undefined) return { refused: "no token" };
    if (tokens.length > 1) return { refused: "several tokens" };
    const keys = await this.#keys();
    if (keys === undefined) return { refused: "no keys" };
    const claims = await this.#claims(token, keys);
    // Anybody with a Google account can get a token for any audience: the e-mail decides, and only a verified one.
    if (claims === undefined || claims.email_verified !== true) return { refused: "invalid token" };
    return this.#settings.callers.includes(claims.email)
      ? { email: claims.email }
      : { refused: "caller not allowed" };
  }

  async #keys() {
    try {
      return (await this.#client.getFederatedSignonCertsAsync()).certs;
    } catch {
      return undefined;
    }
  }

  async #claims(token, keys) {
    const { audience, issuers } = this.#settings;
    try {
      // Without an audience the library would skip that check; settings.js makes sure that there is one.
      return (await this.#client.verifySignedJwtWithCertsAsync(token, keys, audience, issuers)).getPayload();
    } catch {
      return undefined;
    }
  }
}

module.exports = { Verifier };
