import type { QueueTarget, UriOverride } from "./queue";

/**
 * The address that a task calls: its own, with what its queue puts in place of the parts. In the mode IF_NOT_EXISTS a part
 * that the task has stays. https://cloud.google.com/tasks/docs/reference/rest/v2/projects.locations.queues#UriOverride
 */
export function calledUrl(target: QueueTarget | undefined, taskUrl: string): string {
  const override = target?.uriOverride;
  if (override === undefined) return taskUrl;
  const own = taskUrl === "" ? undefined : new URL(taskUrl);
  const { scheme, host, port, path, query } = parts(override);
  const keeps = override.uriOverrideEnforceMode === "IF_NOT_EXISTS";
  const pick = (theirs: string | undefined, ours: string): string =>
    theirs === undefined || (keeps && ours !== "") ? ours : theirs;

  const protocol = pick(scheme, own?.protocol ?? "") || "https:";
  const hostname = pick(host, own?.hostname ?? "");
  const at = pick(port, own?.port ?? "");
  const url = new URL(`${protocol}//${hostname}${at === "" ? "" : `:${at}`}`);
  url.pathname = pick(path, own === undefined || own.pathname === "/" ? "" : own.pathname);
  url.search = pick(query, own?.search.slice(1) ?? "");
  return isBare(url) && (own === undefined || !taskUrl.endsWith("/")) ? url.origin : url.href;
}

/** What the override says of each part; undefined where it says nothing. */
function parts({ scheme, host, port, pathOverride, queryOverride }: UriOverride) {
  return {
    scheme: scheme === undefined ? undefined : `${scheme.toLowerCase()}:`,
    host,
    // Zero clears it.
    port: port === "0" ? "" : port,
    path: pathOverride === undefined ? undefined : (pathOverride.path ?? ""),
    query: queryOverride === undefined ? undefined : (queryOverride.queryParams ?? ""),
  };
}

function isBare({ pathname, search }: URL): boolean {
  return pathname === "/" && search === "";
}
