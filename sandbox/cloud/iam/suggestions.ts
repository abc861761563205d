import { ROLES } from "./roles";

/** Where Google's documentation names another role than the one with the fewest permissions. */
const DOCUMENTED: Readonly<Record<string, string>> = {
  // docs.cloud.google.com/run/docs/authenticating/service-to-service
  "run.routes.invoke": "roles/run.invoker",
  // docs.cloud.google.com/run/docs/execute/jobs
  "run.jobs.run": "roles/run.jobsExecutor",
  // docs.cloud.google.com/endpoints/docs/openapi/get-started-cloud-run
  "servicemanagement.services.get": "roles/servicemanagement.serviceController",
};

/** The role to grant for a permission: never a basic one, never one of Google's own agents. */
export function roleFor(permission: string): string | undefined {
  const documented = DOCUMENTED[permission];
  if (documented !== undefined) return documented;
  return [...ROLES]
    .filter(
      ([role, permissions]) => role.includes(".") && !role.endsWith("Agent") && permissions.has(permission),
    )
    .sort(([, one], [, other]) => one.size - other.size)[0]?.[0];
}
