import * as cloudfunctionsv2 from "@pulumi/gcp/cloudfunctionsv2";
import type * as cloudrunv2 from "@pulumi/gcp/cloudrunv2";
import * as pulumi from "@pulumi/pulumi";
import { autoName } from "../identity/resourceName";
import { after } from "../wiring/after";
import { requireArguments } from "../wiring/arguments";
import { audienceLater } from "../wiring/audience";
import type { AuthorizedTarget } from "../wiring/authorizedTarget";
import { Beside } from "../wiring/beside";
import type { Caller } from "../wiring/callers";
import type { Subject } from "../wiring/checks";
import { checked, nonEmpty, oneOf, within } from "../wiring/checks";
import { checkedLabels } from "../wiring/labels";
import { NAME_RULES } from "../wiring/names";
import { childOf, NO_INPUTS } from "../wiring/options";
import { regionName } from "../wiring/places";
import { DEFAULT_RUNTIME, runtimeOf } from "../wiring/runtimes";
import { Authorizations } from "./authorizations";
import type { FunctionBuild, FunctionBuildNodes } from "./buildIdentity";
import { functionBuild } from "./buildIdentity";
import type { AuthorizeOptions } from "./CloudRunService";
import { FunctionIngress } from "./functionIngress";
import { grantInvokers } from "./grantInvokers";
import { instanceLimits } from "./instances";
import type { RunIdentity } from "./runIdentity";
import { runIdentity } from "./runIdentity";
import type { SecretReference } from "./runtimeAccount";
import { secretLeaves } from "./runtimeAccount";
import { RunInvoker, RunInvokerRole } from "./RunInvoker";

/** Arguments of `CloudFunction`. */
export interface CloudFunctionArgs {
  /**
   * Path of the source: a folder (without its node_modules and .git) or a .zip file. Its content names the uploaded
   * object, so a changed source redeploys and an unchanged one does not.
   */
  source: string;
  /** Name of the exported function. */
  entryPoint: pulumi.Input<string>;
  /** Region, such as `us-central1`. Changing it replaces the function. */
  region: pulumi.Input<string>;
  /** Id of the project. Default: the provider's. Changing it replaces the function. */
  project?: pulumi.Input<string>;
  /** Exact name, up to 49 characters, in lower case with hyphens. Default: the component's name and a random suffix. Changing it replaces the function. */
  functionName?: pulumi.Input<string>;
  /** What the function is for. */
  description?: pulumi.Input<string>;
  /** What it runs on. Default: `nodejs24`. Runtimes that Google has decommissioned are refused. */
  runtime?: pulumi.Input<string>;
  /** From where the function can be reached. Default: everywhere, and then IAM decides. */
  ingress?: FunctionIngress;
  /** Fewest instances that are kept ready, no more than `maxInstances`. Default: 0. */
  minInstances?: pulumi.Input<number>;
  /** Most instances at one time. Default: 100. */
  maxInstances?: pulumi.Input<number>;
  /** Most requests that one instance serves at one time, 1 to 1000; more than 1 needs a whole CPU. Default: 1. */
  concurrency?: pulumi.Input<number>;
  /** Seconds that a request may take, 1 to 3600. Default: 300, longer than the sources' deadlines. */
  timeoutSeconds?: pulumi.Input<number>;
  /** Memory of an instance. Default: "256Mi". */
  memory?: pulumi.Input<string>;
  /** Address of the account that the code runs as. Default: one of its own, without any role. */
  serviceAccountEmail?: pulumi.Input<string>;
  /** Environment variables. */
  environment?: Record<string, pulumi.Input<string>>;
  /** Environment variables that hold secrets. The runtime account gets `secretAccessor` on each, before the revision. */
  secrets?: Record<string, pulumi.Input<SecretReference>>;
  /** Labels of the function, its source bucket and its image repository. */
  labels?: Record<string, pulumi.Input<string>>;
  /** Who else may call: IAM members under keys of your choice, which name their grants. Everybody is refused. Renaming a key takes access away (docs/resource-options.md). */
  invokers?: Record<string, pulumi.Input<string>>;
  /** Who deploys the function: IAM members under keys of your choice, who may then attach its runtime and build accounts. Renaming a key takes access away (docs/resource-options.md). */
  deployers?: Record<string, pulumi.Input<string>>;
}

