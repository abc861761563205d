import type { Problem } from "../checks";
import type { Door } from "./doors";
import { isPart } from "./reading";
import type { Dialect, Reading } from "./reading";

/** Keys from the root; an asterisk stands for any. */
type Place = readonly string[];

const ROOT: Place = [];
const OPERATION: Place = ["paths", "*", "*"];
const DEFINITION: Place = ["securityDefinitions", "*"];
const SCHEME: Place = ["components", "securitySchemes", "*"];

/** Where an extension is looked at by name, or refused as a whole with what it belongs to. */
const CHECKED: Readonly<Record<Dialect, Readonly<Record<string, readonly Place[]>>>> = {
  "2.0": {
    "x-google-allow": [ROOT],
    "x-google-backend": [ROOT, OPERATION],
    "x-google-issuer": [DEFINITION],
    "x-google-jwks_uri": [DEFINITION],
    "x-google-audiences": [DEFINITION],
    "x-google-jwt-locations": [DEFINITION],
  },
  "3": {
    "x-google-allow": [ROOT],
    "x-google-backend": [ROOT, OPERATION],
    "x-google-api-management": [ROOT],
    "x-google-auth": [SCHEME],
  },
};

/** What some of them were called before. */
const FORMER: readonly string[] = ["x-security", "x-issuer", "x-jwks_uri"];

/**
 * What others' extensions say is nothing to a gateway; one of Google's that is not known here, or stands where it is not
 * looked at, could say anything.
 */
export function extensionDoors({ root, dialect }: Reading): Door[] {
  return doorsBelow(root, [], "", CHECKED[dialect]);
}

function doorsBelow(
  value: unknown,
  at: Place,
  name: string,
  checked: Readonly<Record<string, readonly Place[]>>,
): Door[] {
  if (Array.isArray(value)) {
    return value.flatMap((item, index) =>
      doorsBelow(item, [...at, String(index)], `${name}[${index}]`, checked),
    );
  }
  if (!isPart(value)) return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    const place = name === "" ? key : `${name}.${key}`;
    if (!key.startsWith("x-google-") && !FORMER.includes(key))
      return doorsBelow(inner, [...at, key], place, checked);
    const places = checked[key] ?? [];
    const isLookedAt = places.some((each) => isAt(each, at));
    if (key === "x-google-allow" && inner !== "configured") return [{ place, value: inner, ...ALLOWS_MORE }];
    if (isLookedAt) return [];
    return [{ place, value: inner, ...(places.length > 0 ? MISPLACED : UNKNOWN_EXTENSION) }];
  });
}

function isAt(place: Place, at: Place): boolean {
  return place.length === at.length && place.every((key, index) => key === "*" || key === at[index]);
}

// https://docs.cloud.google.com/endpoints/docs/openapi/openapi-extensions
const ALLOWS_MORE: Problem = {
  problem: "lets requests through to paths that are not in the document, with or without a token",
  remedy: "Leave it out, and name each path",
};
const MISPLACED: Problem = {
  problem: "is an extension of Google's that has no meaning here",
  remedy: "Take it out",
};
const UNKNOWN_EXTENSION: Problem = {
  problem: "is an extension that is not known here",
  remedy: "Take it out; whom it would let in cannot be told",
};
