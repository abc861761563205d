import { createVerifier } from "@automatic-oidc/verify";
import { cloudFunction } from "@automatic-oidc/verify/functions-framework";
import { http, type Request, type Response } from "@google-cloud/functions-framework";

const verifier = createVerifier({
  audience: process.env.AUDIENCE ?? "",
  callers: process.env.CALLERS?.split(",") ?? [],
});

http(
  "orders",
  cloudFunction(
    verifier,
    (_request: Request, response: Response, caller) => {
      response.send(`hello, ${caller.email}`);
    },
    {
      onRefused: (error) => {
        console.warn(error.message);
      },
    },
  ),
);
