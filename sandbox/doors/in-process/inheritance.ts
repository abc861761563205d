import type * as resourceProto from "@pulumi/pulumi/proto/resource_pb";
import type { Declared } from "./deployment";
import type { DeployedResource } from "./state";
import { urnOf, urnParts } from "../shared/urns";

/**
 * What Pulumi's engine hands from a parent to a child that does not say otherwise. `dependsOn` and `ignoreChanges` are
 * not among it, and providers come by way of the SDK (pkg/resource/deploy/source_eval.go, inheritFromParent).
 */
export function inheritOptions(
  request: resourceProto.RegisterResourceRequest,
  parent: DeployedResource | undefined,
): void {
  if (parent === undefined) return;
  // An SDK whose protocol cannot leave these unsaid hands protection down by itself, and its engine nothing.
  const said: Partial<Pick<typeof request, "hasProtect" | "hasRetainondelete">> = request;
  if (said.hasProtect?.() === false) request.setProtect(parent.protect);
  if (said.hasRetainondelete?.() === false) request.setRetainondelete(parent.retainOnDelete);
}

/**
 * The names that a child had when its parent had another one. The SDK works them out for children; for the children
 * of these the engine does (pkg/resource/deploy/step_generator.go, generateAliases).
 */
export function inheritedAliases(declared: Declared, parentBefore: string | undefined): string[] {
  const { parent = "" } = declared;
  if (parentBefore === undefined || parentBefore === parent) return [];
  const [was, is] = [urnParts(parentBefore).name, urnParts(parent).name];
  return [declared.urn, ...declared.aliases].map((urn) => {
    const { stack, project, qualifiedType, name } = urnParts(urn);
    const type = qualifiedType.slice(qualifiedType.lastIndexOf("$") + 1);
    const before = name.startsWith(is) ? `${was}${name.slice(is.length)}` : name;
    return urnOf({ stack, project }, { parent: parentBefore, type, name: before });
  });
}
