import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import type { Check, Subject } from "../wiring/checks";
import { checked, checkedAgainst } from "../wiring/checks";
import { NAME_RULES, namePrefix } from "../wiring/names";

const SUFFIX_LENGTH = 6;

const WHOLE_NAME = /^[a-z]([-a-z0-9]{0,61}[a-z0-9])?\.endpoints\.([a-z][-a-z0-9]*)\.cloud\.goog$/;

/** https://cloud.google.com/endpoints/docs/openapi/naming-your-api-service */
const wholeName: Check<string> = (name) =>
  WHOLE_NAME.test(name)
    ? undefined
    : {
        problem: "is not the name of a managed service",
        remedy: "Write it as NAME.endpoints.PROJECT.cloud.goog, with the project's id",
      };

/** A project that is given by its number is left for Google to judge, and so is one whose id has a domain in it. */
function nameIn(project: string): Check<string> {
  return (name) => {
    const own = WHOLE_NAME.exec(name)?.[2];
    if (own === undefined || own === project || !/^[a-z][-a-z0-9]*$/.test(project)) return wholeName(name);
    return {
      problem: `is a name of project "${own}", and the managed service lies in "${project}"`,
      remedy: `Write it as NAME.endpoints.${project}.cloud.goog, or leave it out`,
    };
  };
}

/**
 * The name of a managed service of Cloud Endpoints. Google keeps a deleted one's name for 30 days
 * (https://docs.cloud.google.com/service-infrastructure/docs/create-services), so it ends in a random suffix. The name is
 * made once: a component that is renamed with an alias keeps it, with the audience that follows from it.
 */
export function managedServiceName(
  subject: Subject,
  args: { managedServiceName?: pulumi.Input<string>; project?: pulumi.Input<string> },
  project: pulumi.Input<string>,
  options: pulumi.CustomResourceOptions,
): pulumi.Input<string> {
  const exact = args.managedServiceName;
  if (exact !== undefined) {
    return args.project === undefined
      ? checked(subject, "managedServiceName", exact, wholeName)
      : checkedAgainst(subject, "managedServiceName", exact, args.project, nameIn);
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
