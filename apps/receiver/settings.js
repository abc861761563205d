"use strict";

/**
 * What the verifier needs, from the environment:
 * - AUDIENCE: the `aud` that is meant for this application; several, separated by commas, while one follows another
 * - CALLERS: e-mails of the service accounts that may call, separated by commas
 * - TOKEN_HEADER: the header that the token comes in; default Authorization. A gateway in front of the application sends a
 *   token of its own there, and the caller's in another
 * - KEYS_URL: where the keys are that sign the tokens, as a JSON Web Key Set; default Google's
 */
function settingsFrom(env, fail) {
  const [audience, callers] = [listOf(env.AUDIENCE), listOf(env.CALLERS)];
  if (audience.length === 0)
    return fail("AUDIENCE is not set: without it a token meant for somebody else would get in.");
  if (callers.length === 0)
    return fail("CALLERS is not set: list the e-mails of the accounts that may call.");
  return {
    audience,
    callers,
    tokenHeader: env.TOKEN_HEADER || undefined,
    keysUrl: env.KEYS_URL || undefined,
  };
}

function listOf(text = "") {
  return text
    .split(",")
    .map((each) => each.trim())
    .filter((each) => each !== "");
}

module.exports = { settingsFrom };
