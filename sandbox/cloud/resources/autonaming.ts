import type { AutoName } from "./kind";
import { hexOf } from "./identifiers";

const SUFFIX_LENGTH = 7;
const SUFFIX = /-[0-9a-f]{7}$/;

export type Named = { name: string } | { tooLong: string };

/**
 * The name that pulumi-gcp gives: logical name, dash, seven hexadecimal characters. It is refused, not shortened, when it is
 * too long (github.com/pulumi/pulumi sdk/go/common/resource NewUniqueName).
 */
export function autoName(rule: AutoName, logicalName: string, seed: string): Named {
  const prefix = prefixOf(rule, logicalName);
  if (prefix.length + SUFFIX_LENGTH > rule.maxLength) {
    return {
      tooLong:
        `name "${prefix}" plus ${SUFFIX_LENGTH} random characters is longer than the ${rule.maxLength} that are allowed; ` +
        `give the argument "${rule.property}", or use a shorter logical name`,
    };
  }
  return { name: prefix + hexOf(`${seed}\n${prefix}`, SUFFIX_LENGTH) };
}

/**
 * Whether a name looks given by autoName, under whatever logical name that was: a resource that is renamed with an alias
 * keeps the name that it was given.
 */
export function looksAutoNamed(name: unknown): name is string {
  return typeof name === "string" && SUFFIX.test(name);
}

function prefixOf(rule: AutoName, logicalName: string): string {
  return `${rule.lowerCase === true ? logicalName.toLowerCase() : logicalName}-`;
}
