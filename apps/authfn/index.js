"use strict";

/**
 * A function that says who called it; the same code serves as 1st and as 2nd gen.
 *
 * The token is decoded and not verified, which is right for a private function only: Google has verified it before the
 * function is called, and takes the signature off, so that it could not be verified here.
 * https://docs.cloud.google.com/functions/docs/securing/authenticating
 */
exports.helloHttp = (request, response) => {
  response
    .type("text/plain")
    .send(`hello, ${callerOf(request.headers) ?? "whoever you are"} (${nameOf(process.env)})\n`);
};

function callerOf(headers) {
  const header = headers["x-serverless-authorization"] ?? headers.authorization ?? "";
  const payload = /^bearer [^.]+\.([^.]+)\./i.exec(header)?.[1];
  if (payload === undefined) return undefined;
  try {
    const { email } = JSON.parse(Buffer.from(payload, "base64url").toString("utf8"));
    return typeof email === "string" ? email : undefined;
  } catch {
    return undefined;
  }
}

/** https://cloud.google.com/functions/docs/configuring/env-var */
function nameOf(env) {
  return `function ${env.K_SERVICE ?? env.FUNCTION_TARGET ?? "helloHttp"}`;
}
