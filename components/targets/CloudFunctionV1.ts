import * as cloudfunctions from "@pulumi/gcp/cloudfunctions";
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
import type { Members } from "../wiring/members";
import { checkedMembers } from "../wiring/members";
import { NAME_RULES } from "../wiring/names";
import { childOf, grantOf, NO_INPUTS } from "../wiring/options";
import { regionName } from "../wiring/places";
import { DEFAULT_RUNTIME, runtimeOf } from "../wiring/runtimes";
import { Authorizations } from "./authorizations";
import type { FunctionBuild, FunctionBuildNodes } from "./buildIdentity";
import { functionBuild } from "./buildIdentity";
import { FunctionIngress } from "./functionIngress";
import { FunctionV1Invoker } from "./FunctionV1Invoker";
import { instanceLimits } from "./instances";
import type { RunIdentity } from "./runIdentity";
import { runIdentity } from "./runIdentity";
import type { SecretReference } from "./runtimeAccount";
import { secretLeaves } from "./runtimeAccount";

/** Arguments of `CloudFunctionV1`. */
export interface CloudFunctionV1Args {
  /** Path of the source: a folder (without its node_modules and .git) or a .zip file. Its content names the uploaded object. */
  source: string;
  /** Name of the exported function. Changing it replaces the function. */
  entryPoint: pulumi.Input<string>;
  /** Region, such as `us-central1`. Changing it replaces the function. */
  region: pulumi.Input<string>;
  /** Id of the project. Default: the provider's. Changing it replaces the function. */
  project?: pulumi.Input<string>;
  /** Exact name, up to 49 characters. Default: the component's name and a random suffix. Changing it replaces the function. */
  functionName?: pulumi.Input<string>;
  /** What the function is for. */
  description?: pulumi.Input<string>;
  /** What it runs on. Default: `nodejs22`, the last one that 1st gen gets. */
  runtime?: pulumi.Input<string>;
  /** From where the function can be reached. Default: everywhere, and then IAM decides. */
  ingress?: FunctionIngress;
  /** Fewest instances that are kept ready, no more than `maxInstances`. Default: 0. */
  minInstances?: pulumi.Input<number>;
  /** Most instances at one time. Default: 100. */
  maxInstances?: pulumi.Input<number>;
  /** Seconds that a request may take, 1 to 540. Default: 300, longer than the sources' deadlines. */
  timeoutSeconds?: pulumi.Input<number>;
  /** Memory of an instance in MiB. Default: 256. */
  memoryMb?: pulumi.Input<number>;
  /** Address of the account that the code runs as. Default: one of its own, without any role. Changing it replaces the function. */
  serviceAccountEmail?: pulumi.Input<string>;
  /** Environment variables. */
  environment?: Record<string, pulumi.Input<string>>;
  /** Environment variables that hold secrets. The runtime account gets `secretAccessor` on each, before the function. */
  secrets?: Record<string, pulumi.Input<SecretReference>>;
  /** Labels of the function, its source bucket and its image repository. */
  labels?: Record<string, pulumi.Input<string>>;
  /** Who else may call: IAM members under keys of your choice, which name their grants. Everybody is refused. Renaming a key takes access away (docs/resource-options.md). */
  invokers?: Record<string, pulumi.Input<string>>;
  /** Who deploys the function: IAM members under keys of your choice, who may then attach its runtime and build accounts. Renaming a key takes access away (docs/resource-options.md). */
  deployers?: Record<string, pulumi.Input<string>>;
}

/**
 * A Cloud Function of the 1st generation that only those may call whom it authorizes, built from source, and reachable
 * by https alone. For what cannot move to 2nd gen yet; organisations may forbid it
 * (https://cloud.google.com/functions/1stgendocs/securing/authenticating).
 *
 * ```typescript
 * const legacy = new CloudFunctionV1("authfn-v1", {
 *   source: "apps/authfn",
 *   entryPoint: "helloHttp",
 *   region: "us-central1",
 * });
 * ```
 */
export class CloudFunctionV1 extends pulumi.ComponentResource {
  /** The function's own address, as Google reports it. It carries no grant: give sources what `authorize` returns. */
  readonly uri: pulumi.Output<string>;
  /** The audience that authorized callers send: the exact address. */
  readonly audience: pulumi.Output<string>;
  /** The function's name. */
  readonly functionName: pulumi.Output<string>;
  /** The account that the code runs as. */
  readonly runtimeEmail: pulumi.Output<string>;

  constructor(name: string, args: CloudFunctionV1Args, opts?: pulumi.ComponentResourceOptions) {
    super("automatic-oidc:index:CloudFunctionV1", name, NO_INPUTS, opts);
    const subject = { component: "CloudFunctionV1", name };
    requireArguments(subject, args, "source", "entryPoint", "region");
    const options = childOf(this, opts);
    const region = checked(subject, "region", args.region, regionName);
    const build = functionBuild(subject, { ...args, region }, options);
    const identity = runIdentity(subject, args, options);

    const resource = createFunction(subject, { ...args, region }, build, identity, options);
    const invokers = grantInvokers(subject, args.invokers ?? {}, resource, options);

    this.uri = resource.httpsTriggerUrl;
    this.audience = audienceLater("functionV1", this.uri);
    this.functionName = resource.name;
    this.runtimeEmail = identity.email;
    beside.set(this, {
      authorizations: new Authorizations(subject, {
        property: "invokers",
        members: args.invokers ?? {},
        role: INVOKER,
      }),
      nodes: { function: resource, invokers, ...build.nodes, ...identity.nodes },
    });
    this.registerOutputs({
      uri: this.uri,
      audience: this.audience,
      functionName: this.functionName,
      runtimeEmail: this.runtimeEmail,
    });
  }

