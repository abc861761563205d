import { invalid, isPart, notModelled, type OpenApiDocument, partAt, type Part, textAt } from "./document";
import type { AuthProvider } from "./service-config";

/** The schemes of a document that a proxy can check: those with an issuer. */
export function providersOf({ root, version }: OpenApiDocument): Record<string, AuthProvider> {
  const [place, schemes] =
    version === "2.0"
      ? ["securityDefinitions", partAt(root, "securityDefinitions")]
      : ["components.securitySchemes", partAt(partAt(root, "components"), "securitySchemes")];
  const entries = Object.entries(schemes).map(([name, scheme]) => {
    const where = `${place}.${name}`;
    if (!isPart(scheme)) throw invalid(`${where} is not a scheme`);
    if (scheme["type"] === "apiKey" || scheme["type"] === "basic")
      throw notModelled(`type ${scheme["type"]} at ${where}`);
    return [
      name,
      version === "2.0" ? providerV2(scheme, where) : providerV3(partAt(scheme, "x-google-auth"), where),
    ];
  });
  return Object.fromEntries(entries) as Record<string, AuthProvider>;
}

/** Audiences are split at commas, and blanks around them do not count. */
function providerV2(scheme: Part, where: string): AuthProvider {
  const audiences = textAt(scheme, "x-google-audiences", where) ?? "";
  return provider(where, {
    issuer: textAt(scheme, "x-google-issuer", where),
    jwksUri: textAt(scheme, "x-google-jwks_uri", where),
    audiences: audiences === "" ? [] : audiences.split(",").map((each) => each.trim()),
  });
}

const FIELDS_V3: readonly string[] = ["issuer", "jwksUri", "audiences"];

function providerV3(auth: Part, where: string): AuthProvider {
  const unknown = Object.keys(auth).find((key) => !FIELDS_V3.includes(key));
  if (unknown !== undefined) throw notModelled(`${where}.x-google-auth.${unknown}`);
  const { audiences = [] } = auth;
  if (!Array.isArray(audiences) || !audiences.every((each) => typeof each === "string")) {
    throw invalid(`${where}.x-google-auth.audiences is not a list of texts`);
  }
  return provider(where, {
    issuer: textAt(auth, "issuer", where),
    jwksUri: textAt(auth, "jwksUri", where),
    audiences,
  });
}

function provider(
  where: string,
  { issuer, jwksUri, audiences }: { issuer?: string; jwksUri?: string; audiences: readonly string[] },
): AuthProvider {
  if (issuer === undefined || issuer === "") throw invalid(`${where} names no issuer`);
  // Google then asks the issuer's discovery document; the sandbox has none to ask.
  if (jwksUri === undefined) throw notModelled(`${where} without an address of keys`);
  return { issuer, jwksUri, audiences };
}
