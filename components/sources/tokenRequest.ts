import * as pulumi from "@pulumi/pulumi";
import { targetLeaves } from "../wiring/authorizedTarget";
import type { Check, Subject } from "../wiring/checks";
import { checked, isPlain } from "../wiring/checks";
import { oauthScope } from "../wiring/scopes";
import { googleApiUrl } from "../wiring/urls";
import type { RequestArgs, SourceRequest } from "./requestUrl";
import { audienceOfOidc, oidcRequest, oidcUrl, sourceRequest } from "./requestUrl";

/** One call with an id_token for an audience, or with an access token of a scope. */
export interface TokenRequest extends SourceRequest {
  readonly audience: pulumi.Input<string | undefined>;
  readonly scope: pulumi.Input<string | undefined>;
  /** The token as Scheduler and Tasks write it: one of these two blocks, and nothing in the other. */
  readonly oidcToken: pulumi.Input<OidcToken | undefined>;
  readonly oauthToken: pulumi.Input<OauthToken | undefined>;
}

interface OidcToken {
  readonly serviceAccountEmail: pulumi.Input<string>;
  readonly audience: pulumi.Input<string>;
}

interface OauthToken {
  readonly serviceAccountEmail: pulumi.Input<string>;
  readonly scope: pulumi.Input<string>;
}

/** Reads the target of a source that can send either token: which one is up to the target. */
export function tokenRequest(subject: Subject, args: RequestArgs): TokenRequest {
  const { audience, scope } = targetLeaves(args.target);
  if (scope === undefined) return withIdToken(subject, args);
  if (audience === undefined) return withAccessToken(subject, args, scope as pulumi.Input<string>);
  return withEither(subject, args, audience, scope);
}

function withIdToken(subject: Subject, args: RequestArgs): TokenRequest {
  const { url, serviceAccountEmail, audience } = oidcRequest(subject, args);
  const oidcToken = { serviceAccountEmail, audience };
  return { url, serviceAccountEmail, audience, scope: undefined, oidcToken, oauthToken: undefined };
}

function withAccessToken(subject: Subject, args: RequestArgs, given: pulumi.Input<string>): TokenRequest {
  const scope = checked(subject, "target.scope", given, oauthScope);
  const { url, serviceAccountEmail } = sourceRequest(subject, args, googleApiUrl);
  const oauthToken = { serviceAccountEmail, scope };
  return { url, serviceAccountEmail, audience: undefined, scope, oidcToken: undefined, oauthToken };
}

/** A target that is known later as a whole: then so is which token it wants. */
function withEither(
  subject: Subject,
  args: RequestArgs,
  givenAudience: pulumi.Input<string | undefined>,
  givenScope: pulumi.Input<string | undefined>,
): TokenRequest {
  const { url, serviceAccountEmail: email } = targetLeaves(args.target);
  const check = <T>(property: string, value: pulumi.Input<T>, oidc: Check<T>, oauth: Check<T>) => {
    const by = (scope: string | undefined) =>
      checked(subject, property, value, scope === undefined ? oidc : oauth);
    return isPlain(givenScope)
      ? by(givenScope)
      : pulumi.output(givenScope).apply((s) => pulumi.output(by(s)));
  };
  const audience = check(
    "target.audience",
    givenAudience,
    audienceOfOidc,
    oneTokenOnly,
  ) as typeof givenAudience;
  const scope = checked(subject, "target.scope", givenScope, (s) =>
    s === undefined ? undefined : oauthScope(s),
  );
  const target = {
    url: check("target.url", url, oidcUrl, googleApiUrl) as pulumi.Input<string>,
    serviceAccountEmail: email,
  };
  const request = sourceRequest(subject, { ...args, target }, () => undefined);
  const known = pulumi.all([request.serviceAccountEmail, audience, scope]);
  return {
    ...request,
    audience,
    scope,
    oidcToken: known.apply(([serviceAccountEmail, aud]) =>
      aud === undefined ? undefined : { serviceAccountEmail, audience: aud },
    ),
    oauthToken: known.apply(([serviceAccountEmail, , s]) =>
      s === undefined ? undefined : { serviceAccountEmail, scope: s },
    ),
  };
}

const oneTokenOnly: Check<string | undefined> = (audience) =>
  audience === undefined
    ? undefined
    : {
        problem:
          "is given together with a scope; a request carries one token, an id_token for an audience or an access token of a scope",
        remedy: "Use what authorize(caller) returns, which has one of the two",
      };