  /**
   * Lets a caller in, and answers what a source needs to call as that caller. Once per caller. The grant is a
   * `FunctionV1Invoker` called `NAME-CALLER`; `as` names it where two callers have the same name, and `formerly`
   * says what `as` was before it was changed or taken away.
   */
  authorize(caller: Caller, options: { as?: string; formerly?: string[] } = {}): AuthorizedTarget {
    const { authorizations, nodes } = beside.get(this);
    return authorizations.of(caller, INVOKER, options, ({ name, aliases, reference }) => {
      const { url, serviceAccountEmail, audience } = new FunctionV1Invoker(
        name,
        {
          function: nodes.function.name,
          region: nodes.function.region,
          project: nodes.function.project,
          url: nodes.function.httpsTriggerUrl,
          caller: reference,
        },
        { parent: this, aliases },
      );
      return { url, serviceAccountEmail, audience };
    });
  }

  /** The underlying resources. */
  get nodes(): CloudFunctionV1Nodes {
    return beside.get(this).nodes;
  }
}

/** The resources that a `CloudFunctionV1` is made of. */
export interface CloudFunctionV1Nodes extends FunctionBuildNodes {
  /** `NAME`. The function. */
  readonly function: cloudfunctions.Function;
  /** `NAME-runtime`. The account that the code runs as, unless one was brought along. */
  readonly runtimeAccount?: RunIdentity["nodes"]["runtimeAccount"];
  /** `NAME-runtime-deployer-KEY`. A grant on the runtime account for each of `deployers`. */
  readonly deployerGrants: RunIdentity["nodes"]["deployerGrants"];
  /** `NAME-secret-SECRET`. A grant for each secret, called after it, or after its variable if the secret is an output. */
  readonly secretGrants: RunIdentity["nodes"]["secretGrants"];
  /** `NAME-invoker-KEY`. A grant for each of `invokers`. */
  readonly invokers: Readonly<Record<string, cloudfunctions.FunctionIamMember>>;
}

const INVOKER = "roles/cloudfunctions.invoker";

const beside = new Beside<
  CloudFunctionV1,
  { authorizations: Authorizations<AuthorizedTarget>; nodes: CloudFunctionV1Nodes }
>();

function createFunction(
  subject: Subject,
  args: CloudFunctionV1Args,
  build: FunctionBuild,
  identity: RunIdentity,
  options: pulumi.CustomResourceOptions,
): cloudfunctions.Function {
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
  const instances = instanceLimits(subject, args, 3000);
  return new cloudfunctions.Function(
    subject.name,
    {
      name,
      region: args.region,
      project: args.project,
      description: args.description,
      labels: checkedLabels(subject, args.labels),
      runtime: checked(subject, "runtime", args.runtime ?? DEFAULT_RUNTIME["1st gen"], runtimeOf("1st gen")),
      entryPoint: checked(subject, "entryPoint", args.entryPoint, nonEmpty),
      triggerHttp: true,
      // Google's default lets plain http through, and a token with it.
      httpsTriggerSecurityLevel: "SECURE_ALWAYS",
      sourceArchiveBucket: build.bucket,
      sourceArchiveObject: build.object,
      buildServiceAccount: build.serviceAccount,
      dockerRepository: build.repository,
      serviceAccountEmail: after(identity.attachableEmail, identity.revisionNeeds),
      ingressSettings: checked(
        subject,
        "ingress",
        args.ingress ?? FunctionIngress.All,
        oneOf(FunctionIngress),
      ),
      minInstances: instances.min,
      maxInstances: instances.max,
      timeout: checked(subject, "timeoutSeconds", args.timeoutSeconds ?? 300, within(1, 540, "seconds")),
      availableMemoryMb: checked(subject, "memoryMb", args.memoryMb ?? 256, within(128, 8192, "MiB")),
      environmentVariables: args.environment,
      secretEnvironmentVariables: secretLeaves(args.secrets ?? {})
        .sort((a, b) => (a.variable < b.variable ? -1 : 1))
        .map(({ variable, secret, version }) => ({ key: variable, secret, version })),
    },
    named,
  );
}

function grantInvokers(
  subject: Subject,
  invokers: Members,
  resource: cloudfunctions.Function,
  options: pulumi.CustomResourceOptions,
): Record<string, cloudfunctions.FunctionIamMember> {
  return Object.fromEntries(
    checkedMembers(subject, "invokers", invokers).map(([key, member]) => [
      key,
      new cloudfunctions.FunctionIamMember(
        `${subject.name}-invoker-${key}`,
        {
          cloudFunction: resource.name,
          region: resource.region,
          project: resource.project,
          role: INVOKER,
          member,
        },
        grantOf(options),
      ),
    ]),
  );
}
