// Preloaded: lets the sandbox talk to the Pulumi SDK that a program in another folder brings along. A program and the
// engine that runs it in one process must mean the same SDK.
const { Module, createRequire } = require("node:module");
const { join } = require("node:path");

const ofProgram = createRequire(join(process.env.PROGRAM_FOLDER, "index.js"));
const resolve = Module._resolveFilename;

Module._resolveFilename = function (request, ...rest) {
  return /^(@pulumi\/pulumi|google-protobuf)(\/|$)/.test(request) &&
    !rest[0]?.filename?.startsWith(process.env.PROGRAM_FOLDER)
    ? ofProgram.resolve(request)
    : resolve.call(this, request, ...rest);
};
