import type { Problem } from "../checks";
import type { Door } from "./doors";
import { GOOGLE, SCHEME } from "./google";
import { isPart } from "./reading";
import type { Reading } from "./reading";

/** The one security scheme that there may be is the one that the component writes, and it must say the same. */
export function schemeDoors({ root, dialect }: Reading, audiences: readonly string[] | undefined): Door[] {
  const components = isPart(root["components"]) ? root["components"] : {};
  const [place, schemes] =
    dialect === "2.0"
      ? ["securityDefinitions", root["securityDefinitions"]]
      : ["components.securitySchemes", components["securitySchemes"]];
  if (schemes === undefined) return [];
  if (!isPart(schemes)) return [{ place, value: schemes, ...NO_MAP }];
  return Object.entries(schemes).flatMap(([name, scheme]) => {
    const at = `${place}.${name}`;
    if (name !== SCHEME) return [{ place: at, value: scheme, ...ANOTHER }];
    return dialect === "2.0"
      ? googleDoors(at, scheme, audiences)
      : [{ place: at, value: scheme, ...WRITTEN_HERE }];
  });
}

const NO_MAP: Problem = {
  problem: "is not a map of schemes",
  remedy: "Leave it out; the component writes it",
};
const WRITTEN_HERE: Problem = { problem: "is given", remedy: "Leave it out; the component writes it" };
const ANOTHER: Problem = {
  problem: "would let in whoever meets it",
  remedy: `Take it out; only ${SCHEME} is checked, and the component writes it`,
};

/** https://docs.cloud.google.com/endpoints/docs/openapi/authenticating-users-google-id */
function googleDoors(at: string, scheme: unknown, audiences: readonly string[] | undefined): Door[] {
  const says = isPart(scheme) ? scheme : {};
  const locations = says["x-google-jwt-locations"];
  return [
    ...notGoogle(`${at}.x-google-issuer`, says["x-google-issuer"], GOOGLE.issuer),
    ...notGoogle(`${at}.x-google-jwks_uri`, says["x-google-jwks_uri"], GOOGLE.jwksUri),
    ...audienceDoors(`${at}.x-google-audiences`, says["x-google-audiences"], audiences),
    ...(locations === undefined
      ? []
      : [{ place: `${at}.x-google-jwt-locations`, value: locations, ...ELSEWHERE }]),
  ];
}

const ELSEWHERE: Problem = {
  problem: "looks for tokens elsewhere",
  remedy: "Leave it out; sources send them as Authorization",
};

function notGoogle(place: string, value: unknown, right: string): Door[] {
  return value === right
    ? []
    : [
        {
          place,
          value,
          problem: `is not "${right}", and whoever signs for that issuer would get in`,
          remedy: `Write that, or leave ${SCHEME} out; the component writes it`,
        },
      ];
}

function audienceDoors(place: string, value: unknown, audiences: readonly string[] | undefined): Door[] {
  const given = typeof value === "string" ? value.split(",").map((each) => each.trim()) : [];
  if (given.every((each) => each === "")) {
    return [
      {
        place,
        value,
        problem: "is missing, and then tokens for another audience than the one that callers send get in",
        remedy: `Write this target's audience there, or leave ${SCHEME} out; the component writes it`,
      },
    ];
  }
  const foreign = audiences === undefined ? [] : given.filter((each) => !audiences.includes(each));
  return foreign.map((each) => ({
    place,
    value: each,
    problem: "is not an audience of this target, and tokens that are meant for another would get in",
    remedy: "Take it out, or name it in `audience` or `formerAudiences`",
  }));
}
