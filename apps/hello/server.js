"use strict";

const http = require("node:http");

const LONGEST_BODY = 10 * 1024 * 1024;

const server = http.createServer(async (request, response) => {
  try {
    const email = callerOf(request.headers);
    const text = `hello, ${email ?? "whoever you are"} (${sourceOf(request.headers, await bodyOf(request))})\n`;
    response.writeHead(200, { "Content-Type": "text/plain; charset=utf-8" }).end(text);
  } catch {
    response.writeHead(413, { "Content-Type": "text/plain; charset=utf-8", Connection: "close" });
    response.end("The body is too long.\n");
  }
});

server.listen(Number(process.env.PORT ?? 8080), () => {
  console.log(`listening on port ${server.address().port}`);
});

// Cloud Run takes an instance away with SIGTERM, and kills it ten seconds later.
// https://cloud.google.com/run/docs/container-contract
process.on("SIGTERM", () => {
  server.close(() => process.exit(0));
  server.closeIdleConnections();
});

/**
 * The e-mail in the token's claims, without verifying the token. That is right here, and only here: this service is
 * private, so Cloud Run has verified signature, expiry, audience and permission before the request came this far, and
 * may have taken the signature off, so that nobody could verify it again. A service that anybody can reach (public, with
 * `invokerIamDisabled`, or on a server of one's own) must verify, as apps/receiver does.
 * https://docs.cloud.google.com/run/docs/authenticating/service-to-service
 */
function callerOf(headers) {
  // When both are there, Cloud Run has looked at this one, and the other is the application's own business.
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

/** What the request says of its source. Anybody can write these headers, so they inform and never identify. */
function sourceOf(headers, body) {
  if (headers["x-cloudscheduler"] === "true") {
    return `Scheduler job ${lastPart(headers["x-cloudscheduler-jobname"] ?? "?")}`;
  }
  const queue = headers["x-cloudtasks-queuename"];
  if (queue !== undefined) return `task queue ${lastPart(queue)}`;
  const subscription = headers["x-goog-pubsub-subscription-name"] ?? subscriptionOf(body);
  if (subscription !== undefined) return `Pub/Sub subscription ${lastPart(subscription)}`;
  return printable(headers["user-agent"] ?? "no User-Agent");
}

/** Pub/Sub wraps a message, unless told otherwise. https://docs.cloud.google.com/pubsub/docs/push */
function subscriptionOf(body) {
  try {
    const { message, subscription } = JSON.parse(body);
    return message !== undefined && typeof subscription === "string" ? subscription : undefined;
  } catch {
    return undefined;
  }
}

async function bodyOf(request) {
  const parts = [];
  let length = 0;
  for await (const part of request) {
    length += part.length;
    if (length > LONGEST_BODY) throw new RangeError("body too long");
    parts.push(part);
  }
  return Buffer.concat(parts).toString("utf8");
}

function lastPart(name) {
  return printable(name.split("/").pop());
}

function printable(text) {
  return text.replace(/[^\x20-\x7e]/g, "?").slice(0, 200);
}
