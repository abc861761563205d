/** As programs write it: `gcp:cloudrunv2/service:Service` is `gcp:cloudrunv2.Service`. */
export function shortType(type: string): string {
  const [, pkg, module, name] = /^([^:]+):([^:/]+)(?:\/[^:]+)?:(.+)$/.exec(type) ?? [];
  if (pkg === undefined || module === undefined || name === undefined) return type;
  return module === "index" ? `${pkg}:${name}` : `${pkg}:${module}.${name}`;
}

/** The type in a URN, without those of its parents. */
export function typeIn(urn: string): string {
  return urn.split("::")[2]?.split("$").pop() ?? urn;
}

/** The logical name in a URN; it may have "::" in it. */
export function nameIn(urn: string): string {
  return urn.split("::").slice(3).join("::");
}
