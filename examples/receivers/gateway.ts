import { callerOf, createVerifier } from "@automatic-oidc/verify";
import { expressMiddleware } from "@automatic-oidc/verify/express";
import express from "express";

const verifier = createVerifier({
  audience: process.env.AUDIENCE ?? "",
  callers: process.env.CALLERS?.split(",") ?? [],
  tokenHeader: "X-Forwarded-Authorization",
});

const app = express();
app.use(
  expressMiddleware(verifier, {
    onRefused: (error) => {
      console.warn(error.message);
    },
  }),
);
app.post("/", (request, response) => {
  response.send(`hello, ${callerOf(request).email}`);
});
app.listen(process.env.PORT ?? 8080);
