// Preloaded by programs that fetch Google's keys: they get those of GOOGLE_KEYS instead, whatever the program says.
const { env } = require("node:process");

const { fetch } = globalThis;
Object.assign(globalThis, {
  fetch: (url, init) =>
    fetch(url === "https://www.googleapis.com/oauth2/v3/certs" ? env.GOOGLE_KEYS : url, init),
});
