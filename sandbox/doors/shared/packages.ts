import type { Failure } from "../../cloud/resources/provider";
import { isUnknown, type Props } from "../../cloud/resources/values";

/** The packages whose provider the sandbox stands in for. */
export const PACKAGES = ["gcp", "random", "kubernetes"] as const;
export type PackageName = (typeof PACKAGES)[number];

export function isPackageName(name: string): name is PackageName {
  return PACKAGES.some((known) => known === name);
}

interface Settings {
  readonly heeded: readonly string[];
  /** About how the other side is reached, by whom, and how patiently: it is not there, so they mean nothing. */
  readonly meaningless: RegExp;
}

const OF_EVERY_PROVIDER = "version|pluginDownloadURL";

const SETTINGS: Readonly<Record<PackageName, Settings>> = {
  // pulumi.com/registry/packages/gcp/installation-configuration
  gcp: {
    heeded: ["project", "region", "zone"],
    meaningless: RegExp(
      `^(credentials|accessToken|externalCredentials|impersonateServiceAccount(Delegates)?|scopes|batching|requestTimeout|requestReason|pollInterval|skipRegionValidation|disableGoogle[A-Za-z]*Warnings?|disableGlobalProjectWarning|universeDomain|[A-Za-z0-9]+CustomEndpoint|${OF_EVERY_PROVIDER})$`,
    ),
  },
  // pulumi.com/registry/packages/kubernetes/installation-configuration. There is one cluster, whatever it is called.
  kubernetes: {
    heeded: [],
    meaningless: RegExp(
      `^(kubeconfig|context|cluster|clusterIdentifier|enableServerSideApply|kubeClientSettings|suppress[A-Za-z]+Warnings|${OF_EVERY_PROVIDER})$`,
    ),
  },
  random: { heeded: [], meaningless: RegExp(`^(${OF_EVERY_PROVIDER})$`) },
};

/** What is wrong with a provider's configuration. A setting that would change what is deployed is not passed over. */
export function configFailures(name: PackageName, settings: Props): Failure[] {
  const { heeded, meaningless } = SETTINGS[name];
  return Object.entries(settings).flatMap(([property, value]) => {
    if (meaningless.test(property) || value === undefined || isUnknown(value)) return [];
    const of = `the provider's setting "${property}"`;
    if (!heeded.includes(property)) return [{ property, reason: `${of} is not modelled by the sandbox` }];
    return typeof value === "string" ? [] : [{ property, reason: `${of} must be a string` }];
  });
}
