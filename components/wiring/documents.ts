import * as pulumi from "@pulumi/pulumi";

/** A document for another system, as plain data whose values may still be unknown, each for itself. */
export type PlainDocument = Record<string, pulumi.Inputs[string]>;

/** Documents as one YAML text, with `---` between them. */
export function asYaml(...documents: object[]): pulumi.Output<string> {
  return pulumi.output(documents).apply(async (known) => {
    // Loaded at the first use: programs without such a document should not wait for it.
    const { stringify } = await import("yaml");
    return known.map((document) => stringify(document, { aliasDuplicateObjects: false })).join("---\n");
  });
}

/** A document as JSON text, for people to read. */
export function asJson(document: object): pulumi.Output<string> {
  return pulumi.output(document).apply((known: unknown) => `${JSON.stringify(known, undefined, 2)}\n`);
}
