import type { Change, PublicChange } from "../../trust/change";
import type { Edge } from "../../trust/graph";
import type { LostBinding } from "../../trust/lost";
import type { Analysis } from "../analysis";
import type { Section } from "../fit";
import { code, codes, count } from "../markdown";
import { nameIn, shortType, typeIn } from "../naming";

/** What nobody should approve without having read it. */
export function warnings(analysis: Analysis): Section[] {
  const { lost, change } = analysis;
  const shut = change.edges.filter(
    ({ before, after }) =>
      before?.granted === true && after?.granted === false && after.decidedBy === undefined,
  );
  return [
    ...alert(
      "CAUTION",
      lost.map((binding) => lostText(binding, analysis)),
      (lines) => `${count(lines, "more grant")} that nobody has after this update.`,
    ),
    ...alert("WARNING", change.public.filter(({ mark }) => mark === "opened").map(openedText), (lines) =>
      count(lines, "more open door"),
    ),
    ...alert("WARNING", shut.map(shutText), (lines) => `${count(lines, "more source")} no longer let in.`),
  ];
}

/** https://docs.github.com/en/get-started/writing-on-github (alerts); GitLab knows them as well. */
function alert(kind: string, texts: readonly string[], leftOut: Section["leftOut"]): Section[] {
  if (texts.length === 0) return [];
  // A quoted blank line keeps the paragraphs apart and the box in one piece.
  const lines = texts.map((text, index) => `${index === 0 ? "" : ">\n"}> ${text}`);
  return [{ head: [`> [!${kind}]`], lines, leftOut }];
}

function lostText(binding: LostBinding, { after }: Analysis): string {
  const { role, member, memberOrigins, family, place, deleted, declared } = binding;
  const who = member === undefined ? codes(memberOrigins.map(nameIn)) : code(member);
  const dependants = after.edges
    .filter(({ grant }) => grant?.urn === declared)
    .map(({ source }) => source.name);
  const consequence =
    dependants.length === 0 ? "" : ` Calls by ${codes(dependants)} will be refused until it is there again.`;
  const how =
    deleted === declared
      ? `${code(nameIn(declared))} (${code(shortType(typeIn(declared)))}) is replaced by one that is equal for Google: the new one is written first, and deleting the old one takes it away.`
      : `${code(nameIn(declared))} declares it (${code(shortType(typeIn(declared)))}), and the deletion of ${code(nameIn(deleted))} takes it away: the two are one for Google.`;
  return (
    `**After this update nobody has it:** ${code(role)} for ${who} on ${code(place)} (${code(shortFamily(family))}). ${how}${consequence} ` +
    "Give what was renamed an alias of its old name and declare each grant once, or run `pulumi up --refresh` right after this update."
  );
}

function shortFamily(family: string): string {
  return family.replace(/^gcp:/, "").replace(/\/$/, "").replace("/", ".");
}

function shutText({ before, after }: Change<Edge>): string {
  const [source, target] = [code(after?.source.name ?? ""), code(after?.target.name ?? "")];
  const isSame = (before?.target.urn ?? before?.target.name) === (after?.target.urn ?? after?.target.name);
  return `**No longer let in:** ${source} ${isSame ? "goes on calling" : "calls"} ${target}${isSame ? "" : " now"}, and no grant ${isSame ? "is left that " : ""}lets it in.`;
}

function openedText({ target, on, how }: PublicChange): string {
  const what =
    target === undefined ? (on === "project" ? "everything in the project" : "a target") : code(target);
  return `**Open to anybody:** ${what}, by ${code(how)}. No token is asked for.`;
}
