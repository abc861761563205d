import * as pulumi from "@pulumi/pulumi";
import { requireArguments } from "../wiring/arguments";
import { audienceLater } from "../wiring/audience";
import type { AuthorizedTarget } from "../wiring/authorizedTarget";
import { Beside } from "../wiring/beside";
import type { Caller, CallerReference } from "../wiring/callers";
import { checked, checkedIfGiven, nonEmpty } from "../wiring/checks";
import { NO_INPUTS } from "../wiring/options";
import { httpsUrl } from "../wiring/urls";
import { KnownCallers } from "./knownCallers";

/** What the application needs to know to check a token. */
export interface VerifierSettings {
  /** The `aud` that it must find, to the letter. */
  audience: pulumi.Output<string>;
  /** The same and those that it takes for a while besides, the one that callers send first: any of them will do. */
  audiences: pulumi.Output<string[]>;
  /** The e-mail addresses that it lets in, and nobody else: any Google account can have a token made for any audience. */
  allowedCallers: pulumi.Output<string[]>;
  /** The `iss` that it must find. Google's own verifiers take the same without "https://" too. */
  issuer: pulumi.Output<string>;
  /** Where Google publishes the keys that sign id_tokens, as a JSON Web Key Set. */
  jwksUri: pulumi.Output<string>;
}

/** Arguments of `ExternalApplication`. */
export interface ExternalApplicationArgs {
  /** The application's https address. Its certificate must be one that Google's services trust, not self-signed. */
  url: pulumi.Input<string>;
  /** The audience that the application's verifier is told. Default: `url`. */
  audience?: pulumi.Input<string>;
  /**
   * Audiences that the verifier still accepts although callers send another one by now. Keep an audience here that was
   * changed, for an hour after the change is deployed: Pub/Sub sends a token again for as long.
   */
  formerAudiences?: pulumi.Input<string>[];
  /** Who is let in: callers under keys of your choice. A `CallerIdentity` fits. The application's verifier enforces it. */
  callers: Record<string, CallerReference>;
}

/**
 * An application of your own, wherever it runs: it deploys nothing, and gives out what the application's verifier must be
 * told. No gate of Google's stands in front of it, so it must check each token itself.
 *
 * ```typescript
 * const app = new ExternalApplication("app", {
 *   url: "https://jobs.example.com",
 *   callers: { schedulerunner },
 * });
 * new SchedulerJob("apptest", { schedule: "5 * * * *", target: app.authorize(schedulerunner) });
 * export const verifier = app.verifierSettings;
 * ```
 */
export class ExternalApplication extends pulumi.ComponentResource {
  /** The application's address. It carries no grant: give sources what `authorize` returns. */
  readonly uri: pulumi.Output<string>;
  /** The audience that callers send, and that the verifier must be told. */
  readonly audience: pulumi.Output<string>;
  /** What the application's verifier must be told. */
  readonly verifierSettings: VerifierSettings;

  constructor(name: string, args: ExternalApplicationArgs, opts?: pulumi.ComponentResourceOptions) {
    super("automatic-oidc:index:ExternalApplication", name, NO_INPUTS, opts);
    const subject = { component: "ExternalApplication", name };
    requireArguments(subject, args, "url", "callers");
    const callers = new KnownCallers(subject, args.callers, {
      who: "the application's verifier",
      thenAlso: "give the application its new verifierSettings",
    });
    const url = checked(subject, "url", args.url, httpsUrl);
    const declared = checkedIfGiven(subject, "audience", args.audience, nonEmpty);
    const former = (args.formerAudiences ?? []).map((audience) =>
      checked(subject, "formerAudiences", audience, nonEmpty),
    );

    this.uri = pulumi.output(url);
    this.audience = audienceLater("external", url, declared);
    this.verifierSettings = {
      audience: this.audience,
      audiences: pulumi.all([this.audience, ...former]).apply((all) => [...new Set(all)]),
      allowedCallers: callers.emails,
      issuer: pulumi.output("https://accounts.google.com"),
      jwksUri: pulumi.output("https://www.googleapis.com/oauth2/v3/certs"),
    };
    known.set(this, callers);
    this.registerOutputs({ uri: this.uri, audience: this.audience, verifierSettings: this.verifierSettings });
  }

  /** What a source needs to call as one of the callers that were given at construction. */
  authorize(caller: Caller): AuthorizedTarget {
    known.get(this).require(caller);
    return {
      url: this.uri,
      serviceAccountEmail: caller.email,
      audience: this.audience,
    };
  }
}

const known = new Beside<ExternalApplication, KnownCallers>();
