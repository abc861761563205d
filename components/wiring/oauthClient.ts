import type { Check } from "./checks";

/** A check that a text is the id of an OAuth client, which is what tokens for IAP are meant for. */
export const oauthClient: Check<string> = (clientId) =>
  typeof clientId === "string" && /^[A-Za-z0-9_-]+\.apps\.googleusercontent\.com$/.test(clientId)
    ? undefined
    : {
        problem: "is not the id of an OAuth client",
        remedy: 'Copy it from the console, as in "123456789012-abc.apps.googleusercontent.com"',
      };
