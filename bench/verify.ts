import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { OAuth2Client } from "google-auth-library";
import { TokenIssuer } from "../sandbox/cloud/tokens/token-issuer";
import { VirtualClock } from "../sandbox/cloud/clock";
import { createVerifier, remoteKeys } from "../verify/index";
import { median, pairs, runProgram } from "./measure";
import type { Row } from "./report";

/** What is promised: new tokens no slower than Google's own library, repeated ones at least five times faster. */
const BOUNDS = { new: 1, repeated: 0.2, memory: 1.1 };

const TOKENS = 1000;
const REPEATS = 10;
const AUDIENCE = "https://orders.example.com";
const CALLER = "nightly@my-project.iam.gserviceaccount.com";
const OTHER = "google-auth-library";

/** Both verifiers with the same tokens and with keys from the same server, in one process, in turn. */
export async function verifierAgainstGoogles(count: number): Promise<Row[]> {
  const issuer = tokenIssuer();
  const server = await keyServer(issuer);
  try {
    const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const few = await mint(issuer, TOKENS / REPEATS);
    const repeated = Array.from({ length: REPEATS }, () => few).flat();
    return [
      await compared(`verify ${TOKENS} new tokens`, count, address, await mint(issuer, TOKENS), BOUNDS.new),
      await compared(`verify ${few.length} tokens ${REPEATS} times`, count, address, repeated, undefined),
      await compared(`the same, seen before`, count, address, repeated, BOUNDS.repeated, few),
      await memory(),
    ];
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

function tokenIssuer(): TokenIssuer {
  return new TokenIssuer({
    clock: new VirtualClock(),
    account: (email) => ({ email, uniqueId: "112233445566778899001", project: "my-project" }),
  });
}

/** No two are alike, since each is made at another time. */
async function mint(issuer: TokenIssuer, count: number): Promise<string[]> {
  const now = Date.now();
  const one = (_: unknown, n: number) =>
    issuer.mint({ email: CALLER, audience: AUDIENCE, issuedAt: now - n * 1000, lifetime: 10_000_000 });
  return Promise.all(Array.from({ length: count }, one));
}

async function keyServer(issuer: TokenIssuer): Promise<Server> {
  const keys = { "/jwks": JSON.stringify(await issuer.jwks()), "/pem": JSON.stringify(await issuer.pem()) };
  const server = createServer(({ url }, response) => {
    response.writeHead(200, { "Content-Type": "application/json", "Cache-Control": "max-age=3600" });
    response.end(url === "/pem" ? keys["/pem"] : keys["/jwks"]);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return server;
}

/** Each round with a new verifier that has seen `before` only; what they know of keys stays. */
async function compared(
  name: string,
  count: number,
  address: string,
  tokens: readonly string[],
  bound: number | undefined,
  before: readonly string[] = tokens.slice(0, 0),
): Promise<Row> {
  const endpoints = { oauth2FederatedSignonPemCertsUrl: `${address}/pem` };
  const client = new OAuth2Client({ endpoints });
  const keys = remoteKeys({ url: `${address}/jwks` });
  const theirs = (idToken: string) => client.verifyIdToken({ idToken, audience: AUDIENCE });
  const rounds = await pairs(
    count,
    () => timed(theirs, before, tokens),
    () => {
      const verifier = createVerifier({ audience: AUDIENCE, callers: [CALLER], keys });
      return timed((token) => verifier.verify(token), before, tokens);
    },
  );
  return {
    name,
    against: OTHER,
    what: "time",
    value: median(rounds.map(([, ours]) => ours)),
    base: median(rounds.map(([base]) => base)),
    ratio: median(rounds.map(([base, ours]) => ours / base)),
    bound,
  };
}

/** Milliseconds, one token after the other. */
async function timed(
  verify: (token: string) => Promise<unknown>,
  before: readonly string[],
  tokens: readonly string[],
): Promise<number> {
  for (const token of before) await verify(token);
  const started = performance.now();
  for (const token of tokens) await verify(token);
  return performance.now() - started;
}

/** What is in use on the second half of the way through a million tokens, against the first. */
async function memory(): Promise<Row> {
  const { output } = await runProgram("bench/verifyMemory.ts");
  const { tokens, first, last } = JSON.parse(output) as { tokens: number; first: number; last: number };
  return {
    name: `the later half of ${tokens.toLocaleString("en")} tokens`,
    against: "the earlier half",
    what: "memory",
    value: last,
    base: first,
    ratio: last / first,
    bound: BOUNDS.memory,
  };
}
