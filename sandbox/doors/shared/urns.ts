/** Pulumi's name for one resource in one stack: `urn:pulumi:STACK::PROJECT::PARENT_TYPES$TYPE::NAME`. */
export interface UrnParts {
  readonly stack: string;
  readonly project: string;
  /** The types of all parents below the stack and of the resource itself, joined by `$`. */
  readonly qualifiedType: string;
  readonly name: string;
}

const STACK_TYPE = "pulumi:pulumi:Stack";

/** The URN of a resource below a parent. The stack itself does not appear among the parent types. */
export function urnOf(
  where: { stack: string; project: string },
  q: { parent: string | undefined; type: string; name: string },
): string {
  const parentType =
    q.parent === undefined || q.parent === "" ? STACK_TYPE : urnParts(q.parent).qualifiedType;
  const qualifiedType = parentType === STACK_TYPE ? q.type : `${parentType}$${q.type}`;
  return `urn:pulumi:${where.stack}::${where.project}::${qualifiedType}::${q.name}`;
}

/** Takes a URN apart. A logical name may have "::" in it, so it is whatever comes last. */
export function urnParts(urn: string): UrnParts {
  const [stack = "", project = "", qualifiedType = "", ...name] = urn.replace(/^urn:pulumi:/, "").split("::");
  return { stack, project, qualifiedType, name: name.join("::") };
}
