import type { Failure } from "../../cloud/resources/provider";
import { isUnknown, type Props } from "../../cloud/resources/values";

/** The packages whose provider the sandbox stands in for. */
export const PACKAGES = ["gcp", "random"] as const;
export type PackageName = (typeof PACKAGES)[number];

export function isPackageName(name: string): name is PackageName {
  return PACKAGES.some((known) => known === name);
}

/** Settings of the Google provider that the sandbox heeds. */
const HEEDED = ["project", "region", "zone"];

/**
 * Settings about how Google is reached, by whom, and how patiently. There is no Google here, so they mean nothing.
 * pulumi.com/registry/packages/gcp/installation-configuration
 */
const MEANINGLESS =
  /^(credentials|accessToken|externalCredentials|impersonateServiceAccount(Delegates)?|scopes|batching|requestTimeout|requestReason|pollInterval|skipRegionValidation|disableGoogle[A-Za-z]*Warnings?|disableGlobalProjectWarning|universeDomain|[A-Za-z0-9]+CustomEndpoint|version|pluginDownloadURL)$/;

/** What is wrong with a provider's configuration. A setting that would change what is deployed is not passed over. */
export function configFailures(name: PackageName, settings: Props): Failure[] {
  if (name !== "gcp") return [];
  return Object.entries(settings).flatMap(([property, value]) => {
    if (MEANINGLESS.test(property) || value === undefined || isUnknown(value)) return [];
    const of = `the provider's setting "${property}"`;
    if (!HEEDED.includes(property)) return [{ property, reason: `${of} is not modelled by the sandbox` }];
    return typeof value === "string" ? [] : [{ property, reason: `${of} must be a string` }];
  });
}
