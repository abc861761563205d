/** The `iss` of the tokens that Google's agents mint. https://accounts.google.com/.well-known/openid-configuration */
export const GOOGLE_ISSUER = "https://accounts.google.com";

/** Where the keys that sign them are, as a JSON Web Key Set: `jwks_uri` of the same document. */
export const GOOGLE_JWKS_URI = "https://www.googleapis.com/oauth2/v3/certs";
