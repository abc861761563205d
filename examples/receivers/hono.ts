import { callerOf, createVerifier } from "@automatic-oidc/verify";
import { honoMiddleware } from "@automatic-oidc/verify/hono";
import { Hono } from "hono";

const verifier = createVerifier({
  audience: process.env.AUDIENCE ?? "",
  callers: process.env.CALLERS?.split(",") ?? [],
});

const app = new Hono();
app.use(
  honoMiddleware(verifier, {
    onRefused: (error) => {
      console.warn(error.message);
    },
  }),
);
app.post("/", (c) => c.text(`hello, ${callerOf(c).email}`));

export default app;
