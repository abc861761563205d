import { hasBlock, isThere, originsOf, textAt, textsAt, type ResourceState } from "./resources";

/** One member of one role on one resource, of whatever kind, as one Pulumi resource declares it. */
export interface Binding {
  urn: string;
  role: string;
  /** Undefined while it is not known. */
  member: string | undefined;
  /** What the member is read from. */
  memberOrigins: readonly string[];
  /** Kind of resource that it lies on, such as `gcp:cloudrunv2/service`. */
  family: string;
  /** What that resource is found by. */
  place: readonly PlacePart[];
}

interface PlacePart {
  property: string;
  value: string | undefined;
  origins: readonly string[];
}

/** As in `gcp:pubsub/topicIAMMember:TopicIAMMember`. */
const BINDING_TYPE = /^(gcp:.*?)iam(Member|Binding):\w+$/i;

/** Whether a resource is an entry of somebody else's IAM policy. */
export function isBinding({ type }: Pick<ResourceState, "type">): boolean {
  return BINDING_TYPE.test(type);
}

const NOT_A_PLACE = ["role", "member", "members", "condition", "etag"];

/** All IAM bindings among the resources, those for calling and all others. */
export function readBindings(resources: readonly ResourceState[]): Binding[] {
  return resources.flatMap((resource) => {
    const [, family] = BINDING_TYPE.exec(resource.type) ?? [];
    const role = textAt(resource, "role");
    // A condition makes it another binding, and is nothing that the components declare.
    if (family === undefined || role === undefined || hasBlock(resource, "condition")) return [];
    const place = Object.entries(resource.inputs)
      .filter(([, value]) => isThere(value))
      .filter(([property]) => !NOT_A_PLACE.includes(property) && !property.startsWith("__"))
      .map(([property]) => ({
        property,
        value: textAt(resource, property),
        origins: originsOf(resource, property),
      }));
    return membersOf(resource).map(([member, memberOrigins]) => ({
      urn: resource.urn,
      role,
      member,
      memberOrigins,
      family,
      place,
    }));
  });
}

function membersOf(resource: ResourceState): (readonly [string | undefined, readonly string[]])[] {
  return hasBlock(resource, "members")
    ? textsAt(resource, "members").map((member) => [member, []] as const)
    : [[textAt(resource, "member"), originsOf(resource, "member")]];
}
