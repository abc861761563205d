import type { HeaderList } from "../Verifier";

/** A request's headers in any form: a list, or `request.headers` of Node.js, Express and Fastify. */
export type SourceHeaders = HeaderList | Readonly<Record<string, string | readonly string[] | undefined>>;
