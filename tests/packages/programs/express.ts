import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import express from "express";
import { callerOf, createVerifier, fixedKeys, readPubSubPush } from "@automatic-oidc/verify";
import { expressMiddleware } from "@automatic-oidc/verify/express";
import { generateKeyPairSync, sign } from "node:crypto";

const AUDIENCE = "https://orders.example.com";
const CALLER = "nightly@my-project.iam.gserviceaccount.com";
const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const jwk = { ...publicKey.export({ format: "jwk" }), kid: "1" };

const app = express();
app.use(
  expressMiddleware(
    createVerifier({ audience: AUDIENCE, callers: [CALLER], keys: fixedKeys({ keys: [jwk] }) }),
  ),
);
app.use(express.json());
app.post("/", (request, response) => {
  const { message } = readPubSubPush(request.body);
  response.send(`${message.text()} from ${callerOf(request).email}`);
});
app.post("/broken", () => {
  throw new Error("broken handler");
});
const onError: express.ErrorRequestHandler = (error, _, response, next) => {
  if (response.headersSent) next(error);
  else response.status(500).send(String(error));
};
app.use(onError);

function token(): string {
  const iat = Math.floor(Date.now() / 1000);
  const claims = { iss: "https://accounts.google.com", aud: AUDIENCE, sub: "1", email: CALLER, iat };
  const parts = [
    { alg: "RS256", kid: "1" },
    { ...claims, email_verified: true, exp: iat + 3600 },
  ];
  const input = parts.map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
  return `${input}.${sign("sha256", Buffer.from(input), privateKey).toString("base64url")}`;
}

async function main(): Promise<void> {
  const server = createServer(app).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const body = JSON.stringify({
    message: { data: "aGVsbG8=", messageId: "1", publishTime: "2026-01-01T00:00:00Z" },
    subscription: "projects/my-project/subscriptions/orders",
  });
  const answers: [number, string][] = [];
  for (const [path, bearer] of [
    ["/", token()],
    ["/", "x"],
    ["/broken", token()],
  ]) {
    const headers = { authorization: `Bearer ${bearer}`, "content-type": "application/json" };
    const reply = await fetch(`http://127.0.0.1:${port}${path}`, { method: "POST", headers, body });
    answers.push([reply.status, await reply.text()]);
  }
  server.closeAllConnections();
  server.close();
  console.log(JSON.stringify(answers));
}

void main();
