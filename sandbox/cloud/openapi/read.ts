import {
  invalid,
  isPart,
  notModelled,
  type OpenApiDocument,
  parseOpenApi,
  partAt,
  type Part,
} from "./document";
import { backendsOf, type Backends } from "./backends";
import { refuseUnknownExtensions } from "./extensions";
import { METHODS, requireKnownItem, requireOwnIds, requireOwnTemplates } from "./operations";
import { providersOf } from "./providers";
import type { ApiMethod, ServiceConfig } from "./service-config";
import { hasWildcard, parseTemplate } from "./templates";

/**
 * A document as Service Management reads it. Throws what the API answers where it is wrong, and by name where the
 * sandbox does not know what Google would do.
 * https://docs.cloud.google.com/endpoints/docs/openapi/openapi-extensions,
 * https://docs.cloud.google.com/api-gateway/docs/oasv3-extensions
 */
export function readServiceConfig(text: string): ServiceConfig & Pick<OpenApiDocument, "version"> {
  const document = parseOpenApi(text);
  const { root, version } = document;
  refuseUnknownExtensions(document);
  const providers = providersOf(document);
  const backends = backendsOf(document);
  const allow = root["x-google-allow"] ?? "configured";
  if (allow !== "configured" && allow !== "all") throw invalid(`x-google-allow is ${JSON.stringify(allow)}`);
  const { host } = root;
  return {
    version,
    host: typeof host === "string" ? host : undefined,
    providers,
    methods: methodsOf(root, backends, Object.keys(providers)),
    everythingElse: allow === "all" ? backends.of(root, "x-google-allow: all") : undefined,
  };
}

function methodsOf(root: Part, backends: Backends, providers: readonly string[]): ApiMethod[] {
  const { basePath = "" } = root;
  if (typeof basePath !== "string") throw invalid("basePath is not a text");
  const items = Object.entries(partAt(root, "paths"));
  if (items.length === 0) throw invalid("paths is missing or empty");
  const paths = items.map(([path, item]) => {
    const at = `paths.${path}`;
    if (!path.startsWith("/") || !isPart(item)) throw invalid(`${at} is not a path with its methods`);
    if ("$ref" in item) throw notModelled(`${at}.$ref`);
    requireKnownItem(item, at);
    // A slash at the end is of no account where requests are matched, and Google does not say what it makes of it here.
    if (path !== "/" && path.endsWith("/")) throw notModelled(`a slash at the end of ${at}`);
    const template = parseTemplate(`${basePath.replace(/\/$/, "")}${path}`);
    if (template === undefined) throw notModelled(`the template of ${at}`);
    return { at, item, template };
  });
  requireOwnTemplates(paths.map(({ template }) => template));
  requireOwnIds(
    paths.flatMap(({ at, item }) =>
      METHODS.filter((method) => method in item).map((method) => ({
        at: `${at}.${method}`,
        id: partAt(item, method)["operationId"],
      })),
    ),
  );
  return paths.flatMap(({ at, item, template }) =>
    METHODS.filter((method) => method in item).map((method) => {
      const operation = partAt(item, method);
      const security = operation["security"] ?? root["security"];
      const backend = backends.of(operation, `${at}.${method}`);
      // Google then puts the variables into the query.
      if (backend.constant && hasWildcard(template))
        throw notModelled(`CONSTANT_ADDRESS with variables at ${at}`);
      return {
        method: method.toUpperCase(),
        template,
        providers: requirements(security, `${at}.${method}`, providers),
        backend,
      };
    }),
  );
}

/** No requirement at all is an open method. */
function requirements(security: unknown, where: string, providers: readonly string[]): string[] {
  if (security === undefined) return [];
  if (!Array.isArray(security)) throw invalid(`security at ${where} is not a list`);
  return security.map((alternative: unknown) => {
    const names = isPart(alternative) ? Object.keys(alternative) : [];
    const [name, ...more] = names;
    if (name === undefined) throw notModelled(`an empty alternative in security at ${where}`);
    if (more.length > 0) throw notModelled(`two schemes in one alternative of security at ${where}`);
    if (!providers.includes(name))
      throw invalid(`security at ${where} names "${name}", which is not defined`);
    return name;
  });
}
