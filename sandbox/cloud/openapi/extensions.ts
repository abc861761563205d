import { own } from "../own";
import { isPart, notModelled, type OpenApiDocument } from "./document";

/** Keys from the root; an asterisk stands for any. */
type Place = readonly string[];

const ROOT: Place = [];
const OPERATION: Place = ["paths", "*", "*"];
const DEFINITION: Place = ["securityDefinitions", "*"];
const SCHEME: Place = ["components", "securitySchemes", "*"];

/**
 * Extensions of Google's that are read here, and where they mean something. Any other one, or elsewhere, could decide who
 * gets in, or be overlooked by Google, so it is refused by name.
 * https://docs.cloud.google.com/endpoints/docs/openapi/openapi-extensions,
 * https://docs.cloud.google.com/api-gateway/docs/oasv3-extensions
 */
const PLACES: Readonly<Record<OpenApiDocument["version"], Readonly<Record<string, readonly Place[]>>>> = {
  "2.0": {
    "x-google-allow": [ROOT],
    "x-google-backend": [ROOT, OPERATION],
    "x-google-issuer": [DEFINITION],
    "x-google-jwks_uri": [DEFINITION],
    "x-google-audiences": [DEFINITION],
  },
  "3": {
    "x-google-allow": [ROOT],
    "x-google-backend": [ROOT, OPERATION],
    "x-google-api-management": [ROOT],
    "x-google-auth": [SCHEME],
  },
};

/** What some of them were called before; whether Google still reads these is documented nowhere. */
const FORMER: readonly string[] = ["x-security", "x-issuer", "x-jwks_uri"];

/** Throws by name where an extension of Google's stands that is not read there. */
export function refuseUnknownExtensions({ root, version }: OpenApiDocument): void {
  refuse(root, [], PLACES[version]);
}

function refuse(value: unknown, at: Place, places: Readonly<Record<string, readonly Place[]>>): void {
  if (Array.isArray(value))
    for (const [index, item] of value.entries()) refuse(item, [...at, String(index)], places);
  if (!isPart(value)) return;
  for (const [key, inner] of Object.entries(value)) {
    const isGoogles = key.startsWith("x-google-") || FORMER.includes(key);
    const known = own(places, key) ?? [];
    if (isGoogles && !known.some((place) => isAt(place, at))) throw notModelled([...at, key].join("."));
    refuse(inner, [...at, key], places);
  }
}

function isAt(place: Place, at: Place): boolean {
  return place.length === at.length && place.every((key, index) => key === "*" || key === at[index]);
}
