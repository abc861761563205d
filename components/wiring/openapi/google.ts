/** What signs the tokens of Google's sources. https://docs.cloud.google.com/pubsub/docs/authenticate-push-subscriptions */
export const GOOGLE = {
  issuer: "https://accounts.google.com",
  jwksUri: "https://www.googleapis.com/oauth2/v3/certs",
} as const;

/** What the security scheme is called in documents, as on Google's pages. */
export const SCHEME = "google_id_token";
