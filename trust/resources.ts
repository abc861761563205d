/** A resource as an engine, a preview or a state file knows it, in the types and property names of `@pulumi/gcp`. */
export interface ResourceState {
  urn: string;
  type: string;
  /** The logical name. */
  name: string;
  id?: string;
  inputs: Record<string, unknown>;
  /** What is not known yet is absent, a symbol, or the text that previews put in its place. */
  outputs: Record<string, unknown>;
  parent?: string;
  dependencies?: string[];
  propertyDependencies?: Record<string, string[]>;
}

/** What stands where a value is not known yet. */
export const KNOWN_LATER = "(known after deployment)";

/** Stands for an unknown value in `pulumi preview --json`. */
const UNKNOWN_IN_PREVIEWS = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** A text in a resource's properties; undefined when it is absent, or not known yet. */
export function textAt(resource: ResourceState, ...path: string[]): string | undefined {
  return textIn(valueAt(resource.outputs, path)) ?? textIn(valueAt(resource.inputs, path));
}

/** All texts of a list in a resource's properties. */
export function textsAt(resource: ResourceState, ...path: string[]): string[] {
  return itemsAt(resource, ...path)
    .map(textIn)
    .filter((text) => text !== undefined);
}

/** All items of a list in a resource's properties, whatever they are. */
export function itemsAt(resource: ResourceState, ...path: string[]): unknown[] {
  return listAt(resource, ...path) ?? [];
}

/** The same; undefined when there is none, or nothing of it is known yet. */
export function listAt(resource: ResourceState, ...path: string[]): unknown[] | undefined {
  return [valueAt(resource.outputs, path), valueAt(resource.inputs, path)].find(Array.isArray);
}

/** A switch in a resource's properties; off when it is absent, or not known yet. */
export function flagAt(resource: ResourceState, name: string): boolean {
  return (resource.outputs[name] ?? resource.inputs[name]) === true;
}

/** Whether a block is there at all, known or not. Providers write a null where there is none. */
export function hasBlock(resource: ResourceState, ...path: string[]): boolean {
  return [resource.outputs, resource.inputs].some((properties) => isThere(valueAt(properties, path)));
}

/** Whether a value says anything. */
export function isThere(value: unknown): boolean {
  return value !== undefined && value !== null;
}

/** The resources that a property's value comes from; with less to go by, those that the whole resource waits for. */
export function originsOf(resource: ResourceState, property: string): readonly string[] {
  return resource.propertyDependencies?.[property] ?? resource.dependencies ?? [];
}

function valueAt(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((inner, name) => (isRecord(inner) ? inner[name] : undefined), value);
}

/** A value as text; undefined when it is none, or not known yet. */
export function textIn(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" && value !== UNKNOWN_IN_PREVIEWS ? value : undefined;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
