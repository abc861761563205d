// Loaded before a program that is measured: tells the measuring process, over a pipe, what this process has used.
const { writeSync } = require("node:fs");

const PIPE = 3;

process.on("exit", () => {
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
  writeSync(PIPE, JSON.stringify({ cpu: (userCPUTime + systemCPUTime) / 1000, memory: maxRSS / 1024 }));
});
