"use strict";
// Plain JavaScript with one module of Node's own: Pulumi's engine starts each provider twice per command, and waits.
const { request } = require("node:http");

/**
 * A provider plugin that is nothing but an address: the embedded cloud opens a port for it, and closes it when the
 * connection to here ends, however this process ends.
 */
exports.run = function run(name) {
  const { SANDBOX_ADDRESS: address = "", SANDBOX_SECRET: secret = "" } = process.env;
  if (address === "" || secret === "") {
    fail(
      `The sandbox's ${name} provider has no sandbox to speak for. Start Pulumi with: npm run sandbox -- pulumi`,
    );
  }
  const [host, port] = address.split(":");
  // As the engine finds it: .../plugins/resource-gcp-v9.37.0/pulumi-resource-gcp
  const version = /resource-[a-z]+-v([^/\\]+)/.exec(process.argv[1])?.[1] ?? "";
  const headers = { Authorization: `Bearer ${secret}`, "Content-Length": 0 };
  const opened = request({
    host,
    port,
    headers,
    method: "POST",
    path: `/providers?name=${name}&version=${version}`,
  });
  opened.on("error", (error) => fail(`The sandbox at ${address} does not answer: ${error.message}`));
  opened.on("response", (response) => {
    response.setEncoding("utf8");
    if (response.statusCode === 200) response.on("data", (line) => process.stdout.write(line));
    else response.on("data", fail);
    response.on("close", () => fail(`The sandbox at ${address} is gone.`));
  });
  opened.end();
  // The engine holds the other end of the standard input: it closes when the engine ends, be it killed.
  process.stdin.on("end", () => process.exit(0)).on("error", () => process.exit(0));
  process.stdin.resume();
};

function fail(message) {
  process.stderr.write(`${String(message).trimEnd()}\n`);
  process.exit(1);
}
