import * as pulumi from "@pulumi/pulumi";
import { namedMember } from "./accounts";
import type { Caller } from "./callers";
import type { Fault, Problem, Subject } from "./checks";
import { checked, checkedInside, isPlain, refuse } from "./checks";

/** IAM members under keys of the program's choice. */
export type Members = Readonly<Record<string, pulumi.Input<string>>>;

/**
 * Members, each checked, and none of them there twice: that would be one binding with two owners, and gone for both when
 * the first of them goes. Two outputs that turn out to be one member are left to the program; comparing them would hide
 * one in a preview while the other is not known yet.
 */
export function checkedMembers(
  subject: Subject,
  property: string,
  members: Members,
): (readonly [key: string, member: pulumi.Input<string>])[] {
  const entries = Object.entries(members);
  return entries.map(([key, member]) => {
    const others = entries.filter(([other]) => other !== key);
    const place = `${property}.${key}`;
    const shared = others.find(([, other]) => !isPlain(other) && other === member);
    if (shared !== undefined) refuse(subject, place, "an output", twice(property, shared[0]));
    const check = (value: string): Problem | undefined => {
      const same = others.find(([, other]) => isPlain(other) && isSame(other, value));
      return namedMember(value) ?? (same && twice(property, same[0]));
    };
    return [key, checked(subject, place, member, check)] as const;
  });
}

/** Members that an argument gives a role. */
export interface Granted {
  readonly property: string;
  readonly members: Members;
  readonly role: string;
}

/** A caller as IAM writes it, once it is known to be none of the members that have the role already. */
export function notAmong(subject: Subject, granted: Granted, caller: Caller): pulumi.Output<string> {
  const faultOf = (key: string): Fault => ({
    property: "authorize",
    value: caller.logicalName,
    problem: ownedBy(`${granted.property}.${key}`),
    remedy: `Take it out of ${granted.property}`,
  });
  const entries = Object.entries(granted.members);
  const shared = entries.find(([, member]) => member === caller.member);
  if (shared !== undefined) refuse(subject, "authorize", caller.logicalName, faultOf(shared[0]));
  if (!entries.some(([, member]) => isPlain(member))) return caller.member;
  const checkedMember = checkedInside(subject, caller.member, (value) => {
    const same = entries.find(([, member]) => isPlain(member) && isSame(member, value));
    return same && faultOf(same[0]);
  });
  return pulumi.output(checkedMember);
}

function twice(property: string, other: string): Problem {
  return { problem: ownedBy(`${property}.${other}`), remedy: "Keep it under one key" };
}

function ownedBy(place: string): string {
  return `is the member of ${place} too; it would be one binding with two owners, and gone for both with the first of them`;
}

/** Addresses are the same however they are written; names in an identity pool are not. */
function isSame(one: string, other: string): boolean {
  const plain = (member: string) => (member.startsWith("principal") ? member : member.toLowerCase());
  return plain(one) === plain(other);
}
