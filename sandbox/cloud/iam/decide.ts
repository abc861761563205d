import { describe, projectName, projectOf } from "../names";
import { assumption } from "./assumptions";
import { type Member, memberText } from "./members";
import type { Entry } from "./policies";
import { roleFor } from "./suggestions";

export interface Decision {
  allowed: boolean;
  member: string;
  permission: string;
  resource: string;
  /** A sentence for people: which binding let it in, or what is missing and what would help. */
  reason: string;
  binding?: { resource: string; role: string; member: string };
  /** Set if the decision rests on something that Google does not document. */
  assumed?: string;
}

/** What a decision needs to know, at one moment. */
export interface Facts {
  /** Why the member can do nothing that is not open to all. */
  hindrance: string | undefined;
  /** The unique id of the member, if it is a service account. */
  uid: string | undefined;
  effective: (resource: string) => readonly Entry[];
  spreading: (resource: string) => readonly Entry[];
  holds: (role: string, permission: string) => boolean;
  /** When a written change takes effect, in words. */
  due: (entry: Entry) => string;
}

interface Question {
  member: Member;
  permission: string;
  resource: string;
}

/** The resource's own policy first, then that of its project. */
export function decide(question: Question, facts: Facts): Decision {
  const { permission, resource } = question;
  const base = { member: memberText(question.member), permission, resource };
  for (const place of chain(resource)) {
    const entry = facts.effective(place).find((each) => lets(each, question, facts));
    if (entry !== undefined) return allowed(base, place, entry, facts);
  }
  return { ...base, allowed: false, reason: missing(question, facts) };
}

type Base = Pick<Decision, "member" | "permission" | "resource">;

function allowed(base: Base, place: string, entry: Entry, facts: Facts): Decision {
  const removed =
    entry.changes.at(-1)?.present === false ? `, removed but in effect until ${facts.due(entry)}` : "";
  const projectRoles = facts
    .effective(projectName(projectOf(base.resource)))
    .filter((each) => each.member === base.member)
    .map((each) => each.role);
  const assumed = assumption(base.member, base.permission, projectRoles);
  return {
    ...base,
    allowed: true,
    reason: `${entry.role} for ${entry.member} on the ${describe(place)}${removed}.`,
    binding: { resource: place, role: entry.role, member: entry.member },
    ...(assumed === undefined ? {} : { assumed }),
  };
}

function missing(question: Question, facts: Facts): string {
  const who = memberText(question.member);
  if (facts.hindrance !== undefined) return `${facts.hindrance}.`;
  const places = chain(question.resource).map((place) => `the ${describe(place)}`);
  const lacks = `${who} lacks ${question.permission} on ${places.join(" and on ")}`;
  return [`${lacks}.`, ...hints(question, facts)].join(" ");
}

function hints(question: Question, facts: Facts): string[] {
  const bindings = (list: (resource: string) => readonly Entry[]): [string, Entry][] =>
    chain(question.resource).flatMap((place) => list(place).map((entry): [string, Entry] => [place, entry]));

  const spreading = bindings(facts.spreading).find(([, entry]) => lets(entry, question, facts));
  if (spreading !== undefined) {
    const [place, entry] = spreading;
    return [
      `${entry.role} on the ${describe(place)} is written, but takes effect only at ${facts.due(entry)}.`,
    ];
  }
  const group = bindings(facts.effective).find(
    ([, entry]) => entry.member.startsWith("group:") && facts.holds(entry.role, question.permission),
  );
  const role = roleFor(question.permission);
  return [
    ...(role === undefined ? [] : [`${role} on the ${describe(question.resource)} would give it.`]),
    ...(group === undefined
      ? []
      : [`${group[1].member} has it, but the sandbox does not know who is in a group.`]),
  ];
}

function lets(entry: Entry, question: Question, facts: Facts): boolean {
  return names(entry, question.member, facts) && facts.holds(entry.role, question.permission);
}

function names(entry: Entry, member: Member, { hindrance, uid }: Facts): boolean {
  if (entry.member === "allUsers") return true;
  if (hindrance !== undefined) return false;
  // Identities of a pool are not among them: cloud.google.com/iam/docs/principals-overview
  if (entry.member === "allAuthenticatedUsers") return !["allUsers", "principal"].includes(member.kind);
  if (member.kind === "user" && entry.member === `domain:${member.value.split("@")[1] ?? ""}`) return true;
  return entry.member === memberText(member) && entry.uid === uid;
}

function chain(resource: string): string[] {
  const project = projectName(projectOf(resource));
  return resource === project ? [project] : [resource, project];
}
