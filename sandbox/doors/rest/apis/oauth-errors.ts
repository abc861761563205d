import type { CloudError } from "../../../cloud/errors";
import type { Handler, Reply } from "../api";

/** A refusal of Google's OAuth server, in the words of https://developers.google.com/identity/protocols/oauth2/service-account#error-codes */
export class OAuthError extends Error {
  override readonly name = "OAuthError";

  constructor(
    readonly error: string,
    description: string,
  ) {
    super(description);
  }

  /** The status is assumed where the page does not say it: all that was seen in the field were 400. */
  get reply(): Reply {
    return { status: 400, body: { error: this.error, error_description: this.message } };
  }
}

/** Answers with the OAuthErrors that a handler throws. */
export function withOAuthErrors(handler: Handler): Handler {
  return async (call) => {
    try {
      return await handler(call);
    } catch (error) {
      if (error instanceof OAuthError) return error.reply;
      throw error;
    }
  };
}

/** Of what the sandbox itself refuses. */
export function oauthRefusal({ httpStatus, status, message }: CloudError): Reply {
  return { status: httpStatus, body: { error: status.toLowerCase(), error_description: message } };
}
