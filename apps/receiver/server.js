"use strict";

const http = require("node:http");
const { createVerifier, remoteKeys } = require("@automatic-oidc/verify");
const { nodeHandler } = require("@automatic-oidc/verify/node");
const { settingsFrom } = require("./settings");

const { audience, callers, tokenHeader, keysUrl } = settingsFrom(process.env, (problem) => {
  console.error(`receiver: ${problem}`);
  process.exit(1);
});

// What is logged says who came and what was wrong. It never holds a token: a token in a log is a token given away.
const log = (error) => console.log(error.message);
const verifier = createVerifier({
  audience,
  callers,
  tokenHeader,
  keys: remoteKeys({ url: keysUrl, onFailure: log }),
});

const handler = nodeHandler(
  verifier,
  (request, response, caller) => {
    request.resume();
    console.log(`${request.method} ${caller.email}`);
    response.writeHead(200, { "Content-Type": "text/plain; charset=utf-8" });
    response.end(`hello, ${caller.email} (verified by the application)\n`);
  },
  { onRefused: log },
);

const server = http.createServer(handler).listen(Number(process.env.PORT ?? 8080), () => {
  console.log(`listening on port ${server.address().port}`);
});
