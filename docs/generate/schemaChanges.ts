/** What other languages are told of the components: the parts of a Pulumi schema that programs depend on. */
export interface PackageSchema {
  readonly name: string;
  readonly resources: Readonly<
    Record<
      string,
      SchemaType & { readonly inputProperties: SchemaProperties; readonly requiredInputs?: readonly string[] }
    >
  >;
  readonly types: Readonly<Record<string, SchemaType>>;
}

interface SchemaType {
  readonly properties?: SchemaProperties;
  readonly required?: readonly string[];
  readonly enum?: readonly { readonly name: string; readonly value: unknown }[];
}

type SchemaProperties = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** What would break a program that was written against an older schema, one line each: fact, and where. */
export function breakingChanges(before: PackageSchema, after: PackageSchema): string[] {
  const [old, now] = [promises(before), promises(after)];
  const broken = [...old].flatMap(([path, type]) => {
    const found = now.get(path);
    if (found === undefined) return [`${path} is gone`];
    return found === type ? [] : [`${path} was ${type} and is ${found}`];
  });
  const written = writtenTypes(before);
  const demanded = [...required(after)].filter(
    (path) => !required(before).has(path) && written.has(path.slice(0, path.indexOf(", "))),
  );
  return [...broken, ...demanded.map((path) => `${path} must be given now`)];
}

/** Every name that a program may write, with its type. */
function promises(schema: PackageSchema): Map<string, string> {
  const found = new Map<string, string>([["package", schema.name]]);
  for (const [token, { inputProperties, ...type }] of Object.entries(schema.resources)) {
    found.set(token, "a resource");
    for (const [name, property] of Object.entries(inputProperties)) {
      found.set(`${token}, input ${name}`, typeText(property));
    }
    addType(found, token, type, "output");
  }
  for (const [token, type] of Object.entries(schema.types)) {
    found.set(token, "a type");
    addType(found, token, type, "property");
  }
  return found;
}

function addType(found: Map<string, string>, token: string, type: SchemaType, noun: string): void {
  for (const [name, property] of Object.entries(type.properties ?? {})) {
    found.set(`${token}, ${noun} ${name}`, typeText(property));
  }
  for (const { name, value } of type.enum ?? []) found.set(`${token}, value ${name}`, JSON.stringify(value));
}

/** A type without its words, and without what `required` says of it. */
function typeText(property: Readonly<Record<string, unknown>>): string {
  return JSON.stringify(property, (key, value: unknown) =>
    ["description", "optional"].includes(key) ? undefined : value,
  );
}

function required(schema: PackageSchema): Set<string> {
  const inputs = Object.entries(schema.resources).flatMap(([token, { requiredInputs }]) =>
    (requiredInputs ?? []).map((name) => `${token}, input ${name}`),
  );
  const properties = Object.entries(schema.types).flatMap(([token, type]) =>
    (type.required ?? []).map((name) => `${token}, property ${name}`),
  );
  return new Set([...inputs, ...properties]);
}

/**
 * The resources, and the types that a program may write: those of arguments, and those within them. What a new one
 * demands breaks nobody, nor what one demands that only comes out.
 */
function writtenTypes({ resources, types }: PackageSchema): Set<string> {
  const found = new Set<string>();
  const add = (token: string): void => {
    if (found.has(token)) return;
    found.add(token);
    referredTo(types[token]).forEach(add);
  };
  for (const [token, { inputProperties }] of Object.entries(resources)) {
    found.add(token);
    referredTo(inputProperties).forEach(add);
  }
  return found;
}

/** The types that a part of the schema names, however deep. */
function referredTo(part: unknown): string[] {
  if (typeof part !== "object" || part === null) return [];
  return Object.entries(part).flatMap(([key, value]: [string, unknown]) =>
    key === "$ref" && typeof value === "string" && value.startsWith(TYPES)
      ? [decodeURIComponent(value.slice(TYPES.length))]
      : referredTo(value),
  );
}

const TYPES = "#/types/";
