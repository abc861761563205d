/** How the project file declares one key. https://www.pulumi.com/docs/iac/concepts/projects/project-file/#config-options */
export interface Declaration {
  type?: string;
  items?: Declaration;
  description?: string;
  default?: unknown;
  value?: unknown;
  secret?: boolean;
}

/** Whether a value is of a declared type. Text that reads as one counts too, as it does for Pulumi's own CLI. */
export function isOfType(value: unknown, { type = "string", items }: Declaration): boolean {
  switch (type) {
    case "string":
      return typeof value === "string";
    case "boolean":
      return typeof value === "boolean" || value === "true" || value === "false";
    case "integer":
      return Number.isInteger(value) || (typeof value === "string" && /^[+-]?\d+$/.test(value));
    case "number":
      return typeof value === "number" || (typeof value === "string" && /^[+-]?\d+(\.\d+)?$/.test(value));
    case "array":
      return Array.isArray(value) && (items === undefined || value.every((item) => isOfType(item, items)));
    case "object":
      return typeof value === "object" && value !== null && !Array.isArray(value);
    default:
      return false;
  }
}

/** A type in words, such as `array of string`. */
export function typeName({ type = "string", items }: Declaration): string {
  return items === undefined ? type : `${type} of ${typeName(items)}`;
}

/** As a program gets it: text as it is, everything else as JSON. */
export function asText(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** A value that was typed on the command line, where lists and objects are written as JSON. */
export function fromText(text: string, { type }: Declaration): unknown {
  if (type !== "array" && type !== "object") return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Whether there is something encrypted in a value, as `pulumi config set --secret` writes it. */
export function isEncrypted(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  if ("secure" in value && Object.keys(value).length === 1 && typeof value.secure === "string") return true;
  return Object.values(value).some(isEncrypted);
}
