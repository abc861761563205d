import { isProps, UNKNOWN } from "../../sandbox/cloud/resources/values";
import type { DeployedResource } from "../../sandbox/doors/in-process/engine";

/** "Type name", with the last part of the type. */
export function label({ type, name }: Pick<DeployedResource, "type" | "name">): string {
  return `${type.replace(/^.*:/, "")} ${name}`;
}

/**
 * All resources, each below its parent and with what it waits for, as text: "Type name <- Type name, group". A group
 * stands for several that are waited for together.
 */
export function tree(
  resources: readonly DeployedResource[],
  groups: Readonly<Record<string, readonly string[]>> = {},
): string[] {
  const labels = new Map(resources.map((r) => [r.urn, label(r)]));
  const below = (parent: string, indent: string): string[] =>
    resources
      .filter((r) => (r.parent ?? "") === parent)
      .sort((a, b) => (label(a) < label(b) ? -1 : 1))
      .flatMap((r) => {
        const waits = grouped(
          r.dependencies.map((urn) => labels.get(urn) ?? urn),
          groups,
        );
        const line = waits.length === 0 ? label(r) : `${label(r)} <- ${waits.join(", ")}`;
        return [`${indent}${line}`, ...below(r.urn, `${indent}  `)];
      });
  return below("", "");
}

function grouped(labels: readonly string[], groups: Readonly<Record<string, readonly string[]>>): string[] {
  const whole = Object.entries(groups).filter(([, members]) => members.every((one) => labels.includes(one)));
  const left = labels.filter((one) => !whole.some(([, members]) => members.includes(one)));
  return [...whole.map(([name]) => name), ...left.sort()];
}

/** Every input that is not known, as "Type name: path". */
export function unknownInputs(resources: readonly DeployedResource[]): string[] {
  return resources
    .filter(({ custom }) => custom)
    .flatMap((r) => pathsOfUnknowns(r.inputs).map((path) => `${label(r)}: ${path}`))
    .sort();
}

function pathsOfUnknowns(value: unknown, path = ""): string[] {
  if (value === UNKNOWN) return [path];
  if (Array.isArray(value)) return value.flatMap((item, index) => pathsOfUnknowns(item, `${path}[${index}]`));
  if (!isProps(value)) return [];
  return Object.entries(value).flatMap(([key, item]) =>
    pathsOfUnknowns(item, path === "" ? key : `${path}.${key}`),
  );
}

/** Everything that has to be there before a resource is made: what it waits for, and what its parents wait for. */
export function waitsFor(resource: DeployedResource, resources: readonly DeployedResource[]): Set<string> {
  const byUrn = new Map(resources.map((r) => [r.urn, r]));
  const found = new Set<string>();
  const follow = (urn: string | undefined): void => {
    const before = urn === undefined ? undefined : byUrn.get(urn);
    if (before === undefined || found.has(label(before))) return;
    found.add(label(before));
    [...before.dependencies, before.parent].forEach(follow);
  };
  [...resource.dependencies, resource.parent].forEach(follow);
  return found;
}

/** Resources with no component above them. */
export function orphans(resources: readonly DeployedResource[]): string[] {
  const byUrn = new Map(resources.map((r) => [r.urn, r]));
  return resources
    .filter((r) => r.custom && byUrn.get(r.parent ?? "")?.type.startsWith("automatic-oidc:") !== true)
    .map(label)
    .sort();
}
