import type { ResourceState } from "./resources";

/** The custom resources of a deployment, as `pulumi stack export` and state files write it. */
export function fromState(deployment: unknown): ResourceState[] {
  const { resources } = isRecord(deployment) ? deployment : {};
  if (!Array.isArray(resources)) return [];
  return resources.filter(isRecord).flatMap(resourceIn);
}

/** What is only waiting to be deleted is nobody's any more. */
function resourceIn(resource: Readonly<Record<string, unknown>>): ResourceState[] {
  const { urn, type, custom, delete: goes } = resource;
  if (custom !== true || goes === true || typeof urn !== "string" || typeof type !== "string") return [];
  return [
    {
      urn,
      type,
      name: urn.split("::").slice(3).join("::"),
      id: typeof resource.id === "string" ? resource.id : undefined,
      inputs: isRecord(resource.inputs) ? resource.inputs : {},
      outputs: isRecord(resource.outputs) ? resource.outputs : {},
      parent: typeof resource.parent === "string" ? resource.parent : undefined,
      dependencies: texts(resource.dependencies),
      propertyDependencies: Object.fromEntries(
        Object.entries(isRecord(resource.propertyDependencies) ? resource.propertyDependencies : {}).map(
          ([property, urns]) => [property, texts(urns)],
        ),
      ),
    },
  ];
}

function texts(list: unknown): string[] {
  return Array.isArray(list) ? list.filter((item) => typeof item === "string") : [];
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
