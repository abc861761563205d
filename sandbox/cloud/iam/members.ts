import { CloudError } from "../errors";

type MemberKind =
  | "allUsers"
  | "allAuthenticatedUsers"
  | "user"
  | "serviceAccount"
  | "group"
  | "domain"
  | "principal"
  | "principalSet";

export interface Member {
  kind: MemberKind;
  /** The e-mail or domain, in lower case; empty for the two "all" members; as written for those of a pool. */
  value: string;
}

const WITH_VALUE: readonly MemberKind[] = ["user", "serviceAccount", "group", "domain"];

// Identities that a workload identity pool admits: one, or all that share an attribute, or all.
// cloud.google.com/iam/docs/principal-identifiers
const IN_POOL =
  /^\/\/iam\.googleapis\.com\/projects\/\d+\/locations\/global\/workloadIdentityPools\/[a-z0-9-]+\/(subject\/.+|group\/.+|attribute\.[a-z_]+\/.+|\*)$/;

/**
 * Reads a member as policies name them. Google compares e-mails without regard to case.
 * cloud.google.com/iam/docs/principal-identifiers
 */
export function parseMember(text: string): Member {
  if (text === "allUsers" || text === "allAuthenticatedUsers") return { kind: text, value: "" };
  const colon = text.indexOf(":");
  const federated = inPool(text.slice(0, colon), text.slice(colon + 1));
  if (federated !== undefined) return federated;
  const kind = WITH_VALUE.find((known) => known === text.slice(0, colon));
  const value = text.slice(colon + 1).toLowerCase();
  if (kind === undefined) throw unmodelled(text);
  const legal = kind === "domain" ? /^[^@\s]+\.[^@\s]+$/ : /^[^@\s]+@[^@\s]+\.[^@\s]+$/;
  if (!legal.test(value)) {
    throw new CloudError(
      "INVALID_ARGUMENT",
      `"${text}" is not a member: "${value}" does not name a ${kind}.`,
    );
  }
  return { kind, value };
}

function inPool(kind: string, value: string): Member | undefined {
  return (kind === "principal" || kind === "principalSet") && IN_POOL.test(value)
    ? { kind, value }
    : undefined;
}

export function memberText(member: Member): string {
  return member.value === "" ? member.kind : `${member.kind}:${member.value}`;
}

function unmodelled(text: string): CloudError {
  if (/^(principal|principalSet|projectOwner|projectEditor|projectViewer|deleted):/.test(text)) {
    return new CloudError("UNIMPLEMENTED", `The sandbox does not model members like "${text}".`);
  }
  const known = ["allUsers", "allAuthenticatedUsers", ...WITH_VALUE.map((kind) => `${kind}:…`)].join(", ");
  return new CloudError("INVALID_ARGUMENT", `"${text}" is not a member. Members are ${known}.`);
}
