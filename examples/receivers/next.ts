import { createVerifier } from "@automatic-oidc/verify";
import { fetchHandler } from "@automatic-oidc/verify/fetch";

const verifier = createVerifier({
  audience: process.env.AUDIENCE ?? "",
  callers: process.env.CALLERS?.split(",") ?? [],
});

/** As `app/orders/route.ts` of Next.js. */
export const POST = fetchHandler(
  verifier,
  (_request: Request, caller) => new Response(`hello, ${caller.email}`),
  {
    onRefused: (error) => {
      console.warn(error.message);
    },
  },
);
