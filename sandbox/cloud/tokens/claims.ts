import { z } from "zod";

export const ISSUER = "https://accounts.google.com";

/** Google's own verifiers take both. docs.cloud.google.com/pubsub/docs/authenticate-push-subscriptions */
export const ISSUERS: readonly string[] = [ISSUER, "accounts.google.com"];

/** Times are in seconds here, and nowhere else. */
export interface IdTokenClaims {
  iss: string;
  aud: string;
  azp: string;
  sub: string;
  email?: string;
  email_verified?: boolean;
  iat: number;
  exp: number;
}

const schema = z.object({
  iss: z.string(),
  aud: z.string(),
  azp: z.string(),
  sub: z.string().min(1),
  email: z.string().optional(),
  email_verified: z.boolean().optional(),
  iat: z.int(),
  exp: z.int(),
});

/** The claims of an id_token, or undefined if the payload is of something else. */
export function readClaims(payload: unknown): IdTokenClaims | undefined {
  return schema.safeParse(payload).data;
}
