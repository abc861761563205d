"use strict";

const http = require("node:http");
const { settingsFrom } = require("./settings");
const { Verifier } = require("./verifier");

/** What each refusal answers; the words are those of https://datatracker.ietf.org/doc/html/rfc6750#section-3 */
const REFUSALS = {
  "no token": { status: 401, challenge: "Bearer" },
  "several tokens": { status: 401, challenge: 'Bearer error="invalid_request"' },
  "invalid token": { status: 401, challenge: 'Bearer error="invalid_token"' },
  "caller not allowed": { status: 403, challenge: 'Bearer error="insufficient_scope"' },
  // Not the caller's fault, so that its source tries again.
  "no keys": { status: 503 },
};

const settings = settingsFrom(process.env, (problem) => {
  console.error(`receiver: ${problem}`);
  process.exit(1);
});
const verifier = new Verifier(settings);

const server = http.createServer(async (request, response) => {
  request.resume();
  const verdict = await verifier.check(tokensOf(request));
  // The verdict only: a token in a log is a token given away.
  console.log(`${request.method} ${verdict.email ?? verdict.refused}`);
  if (verdict.refused !== undefined) refuse(response, verdict.refused);
  else answer(response, 200, `hello, ${verdict.email} (verified by the application)\n`);
});

server.listen(Number(process.env.PORT ?? 8080), () => {
  console.log(`listening on port ${server.address().port}`);
});

/** Every one, since Node keeps only the first of several Authorization headers in `headers`. */
function tokensOf({ rawHeaders }) {
  const values = rawHeaders.filter(
    (_, i) => i % 2 === 1 && rawHeaders[i - 1].toLowerCase() === "authorization",
  );
  return values.map((value) => /^bearer +(\S+)$/i.exec(value)?.[1] ?? "");
}

function refuse(response, reason) {
  const { status, challenge } = REFUSALS[reason];
  answer(response, status, `${reason}\n`, challenge === undefined ? {} : { "WWW-Authenticate": challenge });
}

function answer(response, status, text, headers = {}) {
  response.writeHead(status, { "Content-Type": "text/plain; charset=utf-8", ...headers }).end(text);
}
