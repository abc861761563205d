/** Those that a whole public is a member by. */
const PUBLIC: readonly string[] = ["allUsers", "allAuthenticatedUsers"];

/** Why a member cannot be in the policy of a resource, in Google's words; undefined if it can, or if no source says so. */
export function barred(member: string, resource: string): string | undefined {
  if (!PUBLIC.includes(member)) return undefined;
  // https://cloud.google.com/resource-manager/reference/rest/v1/projects/setIamPolicy
  if (resource.startsWith("//cloudresourcemanager.googleapis.com/projects/")) {
    return `Request contains an invalid argument: a project's policy does not support ${member}.`;
  }
  // https://github.com/hashicorp/terraform-provider-google/issues/13592
  return /^\/\/run\.googleapis\.com\/.*\/jobs\/[^/]+$/.test(resource)
    ? `Member ${member} is invalid due to membership type restrictions on the resource.`
    : undefined;
}
