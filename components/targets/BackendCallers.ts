import * as pulumi from "@pulumi/pulumi";
import { requireArguments } from "../wiring/arguments";
import type { CallerReference } from "../wiring/callers";
import { NO_INPUTS } from "../wiring/options";
import { backendEnvironment } from "./backendEnvironment";
import { gatewayAudiences } from "./gatewayDocument";
import { KnownCallers } from "./knownCallers";

/** Arguments of `BackendCallers`: the same as its gateway is given. */
export interface BackendCallersArgs {
  /** The audience that callers of the gateway send. No commas or white space. */
  audience: pulumi.Input<string>;
  /** Audiences that are still accepted besides, until tokens for them have expired. Default: none. */
  formerAudiences?: pulumi.Input<string>[];
  /** Who is let in: callers under keys of your choice. A `CallerIdentity` fits. */
  callers: Record<string, CallerReference>;
}

/**
 * Who may call an application behind a gateway (`EndpointsService`, `ApiGateway`), which checks tokens and does not ask
 * who calls. It deploys nothing, and gives the environment that tells the application's verifier; it comes before the
 * application, which comes before the gateway.
 *
 * ```typescript
 * const shared = { audience: "https://orders.example.com", callers: { schedulerunner } };
 * const { environment } = new BackendCallers("orders", shared);
 * const image = "us-docker.pkg.dev/my-project/apps/orders";
 * const orders = new CloudRunService("orders", { image, region: "us-central1", environment });
 * ```
 */
export class BackendCallers extends pulumi.ComponentResource {
  /** Environment variables for the application: AUDIENCE and CALLERS, separated by commas, and TOKEN_HEADER. */
  readonly environment: Record<string, pulumi.Output<string>>;

  constructor(name: string, args: BackendCallersArgs, opts?: pulumi.ComponentResourceOptions) {
    super("automatic-oidc:index:BackendCallers", name, NO_INPUTS, opts);
    const subject = { component: "BackendCallers", name };
    requireArguments(subject, args, "audience", "callers");
    const callers = new KnownCallers(subject, args.callers, { who: "the application's verifier" });
    const { declared, former } = gatewayAudiences(subject, args);
    this.environment = backendEnvironment([declared ?? args.audience, ...former], callers.emails);
    this.registerOutputs({ environment: this.environment });
  }
}
