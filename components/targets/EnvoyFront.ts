import { isIP } from "node:net";
import * as pulumi from "@pulumi/pulumi";
import { requireArguments } from "../wiring/arguments";
import { audienceLater } from "../wiring/audience";
import type { AuthorizedTarget } from "../wiring/authorizedTarget";
import { Beside } from "../wiring/beside";
import type { Caller, CallerReference } from "../wiring/callers";
import {
  checked,
  checkedAgainst,
  checkedIfGiven,
  nonEmpty,
  within,
  type Check,
  type Subject,
} from "../wiring/checks";
import { asJson, asYaml, type PlainDocument } from "../wiring/documents";
import { NO_INPUTS } from "../wiring/options";
import { httpsUrl } from "../wiring/urls";
import { bootstrap, jwtFilter, keysCluster, rbacFilter, type EnvoySettings } from "./envoyBootstrap";
import { KnownCallers } from "./knownCallers";

/** Where the application is, as Envoy reaches it. */
export interface EnvoyUpstream {
  /** Host name or IP address, alone: without scheme, path and port. */
  address: pulumi.Input<string>;
  /** Port, from 1 to 65535. */
  port: pulumi.Input<number>;
}

/** The parts of the configuration, for an Envoy that has one already. Both filters are needed, in this order. */
export interface EnvoyPieces {
  /** The HTTP filter that checks tokens. */
  jwtFilter: PlainDocument;
  /** The HTTP filter that lets the callers in, and nobody else. */
  rbacFilter: PlainDocument;
  /** The cluster from which the first filter has the keys. */
  keysCluster: PlainDocument;
}

/** Arguments of `EnvoyFront`. */
export interface EnvoyFrontArgs {
  /** The https address under which callers reach Envoy. What ends TLS stands in front of it. */
  url: pulumi.Input<string>;
  /** The audience that callers send. Default: `url`. Envoy leaves scheme and last slash out when it compares. */
  audience?: pulumi.Input<string>;
  /** Audiences that are accepted too, for as long as callers still send them. Default: none. */
  formerAudiences?: pulumi.Input<string>[];
  /** Who is let in: callers under keys of your choice. A `CallerIdentity` fits. */
  callers: Record<string, CallerReference>;
  /** The application behind Envoy. Nothing else should be able to reach it. */
  upstream: EnvoyUpstream;
  /** The port on which Envoy listens, for plain http. Default: 8080. */
  listenPort?: pulumi.Input<number>;
  /** The IP address on which Envoy listens. Default: `0.0.0.0`, every one. */
  listenAddress?: pulumi.Input<string>;
  /** Whether the application is given the token, to see who calls. Default: true. */
  forwardToken?: pulumi.Input<boolean>;
  /** File with the certificates that Envoy trusts when it fetches Google's keys. Default: Debian's `/etc/ssl/certs/ca-certificates.crt`. */
  trustedCa?: pulumi.Input<string>;
  /** Port of Envoy's admin interface, on the loopback address only. Default: there is none. */
  adminPort?: pulumi.Input<number>;
}

/**
 * An application behind an Envoy of your own. It deploys nothing: it gives out a whole configuration (Envoy's API v3) that
 * checks Google's tokens and lets the callers in and nobody else, on every path.
 *
 * ```typescript
 * const front = new EnvoyFront("front", {
 *   url: "https://jobs.example.com",
 *   callers: { schedulerunner },
 *   upstream: { address: "127.0.0.1", port: 3000 },
 * });
 * new SchedulerJob("sync", { schedule: "0 3 * * *", target: front.authorize(schedulerunner) });
 * export const envoy = front.yaml; // pulumi stack output envoy > envoy.yaml; envoy -c envoy.yaml
 * ```
 *
 * Each part is needed: without the rule of the first filter a path is open, and without the second filter anybody gets in
 * who has a token for the audience, which any Google account can have. The configuration is tested against Envoy's own
 * definitions of its API, and has not been run by Envoy itself: `envoy --mode validate -c envoy.yaml` does that.
 */
export class EnvoyFront extends pulumi.ComponentResource {
  /** The address of Envoy. It carries no grant: give sources what `authorize` returns. */
  readonly uri: pulumi.Output<string>;
  /** The audience that callers send. */
  readonly audience: pulumi.Output<string>;
  /** The whole configuration as plain data. */
  readonly bootstrap: PlainDocument;
  /** Its parts, for an Envoy that has a configuration already. */
  readonly pieces: EnvoyPieces;
  /** The whole configuration as YAML text. */
  readonly yaml: pulumi.Output<string>;
  /** The whole configuration as JSON text. */
  readonly json: pulumi.Output<string>;

