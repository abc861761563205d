"use strict";

/** Google writes its name in both forms. https://docs.cloud.google.com/pubsub/docs/authenticate-push-subscriptions */
const GOOGLE = ["https://accounts.google.com", "accounts.google.com"];

/**
 * What the verifier needs, from the environment:
 * - AUDIENCE: the one `aud` that is meant for this application
 * - CALLERS: e-mails of the service accounts that may call, separated by commas
 * - ISSUER: default Google, in both its forms
 * - CERTIFICATES_URL: where the issuer's certificates are, by key id; default Google's
 */
function settingsFrom(env, fail) {
  const callers = (env.CALLERS ?? "")
    .split(",")
    .map((email) => email.trim())
    .filter((email) => email !== "");
  if (!env.AUDIENCE)
    return fail("AUDIENCE is not set: without it a token meant for somebody else would get in.");
  if (callers.length === 0)
    return fail("CALLERS is not set: list the e-mails of the accounts that may call.");
  return {
    audience: env.AUDIENCE,
    callers,
    issuers: env.ISSUER ? [env.ISSUER] : GOOGLE,
    certificates: env.CERTIFICATES_URL || undefined,
  };
}

module.exports = { settingsFrom };
