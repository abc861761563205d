import type { Made } from "../doors/provider/door";
import { urnParts } from "../doors/shared/urns";
import type { StackStateFile } from "./backend";

/** A resource that Pulumi made and no stack knows: it was cut off before it could write it down. */
export interface Orphan extends Made {
  /** The stack that can still take it in, as what it was being created for, and below which parent. */
  readonly adoptableBy: { readonly stack: string; readonly parent: string } | undefined;
}

export function orphansAmong(
  made: readonly Made[],
  states: readonly StackStateFile[],
  busy: ReadonlySet<string>,
): Orphan[] {
  return made
    .filter(({ token, id }) => !states.some(({ known }) => known.has(`${token} ${id}`)))
    .filter(({ urn }) => !busy.has(stackOf(urn)))
    .map((each) => {
      const state = states.find(({ project, stack }) => `${project}/${stack}` === stackOf(each.urn));
      const parent = state?.pendingCreates.get(each.urn);
      const adoptable = state !== undefined && parent !== undefined && !state.urns.has(each.urn);
      return { ...each, adoptableBy: adoptable ? { stack: state.stack, parent } : undefined };
    });
}

/** What to do about it, in commands that can be copied. */
export function adviceOn(orphans: readonly Orphan[], command = "npm run sandbox --"): string[] {
  return orphans.flatMap(({ urn, token, id, adoptableBy }) => {
    const remove = `${command} remove ${quoted(token)} ${quoted(id)}`;
    return [
      `${token} "${urnParts(urn).name}" is in the sandbox (${id}), and no stack knows it: it was cut off before that was written down.`,
      ...(adoptableBy === undefined
        ? []
        : [`  Take it into the stack: ${command} ${importing({ urn, token, id }, adoptableBy)}`]),
      `  ${adoptableBy === undefined ? "Remove it:" : "Or remove it:         "} ${remove}`,
    ];
  });
}

/** Not `refresh --import-pending-creates`, which says that all is well and takes nothing in (seen with 3.259). */
function importing(
  { urn, token, id }: Made,
  { stack, parent }: { readonly stack: string; readonly parent: string },
): string {
  const below =
    urnParts(parent).qualifiedType === "pulumi:pulumi:Stack" || parent === ""
      ? []
      : ["--parent", quoted(`parent=${parent}`)];
  return [
    ...["pulumi", "import", quoted(token), quoted(urnParts(urn).name), quoted(id)],
    ...below,
    ...["--stack", stack, "--protect=false", "--generate-code=false"],
  ].join(" ");
}

function stackOf(urn: string): string {
  const { project, stack } = urnParts(urn);
  return `${project}/${stack}`;
}

function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
