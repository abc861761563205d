import type * as pulumi from "@pulumi/pulumi";

/** A caller as a grant needs it, in plain data: for accounts and targets that no component here has made. */
export interface CallerReference {
  /** The account's address, for the source. Give one that waits until tokens for the account may be minted. */
  email: pulumi.Input<string>;
  /** The same as IAM writes it ("serviceAccount:…"), for the grant. Default: made from `email`. */
  member?: pulumi.Input<string>;
}

/** A caller as `authorize` takes it. `CallerIdentity` is one. */
export interface Caller {
  /** Its logical name, which names its grants. */
  readonly logicalName: string;
  /** Logical names that it had before, read from its aliases: grants made under them are kept. */
  readonly formerNames: readonly string[];
  /** As IAM writes it, for grants: at once. */
  readonly member: pulumi.Output<string>;
  /** Its address, for sources: waits until tokens for it may be minted. */
  readonly email: pulumi.Output<string>;
}

/** The former logical names in a resource's `aliases`, as far as they are known when the program runs. */
export function formerNames(aliases: pulumi.ResourceOptions["aliases"]): string[] {
  if (!Array.isArray(aliases)) return [];
  const names = aliases.flatMap((alias: unknown) => {
    if (typeof alias === "string") return [alias.slice(alias.lastIndexOf("::") + 2)];
    const name = typeof alias === "object" && alias !== null && "name" in alias ? alias.name : undefined;
    return typeof name === "string" ? [name] : [];
  });
  return [...new Set(names)];
}
