"use strict";

// Loaded into every app before its own code, which listens on all addresses, since in a container it must.

const net = require("node:net");

const LOOPBACK = "127.0.0.1";

const tell = process.send.bind(process);
// So that the app behaves as it would without a parent at the other end.
delete process.send;

const { listen } = net.Server.prototype;
net.Server.prototype.listen = function (...args) {
  this.once("listening", () => {
    const address = this.address();
    if (address !== null && typeof address === "object") tell({ listeningOn: address.port });
  });
  return listen.apply(this, onLoopback(args));
};

function onLoopback([first, ...rest]) {
  if (typeof first === "function" || first === undefined || first === null) {
    return [{ port: 0, host: LOOPBACK }, ...(typeof first === "function" ? [first] : rest)];
  }
  if (typeof first === "object") {
    return "port" in first ? [{ ...first, host: LOOPBACK }, ...rest] : [first, ...rest];
  }
  // A path, not a port: a socket in the file system.
  if (typeof first === "string" && !/^\d+$/.test(first)) return [first, ...rest];
  const hasHost = typeof rest[0] === "string" || rest[0] === undefined || rest[0] === null;
  return [first, LOOPBACK, ...(hasHost ? rest.slice(1) : rest)];
}

// The channel closes when the sandbox ends, however it ends: nobody else would stop this process then.
process.on("disconnect", () => process.exit(0));
process.channel.unref();
