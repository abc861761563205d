import { GOOGLE, SCHEME } from "./google";
import { operationId, withOperationIds } from "./operationIds";
import { isPart, readDocument } from "./reading";
import type { Part, Reading } from "./reading";

/** What a gateway's document says besides its paths. */
export interface GateFacts {
  /** The managed service that the document belongs to: of Cloud Endpoints only. */
  readonly host?: string;
  /** What tokens may be for. */
  readonly audiences: readonly string[];
  /** Where requests go on to. */
  readonly backend: {
    readonly address: string;
    /** The audience of the gateway's own token. */
    readonly audience: string;
    /** Seconds until the gateway gives up. */
    readonly deadline: number;
  };
}

/** The same whatever the component is called: renaming it is no reason for another document. */
const TITLE = "A private service";

/** Every path: https://cloud.google.com/api-gateway/docs/path-templating */
const CATCH_ALL = "/{path=**}";

/** What sources send, and what an application may be asked by the way. */
const SERVED = ["get", "post", "put", "patch", "delete"];

/**
 * The document with all that lets callers in and nobody else; from nothing if there is none. Written as JSON, which every
 * reader of YAML, old or new, reads the same.
 */
export function completed(text: string | undefined, paths: readonly string[], facts: GateFacts): string {
  const reading = text === undefined ? fresh(paths) : readDocument(text);
  // Documents are checked before they come here.
  if (reading === undefined) throw new Error("not an OpenAPI document");
  const document =
    reading.dialect === "2.0" ? completedV2(reading.root, facts) : completedV3(reading.root, facts);
  return `${JSON.stringify(document, undefined, 2)}\n`;
}

/** https://docs.cloud.google.com/endpoints/docs/openapi/openapi-extensions, .../authenticating-users-google-id */
function completedV2(root: Part, { host, audiences, backend }: GateFacts): Part {
  const { swagger, info, paths, ...rest } = root;
  return {
    swagger,
    info,
    ...(host === undefined ? {} : { host }),
    schemes: ["https"],
    ...rest,
    "x-google-backend": {
      address: backend.address,
      jwt_audience: backend.audience,
      path_translation: "APPEND_PATH_TO_ADDRESS",
      deadline: backend.deadline,
    },
    securityDefinitions: {
      [SCHEME]: {
        type: "oauth2",
        flow: "implicit",
        authorizationUrl: "",
        "x-google-issuer": GOOGLE.issuer,
        "x-google-jwks_uri": GOOGLE.jwksUri,
        "x-google-audiences": audiences.join(","),
      },
    },
    security: [{ [SCHEME]: [] }],
    paths: withOperationIds(paths),
  };
}

/** https://docs.cloud.google.com/api-gateway/docs/oasv3-extensions */
function completedV3(root: Part, { audiences, backend }: GateFacts): Part {
  const { openapi, info, paths, ...rest } = root;
  const components = isPart(rest["components"]) ? rest["components"] : {};
  return {
    openapi,
    info,
    ...rest,
    "x-google-api-management": {
      backends: {
        backend: {
          address: backend.address,
          jwtAudience: backend.audience,
          pathTranslation: "APPEND_PATH_TO_ADDRESS",
          deadline: backend.deadline,
        },
      },
    },
    "x-google-backend": "backend",
    components: {
      ...components,
      securitySchemes: {
        [SCHEME]: {
          type: "oauth2",
          flows: { implicit: { authorizationUrl: "", scopes: {} } },
          "x-google-auth": { issuer: GOOGLE.issuer, jwksUri: GOOGLE.jwksUri, audiences: [...audiences] },
        },
      },
    },
    security: [{ [SCHEME]: [] }],
    paths: withOperationIds(paths),
  };
}

function fresh(paths: readonly string[]): Reading {
  const served = paths.length === 0 ? [CATCH_ALL] : paths;
  return {
    dialect: "2.0",
    root: {
      swagger: "2.0",
      info: { title: TITLE, version: "1" },
      paths: Object.fromEntries(served.map((path, index) => [path, pathItem(path, index)])),
    },
  };
}

function pathItem(path: string, index: number): Part {
  const names = [...path.matchAll(/\{([A-Za-z_]\w*)(?:=[^}]*)?\}/g)].map(([, name]) => name);
  const parameters = names.map((name) => ({ name, in: "path", required: true, type: "string" }));
  const operations = SERVED.map((method) => [
    method,
    {
      operationId: operationId(method, index),
      responses: { default: { description: "What the application answers" } },
    },
  ]);
  return {
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(Object.fromEntries(operations) as Part),
  };
}
