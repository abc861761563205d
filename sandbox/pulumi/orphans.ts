import type { Made } from "../doors/provider/door";
import { urnParts } from "../doors/shared/urns";
import type { StackStateFile } from "./backend";

/** A resource that Pulumi made and no stack knows: it was cut off before it could write it down. */
export interface Orphan extends Made {
  /** The stack that can still take it in, as what it was being created for. */
  readonly adoptableBy: string | undefined;
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
      const adoptable = state?.pendingCreates.has(each.urn) === true && !state.urns.has(each.urn);
      return { ...each, adoptableBy: adoptable ? state.stack : undefined };
    });
}

/** What to do about it, in commands that can be copied. */
export function adviceOn(orphans: readonly Orphan[], command = "npm run sandbox --"): string[] {
  return orphans.flatMap(({ urn, token, id, adoptableBy }) => {
    const remove = `${command} remove ${quoted(token)} ${quoted(id)}`;
    const adopt = `${command} pulumi refresh --stack ${adoptableBy ?? ""} --import-pending-creates ${quoted(urn)} --import-pending-creates ${quoted(id)}`;
    return [
      `${token} "${urnParts(urn).name}" is in the sandbox (${id}), and no stack knows it: it was cut off before that was written down.`,
      ...(adoptableBy === undefined ? [] : [`  Take it into the stack: ${adopt}`]),
      `  ${adoptableBy === undefined ? "Remove it:" : "Or remove it:         "} ${remove}`,
    ];
  });
}

function stackOf(urn: string): string {
  const { project, stack } = urnParts(urn);
  return `${project}/${stack}`;
}

function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
