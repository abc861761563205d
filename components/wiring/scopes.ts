import type { Check } from "./checks";

/** The scope that fits every API of Google Cloud; what the caller may do is then up to its roles alone. */
export const CLOUD_PLATFORM = "https://www.googleapis.com/auth/cloud-platform";

/** A check that a text is one OAuth scope. https://developers.google.com/identity/protocols/oauth2/scopes */
export const oauthScope: Check<string> = (scope) =>
  typeof scope === "string" && /^\S+$/.test(scope)
    ? undefined
    : {
        problem: "is not an OAuth scope",
        remedy: `Give one, such as ${CLOUD_PLATFORM}, without blanks`,
      };
