interface Assumption {
  agent: RegExp;
  permissions: readonly string[];
  /** The role that Google gives the agent in the project, and that makes the assumption unnecessary. */
  usualRole: string;
  text: string;
}

const MINTING = ["iam.serviceAccounts.getOpenIdToken", "iam.serviceAccounts.getAccessToken"];

/** Decisions that Google documents for some agents only. The sandbox makes them for all, and says so. */
const ASSUMPTIONS: readonly Assumption[] = [
  {
    // docs.cloud.google.com/scheduler/docs/http-target-auth: without this role jobs fail with 403 "even if your job's
    // service account has the appropriate role".
    agent: /@gcp-sa-cloudscheduler\.iam\.gserviceaccount\.com$/,
    permissions: MINTING,
    usualRole: "roles/cloudscheduler.serviceAgent",
    text: "that Cloud Scheduler's agent can mint with a grant on the account alone, although Google asks for roles/cloudscheduler.serviceAgent on the project (docs.cloud.google.com/scheduler/docs/http-target-auth)",
  },
  {
    // docs.cloud.google.com/tasks/docs/creating-http-target-tasks
    agent: /@gcp-sa-cloudtasks\.iam\.gserviceaccount\.com$/,
    permissions: MINTING,
    usualRole: "roles/cloudtasks.serviceAgent",
    text: "that Cloud Tasks' agent can mint with a grant on the account alone, without roles/cloudtasks.serviceAgent on the project (docs.cloud.google.com/tasks/docs/creating-http-target-tasks)",
  },
];

/** What has to be assumed if `member` has `permission` and none of `projectRoles` is the usual role of the agent. */
export function assumption(
  member: string,
  permission: string,
  projectRoles: readonly string[],
): string | undefined {
  return ASSUMPTIONS.find(
    (known) =>
      known.agent.test(member) &&
      known.permissions.includes(permission) &&
      !projectRoles.includes(known.usualRole),
  )?.text;
}
