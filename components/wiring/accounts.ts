import { isAgentEmail } from "./agents";
import type { Check } from "./checks";

/** The address that an account gets. https://docs.cloud.google.com/iam/docs/service-accounts-create */
export function accountEmail(accountId: string, project: string): string {
  // A project id with a domain ("example.com:shop") is turned round in addresses.
  const [id, domain] = project.split(":").reverse();
  return `${accountId}@${id ?? ""}${domain === undefined ? "" : `.${domain}`}.iam.gserviceaccount.com`;
}

/** The project that a user-managed account's address names, if it names one. */
export function projectOfEmail(email: string): string | undefined {
  const match = /^[^@]+@([a-z][-a-z0-9]*)(?:\.([a-z0-9.-]+))?\.iam\.gserviceaccount\.com$/.exec(email);
  if (match === null || isAgentEmail(email)) return undefined;
  return match[2] === undefined ? match[1] : `${match[2]}:${match[1] ?? ""}`;
}

/** The name under which IAM knows an account. */
export function accountName(email: string, project?: string): string {
  return `projects/${project ?? projectOfEmail(email) ?? "-"}/serviceAccounts/${email}`;
}

/** A check that an address is one that a source can call as. */
export const callerEmail: Check<string> = (email) => {
  if (typeof email !== "string" || !/^[^@\s]+@[^@\s]+\.gserviceaccount\.com$/.test(email)) {
    return {
      problem: "is not a service account's address",
      remedy: "Give an address such as caller@my-project.iam.gserviceaccount.com",
    };
  }
  // https://docs.cloud.google.com/scheduler/docs/http-target-auth
  return isAgentEmail(email)
    ? {
        problem: "is one of Google's service agents, which cannot be what a source calls as",
        remedy: "Give a service account of your own; the agent only mints its tokens",
      }
    : undefined;
};

/** A check that a text is an IAM member ("user:…", "serviceAccount:…"), and not everybody. */
export const namedMember: Check<string> = (member) => {
  if (member === "allUsers" || member === "allAuthenticatedUsers") {
    return {
      problem: "is everybody",
      remedy: "Name who may; if the target really is public, declare that grant as a resource of its own",
    };
  }
  return typeof member === "string" && /^[A-Za-z]+:\S+$/.test(member)
    ? undefined
    : {
        problem: "is not an IAM member",
        remedy:
          'Put its kind in front: "user:", "group:", "serviceAccount:", "principal:" or "principalSet:"',
      };
};
