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

/** Whether a name is one that autoName can have given to this logical name. */
export function isAutoNameOf(rule: AutoName, logicalName: string, name: unknown): name is string {
  const prefix = prefixOf(rule, logicalName);
  return typeof name === "string" && name.startsWith(prefix) && SUFFIX.test(name.slice(prefix.length - 1));
}

/** Whether a name looks given by autoName, when the logical name is not at hand. */
export function looksAutoNamed(name: unknown): boolean {
  return typeof name === "string" && SUFFIX.test(name);
}

function prefixOf(rule: AutoName, logicalName: string): string {
  return `${rule.lowerCase === true ? logicalName.toLowerCase() : logicalName}-`;
}
