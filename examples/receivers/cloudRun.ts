import { callerOf } from "@automatic-oidc/verify";
import { createVerifierBehindCloudRun } from "@automatic-oidc/verify/behind-cloud-run";
import { expressMiddleware } from "@automatic-oidc/verify/express";
import express from "express";

const verifier = createVerifierBehindCloudRun({
  audience: process.env.AUDIENCE ?? "",
  callers: process.env.CALLERS?.split(",") ?? [],
  cloudRunHasCheckedTheSignature: true,
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
