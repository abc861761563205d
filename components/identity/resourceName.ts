import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import type { NameRule } from "../wiring/names";
import { canAutoName, exactName, namePrefix } from "../wiring/names";
import type { Subject } from "../wiring/checks";
import { checked } from "../wiring/checks";

const SUFFIX_LENGTH = 6;

/** What a name is made from. */
export interface NameRequest {
  readonly subject: Subject;
  readonly rule: NameRule;
  /** Logical name of the resource that is to be named; its suffix is called after it. */
  readonly child: string;
  /** The exact name that the program chose, and the argument it came in. */
  readonly exact?: pulumi.Input<string>;
  readonly property: string;
  /** What gives the suffix a new value when it changes: for places to which a name cannot come back. */
  readonly keepers?: Record<string, pulumi.Input<string>>;
}

/** A name that ends in a random suffix, for what Google keeps after deletion and would refuse to make again. */
export function suffixedName(
  request: NameRequest,
  options: pulumi.CustomResourceOptions,
): pulumi.Input<string> {
  if (request.exact !== undefined) {
    return checked(request.subject, request.property, request.exact, exactName(request.rule));
  }
  const suffix = new random.RandomString(
    `${request.child}-suffix`,
    { length: SUFFIX_LENGTH, special: false, upper: false, keepers: request.keepers },
    options,
  );
  return pulumi.interpolate`${namePrefix(request.rule, request.child, SUFFIX_LENGTH)}-${suffix.result}`;
}

/**
 * A name for what the provider may name itself: nothing, unless the program chose one, or the logical name has what
 * Google does not allow in such a name. With the options of the resource that has it.
 */
export function autoName(
  request: NameRequest,
  options: pulumi.CustomResourceOptions,
): { name: pulumi.Input<string> | undefined; options: pulumi.CustomResourceOptions } {
  const name =
    request.exact === undefined && canAutoName(request.rule, request.child)
      ? undefined
      : suffixedName(request, options);
  return { name, options: keepingName(request, "name", options) };
}

/**
 * The options of a resource with a name that is made here, or by the provider. A component that is renamed with an alias
 * makes another name, or leaves to the provider what was made here before; and that must not lead to another resource:
 * nobody would be let in there yet.
 */
export function keepingName(
  request: NameRequest,
  property: string,
  options: pulumi.CustomResourceOptions,
): pulumi.CustomResourceOptions {
  return request.exact === undefined ? pulumi.mergeOptions(options, { ignoreChanges: [property] }) : options;
}
