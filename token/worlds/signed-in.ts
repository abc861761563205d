import { OAuth2Client } from "google-auth-library";
import type { Operator } from "../world";

/** Whoever works in a sandbox that no option names: somebody who was let in to do just this. */
export const DEVELOPER = "user:developer@example.com";

/** Somebody with an access token of a sandbox. */
export function signedIn(member: string, token: string): Operator {
  const client = new OAuth2Client({ transporterOptions: { fetchImplementation: fetch } });
  client.setCredentials({ access_token: token });
  return { client, member: () => Promise.resolve(member) };
}

/** What was done for the one who asks, and would have to be done at Google as well. */
export function letIn(email: string): string {
  return `${DEVELOPER} asks; the sandbox has let them mint id_tokens for ${email}. On Google Cloud somebody has to. --operator asks as somebody else.`;
}
