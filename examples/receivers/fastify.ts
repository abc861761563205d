import { callerOf, createVerifier } from "@automatic-oidc/verify";
import { fastifyHook } from "@automatic-oidc/verify/fastify";
import fastify from "fastify";

const verifier = createVerifier({
  audience: process.env.AUDIENCE ?? "",
  callers: process.env.CALLERS?.split(",") ?? [],
});

const app = fastify();
app.addHook(
  "onRequest",
  fastifyHook(verifier, {
    onRefused: (error) => {
      console.warn(error.message);
    },
  }),
);
app.post("/", (request) => `hello, ${callerOf(request).email}`);
void app.listen({ port: Number(process.env.PORT ?? 8080), host: "0.0.0.0" });
