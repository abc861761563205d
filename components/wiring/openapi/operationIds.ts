import { isPart, METHODS } from "./reading";
import type { Part } from "./reading";

/** What the operation of a method is called that has no name of its own, by the place of its path among the paths. */
export function operationId(method: string, index: number): string {
  return `${method}${index}`;
}

/**
 * The paths with an id for each operation, which a gateway requires; those that are given stay.
 * https://docs.cloud.google.com/endpoints/docs/openapi/configure-endpoints
 */
export function withOperationIds(paths: unknown): unknown {
  if (!isPart(paths)) return paths;
  const given = new Set(
    Object.values(paths).flatMap((item) => operationsIn(item).map(([, { operationId: id }]) => id)),
  );
  const named = Object.entries(paths).map(([path, item], index): [string, unknown] => {
    const missing = operationsIn(item).filter(([, says]) => says["operationId"] === undefined);
    const completed = missing.map(([method, says]) => [
      method,
      { operationId: unusedId(operationId(method, index), given), ...says },
    ]);
    return [path, isPart(item) ? { ...item, ...(Object.fromEntries(completed) as Part) } : item];
  });
  return Object.fromEntries(named);
}

function operationsIn(item: unknown): [string, Part][] {
  if (!isPart(item)) return [];
  return Object.entries(item).flatMap(([key, says]): [string, Part][] =>
    METHODS.includes(key) && isPart(says) ? [[key, says]] : [],
  );
}

function unusedId(wanted: string, given: ReadonlySet<unknown>): string {
  return given.has(wanted) ? unusedId(`${wanted}_`, given) : wanted;
}
