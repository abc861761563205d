import * as pulumi from "@pulumi/pulumi";
import { requireArguments } from "../wiring/arguments";
import { audienceLater } from "../wiring/audience";
import type { AuthorizedTarget } from "../wiring/authorizedTarget";
import { Beside } from "../wiring/beside";
import type { Caller, CallerReference } from "../wiring/callers";
import { checked, checkedIfGiven, nonEmpty, refuse, type Check, type Subject } from "../wiring/checks";
import { asYaml } from "../wiring/documents";
import {
  accountId,
  asKubernetesName,
  kubernetesName,
  labelValue,
  LONGEST_NAME,
  noWildcard,
  policyPath,
} from "../wiring/istio";
import { NO_INPUTS } from "../wiring/options";
import { httpsUrl } from "../wiring/urls";
import {
  authorizationPolicy,
  denyPolicy,
  type IstioManifest,
  type IstioManifests,
  requestAuthentication,
  type Workload,
  type WorkloadCaller,
} from "./istioManifests";
import { KnownCallers } from "./knownCallers";

/** Arguments of `IstioWorkload`. */
export interface IstioWorkloadArgs {
  /** The https address under which callers reach the workload, through the mesh's gateway. */
  url: pulumi.Input<string>;
  /** The audience that callers send. Default: `url`. It must not begin or end with `*`, which Istio takes for anything. */
  audience?: pulumi.Input<string>;
  /** Audiences that are accepted too, for as long as callers still send them. Default: none. */
  formerAudiences?: pulumi.Input<string>[];
  /** Who is let in: callers under keys of your choice. A `CallerIdentity` fits. */
  callers: Record<string, CallerReference>;
  /**
   * The accounts' numeric ids (`uniqueId`), under the keys of `callers`: then the token's subject must be the same too, so that
   * an account which is deleted and made anew under its old e-mail is refused. Default: the e-mail alone says who it is.
   */
  subjects?: Record<string, pulumi.Input<string>>;
  /** The namespace of the workload. The manifests lie there too. */
  namespace: pulumi.Input<string>;
  /** Labels of the workload's pods, one at least: without any, the manifests would speak of the whole namespace. */
  selector: Record<string, pulumi.Input<string>>;
  /** The paths that callers may use, each to the letter or with a `*` at its end. Default: all. */
  paths?: pulumi.Input<string>[];
  /** Whether the application is given the token, to see who calls. Default: true. */
  forwardOriginalToken?: pulumi.Input<boolean>;
  /**
   * Adds a policy that refuses requests without a good token (on `paths`, where these are given), whatever other policies allow
   * on the same workload; it is called `NAME.deny`. Default: false.
   */
  denyWithoutToken?: boolean;
  /** Name of the manifests. Default: the logical name, or a legal one that is made from it and ends in a hash of it. */
  manifestName?: pulumi.Input<string>;
}

/**
 * A workload in an Istio mesh. It deploys nothing: it gives out the manifests that let its callers in and nobody else, right
 * by construction. Apply all of them: the RequestAuthentication alone lets requests without a token pass, and the
 * AuthorizationPolicy alone lets nobody in.
 *
 * ```typescript
 * const ledger = new IstioWorkload("ledger", {
 *   url: "https://ledger.example.com",
 *   callers: { schedulerunner },
 *   namespace: "books",
 *   selector: { app: "ledger" },
 * });
 * new SchedulerJob("close", { schedule: "0 3 * * *", target: ledger.authorize(schedulerunner) });
 * export const manifests = ledger.yaml; // pulumi stack output manifests | kubectl apply -f -
 * ```
 *
 * Google's tokens say in a boolean claim that the e-mail is verified, and Istio's policies cannot ask for booleans. For
 * tokens of service accounts, which are all that the callers' e-mails can stand in, it is always true.
 */
export class IstioWorkload extends pulumi.ComponentResource {
  /** The workload's address. It carries no grant: give sources what `authorize` returns. */
  readonly uri: pulumi.Output<string>;
  /** The audience that callers send. */
  readonly audience: pulumi.Output<string>;
  /** The manifests as plain data: `new kubernetes.apiextensions.CustomResource(name, { ...manifest })` takes each. */
  readonly manifests: IstioManifests;
  /** The manifests as one YAML text, for `kubectl apply -f -` or a file in a repository. */
  readonly yaml: pulumi.Output<string>;

