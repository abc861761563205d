import type { Problem } from "../checks";
import { extensionDoors } from "./extensions";
import { SCHEME } from "./google";
import { isPart, itemsOf, operationsOf } from "./reading";
import type { Dialect, Part, Reading } from "./reading";
import { schemeDoors } from "./schemes";

/** A place in a document that would let others in, or that says what only the component may say. */
export interface Door extends Problem {
  readonly place: string;
  /** What stands there. */
  readonly value: unknown;
}

const OWN: Problem = { problem: "is given", remedy: "Leave it out; the component writes it" };

/** What the component itself writes, by the version of the document. */
const WRITTEN_HERE: Readonly<Record<Dialect, readonly string[]>> = {
  "2.0": ["host", "x-google-backend"],
  "3": ["servers", "x-google-backend", "x-google-api-management"],
};

/**
 * Everything in a user's document that the component does not go along with: open doors first of all. An operation
 * without security is open to everybody. Without audiences, what the document says of them is not looked at yet.
 */
export function doorsIn(reading: Reading, audiences?: readonly string[]): Door[] {
  const { root, dialect } = reading;
  const operations = operationsOf(root);
  return [
    ...(operations.length === 0 ? [{ place: "paths", value: root["paths"], ...NOTHING_SERVED }] : []),
    ...givenHere(root, "", WRITTEN_HERE[dialect]),
    ...securityDoors("security", root["security"]),
    ...operations.flatMap(({ place, says }) => [
      ...securityDoors(`${place}.security`, says["security"]),
      ...givenHere(says, `${place}.`, ["x-google-backend", "servers"]),
    ]),
    ...itemsOf(root).flatMap(({ path, item }) => itemDoors(`paths.${path}`, item)),
    ...schemeDoors(reading, audiences),
    ...extensionDoors(reading),
  ];
}

const NOTHING_SERVED: Problem = {
  problem: "has no operation",
  remedy: "Name at least one path with a method, or leave the document out: then all paths are served",
};

function givenHere(part: Part, at: string, keys: readonly string[]): Door[] {
  return keys.filter((key) => key in part).map((key) => ({ place: `${at}${key}`, value: part[key], ...OWN }));
}

/** Each alternative must be the token and nothing else: an empty one is no requirement, another one lets others in. */
function securityDoors(place: string, security: unknown): Door[] {
  if (security === undefined) return [];
  if (!Array.isArray(security) || security.length === 0)
    return [{ place, value: security, ...NO_REQUIREMENT }];
  return security.flatMap((alternative: unknown, index) => {
    const names = isPart(alternative) ? Object.keys(alternative) : [];
    if (names.length === 1 && names[0] === SCHEME) return [];
    const why = names.length === 0 ? NO_REQUIREMENT : ANOTHER_REQUIREMENT;
    return [{ place: `${place}[${index}]`, value: alternative, ...why }];
  });
}

const TOKEN_ONLY = `Write security as [{ ${SCHEME}: [] }], or leave it out: the whole document then requires the token`;
const NO_REQUIREMENT: Problem = { problem: "requires nothing, so everybody gets in", remedy: TOKEN_ONLY };
const ANOTHER_REQUIREMENT: Problem = {
  problem: "asks for something else than the callers' token",
  remedy: TOKEN_ONLY,
};

function itemDoors(place: string, item: Part): Door[] {
  const reference = { problem: "points to where nothing can be checked", remedy: "Write the path out here" };
  return [
    ...("$ref" in item ? [{ place: `${place}.$ref`, value: item["$ref"], ...reference }] : []),
    ...givenHere(item, `${place}.`, ["servers"]),
  ];
}
