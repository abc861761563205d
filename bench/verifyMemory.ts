import { setImmediate } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { VirtualClock } from "../sandbox/cloud/clock";
import { TokenIssuer } from "../sandbox/cloud/tokens/token-issuer";
import { median } from "./measure";
import { createVerifier, fixedKeys, type Verifier } from "../verify/index";

const TOKENS = 1_000_000;
const AT_ONCE = 100;
/** Twice as many as are remembered: when one comes again it is forgotten, and checked and remembered anew. */
const GENUINE = 2000;
const AUDIENCE = "https://orders.example.com";
const CALLER = "nightly@my-project.iam.gserviceaccount.com";

/**
 * Puts a million tokens through one verifier and prints how much memory is in use in the first half of the way and in the
 * second, in MiB. Half of the tokens are let in; of the others, which are all different, half carry a wrong signature and
 * half the name of an unknown key.
 */
async function main(): Promise<void> {
  const issuer = new TokenIssuer({
    clock: new VirtualClock(),
    account: (email) => ({ email, uniqueId: "112233445566778899001", project: "my-project" }),
  });
  const keys = fixedKeys(await issuer.jwks());
  const verifier = createVerifier({
    audience: AUDIENCE,
    callers: [CALLER],
    keys,
    rememberedTokens: GENUINE / 2,
  });
  const genuine = await Promise.all(
    Array.from({ length: GENUINE }, (_, n) =>
      issuer.mint({
        email: CALLER,
        audience: AUDIENCE,
        issuedAt: Date.now() - n * 1000,
        lifetime: 10_000_000,
      }),
    ),
  );
  const seen = { in: 0, out: 0 };
  const used: number[] = [];
  for (let tenth = 0; tenth < 10; tenth++) {
    for (let n = 0; n < TOKENS / 10; n += AT_ONCE) {
      const batch = Array.from({ length: AT_ONCE }, (_, i) =>
        tokenOf(genuine, (tenth * TOKENS) / 10 + n + i),
      );
      for (const admitted of await Promise.all(batch.map((token) => isAdmitted(verifier, token)))) {
        seen[admitted ? "in" : "out"] += 1;
      }
    }
    used.push(await memoryInUse());
  }
  if (seen.in !== TOKENS / 2) throw new Error(`${seen.in} of ${TOKENS} tokens were let in.`);
  console.log(
    JSON.stringify({ tokens: TOKENS, first: median(used.slice(0, 5)), last: median(used.slice(5)) }),
  );
}

function tokenOf(genuine: readonly string[], n: number): string {
  const token = genuine[(n >> 1) % genuine.length] ?? "";
  const [header = "", payload = "", signature = ""] = token.split(".");
  // A new string each time, as if it came from the network.
  if (n % 2 === 0) return Buffer.from(token).toString("latin1");
  const other = n.toString(36).padStart(8, "0");
  if (n % 4 === 1) return `${header}.${payload}.${other}${signature.slice(other.length)}`;
  const unknown = Buffer.from(JSON.stringify({ alg: "RS256", kid: other })).toString("base64url");
  return `${unknown}.${payload}.${signature}`;
}

async function isAdmitted(verifier: Verifier, token: string): Promise<boolean> {
  return verifier.verify(token).then(
    () => true,
    () => false,
  );
}

async function memoryInUse(): Promise<number> {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  // What the last tokens have left behind is let go of in the rounds of the event loop that follow.
  for (let round = 0; round < 3; round++) {
    await setImmediate();
    collect();
  }
  const { heapUsed, external } = process.memoryUsage();
  return (heapUsed + external) / 2 ** 20;
}

void main();
