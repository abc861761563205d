import { own } from "../own";
import { invalid, isPart, notModelled, type OpenApiDocument, partAt, type Part, textAt } from "./document";
import type { ApiBackend } from "./service-config";

/** Finds the backend of an operation. */
export interface Backends {
  /** Its own, else the one of the whole document. `where` is said when there is none. */
  of(operation: Part, where: string): ApiBackend;
}

type Translation = "APPEND_PATH_TO_ADDRESS" | "CONSTANT_ADDRESS";

/** What the proxy waits if nothing is said. https://docs.cloud.google.com/endpoints/docs/openapi/openapi-extensions#deadline */
const DEADLINE = 15;

export function backendsOf({ root, version }: OpenApiDocument): Backends {
  const read =
    version === "2.0" ? backendV2 : namedBackend(partAt(partAt(root, "x-google-api-management"), "backends"));
  if (version === "3")
    refuseUnknown(partAt(root, "x-google-api-management"), ["backends"], "x-google-api-management");
  const common = root["x-google-backend"];
  // Where the extension stands decides what becomes of the path, unless it says so itself.
  const general =
    common === undefined ? undefined : read(common, "x-google-backend", "APPEND_PATH_TO_ADDRESS");
  return {
    of: (operation, where) => {
      const own = operation === root ? undefined : operation["x-google-backend"];
      if (own !== undefined) return read(own, `${where}.x-google-backend`, "CONSTANT_ADDRESS");
      if (general === undefined) throw notModelled(`${where} without x-google-backend`);
      return general;
    },
  };
}

type Read = (value: unknown, where: string, usual: Translation) => ApiBackend;

const backendV2: Read = (value, where, usual) => {
  if (!isPart(value)) throw invalid(`${where} is not a backend`);
  const {
    address,
    jwt_audience,
    disable_auth,
    path_translation = usual,
    deadline,
    protocol,
    ...rest
  } = value;
  refuseUnknown(rest, [], where);
  return backend(
    {
      address,
      audience: jwt_audience,
      disabled: disable_auth,
      translation: path_translation,
      deadline,
      protocol,
    },
    where,
  );
};

/** In 3.x a backend is named where it is used, and described at the root. */
function namedBackend(backends: Part): Read {
  return (name, where) => {
    const value = typeof name === "string" ? own(backends, name) : undefined;
    if (!isPart(value))
      throw invalid(`${where} names the backend ${JSON.stringify(name)}, which is not described`);
    const at = `x-google-api-management.backends.${String(name)}`;
    const { address, jwtAudience, disableAuth, pathTranslation, deadline, protocol, ...rest } = value;
    refuseUnknown(rest, [], at);
    if (pathTranslation === undefined) throw notModelled(`${at} without pathTranslation`);
    return backend(
      {
        address,
        audience: jwtAudience,
        disabled: disableAuth,
        translation: pathTranslation,
        deadline,
        protocol,
      },
      at,
    );
  };
}

function backend(
  q: {
    address: unknown;
    audience: unknown;
    disabled: unknown;
    translation: unknown;
    deadline: unknown;
    protocol: unknown;
  },
  where: string,
): ApiBackend {
  const address = textAt({ address: q.address }, "address", where) ?? "";
  if (!URL.canParse(address) || !address.startsWith("https://"))
    throw notModelled(`an address other than https at ${where}`);
  if (q.protocol !== undefined && q.protocol !== "http/1.1" && q.protocol !== "h2")
    throw invalid(`${where}.protocol is unknown`);
  if (q.translation !== "APPEND_PATH_TO_ADDRESS" && q.translation !== "CONSTANT_ADDRESS") {
    throw invalid(`the path translation at ${where} is unknown`);
  }
  if (q.disabled !== undefined && typeof q.disabled !== "boolean")
    throw invalid(
      `${where} disables the proxy's own token with ${JSON.stringify(q.disabled)}, which is no boolean`,
    );
  // https://docs.cloud.google.com/endpoints/docs/openapi/openapi-extensions#disable_auth
  if (q.disabled !== undefined && q.audience !== undefined)
    throw invalid(`${where} has both an audience for the proxy's own token and the switch that turns it off`);
  const { deadline = DEADLINE } = q;
  if (typeof deadline !== "number" || deadline <= 0)
    throw invalid(`${where}.deadline is not a number of seconds`);
  return {
    address: address.replace(/\/$/, ""),
    audience:
      q.disabled === true ? undefined : (textAt({ audience: q.audience }, "audience", where) ?? address),
    constant: q.translation === "CONSTANT_ADDRESS",
    deadline,
  };
}

function refuseUnknown(part: Part, known: readonly string[], where: string): void {
  const unknown = Object.keys(part).find((key) => !known.includes(key));
  if (unknown !== undefined) throw notModelled(`${where}.${unknown}`);
}
