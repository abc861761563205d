"use strict";

const http = require("node:http");
const { text } = require("node:stream/consumers");
const { CloudTasksClient } = require("@google-cloud/tasks");
const { enqueue, enqueueWithToken } = require("./enqueue");

const { QUEUE, URL: ADDRESS, SERVICE_ACCOUNT_EMAIL, AUDIENCE, TASKS_ENDPOINT, PORT = "8080" } = process.env;
const SETTINGS = {
  queue: QUEUE,
  url: ADDRESS,
  serviceAccountEmail: SERVICE_ACCOUNT_EMAIL,
  audience: AUDIENCE,
};

const client = new CloudTasksClient(TASKS_ENDPOINT === undefined ? {} : at(new URL(TASKS_ENDPOINT)));

/** Another address than Google's, over REST: an emulator's. */
function at({ protocol, hostname, port }) {
  return { fallback: true, protocol: protocol.replace(":", ""), apiEndpoint: hostname, port: Number(port) };
}

const WAYS = new Map([
  ["/orders", enqueue],
  ["/orders-with-token", enqueueWithToken],
]);

const server = http.createServer(async (request, response) => {
  const way = request.method === "POST" ? WAYS.get(request.url) : undefined;
  if (way === undefined) {
    response.writeHead(404).end("POST an order to /orders or to /orders-with-token\n");
    return;
  }
  try {
    const task = await way(client, SETTINGS, JSON.parse(await text(request)));
    response.writeHead(202, { "Content-Type": "application/json" }).end(`${JSON.stringify({ task })}\n`);
  } catch (error) {
    // Whoever orders has no business with what Google says of this service's rights.
    console.error(error.message);
    response.writeHead(502).end("The order could not be taken.\n");
  }
});

server.listen(Number(PORT), () => {
  console.log(`listening on port ${server.address().port}`);
});
process.once("SIGTERM", () => server.close());
