import type * as pulumi from "@pulumi/pulumi";
import { namedMember } from "./accounts";
import type { Problem, Subject } from "./checks";
import { checked, isPlain, refuse } from "./checks";

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

function twice(property: string, other: string): Problem {
  return {
    problem: `is the member of ${property}.${other} too; it would be one binding with two owners, and gone for both with the first of them`,
    remedy: "Keep it under one key",
  };
}

/** Addresses are the same however they are written; names in an identity pool are not. */
function isSame(one: string, other: string): boolean {
  const plain = (member: string) => (member.startsWith("principal") ? member : member.toLowerCase());
  return plain(one) === plain(other);
}