/**
 * A Cloud Run function (2nd gen) that only those may call whom it authorizes, built from source.
 *
 * ```typescript
 * const authfn = new CloudFunction("authfn", {
 *   source: "apps/authfn",
 *   entryPoint: "helloHttp",
 *   region: "us-central1",
 * });
 * new PushSubscription("psubgcf", { topic: runtopic.id, target: authfn.authorize(schedulerunner) });
 * ```
 *
 * The grant lies on the Run service underneath, where the gate is: `roles/cloudfunctions.invoker` on the function is
 * accepted by Google and opens nothing (https://docs.cloud.google.com/functions/docs/securing/authenticating).
 */
export class CloudFunction extends pulumi.ComponentResource {
  /** The function's own address (run.app), as Google reports it. It carries no grant: give sources what `authorize` returns. */
  readonly uri: pulumi.Output<string>;
  /** The audience that authorized callers send. */
  readonly audience: pulumi.Output<string>;
  /** The function's name. */
  readonly functionName: pulumi.Output<string>;
  /** Name of the Run service underneath, on which grants lie. */
  readonly serviceName: pulumi.Output<string>;
  /** The account that the code runs as. */
  readonly runtimeEmail: pulumi.Output<string>;

  constructor(name: string, args: CloudFunctionArgs, opts?: pulumi.ComponentResourceOptions) {
    super("automatic-oidc:index:CloudFunction", name, NO_INPUTS, opts);
    const subject = { component: "CloudFunction", name };
    requireArguments(subject, args, "source", "entryPoint", "region");
    const options = childOf(this, opts);
    const region = checked(subject, "region", args.region, regionName);
    const build = functionBuild(subject, { ...args, region }, options);
    const identity = runIdentity(subject, args, options);

    const resource = createFunction(subject, { ...args, region }, build, identity, options);
    const service = underlyingService(resource);
    const location = { name: service, location: resource.location, project: resource.project };
    const invokers = grantInvokers(subject, args.invokers ?? {}, location, options);

    this.uri = resource.serviceConfig.apply((config) => config?.uri ?? "");
    this.audience = audienceLater("functionV2", this.uri);
    this.functionName = resource.name;
    this.serviceName = service;
    this.runtimeEmail = identity.email;
    beside.set(this, {
      authorizations: new Authorizations(subject, {
        property: "invokers",
        members: args.invokers ?? {},
        role: RunInvokerRole.Invoker,
      }),
      nodes: { function: resource, invokers, ...build.nodes, ...identity.nodes },
    });
    this.registerOutputs({
      uri: this.uri,
      audience: this.audience,
      functionName: this.functionName,
      serviceName: this.serviceName,
      runtimeEmail: this.runtimeEmail,
    });
  }

  /**
   * Lets a caller in, and answers what a source needs to call as that caller. Once per caller. The grant is a
   * `RunInvoker` called `NAME-CALLER`.
   */
  authorize(caller: Caller, options: AuthorizeOptions = {}): AuthorizedTarget {
    const { authorizations, nodes } = beside.get(this);
    const role = options.role ?? RunInvokerRole.Invoker;
    return authorizations.of(caller, role, options, ({ name, aliases, reference }) => {
      const { url, serviceAccountEmail, audience } = new RunInvoker(
        name,
        {
          service: this.serviceName,
          region: nodes.function.location,
          project: nodes.function.project,
          url: this.uri,
          caller: reference,
          role,
        },
        { parent: this, aliases },
      );
      return { url, serviceAccountEmail, audience };
    });
  }

  /** The underlying resources. */
  get nodes(): CloudFunctionNodes {
    return beside.get(this).nodes;
  }
}

