import { createVerifier } from "@automatic-oidc/verify";
import { nodeHandler } from "@automatic-oidc/verify/node";
import { createServer } from "node:http";

const verifier = createVerifier({
  audience: process.env.AUDIENCE ?? "",
  callers: process.env.CALLERS?.split(",") ?? [],
});

const handler = nodeHandler(
  verifier,
  (_request, response, caller) => {
    response.end(`hello, ${caller.email}`);
  },
  {
    onRefused: (error) => {
      console.warn(error.message);
    },
  },
);
createServer((request, response) => void handler(request, response)).listen(process.env.PORT ?? 8080);
