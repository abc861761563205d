const { createServer, request } = require("node:http");
const { once } = require("node:events");
const { generateKeyPairSync, sign } = require("node:crypto");
const { callerOf, createVerifier, fixedKeys, RequestRefused } = require("@automatic-oidc/verify");
const { createVerifierBehindCloudRun } = require("@automatic-oidc/verify/behind-cloud-run");
const { expressMiddleware } = require("@automatic-oidc/verify/express");
const { fastifyHook } = require("@automatic-oidc/verify/fastify");
const { fetchHandler } = require("@automatic-oidc/verify/fetch");
const { cloudFunction } = require("@automatic-oidc/verify/functions-framework");
const { honoMiddleware } = require("@automatic-oidc/verify/hono");
const { nodeHandler } = require("@automatic-oidc/verify/node");

const AUDIENCE = "https://orders.example.com";
const CALLER = "nightly@my-project.iam.gserviceaccount.com";
const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const keys = fixedKeys({ keys: [{ ...publicKey.export({ format: "jwk" }), kid: "1" }] });
const rules = { audience: AUDIENCE, callers: [CALLER] };

function token(more = {}) {
  const iat = Math.floor(Date.now() / 1000);
  const claims = { iss: "https://accounts.google.com", aud: AUDIENCE, sub: "1", email: CALLER };
  const parts = [
    { alg: "RS256", kid: "1" },
    { ...claims, email_verified: true, iat, exp: iat + 3600, ...more },
  ];
  const input = parts.map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
  return `${input}.${sign("sha256", Buffer.from(input), privateKey).toString("base64url")}`;
}

async function statusOf(port, bearer) {
  const sent = request({ port, host: "127.0.0.1", headers: { authorization: `Bearer ${bearer}` } }).end();
  const [response] = await once(sent, "response");
  return response.resume().statusCode;
}

async function main() {
  const verifier = createVerifier({ ...rules, keys });
  const { email } = await verifier.verify(token());
  const refused = await verifier.verify(token({ aud: "https://x.example" })).catch((error) => error);
  const behind = createVerifierBehindCloudRun({
    ...rules,
    cloudRunHasCheckedTheSignature: true,
    env: { K_SERVICE: "orders" },
  });
  const stripped = token().replace(/[^.]+$/, "SIGNATURE_REMOVED_BY_GOOGLE");

  const handler = nodeHandler(verifier, (req, response) => response.end(callerOf(req).email));
  const server = createServer(handler).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  const statuses = [await statusOf(port, token()), await statusOf(port, "x")];
  server.close();

  const fetched = await fetchHandler(verifier, () => new Response())(new Request("https://x.example"));
  const adapters = [expressMiddleware, fastifyHook, cloudFunction, honoMiddleware];
  console.log(
    JSON.stringify({
      node: process.versions.node,
      email,
      behind: (await behind.verify(stripped)).email,
      refused: refused instanceof RequestRefused && refused.code,
      statuses: [...statuses, fetched.status],
      adapters: adapters.map((adapter) => typeof adapter(verifier, () => undefined)),
    }),
  );
}

void main();