/** The resources that a `CloudFunction` is made of. */
export interface CloudFunctionNodes extends FunctionBuildNodes {
  /** `NAME`. The function. */
  readonly function: cloudfunctionsv2.Function;
  /** `NAME-runtime`. The account that the code runs as, unless one was brought along. */
  readonly runtimeAccount?: RunIdentity["nodes"]["runtimeAccount"];
  /** `NAME-runtime-deployer-KEY`. A grant on the runtime account for each of `deployers`. */
  readonly deployerGrants: RunIdentity["nodes"]["deployerGrants"];
  /** `NAME-secret-SECRET`. A grant for each secret, called after it, or after its variable if the secret is an output. */
  readonly secretGrants: RunIdentity["nodes"]["secretGrants"];
  /** `NAME-invoker-KEY`. A grant for each of `invokers`, on the Run service underneath. */
  readonly invokers: Readonly<Record<string, cloudrunv2.ServiceIamMember>>;
}

const beside = new Beside<
  CloudFunction,
  { authorizations: Authorizations<AuthorizedTarget>; nodes: CloudFunctionNodes }
>();

function createFunction(
  subject: Subject,
  args: CloudFunctionArgs,
  build: FunctionBuild,
  identity: RunIdentity,
  options: pulumi.CustomResourceOptions,
): cloudfunctionsv2.Function {
  const { name, options: named } = autoName(
    {
      subject,
      child: subject.name,
      rule: NAME_RULES.function,
      exact: args.functionName,
      property: "functionName",
    },
    options,
  );
  const instances = instanceLimits(subject, args, 1000);
  return new cloudfunctionsv2.Function(
    subject.name,
    {
      name,
      location: args.region,
      project: args.project,
      description: args.description,
      labels: checkedLabels(subject, args.labels),
      buildConfig: {
        runtime: checked(
          subject,
          "runtime",
          args.runtime ?? DEFAULT_RUNTIME["2nd gen"],
          runtimeOf("2nd gen"),
        ),
        entryPoint: checked(subject, "entryPoint", args.entryPoint, nonEmpty),
        serviceAccount: build.serviceAccount,
        dockerRepository: build.repository,
        source: { storageSource: { bucket: build.bucket, object: build.object } },
      },
      serviceConfig: {
        serviceAccountEmail: after(identity.attachableEmail, identity.revisionNeeds),
        ingressSettings: checked(
          subject,
          "ingress",
          args.ingress ?? FunctionIngress.All,
          oneOf(FunctionIngress),
        ),
        minInstanceCount: instances.min,
        maxInstanceCount: instances.max,
        maxInstanceRequestConcurrency: checked(
          subject,
          "concurrency",
          args.concurrency ?? 1,
          within(1, 1000, "requests"),
        ),
        timeoutSeconds: checked(
          subject,
          "timeoutSeconds",
          args.timeoutSeconds ?? 300,
          within(1, 3600, "seconds"),
        ),
        availableMemory: args.memory ?? "256Mi",
        environmentVariables: args.environment,
        secretEnvironmentVariables: secretVariables(args, resourceProject(args, identity)),
      },
    },
    named,
  );
}

/** Where the secrets lie: the function's project, as far as its name does not say otherwise. */
function resourceProject(args: CloudFunctionArgs, identity: RunIdentity): pulumi.Input<string> {
  return args.project ?? identity.nodes.runtimeAccount?.project ?? "";
}

function secretVariables(args: CloudFunctionArgs, projectId: pulumi.Input<string>) {
  return secretLeaves(args.secrets ?? {})
    .sort((a, b) => (a.variable < b.variable ? -1 : 1))
    .map(({ variable, secret, version }) => ({ key: variable, projectId, secret, version }));
}

/** The service's short name: Google reports the full one (`projects/…/services/NAME`). */
function underlyingService(resource: cloudfunctionsv2.Function): pulumi.Output<string> {
  return resource.serviceConfig.apply((config) => (config?.service ?? "").replace(/^.*\//, ""));
}
