import * as pulumi from "@pulumi/pulumi";

/** The header in which a gateway hands the caller's own token on. */
const TOKEN_HEADER = "X-Forwarded-Authorization";

/**
 * What the application behind a gateway must be told to check who calls, as environment variables.
 *
 * The gateway replaces Authorization by a token of its own and moves the caller's, whole and signed, to another header
 * (https://docs.cloud.google.com/endpoints/docs/openapi/openapi-extensions).
 */
export function backendEnvironment(
  audiences: readonly pulumi.Input<string>[],
  emails: pulumi.Input<string[]>,
): Record<string, pulumi.Output<string>> {
  return {
    AUDIENCE: pulumi.all([...audiences]).apply((known) => [...new Set(known)].join(",")),
    CALLERS: pulumi.output(emails).apply((known) => known.join(",")),
    TOKEN_HEADER: pulumi.output(TOKEN_HEADER),
  };
}
