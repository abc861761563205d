const { availableParallelism } = require("node:os");

/** @type {import("jest").Config} */
module.exports = {
  testEnvironment: "<rootDir>/tests/support/environment.js",
  testSequencer: "<rootDir>/tests/support/sequencer.js",
  // By default jest would leave one core alone, of two as well.
  maxWorkers: Math.min(8, Math.max(2, availableParallelism())),
  // What a file leaves behind goes late or never, up to 1.3 GB; a new worker is ready sooner than that is collected.
  workerIdleMemoryLimit: "500MB",
  // No test is about speed, and a machine may be busy with something else.
  testTimeout: 60_000,
  testMatch: ["<rootDir>/tests/**/*.test.ts"],
  // jose is published as ES modules only, and jest's own module system cannot require those on Node 20.
  transform: {
    "\\.(ts|js|mjs)$": [
      "@swc/jest",
      { jsc: { target: "es2022", parser: { syntax: "typescript" } }, module: { type: "commonjs" } },
    ],
  },
  transformIgnorePatterns: ["/node_modules/(?!jose/)"],
  // Examples name the packages as their users do; here they are the sources, which need not be built first.
  testEnvironmentOptions: { customExportConditions: ["automatic-oidc-source", "node", "node-addons"] },
  moduleNameMapper: {
    // The Pulumi SDK loads these two only to serialise closures, which nothing here does; loading them costs a third of its start.
    "^typescript$": "<rootDir>/tests/support/unused-module.ts",
    "^@npmcli/arborist$": "<rootDir>/tests/support/unused-module.ts",
  },
};