  constructor(name: string, args: IstioWorkloadArgs, opts?: pulumi.ComponentResourceOptions) {
    super("automatic-oidc:index:IstioWorkload", name, NO_INPUTS, opts);
    const subject = { component: "IstioWorkload", name };
    requireArguments(subject, args, "url", "callers", "namespace", "selector");
    const callers = new KnownCallers(subject, args.callers, {
      who: "the mesh",
      thenAlso: "apply the new manifests",
    });
    const { audience } = args;
    // The audience becomes a value in a policy, and without one of its own the address does.
    const url = checked(subject, "url", args.url, audience === undefined ? literalUrl : httpsUrl);
    const declared = checkedIfGiven(subject, "audience", audience, literal);

    this.uri = pulumi.output(url);
    this.audience = audienceLater("external", url, declared);
    this.manifests = manifestsOf(subject, args, callers, this.audience);
    this.yaml = asYaml(...all(this.manifests));
    known.set(this, callers);
    this.registerOutputs({
      uri: this.uri,
      audience: this.audience,
      manifests: this.manifests,
      yaml: this.yaml,
    });
  }

  /** What a source needs to call as one of the callers that were given at construction. */
  authorize(caller: Caller): AuthorizedTarget {
    known.get(this).require(caller);
    return { url: this.uri, serviceAccountEmail: caller.email, audience: this.audience };
  }
}

const known = new Beside<IstioWorkload, KnownCallers>();

/** In the order in which they are best applied: a policy without tokens that are read lets nobody in, for a moment. */
function all({
  requestAuthentication: tokens,
  authorizationPolicy: callers,
  denyPolicy: denial,
}: IstioManifests): IstioManifest[] {
  return [callers, ...(denial === undefined ? [] : [denial]), tokens];
}

const literal: Check<string> = (value) => nonEmpty(value) ?? noWildcard(value);
const literalUrl: Check<string> = (value) => httpsUrl(value) ?? noWildcard(value);

function manifestsOf(
  subject: Subject,
  args: IstioWorkloadArgs,
  callers: KnownCallers,
  audience: pulumi.Output<string>,
): IstioManifests {
  const name = checked(
    subject,
    "manifestName",
    args.manifestName ?? asKubernetesName(subject.name),
    kubernetesName("name of a Kubernetes resource", LONGEST_NAME),
  );
  const namespace = checked(subject, "namespace", args.namespace, kubernetesName("namespace", 63));
  const workload: Workload = {
    metadata: { name: pulumi.output(name), namespace: pulumi.output(namespace) },
    labels: labelsOf(subject, args.selector),
    audiences: [audience, ...formerAudiences(subject, args.formerAudiences)],
    callers: workloadCallers(subject, args, callers),
    paths: pathsOf(subject, args.paths),
    forwardOriginalToken: args.forwardOriginalToken ?? true,
  };
  return {
    requestAuthentication: requestAuthentication(workload),
    authorizationPolicy: authorizationPolicy(workload),
    ...(args.denyWithoutToken === true && { denyPolicy: denyPolicy(workload) }),
  };
}

function formerAudiences(
  subject: Subject,
  audiences: readonly pulumi.Input<string>[] = [],
): pulumi.Input<string>[] {
  return audiences.map((audience) => checked(subject, "formerAudiences", audience, literal));
}

function labelsOf(
  subject: Subject,
  selector: Readonly<Record<string, pulumi.Input<string>>>,
): Record<string, pulumi.Input<string>> {
  if (Object.keys(selector).length === 0) {
    refuse(subject, "selector", selector, {
      problem: "is empty, so the manifests would speak of every workload in the namespace",
      remedy: 'Give labels of the workload\'s pods: selector: { app: "ledger" }',
    });
  }
  return Object.fromEntries(
    Object.entries(selector).map(([key, value]) => [
      key,
      checked(subject, `selector.${key}`, value, labelValue),
    ]),
  );
}

function workloadCallers(
  subject: Subject,
  { subjects = {} }: IstioWorkloadArgs,
  { each }: KnownCallers,
): WorkloadCaller[] {
  const ids = new Map(Object.entries(subjects));
  const callers = new Set(Object.keys(each));
  const nobody = [...ids.keys()].find((key) => !callers.has(key));
  if (nobody !== undefined) {
    refuse(subject, "subjects", nobody, {
      problem: "is no key of `callers`",
      remedy: "Give each id under the key of the caller whose it is",
    });
  }
  return Object.entries(each).map(([key, email]) => ({
    email: checked(subject, `callers.${key}.email`, email, noWildcard),
    subject: checkedIfGiven(subject, `subjects.${key}`, ids.get(key), accountId),
  }));
}

function pathsOf(
  subject: Subject,
  paths: readonly pulumi.Input<string>[] | undefined,
): pulumi.Input<string>[] | undefined {
  if (paths?.length === 0) {
    refuse(subject, "paths", paths, {
      problem: "is empty, which Istio takes for every path",
      remedy: "Name the paths, or leave the argument out",
    });
  }
  return paths?.map((path) => checked(subject, "paths", path, policyPath));
}
