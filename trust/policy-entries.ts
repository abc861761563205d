import {
  hasBlock,
  isThere,
  KNOWN_LATER,
  listAt,
  originsOf,
  textAt,
  textIn,
  type ResourceState,
} from "./resources";

/** One member of one role, as a resource writes it into an IAM policy. */
export interface PolicyEntry {
  role: string;
  /** Undefined while it is not known. */
  member: string | undefined;
  /** What the member is read from. */
  origins: readonly string[];
  condition?: string;
}

/** All that a resource writes: one member, the members of one role, or a whole policy. */
export function entriesOf(resource: ResourceState): PolicyEntry[] {
  if (hasBlock(resource, "policyData")) return entriesIn(textAt(resource, "policyData"));
  const role = textAt(resource, "role") ?? KNOWN_LATER;
  const condition = hasBlock(resource, "condition")
    ? { condition: textAt(resource, "condition", "expression") ?? KNOWN_LATER }
    : {};
  if (!hasBlock(resource, "members")) {
    return [
      { role, member: textAt(resource, "member"), origins: originsOf(resource, "member"), ...condition },
    ];
  }
  const origins = originsOf(resource, "members");
  // While it is not known how many there are, it is one that nobody knows.
  const members = listAt(resource, "members") ?? [undefined];
  return members.map((member) => ({ role, member: textIn(member), origins, ...condition }));
}

/** https://cloud.google.com/iam/docs/reference/rest/v1/Policy, as text; nothing is known of one that is not known yet. */
function entriesIn(policy: string | undefined): PolicyEntry[] {
  if (policy === undefined) return [{ role: KNOWN_LATER, member: undefined, origins: [] }];
  return listIn(record(parsed(policy))["bindings"])
    .map(record)
    .flatMap(({ role, members, condition }) =>
      listIn(members).map((member) => ({
        role: textIn(role) ?? KNOWN_LATER,
        member: textIn(member),
        origins: [],
        ...(isThere(condition) && { condition: textIn(record(condition)["expression"]) ?? KNOWN_LATER }),
      })),
    );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}

function listIn(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}
