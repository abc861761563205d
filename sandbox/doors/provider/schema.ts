import { toJSONSchema } from "zod/mini";
import { kindOf, tokens } from "../../cloud/resources/kinds";
import type { Kind } from "../../cloud/resources/kind";
import { alwaysSecret } from "./secrets";
import type { PackageName } from "../shared/packages";

/** As much of JSON Schema as the kinds' schemas come out in. */
interface JsonSchema {
  type?: string;
  properties?: Record<string, JsonSchema>;
  required?: string[];
  items?: JsonSchema;
  additionalProperties?: JsonSchema | boolean;
}

/** pulumi.com/docs/iac/guides/building-extending/packages/schema */
interface TypeSpec {
  type?: string;
  $ref?: string;
  items?: TypeSpec;
  additionalProperties?: TypeSpec;
  secret?: true;
}

interface ObjectSpec {
  type: "object";
  properties: Record<string, TypeSpec>;
  required: string[];
}

type Types = Record<string, ObjectSpec>;

const ANYTHING: TypeSpec = { $ref: "pulumi.json#/Any" };
const TEXT: TypeSpec = { type: "string" };

/** The package as far as the sandbox models it, from the very rules by which it checks. `pulumi import` needs it. */
export function packageSchema(name: PackageName, version: string): string {
  const types: Types = {};
  const own = tokens.filter((token) => token.startsWith(`${name}:`));
  const settings = name === "gcp" ? { project: TEXT, region: TEXT, zone: TEXT } : {};
  return JSON.stringify({
    name,
    version,
    description: `What the sandbox models of the package ${name}.`,
    config: { variables: settings },
    provider: { type: "object", inputProperties: settings },
    resources: Object.fromEntries(own.map((token) => [token, resourceSpec(kindOf(token), types)])),
    functions: name === "gcp" ? FUNCTIONS : {},
    types,
  });
}

const FUNCTIONS = {
  "gcp:organizations/getProject:getProject": {
    inputs: { type: "object", properties: { projectId: TEXT } },
    outputs: {
      type: "object",
      properties: { id: TEXT, projectId: TEXT, number: TEXT, name: TEXT },
      required: ["id", "projectId", "number", "name"],
    },
  },
};

function resourceSpec(kind: Kind<never>, types: Types) {
  const json = toJSONSchema(kind.schema(), { unrepresentable: "any", io: "input" }) as JsonSchema;
  const { properties, required } = objectSpec(json, nestedName(kind.token), types);
  const computed = kind.computed.filter((path) => !path.includes(".") && !(path in properties));
  const outputs = { ...properties, ...Object.fromEntries(computed.map((path) => [path, ANYTHING])) };
  return {
    inputProperties: withSecrets(kind.token, properties),
    requiredInputs: required.filter((property) => !isFilledIn(kind, property)),
    properties: withSecrets(kind.token, outputs),
    required,
  };
}

function withSecrets(token: string, properties: Record<string, TypeSpec>): Record<string, TypeSpec> {
  const secret = alwaysSecret(token);
  return Object.fromEntries(
    Object.entries(properties).map(([name, spec]) => [
      name,
      secret.includes(name) ? { ...spec, secret: true } : spec,
    ]),
  );
}

function isFilledIn(kind: Kind<never>, property: string): boolean {
  return (
    kind.autoName?.property === property ||
    kind.fromProvider[property] !== undefined ||
    kind.defaults?.[property] !== undefined
  );
}

function objectSpec({ properties = {}, required = [] }: JsonSchema, name: string, types: Types): ObjectSpec {
  const specs = Object.entries(properties).map(([property, json]) => {
    const nested = name + property.charAt(0).toUpperCase() + property.slice(1);
    return [property, typeSpec(json, nested, types)] as const;
  });
  return { type: "object", properties: Object.fromEntries(specs), required };
}

function typeSpec(json: JsonSchema, name: string, types: Types): TypeSpec {
  switch (json.type) {
    case "object":
      if (json.properties === undefined)
        return { type: "object", additionalProperties: mapped(json, name, types) };
      return named(json, name, types);
    case "array":
      // A list of containers is a list of things that are each a container.
      return { type: "array", items: typeSpec(json.items ?? {}, name.replace(/s$/, ""), types) };
    case "string":
    case "boolean":
    case "integer":
    case "number":
      return { type: json.type };
    default:
      return ANYTHING;
  }
}

function named(json: JsonSchema, name: string, types: Types): TypeSpec {
  const token = `${name}:${name.split("/")[1] ?? ""}`;
  types[token] = objectSpec(json, name, types);
  return { $ref: `#/types/${encodeURIComponent(token)}` };
}

function mapped(json: JsonSchema, name: string, types: Types): TypeSpec {
  const { additionalProperties: values } = json;
  return typeof values === "object" ? typeSpec(values, name, types) : ANYTHING;
}

/** gcp:cloudrunv2/service:Service has blocks called gcp:cloudrunv2/ServiceTemplate:ServiceTemplate, in pulumi-gcp and here. */
function nestedName(token: string): string {
  const [name = "", place = "", type = ""] = token.split(":");
  return `${name}:${place.split("/")[0] ?? ""}/${type}`;
}
