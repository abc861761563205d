/** Where a role for one kind of resource opens nothing of another kind, though both are of one service. */
const OF_ONE_KIND: readonly string[] = ["iam.serviceAccounts", "pubsub.subscriptions", "pubsub.topics"];

/**
 * Whether a role with these permissions can be granted on a resource, by its full name: one of them must be for what the
 * resource is, or for what lies in it. A custom role that is disabled has none, and is not asked.
 * https://cloud.google.com/iam/docs/viewing-grantable-roles
 */
export function isGrantable(permissions: ReadonlySet<string>, resource: string): boolean {
  const [, service = "", collection = ""] =
    /^\/\/([a-z]+)\.googleapis\.com\/(?:.*\/)?([A-Za-z]+)\/[^/]+$/.exec(resource) ?? [];
  if (service === "cloudresourcemanager" || permissions.size === 0) return true;
  const kind = `${service}.${collection}`;
  const wanted = OF_ONE_KIND.includes(kind) ? `${kind}.` : `${service}.`;
  return [...permissions].some((permission) => permission.startsWith(wanted));
}