  constructor(name: string, args: EnvoyFrontArgs, opts?: pulumi.ComponentResourceOptions) {
    super("automatic-oidc:index:EnvoyFront", name, NO_INPUTS, opts);
    const subject = { component: "EnvoyFront", name };
    requireArguments(subject, args, "url", "callers", "upstream");
    const callers = new KnownCallers(subject, args.callers, {
      who: "Envoy",
      thenAlso: "give Envoy its new configuration",
    });
    const url = checked(subject, "url", args.url, httpsUrl);
    const declared = checkedIfGiven(subject, "audience", args.audience, nonEmpty);

    this.uri = pulumi.output(url);
    this.audience = audienceLater("external", url, declared);
    const settings = settingsOf(subject, args, callers, this.audience);
    this.bootstrap = bootstrap(settings);
    this.pieces = {
      jwtFilter: jwtFilter(settings),
      rbacFilter: rbacFilter(settings),
      keysCluster: keysCluster(settings),
    };
    this.yaml = asYaml(this.bootstrap);
    this.json = asJson(this.bootstrap);
    known.set(this, callers);
    this.registerOutputs({
      uri: this.uri,
      audience: this.audience,
      bootstrap: this.bootstrap,
      pieces: this.pieces,
      yaml: this.yaml,
      json: this.json,
    });
  }

  /** What a source needs to call as one of the callers that were given at construction. */
  authorize(caller: Caller): AuthorizedTarget {
    known.get(this).require(caller);
    return { url: this.uri, serviceAccountEmail: caller.email, audience: this.audience };
  }
}

const known = new Beside<EnvoyFront, KnownCallers>();

function settingsOf(
  subject: Subject,
  args: EnvoyFrontArgs,
  { each }: KnownCallers,
  audience: pulumi.Output<string>,
): EnvoySettings {
  const { upstream, adminPort } = args;
  const port = (property: string, value: pulumi.Input<number>): pulumi.Input<number> =>
    checked(subject, property, value, within(1, 65_535, ""));
  const text = (property: string, value: pulumi.Input<string>): pulumi.Input<string> =>
    checked(subject, property, value, nonEmpty);
  const listenPort = port("listenPort", args.listenPort ?? 8080);
  return {
    audiences: [audience, ...(args.formerAudiences ?? []).map((former) => text("formerAudiences", former))],
    callers: each,
    listen: {
      address: checked(subject, "listenAddress", args.listenAddress ?? "0.0.0.0", ipAddress),
      port: listenPort,
    },
    upstream: {
      address: checked(subject, "upstream.address", upstream.address, bareHost),
      port: port("upstream.port", upstream.port),
    },
    forwardToken: args.forwardToken ?? true,
    trustedCa: text("trustedCa", args.trustedCa ?? "/etc/ssl/certs/ca-certificates.crt"),
    adminPort:
      adminPort === undefined ? undefined : otherPort(subject, port("adminPort", adminPort), listenPort),
  };
}

/** Where Envoy listens cannot be a name. https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/core/v3/address.proto */
const ipAddress: Check<string> = (address) =>
  isIP(address) > 0
    ? undefined
    : { problem: "is not an IP address", remedy: "Give the one of an interface, or 0.0.0.0 for every one" };

const bareHost: Check<string> = (host) =>
  nonEmpty(host) ??
  (isIP(host) > 0 || /^[A-Za-z0-9_]([-A-Za-z0-9_.]*[A-Za-z0-9_.])?$/.test(host)
    ? undefined
    : {
        problem: "is not a host alone",
        remedy: "Give its name or IP address, without scheme and path, and the port as upstream.port",
      });

/** Whoever calls must not come upon the admin interface, which can stop Envoy. */
function otherPort(
  subject: Subject,
  adminPort: pulumi.Input<number>,
  listenPort: pulumi.Input<number>,
): pulumi.Input<number> {
  return checkedAgainst(
    subject,
    "adminPort",
    adminPort,
    listenPort,
    (taken) => (own) =>
      own === taken
        ? { problem: "is listenPort too", remedy: "Give the admin interface a port of its own" }
        : undefined,
  );
}
