import { CloudError } from "../errors";

interface Container {
  ports?: unknown;
}

/**
 * The container of a Run service that requests come to: of several, the one with a port.
 * https://docs.cloud.google.com/run/docs/deploying#sidecars
 */
export function ingressContainer<C extends Container>(template?: {
  containers?: readonly C[];
}): C | undefined {
  const containers = template?.containers ?? [];
  return containers.length === 1 ? containers[0] : containers.find(isExposed);
}

/** Throws what Run answers when it cannot tell which one that is. */
export function requireIngressContainer(name: string, containers: readonly Container[]): void {
  if (containers.length === 1 || containers.filter(isExposed).length === 1) return;
  throw new CloudError(
    "INVALID_ARGUMENT",
    `Run service "${name}": template.containers: Revision template should contain exactly one container with an exposed port.`,
  );
}

function isExposed({ ports }: Container): boolean {
  return ports !== undefined && ports !== null;
}
