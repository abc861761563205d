import type { Check } from "./checks";
import { nonEmpty } from "./checks";

/** What is named here and made elsewhere. */
const NAMED = {
  // https://docs.cloud.google.com/run/docs/reference/rest/v2/projects.locations.services/create
  service: /^[a-z]([-a-z0-9]*[a-z0-9])?$/,
  job: /^[a-z]([-a-z0-9]*[a-z0-9])?$/,
  // 1st gen functions may have capitals and underscores as well.
  function: /^[A-Za-z][-_A-Za-z0-9]*$/,
} as const;

/** A check that a text is the bare name of something, not its id with project and region in it, nor its address. */
export function bareName(what: keyof typeof NAMED): Check<string> {
  return (name) =>
    nonEmpty(name) ??
    (NAMED[what].test(name)
      ? undefined
      : {
          problem: `is not the name of a ${what}`,
          remedy: `Give the ${what}'s name, not its id or address`,
        });
}

/** A check that a text is a region. https://docs.cloud.google.com/run/docs/locations */
export const regionName: Check<string> = (region) =>
  nonEmpty(region) ??
  (/^[a-z]+(-[a-z]+)+\d+$/.test(region)
    ? undefined
    : { problem: "is not a region", remedy: "Name one, such as us-central1" });
