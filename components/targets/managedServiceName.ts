import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import type { Check, Subject } from "../wiring/checks";
import { checked } from "../wiring/checks";
import { NAME_RULES, namePrefix } from "../wiring/names";

const SUFFIX_LENGTH = 6;

/** https://cloud.google.com/endpoints/docs/openapi/naming-your-api-service */
const wholeName: Check<string> = (name) =>
  /^[a-z]([-a-z0-9]{0,61}[a-z0-9])?\.endpoints\.[a-z][-a-z0-9]*\.cloud\.goog$/.test(name)
    ? undefined
    : {
        problem: "is not the name of a managed service",
        remedy: "Write it as NAME.endpoints.PROJECT.cloud.goog, with the project's id",
      };

/**
 * The name of a managed service of Cloud Endpoints. Google keeps a deleted one's name for 30 days
 * (https://docs.cloud.google.com/service-infrastructure/docs/create-services), so it ends in a random suffix. The name is
 * made once: a component that is renamed with an alias keeps it, with the audience that follows from it.
 */
export function managedServiceName(
  subject: Subject,
  args: { managedServiceName?: pulumi.Input<string> },
  project: pulumi.Input<string>,
  options: pulumi.CustomResourceOptions,
): pulumi.Input<string> {
  if (args.managedServiceName !== undefined) {
    return checked(subject, "managedServiceName", args.managedServiceName, wholeName);
  }
  const child = `${subject.name}-document`;
  const suffix = new random.RandomString(
    `${child}-suffix`,
    {
      length: SUFFIX_LENGTH,
      special: false,
      upper: false,
      // Kept with the suffix: a component that is renamed must not come by another name here.
      keepers: { prefix: namePrefix(NAME_RULES.managedService, subject.name, SUFFIX_LENGTH) },
    },
    pulumi.mergeOptions(options, { ignoreChanges: ["keepers"] }),
  );
  const prefix = suffix.keepers.apply((kept) => kept?.["prefix"] ?? "");
  return pulumi.interpolate`${prefix}-${suffix.result}.endpoints.${project}.cloud.goog`;
}
