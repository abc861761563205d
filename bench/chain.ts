/** A resource with what it waits for. */
export interface Waiting {
  readonly urn: string;
  readonly type: string;
  readonly name: string;
  readonly custom: boolean;
  readonly dependencies: readonly string[];
}

/**
 * The longest chain of resources of which each waits for the one before, as "Type name". Only resources of Google's
 * count: a component is nothing in the cloud, and a random suffix is made up on this side.
 */
export function longestChain(resources: readonly Waiting[]): string[] {
  const byUrn = new Map(resources.map((resource) => [resource.urn, resource]));
  const found = new Map<string, string[]>();
  const chainTo = (urn: string): string[] => {
    const known = found.get(urn);
    const resource = byUrn.get(urn);
    if (known !== undefined || resource === undefined) return known ?? [];
    const before = resource.dependencies.map(chainTo).reduce(longer, []);
    const chain = isGoogles(resource) ? [...before, `${shortType(resource)} ${resource.name}`] : before;
    found.set(urn, chain);
    return chain;
  };
  return resources.map(({ urn }) => chainTo(urn)).reduce(longer, []);
}

/** Of two equally long ones, always the same: the first in alphabetical order. */
function longer(a: string[], b: string[]): string[] {
  if (a.length !== b.length) return b.length > a.length ? b : a;
  return b.join() < a.join() ? b : a;
}

function isGoogles({ custom, type }: Waiting): boolean {
  return custom && type.startsWith("gcp:");
}

/** "gcp:cloudrunv2/service:Service" as programs write it: "cloudrunv2.Service". */
function shortType({ type }: Waiting): string {
  return type.replace(/^[^:]*:([^/]*)\/.*:/, "$1.");
}
